package siwetest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
)

// Wallet is a wallet with a key of its own, for tests.
type Wallet struct {
	Address string // with the checksum of EIP-55
	key     *secp256k1.PrivateKey
}

// NewWallet makes a wallet. Each number, from 1, gives another one.
func NewWallet(number byte) Wallet {
	key := secp256k1.PrivKeyFromBytes(bytes.Repeat([]byte{number}, 32))
	sum := keccak(key.PubKey().SerializeUncompressed()[1:])
	digits := []byte(hex.EncodeToString(sum[12:]))
	for i, half := range hex.EncodeToString(keccak(digits))[:40] {
		if half >= '8' {
			digits[i] = bytes.ToUpper(digits[i : i+1])[0]
		}
	}
	return Wallet{Address: "0x" + string(digits), key: key}
}

// Message is a message for the page of a domain.
func (w Wallet) Message(domain string, chain int64, nonce string) string {
	return strings.Join([]string{
		domain + " wants you to sign in with your Ethereum account:", w.Address, "", "Sign in to the app.", "",
		"URI: https://" + domain + "/", "Version: 1", fmt.Sprintf("Chain ID: %d", chain), "Nonce: " + nonce, "Issued At: 2026-01-01T00:00:00Z",
	}, "\n")
}

// Sign is the signature of a wallet (EIP-191) in hexadecimal digits.
func (w Wallet) Sign(message string) string {
	hash := keccak([]byte(fmt.Sprintf("\x19Ethereum Signed Message:\n%d%s", len(message), message)))
	compact := ecdsa.SignCompact(w.key, hash, false) // v, r, s
	return "0x" + hex.EncodeToString(append(compact[1:], compact[0]))
}

func keccak(data []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(data)
	return h.Sum(nil)
}
