package siwe

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// verifySignature accepts the signature of the address's key, and what VerifyContract
// accepts.
func (p *Plugin) verifySignature(ctx context.Context, proof Proof) (bool, error) {
	signature, ok := decodeSignature(proof.Signature)
	if !ok {
		return false, nil
	}
	if signedByKey(proof) {
		return true, nil
	}
	if p.opts.VerifyContract == nil {
		return false, nil
	}
	return p.opts.VerifyContract(ctx, ContractSignature{
		Address: proof.Address, ChainID: proof.ChainID, Hash: hashMessage(proof.Message), Signature: signature,
	})
}

// signedByKey reports whether the key of the address has signed. A key is the same on every
// chain. A contract is not: somebody else may control the one with the same address on
// another chain.
func signedByKey(proof Proof) bool {
	signature, ok := decodeSignature(proof.Signature)
	if !ok {
		return false
	}
	signer, ok := recoverAddress(hashMessage(proof.Message), signature)
	return ok && signer == proof.Address
}

// decodeSignature reads hexadecimal digits after 0x, at most maxSignature bytes.
func decodeSignature(text string) ([]byte, bool) {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || len(digits) > 2*maxSignature {
		return nil, false
	}
	signature, err := hex.DecodeString(digits)
	return signature, err == nil
}

// hashMessage is what a wallet signs (EIP-191, version 0x45).
func hashMessage(message string) [32]byte {
	return keccak([]byte("\x19Ethereum Signed Message:\n"+strconv.Itoa(len(message))), []byte(message))
}

// recoverAddress returns the address whose key has made a signature of r, s and v, or of r
// and s with the parity in its highest bit (EIP-2098). The higher of the two values of s
// that fit is refused (EIP-2), so that nobody can make a second signature from one.
func recoverAddress(hash [32]byte, signature []byte) (string, bool) {
	compact := make([]byte, 65) // v, r, s
	switch len(signature) {
	case 64:
		copy(compact[1:], signature)
		compact[0] = 27 + compact[33]>>7
		compact[33] &= 0x7f
	case 65:
		copy(compact[1:], signature[:64])
		switch v := signature[64]; v {
		case 0, 1:
			compact[0] = 27 + v
		case 27, 28:
			compact[0] = v
		default:
			return "", false
		}
	default:
		return "", false
	}
	var s secp256k1.ModNScalar
	if overflow := s.SetByteSlice(compact[33:]); overflow || s.IsOverHalfOrder() {
		return "", false
	}
	key, _, err := ecdsa.RecoverCompact(compact, hash[:])
	if err != nil {
		return "", false
	}
	sum := keccak(key.SerializeUncompressed()[1:])
	return checksum("0x" + hex.EncodeToString(sum[12:])), true
}
