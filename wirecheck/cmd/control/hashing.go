package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// quickHashing is Better Auth's scrypt with a thousandth of its cost. Most of what
// a comparison takes is hashing, on both sides, and none of it is what is
// compared: prove.mjs and shared.mjs play with the real cost. Its hashes have the
// real ones' form, and it takes every hash of that form for its own.
type quickHashing struct{}

const (
	quickN    = 16
	scryptR   = 16
	scryptP   = 1
	scryptKey = 64
)

func (quickHashing) key(salt, password string) (string, error) {
	key, err := scrypt.Key([]byte(norm.NFKC.String(password)), []byte(salt), quickN, scryptR, scryptP, scryptKey)
	return hex.EncodeToString(key), err
}

func (q quickHashing) hash(_ context.Context, password string) (string, error) {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	salt := hex.EncodeToString(raw)
	key, err := q.key(salt, password)
	return salt + ":" + key, err
}

func (q quickHashing) verify(_ context.Context, hash, password string) (bool, error) {
	salt, stored, _ := strings.Cut(hash, ":")
	if salt == "" || stored == "" {
		return false, nil
	}
	key, err := q.key(salt, password)
	return subtle.ConstantTimeCompare([]byte(key), []byte(stored)) == 1, err
}
