package password

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

type kind int

const (
	argon2id     kind = iota
	argon2i           // read only
	scryptSalted      // Better Auth's salt:key
	scryptTagged      // scrypt$n$r$p$salt$key, read only
	bcryptHash        // read only
)

// record is a hash taken apart.
type record struct {
	kind         kind
	memory, time uint32 // argon2: KiB and passes
	threads      uint8  // argon2: lanes
	n, r, p      int    // scrypt
	salt, key    []byte
	text         string // bcrypt: the whole
}

// The parameters of Better Auth's scrypt.
const (
	scryptN, scryptR, scryptP = 16384, 16, 1
	scryptKeyLength           = 64
	scryptSaltLength          = 16 // random bytes; their hex text is the salt
)

// normalised reports whether hashes of this kind were always made from the NFKC
// form. The others may come from software that hashed the password as typed.
func (h *record) normalised() bool { return h.kind == scryptSalted }

// bytes is the size of the block that computing the hash allocates.
func (h *record) bytes() uint64 {
	switch h.kind {
	case argon2id, argon2i:
		return uint64(h.memory) << 10
	case scryptSalted, scryptTagged:
		return 128 * uint64(h.n) * uint64(h.r)
	}
	return 0
}

// String is the text to store.
func (h *record) String() string {
	switch h.kind {
	case argon2id:
		b64 := base64.RawStdEncoding
		return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.memory, h.time, h.threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
	case scryptSalted:
		return string(h.salt) + ":" + hex.EncodeToString(h.key)
	}
	return h.text
}

// limits bound what a stored hash may make the server compute. A hash beyond
// them verifies nothing: a row of the database must not be able to take the
// process down.
type limits struct {
	memory uint32 // argon2: KiB
	time   uint32 // argon2: passes
	work   uint64 // argon2: KiB × passes
}

const (
	maxHashText   = 1024
	maxMemory     = 256 << 10 // KiB
	maxTime       = 32
	maxWork       = 1 << 20 // KiB × passes: five times the default
	maxScryptWork = 1 << 22 // n × r × p: sixteen times Better Auth's
	maxScryptArea = 1 << 21 // n × r: 256 MiB
	minBcryptCost = 4
	maxBcryptCost = 15
)

// limitsFor admits at least what is configured.
func limitsFor(p Argon2Params) limits {
	return limits{
		memory: max(maxMemory, p.Memory),
		time:   max(maxTime, p.Time),
		work:   max(maxWork, uint64(p.Memory)*uint64(p.Time)),
	}
}

// parse reads a stored hash. It allocates in proportion to the text and computes
// nothing.
func parse(text string, l limits) (*record, bool) {
	if len(text) > maxHashText {
		return nil, false
	}
	switch {
	case strings.HasPrefix(text, "$argon2id$"):
		return parseArgon2(argon2id, text[len("$argon2id$"):], l)
	case strings.HasPrefix(text, "$argon2i$"):
		return parseArgon2(argon2i, text[len("$argon2i$"):], l)
	case strings.HasPrefix(text, "scrypt$"):
		return parseTagged(text[len("scrypt$"):])
	case strings.HasPrefix(text, "$2a$"), strings.HasPrefix(text, "$2b$"), strings.HasPrefix(text, "$2y$"):
		return parseBcrypt(text)
	}
	return parseSalted(text)
}

// parseArgon2 reads v=19$m=65536,t=3,p=4$salt$key, the rest of a PHC string.
func parseArgon2(k kind, rest string, l limits) (*record, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 4 || parts[0] != "v=19" {
		return nil, false
	}
	costs := strings.Split(parts[1], ",")
	if len(costs) != 3 {
		return nil, false
	}
	memory, ok1 := cost(costs[0], "m=")
	time, ok2 := cost(costs[1], "t=")
	threads, ok3 := cost(costs[2], "p=")
	switch {
	case !ok1 || !ok2 || !ok3:
		return nil, false
	case threads < 1 || threads > 255 || memory < 8*threads || memory > l.memory:
		return nil, false
	case time < 1 || time > l.time || uint64(memory)*uint64(time) > l.work:
		return nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[2])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[3])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 128 || len(key) < 16 || len(key) > 128 {
		return nil, false
	}
	return &record{kind: k, memory: memory, time: time, threads: uint8(threads), salt: salt, key: key}, true
}

func cost(text, name string) (uint32, bool) {
	digits, ok := strings.CutPrefix(text, name)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil
}

// parseSalted reads Better Auth's salt:key. The text of the salt is used as it is.
func parseSalted(text string) (*record, bool) {
	salt, keyText, ok := strings.Cut(text, ":")
	if !ok || salt == "" || len(salt) > 128 || len(keyText) != 2*scryptKeyLength {
		return nil, false
	}
	key, err := hex.DecodeString(keyText)
	if err != nil {
		return nil, false
	}
	return &record{kind: scryptSalted, n: scryptN, r: scryptR, p: scryptP, salt: []byte(salt), key: key}, true
}

// parseTagged reads n$r$p$salt$key, the rest of scrypt$n$r$p$salt$key.
func parseTagged(rest string) (*record, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 5 {
		return nil, false
	}
	n, ok1 := cost(parts[0], "")
	r, ok2 := cost(parts[1], "")
	p, ok3 := cost(parts[2], "")
	switch {
	case !ok1 || !ok2 || !ok3 || r < 1 || p < 1:
		return nil, false
	case n < 2 || n&(n-1) != 0 || n > maxScryptArea || r > 64 || p > 64:
		return nil, false
	case uint64(n)*uint64(r) > maxScryptArea || uint64(n)*uint64(r)*uint64(p) > maxScryptWork:
		return nil, false
	}
	salt, key, ok := decodePair(parts[3], parts[4])
	if !ok || len(salt) < 8 || len(salt) > 128 || len(key) < 16 || len(key) > 128 {
		return nil, false
	}
	return &record{kind: scryptTagged, n: int(n), r: int(r), p: int(p), salt: salt, key: key}, true
}

// decodePair decodes hex when both are hex, else base64 in either alphabet, padded or
// not. A random key of 32 bytes or more in base64 is never all hex digits.
func decodePair(saltText, keyText string) (salt, key []byte, ok bool) {
	var err1, err2 error
	if salt, err1 = hex.DecodeString(saltText); err1 == nil {
		if key, err2 = hex.DecodeString(keyText); err2 == nil {
			return salt, key, true
		}
	}
	salt, err1 = decodeBase64(saltText)
	key, err2 = decodeBase64(keyText)
	return salt, key, err1 == nil && err2 == nil
}

func decodeBase64(text string) ([]byte, error) {
	text = strings.TrimRight(text, "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	return base64.RawStdEncoding.DecodeString(text)
}

// parseBcrypt reads $2b$cost$ and 53 characters of salt and key.
func parseBcrypt(text string) (*record, bool) {
	if len(text) != 60 || text[6] != '$' {
		return nil, false
	}
	n, err := strconv.ParseUint(text[4:6], 10, 8)
	if err != nil || n < minBcryptCost || n > maxBcryptCost {
		return nil, false
	}
	for _, c := range []byte(text[7:]) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '/' {
			return nil, false
		}
	}
	return &record{kind: bcryptHash, text: text}, true
}
