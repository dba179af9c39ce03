package ratelimit

import (
	"crypto/sha256"
	"encoding/hex"
)

// NoIP stands for the address in keys of requests whose address is unknown. All
// of them share one counter per path; Better Auth 1.6.11 does not limit them.
const NoIP = "no-trusted-ip"

// maxPath bounds the path in a key, so that a key fits into a column of 255
// characters and strangers cannot fill the memory with long ones.
const maxPath = 200

// Key names the counter of a client and a path: "<ip>|<path>", as Better Auth
// 1.6.11. ip is in the form of package clientip, "" when unknown; path has no
// base path and no query. A path longer than 200 bytes, which no endpoint has,
// is replaced by "sha256:" and its digest in hex.
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
