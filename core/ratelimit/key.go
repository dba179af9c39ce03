package ratelimit

import (
	"crypto/sha256"
	"encoding/hex"
)

// NoIP stands for the address in keys of requests whose address is unknown. All
// of them share one counter per path. Better Auth 1.6 does not limit them.
const NoIP = "no-trusted-ip"

// maxPath bounds the path in a key, so that a key fits into a column of 255
// characters and clients cannot fill the memory with long paths.
const maxPath = 200

// Key returns the key of the counter of a client and a path: "<ip>|<path>", as
// in Better Auth 1.6. ip has the form of package clientip and is "" when
// unknown. path has no base path and no query. A path longer than 200 bytes,
// which no endpoint has, is replaced by "sha256:" and its digest in hex.
func Key(ip, path string) string {
	if ip == "" {
		ip = NoIP
	}
	if len(path) > maxPath {
		sum := sha256.Sum256([]byte(path))
		path = "sha256:" + hex.EncodeToString(sum[:])
	}
	return ip + "|" + path
}

// AccountKey returns the key of the counter of an account over all addresses:
// "account|" and a digest of the account. The account may be an e-mail address or a
// token, so it is not stored in clear text. All routes that are counted by account
// share the counter.
func AccountKey(account string) string {
	sum := sha256.Sum256([]byte(account))
	return "account|" + hex.EncodeToString(sum[:])
}
