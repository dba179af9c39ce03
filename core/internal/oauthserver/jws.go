package oauthserver

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/verify"
	"github.com/advantch/kernia-go/core/wire"
)

// maxToken bounds a token that is parsed, in bytes.
const maxToken = 64 << 10

// asymmetric are the algorithms of the server's keys. Neither "none" nor one with a shared
// secret is among them.
var asymmetric = []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.ES512, jose.RS256, jose.PS256}

// token is a token whose signature counts.
type token struct {
	claims *wire.Object
	typ    string
}

func (t *token) text(name string) string {
	v, _ := t.claims.Get(name)
	text, _ := v.Str()
	return text
}

func (t *token) expires() time.Time { return t.time("exp") }

// time is a claim that is a time, or zero.
func (t *token) time(name string) time.Time {
	v, _ := t.claims.Get(name)
	n, ok := v.Num()
	if !ok || n < 0 || n > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

func (t *token) audience() (out []string) {
	v, _ := t.claims.Get("aud")
	if one, ok := v.Str(); ok {
		return []string{one}
	}
	items, _ := v.Items()
	for _, item := range items {
		if one, ok := item.Str(); ok {
			out = append(out, one)
		}
	}
	return out
}

// verifyToken verifies the signature of a token by the server's keys. It returns nil for a
// token that is none of theirs. The claims are still to be checked.
func (s *Server) verifyToken(ctx context.Context, text string) (*token, error) {
	if s.Keys == nil {
		return nil, nil
	}
	return verified(text, asymmetric, func(h jose.Header) (any, error) {
		key, err := s.Keys.VerificationKeys().Key(ctx, h.KeyID, h.Algorithm)
		if errors.Is(err, verify.ErrUnknownKey) {
			return nil, nil
		}
		return key, err
	})
}

// verifySecret verifies a token that is signed with a client's secret.
func verifySecret(text, secret string) (*token, error) {
	return verified(text, []jose.SignatureAlgorithm{jose.HS256}, func(jose.Header) (any, error) { return []byte(secret), nil })
}

func verified(text string, algorithms []jose.SignatureAlgorithm, key func(jose.Header) (any, error)) (*token, error) {
	if len(text) > maxToken || strings.Count(text, ".") != 2 {
		return nil, nil
	}
	parsed, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil || len(parsed.Signatures) != 1 {
		return nil, nil
	}
	header := parsed.Signatures[0].Protected
	public, err := key(header)
	if public == nil || err != nil {
		return nil, err
	}
	payload, err := parsed.Verify(public)
	if err != nil {
		return nil, nil
	}
	v, err := wire.Parse(payload, wire.Limits{})
	if err != nil {
		return nil, nil
	}
	claims, ok := v.Obj()
	if !ok {
		return nil, nil
	}
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	return &token{claims, typ}, nil
}

// signSecret signs claims with a client's secret (HS256).
func signSecret(claims []byte, secret string) (string, error) {
	// The key may be shorter than a hash, as secrets of Better Auth are.
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret)}, nil)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
