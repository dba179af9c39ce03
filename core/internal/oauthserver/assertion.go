package oauthserver

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/jwk"
)

// AuthKey is the method of clients that sign with a key of their own (RFC 7523).
const AuthKey = "private_key_jwt"

// assertionType is client_assertion_type (RFC 7523 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// AssertionAlgorithms sign the assertions of clients. Neither "none" nor one with a shared secret
// is among them.
var AssertionAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

const (
	maxAssertion = 16 << 10 // bytes
	maxJTI       = 512      // bytes
	// clockSkew is by how much the clock of a client may be ahead of the server's.
	clockSkew = 30 * time.Second
)

// Once keeps what counts once: ids of assertions and of proofs.
type Once interface {
	// UseOnce stores a key until a time, and reports whether it is new, in one statement.
	UseOnce(ctx context.Context, key string, until time.Time) (bool, error)
}

// credentials reads how a client says who it is, with an assertion or without. A server
// without Assertions does not look at one, as it does not look at unknown parameters.
func (s *Server) credentials(c *core.Ctx, id, secret, assertion, kind *string) (Credentials, error) {
	if !s.Assertions || text(assertion) == "" && text(kind) == "" {
		return CredentialsOf(c, text(id), text(secret))
	}
	scheme := ""
	if c.Req.Header != nil {
		scheme, _, _ = strings.Cut(c.Req.Header.Get("Authorization"), " ")
	}
	switch {
	case text(assertion) == "" || text(kind) == "":
		return Credentials{}, Refuse(ErrInvalidRequest, "client_assertion and client_assertion_type belong together")
	case text(secret) != "" || strings.EqualFold(scheme, "Basic"):
		return Credentials{}, Refuse(ErrInvalidRequest, "a client authenticates in one way only")
	case text(kind) != assertionType:
		return Credentials{}, refuseClient(false, "unsupported client_assertion_type")
	}
	claimed := subjectOf(text(assertion))
	if claimed == "" || text(id) != "" && text(id) != claimed {
		return Credentials{}, refuseClient(false, "invalid client_assertion")
	}
	return Credentials{ID: claimed, assertion: text(assertion), audiences: []string{s.Issuer(c), c.BaseURL() + c.Path()}}, nil
}

// subjectOf is sub of a token that is not verified yet: it says only whose keys to look for.
func subjectOf(token string) string {
	parts := strings.Split(token, ".")
	if len(token) > maxAssertion || len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct{ Sub string }
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Sub
}

// byAssertion authenticates a client by its assertion (RFC 7523 3).
func (s *Server) byAssertion(ctx context.Context, client *Client, k Credentials) error {
	if client.AuthMethod != AuthKey {
		return refuseClient(false, "the client has not registered "+AuthKey)
	}
	t, err := verified(k.assertion, signatures(AssertionAlgorithms), func(h jose.Header) (any, error) { return s.clientKey(ctx, client, h.KeyID, h.Algorithm) })
	if err != nil {
		return err
	}
	if t == nil {
		return refuseClient(false, "the signature of the client_assertion does not count")
	}
	now := s.auth.Now()
	expires, issued, jti := t.expires(), t.time("iat"), t.text("jti")
	switch {
	case t.text("iss") != client.ID || t.text("sub") != client.ID:
		return refuseClient(false, "iss and sub of a client_assertion are the client")
	case !slices.ContainsFunc(t.audience(), func(one string) bool { return slices.Contains(k.audiences, one) }):
		return refuseClient(false, "aud of a client_assertion is the issuer or the endpoint")
	case !expires.After(now):
		return refuseClient(false, "the client_assertion has expired")
	case expires.After(now.Add(s.AssertionLife + clockSkew)):
		return refuseClient(false, "exp of the client_assertion is too far ahead")
	case !issued.IsZero() && (issued.After(now.Add(clockSkew)) || now.Sub(issued) > s.AssertionLife+clockSkew):
		return refuseClient(false, "iat of the client_assertion is not now")
	case t.time("nbf").After(now.Add(clockSkew)):
		return refuseClient(false, "the client_assertion does not count yet")
	case jti == "" || len(jti) > maxJTI:
		return refuseClient(false, "a client_assertion has a jti")
	}
	fresh, err := s.Once.UseOnce(ctx, hash(AuthKey+"\n"+client.ID+"\n"+jti), expires)
	if err == nil && !fresh {
		err = refuseClient(false, "the client_assertion has been used")
	}
	return err
}

