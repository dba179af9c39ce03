package oauthserver

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// TokenReply is the answer of the token endpoint (RFC 6749 5.1).
type TokenReply struct{ body *wire.Object }

// AppendJSON appends the answer.
func (r *TokenReply) AppendJSON(dst []byte) []byte { return r.body.AppendJSON(dst) }

// MarshalJSON returns the answer.
func (r *TokenReply) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

func (r *TokenReply) text(name string) string {
	v, _ := r.body.Get(name)
	text, _ := v.Str()
	return text
}

// AccessToken is the access token.
func (r *TokenReply) AccessToken() string { return r.text("access_token") }

// RefreshToken is the refresh token, or "".
func (r *TokenReply) RefreshToken() string { return r.text("refresh_token") }

// IDToken is the id_token, or "".
func (r *TokenReply) IDToken() string { return r.text("id_token") }

type tokenForm struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int64  `json:"expires_in" doc:"Life of the access token in seconds"`
	ExpiresAt    int64  `json:"expires_at" doc:"When the access token ends, in seconds since 1970"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
	IDToken      string `json:"id_token,omitempty"`
}

// OpenAPIForm describes the answer.
func (*TokenReply) OpenAPIForm() any { return tokenForm{} }

// grant is what tokens are issued for.
type grant struct {
	kind                         string
	client                       *Client
	user                         *core.User // nil: the client itself
	sessionID, reference, codeID string
	scopes                       []string // of the access token
	granted                      []string // of the refresh token
	resources                    []string // of the access token
	bound                        []string // of the refresh token
	nonce                        string
	authTime                     time.Time
	previous                     *RefreshToken
	thumbprint                   string // of the key to which the tokens are bound, or ""
}

// issue are tokens that are being made.
type issue struct {
	*grant
	iat, exp     time.Time
	access       string
	accessRow    *AccessToken // nil for a JSON Web Token
	refreshToken string
	refreshRow   *RefreshToken
}

// life is for how long an access token is valid: the shortest of its scopes.
func (s *Server) life(g *grant) time.Duration {
	life := s.AccessLife
	if g.user == nil {
		life = s.MachineLife
	}
	for _, scope := range g.scopes {
		if own, ok := s.ScopeLife[scope]; ok {
			life = min(life, own)
		}
	}
	return life
}

// prepare makes the tokens of a grant. Nothing is stored yet.
func (s *Server) prepare(c *core.Ctx, g *grant) (*issue, error) {
	now := s.now()
	i := &issue{grant: g, iat: now, exp: now.Add(s.life(g))}
	if len(g.resources) == 0 || s.Keys == nil || s.Opaque {
		token, err := s.random(c, s.NewAccess)
		if err != nil {
			return nil, err
		}
		i.access = s.AccessPrefix + token
		stored, err := s.stored(c, token, kindAccess)
		if err != nil {
			return nil, err
		}
		i.accessRow = &AccessToken{
			Hash: stored, ClientID: g.client.ID, SessionID: g.sessionID, RefID: g.reference, CodeID: g.codeID,
			Scopes: g.scopes, Resources: g.resources, CreatedAt: now, ExpiresAt: i.exp, Thumbprint: g.thumbprint,
		}
		if g.user != nil {
			i.accessRow.UserID = g.user.ID
		}
	}
	if g.user == nil || !slices.Contains(g.granted, ScopeOffline) || !slices.Contains(s.GrantTypes, GrantRefresh) || !g.client.mayUse(GrantRefresh) {
		return i, nil
	}
	token, err := s.random(c, s.NewRefresh)
	if err != nil {
		return nil, err
	}
	sealed := token
	if s.SealRefresh != nil {
		if sealed, err = s.SealRefresh(c, token, g.sessionID); err != nil {
			return nil, err
		}
	}
	i.refreshToken = s.RefreshPrefix + sealed
	stored, err := s.stored(c, token, kindRefresh)
	if err != nil {
		return nil, err
	}
	i.refreshRow = &RefreshToken{
		Hash: stored, ClientID: g.client.ID, SessionID: g.sessionID, UserID: g.user.ID, RefID: g.reference, CodeID: g.codeID,
		Scopes: g.granted, Resources: g.bound, CreatedAt: now, ExpiresAt: now.Add(s.RefreshLife), AuthTime: g.authTime, Thumbprint: g.thumbprint,
	}
	return i, nil
}

func (s *Server) random(ctx context.Context, own func(context.Context) (string, error)) (string, error) {
	if own != nil {
		return own(ctx)
	}
	return s.auth.RandomString(32)
}

// store writes the rows of tokens, and records that they are issued: what cannot be recorded is
// not issued. A JSON Web Token has no row, and is signed afterwards.
func (i *issue) store(ctx context.Context, c *core.Ctx, s *Server) error {
	if err := i.storeRows(ctx, s); err != nil {
		return err
	}
	event := core.Event{Type: EventIssued, SessionID: i.sessionID}
	if i.user != nil {
		event.UserID = i.user.ID
	}
	return c.EmitIn(ctx, event)
}

func (i *issue) storeRows(ctx context.Context, s *Server) error {
	if i.refreshRow != nil {
		id, err := s.Grants.CreateRefresh(ctx, i.refreshRow)
		if err != nil {
			return err
		}
		if i.accessRow != nil {
			i.accessRow.RefreshID = id
		}
	}
	if i.accessRow != nil {
		return s.Grants.CreateAccess(ctx, i.accessRow)
	}
	return nil
}

func (i *issue) ask() TokenAsk {
	return TokenAsk{
		User: i.user, ClientID: i.client.ID, Scopes: i.scopes, Resources: i.resources, ReferenceID: i.reference, Metadata: i.client.Metadata, GrantType: i.kind,
	}
}

// typeAccess is the type of access tokens (RFC 9068 2.1), so that no other token of the same
// key passes for one.
const typeAccess = "at+jwt"

// claimHandle is a claim of tokens for pairwise clients, whose sub and sid would tell two
// of them that they know the same user: the ids of user and session, for this server alone.
const claimHandle = "kernia_handle"

func (s *Server) sealHandle(userID, sessionID string) (string, error) {
	return s.auth.Keys().Encrypt(string(list([]string{userID, sessionID}).AppendJSON(nil)))
}

// openHandle reads what sealHandle has made.
func (s *Server) openHandle(text string) (userID, sessionID string, ok bool) {
	plain, err := s.auth.Keys().Decrypt(text)
	if err != nil {
		return "", "", false
	}
	var ids []string
	if json.Unmarshal([]byte(plain), &ids) != nil || len(ids) != 2 || ids[0] == "" {
		return "", "", false
	}
	return ids[0], ids[1], true
}

// signAccess makes an access token that is a JSON Web Token (RFC 9068).
func (s *Server) signAccess(c *core.Ctx, i *issue) (string, error) {
	claims := wire.NewObject()
	if s.AccessClaims != nil {
		own, err := s.AccessClaims(c, i.ask())
		if err != nil {
			return "", err
		}
		if err := add(claims, own, "sub", "sid", "nbf", "jti", "cnf", claimHandle); err != nil {
			return "", err
		}
	}
	jti, err := s.auth.RandomString(32)
	if err != nil {
		return "", err
	}
	subject := i.client.ID
	hidden := false
	if i.user != nil {
		subject = s.subject(i.user.ID, i.client)
		hidden = subject != i.user.ID
	}
	claims.Set("sub", wire.String(subject))
	claims.Set("aud", list(s.audience(c, i.resources, i.scopes)))
	claims.Set("azp", wire.String(i.client.ID))
	claims.Set("client_id", wire.String(i.client.ID))
	claims.Set("scope", wire.String(strings.Join(i.scopes, " ")))
	switch {
	case hidden:
		handle, err := s.sealHandle(i.user.ID, i.sessionID)
		if err != nil {
			return "", err
		}
		claims.Set(claimHandle, wire.String(handle))
	case i.sessionID != "":
		claims.Set("sid", wire.String(i.sessionID))
	}
	claims.Set("iss", wire.String(s.Issuer(c)))
	claims.Set("iat", wire.Int(i.iat.Unix()))
	claims.Set("exp", wire.Int(i.exp.Unix()))
	claims.Set("jti", wire.String(jti))
	if i.thumbprint != "" {
		claims.Set("cnf", confirmation(i.thumbprint))
	}
	return s.Keys.SignToken(c, claims.AppendJSON(nil), typeAccess, "")
}

// list is a text where there is one, and a list otherwise.
func list(items []string) wire.Value {
	if len(items) == 1 {
		return wire.String(items[0])
	}
	out := make([]wire.Value, len(items))
	for i, one := range items {
		out[i] = wire.String(one)
	}
	return wire.Array(out...)
}

// finish signs what is signed and makes the answer. The rows are stored.
func (s *Server) finish(c *core.Ctx, i *issue) (*TokenReply, error) {
	body := wire.NewObject()
	if s.ReplyFields != nil {
		own, err := s.ReplyFields(c, i.ask())
		if err != nil {
			return nil, err
		}
		if err := add(body, own, "access_token", "refresh_token", "id_token"); err != nil {
			return nil, err
		}
	}
	var err error
	if i.accessRow == nil {
		if i.access, err = s.signAccess(c, i); err != nil {
			return nil, err
		}
	}
	body.Set("access_token", wire.String(i.access))
	body.Set("expires_in", wire.Int(i.exp.Unix()-i.iat.Unix()))
	body.Set("expires_at", wire.Int(i.exp.Unix()))
	body.Set("token_type", wire.String(tokenType(i.thumbprint)))
	if i.refreshToken != "" {
		body.Set("refresh_token", wire.String(i.refreshToken))
	}
	body.Set("scope", wire.String(strings.Join(i.scopes, " ")))
	if i.user != nil && slices.Contains(i.scopes, ScopeOpenID) {
		token, err := s.idToken(c, i)
		if err != nil {
			return nil, err
		}
		if token != "" {
			body.Set("id_token", wire.String(token))
		}
	}
	c.SetHeader("Cache-Control", "no-store")
	c.SetHeader("Pragma", "no-cache")
	return &TokenReply{body}, nil
}

// access is an access token that counts.
type access struct {
	clientID, userID, sessionID string
	thumbprint                  string // of the key to which it is bound, or ""
	scopes                      []string
	client                      *Client
	user                        *core.User
	opaque                      *AccessToken
	claims                      *wire.Object // of a JSON Web Token
}

// checkAccess verifies an access token. It returns nil for one that is not, or no longer, valid.
func (s *Server) checkAccess(c *core.Ctx, token string) (*access, error) {
	var a *access
	var err error
	if strings.Count(token, ".") == 2 && s.Keys != nil {
		a, err = s.jwtAccess(c, token)
	} else {
		a, err = s.opaqueAccess(c, token)
	}
	if a == nil || err != nil {
		return nil, err
	}
	if a.client, err = s.find(c, a.clientID); err != nil || a.client == nil || a.client.Disabled {
		return nil, err
	}
	if a.userID == "" {
		return a, nil
	}
	if a.user, err = s.user(c, a.userID); err != nil || a.user == nil {
		return nil, err
	}
	session, err := s.session(c, a.sessionID)
	if err != nil {
		return nil, err
	}
	if session == nil {
		a.sessionID = ""
		// What a user has given for the length of a session ends with it.
		if !slices.Contains(a.scopes, ScopeOffline) && (a.opaque == nil || a.opaque.RefreshID == "") {
			return nil, nil
		}
	}
	return a, nil
}

func (s *Server) opaqueAccess(ctx context.Context, token string) (*access, error) {
	token, ok := strings.CutPrefix(token, s.AccessPrefix)
	if !ok || token == "" {
		return nil, nil
	}
	stored, err := s.stored(ctx, token, kindAccess)
	if err != nil {
		return nil, err
	}
	row, err := s.Grants.FindAccess(ctx, stored)
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil || row.Hash != stored || !row.ExpiresAt.After(s.auth.Now()) {
		return nil, err
	}
	return &access{clientID: row.ClientID, userID: row.UserID, sessionID: row.SessionID, scopes: row.Scopes, opaque: row, thumbprint: row.Thumbprint}, nil
}

func (s *Server) jwtAccess(c *core.Ctx, token string) (*access, error) {
	t, err := s.verifyToken(c, token)
	if t == nil || err != nil {
		return nil, err
	}
	thumbprint, readable := thumbprintOf(t.claims)
	typed := strings.EqualFold(t.typ, typeAccess) || strings.EqualFold(t.typ, "application/"+typeAccess)
	clientID := t.text("azp")
	scope, hasScope := t.claims.Get("scope")
	_, isText := scope.Str()
	now := s.auth.Now()
	switch {
	case !typed && !(s.Lenient && t.typ == "" && clientID != "" && hasScope && isText):
		return nil, nil // an id_token, or the token of a session
	case t.text("iss") != s.Issuer(c) || !t.expires().After(now) || clientID == "" || !readable:
		return nil, nil
	}
	a := &access{clientID: clientID, userID: t.text("sub"), sessionID: t.text("sid"), scopes: split(t.text("scope")), claims: t.claims, thumbprint: thumbprint}
	if a.userID == clientID { // the client itself
		a.userID = ""
	}
	if text := t.text(claimHandle); text != "" {
		var ok bool
		if a.userID, a.sessionID, ok = s.openHandle(text); !ok {
			return nil, nil
		}
	}
	known := slices.ContainsFunc(t.audience(), func(one string) bool {
		normal, ok := normalResource(one)
		return ok && s.knowsResource(c, normal, a.scopes)
	})
	if !known {
		return nil, nil
	}
	return a, nil
}
