package oauthserver

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// acr is the authentication context of every sign-in, Better Auth's.
const acr = "urn:mace:incommon:iap:bronze"

// profile are the claims of a user for scopes (OpenID Connect Core 5.4).
func profile(u *core.User, sub string, scopes []string) *wire.Object {
	o := wire.NewObject(wire.Member{Name: "sub", Value: wire.String(sub)})
	if slices.Contains(scopes, ScopeProfile) {
		o.Set("name", wire.String(u.Name))
		if u.Image != nil {
			o.Set("picture", wire.String(*u.Image))
		}
		if names := strings.FieldsFunc(u.Name, func(r rune) bool { return r == ' ' }); len(names) > 1 {
			o.Set("given_name", wire.String(strings.Join(names[:len(names)-1], " ")))
			o.Set("family_name", wire.String(names[len(names)-1]))
		}
	}
	if slices.Contains(scopes, ScopeEmail) {
		o.Set("email", wire.String(u.Email))
		o.Set("email_verified", wire.Bool(u.EmailVerified))
	}
	return o
}

// idToken makes an id_token (OpenID Connect Core 2). A client without a secret gets none
// where secrets sign.
func (s *Server) idToken(c *core.Ctx, i *issue) (string, error) {
	client := i.client
	if s.Keys == nil && client.Secret == "" {
		return "", nil
	}
	algorithm := s.algorithmOf(client)
	claims := profile(i.user, i.user.ID, i.scopes)
	if !i.authTime.IsZero() {
		claims.Set("auth_time", wire.Int(i.authTime.Unix()))
	}
	claims.Set("acr", wire.String(acr))
	if s.IDClaims != nil {
		own, err := s.IDClaims(c, i.ask())
		if err != nil {
			return "", err
		}
		if err := add(claims, own, "iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash", "c_hash", "auth_time", "sid", "events", "cnf", "jti", claimHandle); err != nil {
			return "", err
		}
	}
	claims.Set("iss", wire.String(s.Issuer(c)))
	claims.Set("sub", wire.String(s.subject(i.user.ID, client)))
	claims.Set("aud", wire.String(client.ID))
	if i.nonce != "" {
		claims.Set("nonce", wire.String(i.nonce))
	}
	claims.Set("iat", wire.Int(i.iat.Unix()))
	claims.Set("exp", wire.Int(i.iat.Add(s.IDTokenLife).Unix()))
	if (client.EndSession || s.Sessions != nil && client.LogoutURI != "") && i.sessionID != "" {
		claims.Set("sid", wire.String(s.sid(i.sessionID, client)))
		if s.hides(client) { // by which Logout finds the session
			handle, err := s.sealHandle(i.user.ID, i.sessionID)
			if err != nil {
				return "", err
			}
			claims.Set(claimHandle, wire.String(handle))
		}
	}
	claims.Set("at_hash", wire.String(atHash(algorithm, i.access)))
	payload := claims.AppendJSON(nil)
	if s.Keys != nil {
		return s.Keys.SignToken(c, payload, "", algorithm)
	}
	secret, err := s.Secrets.Open(c, client.Secret)
	if err != nil {
		return "", err
	}
	return signSecret(payload, secret)
}

// algorithmOf is how the id_tokens of a client are signed.
func (s *Server) algorithmOf(client *Client) string {
	if s.Keys == nil {
		return "HS256"
	}
	all := s.Keys.SigningAlgorithms()
	if slices.Contains(all, client.IDTokenAlgorithm) {
		return client.IDTokenAlgorithm
	}
	return all[0]
}

// atHash is the left half of the hash of an access token, by the hash of the algorithm
// (OpenID Connect Core 3.1.3.6). That of Ed25519 is SHA-512.
func atHash(algorithm, access string) string {
	if algorithm == "EdDSA" || strings.HasSuffix(algorithm, "512") {
		sum := sha512.Sum512([]byte(access))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// hint reads an id_token that this server has issued, perhaps long ago. It returns nil for any
// other text.
func (s *Server) hint(c *core.Ctx, text string, client *Client) (*token, error) {
	var t *token
	var err error
	if s.Keys != nil {
		t, err = s.verifyToken(c, text)
	} else if client != nil && client.Secret != "" {
		var secret string
		if secret, err = s.Secrets.Open(c, client.Secret); err == nil {
			t, err = verifySecret(text, secret)
		}
	}
	if t == nil || err != nil {
		return nil, err
	}
	if t.typ != "" && !strings.EqualFold(t.typ, "JWT") || t.text("iss") != s.Issuer(c) || len(t.audience()) == 0 {
		return nil, nil
	}
	return t, nil
}

// hintFits reports whether the id_token_hint of a request is about the user who is signed in.
func (s *Server) hintFits(c *core.Ctx, r *request, session *core.SessionData) (bool, error) {
	t, err := s.hint(c, r.hint, r.client)
	if t == nil || err != nil {
		return false, err
	}
	return slices.Contains(t.audience(), r.client.ID) && t.text("sub") == s.subject(session.User.ID, r.client), nil
}