// signatures are algorithms as go-jose names them.
func signatures(names []string) []jose.SignatureAlgorithm {
	out := make([]jose.SignatureAlgorithm, len(names))
	for i, one := range names {
		out[i] = jose.SignatureAlgorithm(one)
	}
	return out
}

// clientKey finds the key of a client that signs with an algorithm, or nil.
func (s *Server) clientKey(ctx context.Context, client *Client, kid, alg string) (crypto.PublicKey, error) {
	if len(client.KeySet) > 0 {
		keys, err := jwk.ParseSet(client.KeySet)
		if err != nil {
			return nil, nil
		}
		return jwk.Lookup(keys, kid, alg), nil
	}
	if s.CheckKeySetURL(client.KeySetURL) != nil {
		return nil, nil
	}
	key, err := s.remote.at(client.KeySetURL).Find(ctx, s.auth.GuardedHTTP().Client, kid, alg)
	switch {
	case errors.Is(err, jwk.ErrUnknownKey):
		return nil, nil
	case errors.Is(err, jwk.ErrNoKeys):
		return nil, refuseClient(false, "the keys of the client cannot be fetched")
	}
	return key, err
}

// errKeySetURL is the error of CheckKeySetURL.
var errKeySetURL = errors.New("jwks_uri and backchannel_logout_uri must be public https URLs without user name and fragment")

// CheckKeySetURL checks an address that a client registers for this server to ask: it is on the
// public internet. That is checked again whenever it is asked.
func (s *Server) CheckKeySetURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURI || u.Scheme != "https" || u.User != nil || strings.Contains(raw, "#") {
		return errKeySetURL
	}
	if _, err := s.auth.GuardedHTTP().CheckURL(raw); err != nil {
		return errKeySetURL
	}
	return nil
}

// CheckKeySet checks keys that a client registers: public ones that verify signatures.
func CheckKeySet(raw json.RawMessage) error {
	var set struct{ Keys []json.RawMessage }
	if len(raw) > maxKeySet || json.Unmarshal(raw, &set) != nil || len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return errKeySet
	}
	for _, one := range set.Keys {
		key, ok := jwk.Parse(one)
		if !ok || !slices.ContainsFunc(AssertionAlgorithms, key.Fits) {
			return errKeySet
		}
	}
	_, err := jwk.ParseSet(raw)
	if err != nil {
		return errKeySet
	}
	return nil
}

// maxKeySet bounds keys that a client registers, in bytes.
const maxKeySet = 16 << 10

// maxKeys bounds how many there are.
const maxKeys = 16

var errKeySet = errors.New("jwks must be {\"keys\":[…]} with public keys of RSA from 2048 bits, of P-256, P-384 or P-521, or of Ed25519")

// remotes are the key sets of clients at addresses.
type remotes struct {
	mu  sync.Mutex
	all map[string]*jwk.Remote
}

// maxRemotes bounds the key sets that are kept.
const maxRemotes = 1024

// at is the key set at an address. A full cache forgets an entry; which one does not matter.
func (r *remotes) at(address string) *jwk.Remote {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.all[address]; one != nil {
		return one
	}
	if r.all == nil {
		r.all = map[string]*jwk.Remote{}
	}
	for other := range r.all {
		if len(r.all) < maxRemotes {
			break
		}
		delete(r.all, other)
	}
	one := jwk.NewRemote(address, 0, nil)
	r.all[address] = one
	return one
}
