package jwt

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// cacheControl lets verifiers and proxies keep the key set for a moment. A new key signs at
// once, so that it must not be long: whoever meets an unknown kid asks again.
const cacheControl = "public, max-age=15"

// KeySet is the answer of /jwks: {"keys":[…]} with public JSON Web Keys (RFC 7517).
type KeySet struct{ raw []byte }

// AppendJSON appends the key set.
func (k KeySet) AppendJSON(dst []byte) []byte { return append(dst, k.raw...) }

// MarshalJSON returns the key set.
func (k KeySet) MarshalJSON() ([]byte, error) { return k.AppendJSON(nil), nil }

type keyForm struct {
	Algorithm string `json:"alg" doc:"Algorithm that the key verifies"`
	Curve     string `json:"crv,omitempty" doc:"Curve, of EC and OKP"`
	Type      string `json:"kty" doc:"RSA, EC or OKP"`
	N         string `json:"n,omitempty" doc:"Modulus, of RSA"`
	E         string `json:"e,omitempty" doc:"Exponent, of RSA"`
	X         string `json:"x,omitempty" doc:"Coordinate, of EC and OKP"`
	Y         string `json:"y,omitempty" doc:"Coordinate, of EC"`
	ID        string `json:"kid" doc:"Id of the key, as in the header of its tokens"`
}

type keySetForm struct {
	Keys []keyForm `json:"keys"`
}

// OpenAPIForm describes the answer.
func (KeySet) OpenAPIForm() any { return keySetForm{} }

func (p *Plugin) jwks(c *core.Ctx, _ *core.NoInput) (KeySet, error) {
	set, err := p.keys.current(c)
	if err == nil && set.rows == 0 {
		set, err = p.keys.first(c, set)
	}
	if err != nil {
		return KeySet{}, err
	}
	c.SetHeader("Cache-Control", cacheControl)
	c.SetHeader("ETag", set.etag)
	if c.Req.Header != nil && matches(c.Req.Header.Values("If-None-Match"), set.etag) {
		c.SetStatus(http.StatusNotModified)
		return KeySet{}, nil
	}
	return KeySet{set.body}, nil
}

// matches compares weakly, as RFC 9110, 13.1.2 says.
func matches(lines []string, etag string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
				return true
			}
		}
	}
	return false
}
