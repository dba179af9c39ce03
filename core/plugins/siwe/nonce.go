package siwe

import (
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
)

const (
	nonceTTL      = 15 * time.Minute
	noncePrefix   = "siwe:"
	minNonce      = 8
	maxNonce      = 250
	maxChainID    = 1<<53 - 1
	maxMessage    = 8 << 10
	maxSignature  = 8 << 10 // bytes
	addressLength = 42
)

// NonceInput is the body of a request for a nonce. Clients of Better Auth 1.7 send no
// body, and the nonce then fits any wallet. Those of Better Auth 1.6 name the wallet.
type NonceInput struct {
	_             struct{} `validate:"optional"`
	WalletAddress *string  `json:"walletAddress" zod:"regex,length=42" pattern:"/^0[xX][a-fA-F0-9]{40}$/i" doc:"The address of the wallet"`
	Address       *string  `json:"address" zod:"regex,length=42" pattern:"/^0[xX][a-fA-F0-9]{40}$/i" doc:"The same as walletAddress"`
	ChainID       int64    `json:"chainId" zod:"positive,default=1" doc:"The chain of the wallet. Default 1"`
}

// NonceReply has the nonce for the message.
type NonceReply struct {
	Nonce string `json:"nonce"`
}

func (p *Plugin) nonce(c *core.Ctx, in *NonceInput) (NonceReply, error) {
	if err := c.BeginSignIn(ID); err != nil {
		return NonceReply{}, err
	}
	address := in.WalletAddress
	if address == nil {
		address = in.Address
	}
	if body, ok := c.Body().Obj(); ok && address == nil && len(body.Members()) > 0 {
		return NonceReply{}, core.Fail(http.StatusBadRequest, codeAddressRequired)
	}
	nonce, err := p.opts.Nonce(c)
	if err != nil {
		return NonceReply{}, err
	}
	if !isNonce(nonce) {
		return NonceReply{}, core.Fail(http.StatusInternalServerError, CodeBadNonce)
	}
	identifier := noncePrefix + nonce
	if address != nil {
		identifier = boundTo(checksum(*address), max(in.ChainID, 1))
	}
	_, err = p.auth.Store().CreateVerification(c, identifier, nonce, p.auth.Now().Add(nonceTTL))
	return NonceReply{Nonce: nonce}, err
}

// boundTo is the identifier of nonces for one wallet, as Better Auth 1.6 stores them.
func boundTo(address string, chain int64) string {
	return noncePrefix + accountID(address, chain)
}

func isNonce(s string) bool {
	if len(s) < minNonce || len(s) > maxNonce {
		return false
	}
	for _, c := range []byte(s) {
		if !isAlphanumeric(c) {
			return false
		}
	}
	return true
}
