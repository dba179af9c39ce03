package sessioncache

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// The compact form, in base64url without padding:
// {"session":content,"expiresAt":milliseconds,"signature":"43 characters"}.
const (
	compactHead      = `{"session":`
	compactExpires   = `,"expiresAt":`
	compactSignature = `,"signature":"`
	compactEnd       = `"}`

	signatureLength = 43
)

func (c *Codec) openCompact(value string, now time.Time, buf *Buffer) ([]byte, bool) {
	value = strings.TrimRight(value, "=")
	buf.payload = slices.Grow(buf.payload[:0], base64.RawURLEncoding.DecodedLen(len(value)))
	n, err := decodeBase64URL(buf.payload[:cap(buf.payload)], value)
	if err != nil {
		return nil, false
	}
	payload := buf.payload[:n]
	content, expires, signature, ok := cutCompact(payload)
	if !ok {
		var quoted []byte
		err := wire.ScanObject(payload, func(name, value []byte) bool {
			switch string(name) {
			case "session":
				content = value
			case "expiresAt":
				expires = value
			case "signature":
				quoted = value
			}
			return true
		})
		if err != nil || len(content) < 2 || content[0] != '{' || len(quoted) < 2 || quoted[0] != '"' {
			return nil, false
		}
		signature = quoted[1 : len(quoted)-1]
	}
	at, err := strconv.ParseInt(string(expires), 10, 64)
	if err != nil || at < now.UnixMilli() {
		return nil, false
	}
	buf.message = signed(buf.message[:0], content, expires)
	return content, c.Keys.VerifyURL(buf.message, signature)
}

// signed appends what the signature covers: the content with expiresAt as its last
// member.
func signed(dst, content, expires []byte) []byte {
	dst = append(dst, content[:len(content)-1]...)
	dst = append(dst, compactExpires...)
	dst = append(dst, expires...)
	return append(dst, '}')
}

// cutCompact cuts a payload at the text that both servers write around the content. It
// does not read the content, which the signature covers. It reports false for every
// other spelling.
func cutCompact(payload []byte) (content, expires, signature []byte, ok bool) {
	rest, head := bytes.CutPrefix(payload, []byte(compactHead))
	rest, end := bytes.CutSuffix(rest, []byte(compactEnd))
	if !head || !end || len(rest) < signatureLength {
		return nil, nil, nil, false
	}
	rest, signature = rest[:len(rest)-signatureLength], rest[len(rest)-signatureLength:]
	rest, named := bytes.CutSuffix(rest, []byte(compactSignature))
	colon := bytes.LastIndexByte(rest, ':')
	if !named || colon < 0 {
		return nil, nil, nil, false
	}
	content, ok = bytes.CutSuffix(rest[:colon+1], []byte(compactExpires))
	if !ok || len(content) < 2 || content[0] != '{' || content[len(content)-1] != '}' {
		return nil, nil, nil, false
	}
	return content, rest[colon+1:], signature, true
}

// splitUsual takes apart the content as both servers write it. Its two rows may hold
// no braces but their own: an object within a row, or a brace in a text, is left to
// the scanner.
func splitUsual(content []byte) (k Content, updatedAt []byte, ok bool) {
	rest, ok1 := bytes.CutPrefix(content, []byte(`{"session":`))
	session, rest, ok2 := cutRow(rest)
	rest, ok3 := bytes.CutPrefix(rest, []byte(`,"user":`))
	user, rest, ok4 := cutRow(rest)
	rest, ok5 := bytes.CutPrefix(rest, []byte(`,"updatedAt":`))
	updatedAt, version, ok6 := bytes.Cut(rest, []byte(`,"version":"`))
	version, ok7 := bytes.CutSuffix(version, []byte(`"}`))
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || !ok7 || !isNumber(updatedAt) || bytes.IndexByte(version, '"') >= 0 {
		return Content{}, nil, false
	}
	quoted := rest[len(rest)-len(version)-len(`""}`) : len(rest)-1]
	return Content{Session: session, User: user, Version: quoted}, updatedAt, true
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// cutRow cuts an object without braces in it off b.
func cutRow(b []byte) (row, rest []byte, ok bool) {
	end := bytes.IndexByte(b, '}')
	if end < 1 || b[0] != '{' || bytes.IndexByte(b[1:end], '{') >= 0 {
		return nil, nil, false
	}
	return b[:end+1], b[end+1:], true
}
