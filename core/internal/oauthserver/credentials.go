package oauthserver

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// Secrets keeps client secrets in the form of the table.
type Secrets interface {
	// Store makes what is kept of a secret.
	Store(ctx context.Context, secret string) (string, error)
	// Matches compares in constant time.
	Matches(ctx context.Context, stored, secret string) (bool, error)
	// Open returns the secret, where it is kept encrypted.
	Open(ctx context.Context, stored string) (string, error)
}

// Credentials are what a client has sent to prove who it is.
type Credentials struct {
	ID, Secret string
	alternate  string // the secret before form-decoding, of clients that do not encode it
	Basic      bool   // by the Authorization header
	assertion  string // in place of a secret
	audiences  []string
}

// CredentialsOf reads the credentials of a request from its Authorization header and the
// members client_id and client_secret of its body. There is one way to authenticate in a
// request (RFC 6749 2.3).
func CredentialsOf(c *core.Ctx, id, secret string) (Credentials, error) {
	body := Credentials{ID: id, Secret: secret}
	if c.Req.Header == nil {
		return body, nil
	}
	scheme, rest, _ := strings.Cut(c.Req.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return body, nil
	}
	basic, ok := parseBasic(rest)
	switch {
	case !ok:
		return basic, refuseClient(true, "invalid authorization header format")
	case secret != "":
		return basic, Refuse(ErrInvalidRequest, "a client authenticates in one way only")
	case id != "" && id != basic.ID:
		return basic, refuseClient(true, "invalid client_id")
	}
	return basic, nil
}

// parseBasic reads the parameter of the scheme Basic. The parts are form-encoded, and split
// at the first colon (RFC 6749 2.3.1). Better Auth 1.6 does neither.
func parseBasic(text string) (Credentials, bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		if raw, err = base64.RawStdEncoding.DecodeString(strings.TrimSpace(text)); err != nil {
			return Credentials{}, false
		}
	}
	id, secret, ok := strings.Cut(string(raw), ":")
	if !ok || id == "" || secret == "" {
		return Credentials{}, false
	}
	out := Credentials{ID: id, Secret: secret, Basic: true}
	if decoded, err := url.QueryUnescape(id); err == nil {
		out.ID = decoded
	}
	if decoded, err := url.QueryUnescape(secret); err == nil && decoded != secret {
		out.Secret, out.alternate = decoded, secret
	}
	return out, out.ID != ""
}

// Authenticate finds the client that a request is from. secret says that a client without a
// secret is refused, too.
func (s *Server) Authenticate(ctx context.Context, k Credentials, secret bool) (*Client, error) {
	if k.ID == "" {
		return nil, Refuse(ErrInvalidRequest, "client_id is required")
	}
	client, err := s.find(ctx, k.ID)
	switch {
	case err != nil:
		return nil, err
	case client == nil:
		return nil, refuseClient(k.Basic, "missing client")
	case client.Disabled:
		return nil, refuseClient(k.Basic, "client is disabled")
	case k.assertion != "":
		if err := s.byAssertion(ctx, client, k); err != nil {
			return nil, err
		}
		return client, nil
	case client.AuthMethod == AuthKey:
		return nil, refuseClient(k.Basic, "the client has registered "+AuthKey)
	case client.Secret == "" && k.Secret != "":
		return nil, refuseClient(k.Basic, "public client, client secret should not be received")
	case client.Secret == "" && secret:
		return nil, refuseClient(k.Basic, "missing required credentials")
	case client.Secret == "" && client.public():
		return client, nil
	case k.Secret == "":
		return nil, refuseClient(k.Basic, "client secret must be provided")
	// client_secret_basic is the method of whoever registers none, and relying parties such as
	// zitadel/oidc send some requests by post all the same.
	case client.AuthMethod == AuthPost && k.Basic:
		return nil, refuseClient(k.Basic, "the client has registered "+client.AuthMethod)
	}
	ok, err := s.Secrets.Matches(ctx, client.Secret, k.Secret)
	if err == nil && !ok && k.alternate != "" {
		ok, err = s.Secrets.Matches(ctx, client.Secret, k.alternate)
	}
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refuseClient(k.Basic, "invalid client_secret")
	case !client.SecretExpiresAt.IsZero() && !client.SecretExpiresAt.After(s.auth.Now()):
		return nil, refuseClient(k.Basic, "the client_secret has expired")
	}
	return client, nil
}
