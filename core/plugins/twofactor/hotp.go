package twofactor

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // secure in an HMAC, and the only hash that all authenticator apps support
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// drift is how many time steps a code may be early or late (RFC 6238 §5.2).
const drift = 1

// hotp is the one-time password of RFC 4226 §5.3 with HMAC-SHA-1.
func hotp(secret string, counter uint64, digits int) string {
	var message [8]byte
	binary.BigEndian.PutUint64(message[:], counter)
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(message[:])
	sum := mac.Sum(nil)
	code := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, code%modulus)
}

// totp is the code of an instant (RFC 6238 §4.2).
func totp(secret string, now time.Time, period time.Duration, digits int) string {
	return hotp(secret, uint64(stepOf(now, period)), digits)
}

func stepOf(t time.Time, period time.Duration) int64 {
	return t.Unix() / int64(period/time.Second)
}

// matchTOTP finds the time step that a code belongs to and returns its start. Steps
// that do not start after last have been used. It takes the same time for every code.
func matchTOTP(secret, code string, now, last time.Time, period time.Duration, digits int) (start time.Time, ok bool) {
	seconds := int64(period / time.Second)
	for step := stepOf(now, period) - drift; step <= stepOf(now, period)+drift; step++ {
		if step < 0 {
			continue
		}
		equal := subtle.ConstantTimeCompare([]byte(hotp(secret, uint64(step), digits)), []byte(code)) == 1
		if at := time.Unix(step*seconds, 0).UTC(); equal && !ok && at.After(last) {
			start, ok = at, true
		}
	}
	return start, ok
}

// keyURI is the URI that an authenticator app reads from a QR code
// (https://github.com/google/google-authenticator/wiki/Key-Uri-Format). Apps show a "+"
// as it is, so a space is %20. A colon ends the issuer in the label, so the issuer must
// not contain one.
func keyURI(secret, issuer, account string, period time.Duration, digits int) string {
	issuer = wire.EncodeURIComponent(issuer)
	return "otpauth://totp/" + issuer + ":" + wire.EncodeURIComponent(account) +
		"?secret=" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret)) + "&issuer=" + issuer +
		"&digits=" + strconv.Itoa(digits) + "&period=" + strconv.FormatInt(int64(period/time.Second), 10)
}
