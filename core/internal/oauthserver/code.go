package oauthserver

import (
	"context"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// issueCode makes an authorization code, a verification value that Better Auth reads too, and
// sends it to the client.
func (s *Server) issueCode(c *core.Ctx, r *request, session *core.SessionData, reference string) (string, error) {
	code, err := s.auth.RandomString(32)
	if err != nil {
		return "", err
	}
	id, err := s.stored(c, code, kindCode)
	if err != nil {
		return "", err
	}
	query, _ := without(r.q, "id_token_hint").Value().Obj()
	if uri, ok := query.Get("request_uri"); ok && !uri.IsUndefined() {
		query.Delete("request_uri")
	}
	value := wire.NewObject(
		wire.Member{Name: "type", Value: wire.String(GrantCode)},
		wire.Member{Name: "query", Value: wire.ObjectOf(query)},
		wire.Member{Name: "userId", Value: wire.String(session.User.ID)},
		wire.Member{Name: "sessionId", Value: wire.String(session.Session.ID)},
	)
	if reference != "" {
		value.Set("referenceId", wire.String(reference))
	}
	value.Set("authTime", wire.Int(session.Session.CreatedAt.UnixMilli()))
	if _, err := s.auth.Store().CreateVerification(c, id, string(value.AppendJSON(nil)), s.now().Add(s.CodeLife)); err != nil {
		return "", err
	}
	q := wire.Query{{Name: "code", Value: code}}
	if r.state != "" {
		q = append(q, wire.Pair{Name: "state", Value: r.state})
	}
	return s.answerTo(c, r, append(q, wire.Pair{Name: "iss", Value: s.Issuer(c)}))
}

// code is what a verification value says.
type code struct {
	id, clientID, redirectURI, challenge, nonce string
	userID, sessionID, reference                string
	scopes, resources                           []string
	authTime                                    time.Time
	thumbprint                                  string // dpop_jkt of the request, or ""
}

// parseCode reads the JSON of a code, of this server or of Better Auth.
func parseCode(id, text string) (*code, bool) {
	v, err := wire.Parse([]byte(text), wire.Limits{})
	if err != nil {
		return nil, false
	}
	str := func(v wire.Value) string {
		text, _ := v.Str()
		return text
	}
	if str(v.Get("type")) != GrantCode {
		return nil, false
	}
	q := v.Get("query")
	out := &code{
		id: id, clientID: str(q.Get("client_id")), redirectURI: str(q.Get("redirect_uri")), challenge: str(q.Get("code_challenge")), nonce: str(q.Get("nonce")),
		userID: str(v.Get("userId")), sessionID: str(v.Get("sessionId")), reference: str(v.Get("referenceId")), scopes: split(str(q.Get("scope"))),
	}
	out.thumbprint = str(q.Get("dpop_jkt"))
	if out.challenge != "" && str(q.Get("code_challenge_method")) != "S256" {
		return nil, false
	}
	if one := str(q.Get("resource")); one != "" {
		out.resources = []string{one}
	}
	items, _ := q.Get("resource").Items()
	for _, item := range items {
		out.resources = append(out.resources, str(item))
	}
	if ms, ok := v.Get("authTime").Num(); ok {
		out.authTime = time.UnixMilli(int64(ms))
	}
	return out, out.clientID != "" && out.userID != "" && out.sessionID != ""
}

// TokenInput is the form of the token endpoint.
type TokenInput struct {
	GrantType     *string    `json:"grant_type" doc:"authorization_code, client_credentials or refresh_token"`
	ClientID      *string    `json:"client_id" doc:"Id of the client, without the Authorization header"`
	ClientSecret  *string    `json:"client_secret" doc:"Secret of the client, without the Authorization header"`
	Code          *string    `json:"code" doc:"The code of the redirect"`
	CodeVerifier  *string    `json:"code_verifier" doc:"The verifier of the code_challenge (RFC 7636)"`
	RedirectURI   *string    `json:"redirect_uri" doc:"The redirect URI of the authorization request"`
	AssertionType *string    `json:"client_assertion_type" doc:"urn:ietf:params:oauth:client-assertion-type:jwt-bearer, where clients have keys"`
	Assertion     *string    `json:"client_assertion" doc:"A token that the client has signed, in place of a secret"`
	RefreshToken  *string    `json:"refresh_token"`
	Resource      wire.Value `json:"resource" zod:"optional,union=string|string[]" doc:"Services that the access token is for (RFC 8707). It is a JSON Web Token then"`
	Scope         *string    `json:"scope" doc:"Scopes of the access token, separated by spaces"`

	thumbprint string // of the key whose proof came with the request, or ""
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func (in *TokenInput) resources() (out []string) {
	if one, ok := in.Resource.Str(); ok {
		return []string{one}
	}
	items, _ := in.Resource.Items()
	for _, item := range items {
		one, _ := item.Str()
		out = append(out, one)
	}
	return out
}

// Token answers the token endpoint (RFC 6749 3.2).
func (s *Server) Token(c *core.Ctx, in *TokenInput) (*TokenReply, error) {
	grant := text(in.GrantType)
	if grant == "" {
		return nil, Refuse(ErrInvalidRequest, "missing required grant_type")
	}
	known := grant == GrantCode || grant == GrantCredentials || grant == GrantRefresh
	if !known || !contains(s.GrantTypes, grant) {
		return nil, Refuse(ErrUnsupportedGrant, "unsupported grant_type "+printable(grant))
	}
	k, err := s.credentials(c, in.ClientID, in.ClientSecret, in.Assertion, in.AssertionType)
	if err != nil {
		return nil, err
	}
	client, err := s.Authenticate(c, k, grant == GrantCredentials)
	if err != nil {
		return nil, err
	}
	if !client.mayUse(grant) {
		return nil, Refuse(ErrUnauthorizedClient, "the client may not use "+grant)
	}
	var why string
	there, err := s.hasGrant(c, client, grant, in)
	if err != nil {
		return nil, err
	}
	if there { // a proof is kept, which nobody makes the server do for nothing
		if in.thumbprint, why, err = s.proof(c, ""); err != nil {
			return nil, err
		}
	}
	if why != "" {
		return nil, Refuse(ErrInvalidProof, why)
	}
	if s.Keys != nil { // so that no code is used up for a token that cannot be signed
		if err := s.Keys.PrepareSigning(c, "", s.algorithmOf(client)); err != nil {
			return nil, err
		}
	}
	switch grant {
	case GrantCode:
		return s.redeem(c, client, in)
	case GrantRefresh:
		return s.refresh(c, client, in)
	}
	return s.machine(c, client, in)
}

// hasGrant reports whether there is a code or a refresh token as a request names it, whether it
// counts or not. It asks the database for requests with a proof alone.
func (s *Server) hasGrant(c *core.Ctx, client *Client, grant string, in *TokenInput) (bool, error) {
	if !s.DPoP || c.Req.Header == nil || len(c.Req.Header.Values("DPoP")) == 0 {
		return false, nil
	}
	switch grant {
	case GrantCode:
		if text(in.Code) == "" {
			return false, nil
		}
		id, err := s.stored(c, text(in.Code), kindCode)
		if err != nil {
			return false, err
		}
		_, err = s.auth.Store().FindVerification(c, id)
		if core.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	case GrantRefresh:
		if text(in.RefreshToken) == "" {
			return false, nil
		}
		row, err := s.findRefresh(c, text(in.RefreshToken))
		return row != nil && row.ClientID == client.ID, err
	}
	return true, nil
}

func contains(list []string, one string) bool {
	for _, o := range list {
		if o == one {
			return true
		}
	}
	return false
}

// printable keeps what may stand in error_description (RFC 6749 5.2), and not too much of it.
func printable(text string) string {
	out := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
	return out[:min(len(out), 64)]
}

// redeem exchanges a code for tokens, once.
func (s *Server) redeem(c *core.Ctx, client *Client, in *TokenInput) (*TokenReply, error) {
	if text(in.Code) == "" {
		return nil, Refuse(ErrInvalidRequest, "code is required")
	}
	id, err := s.stored(c, text(in.Code), kindCode)
	if err != nil {
		return nil, err
	}
	var reply *issue
	var refused error
	err = s.auth.Store().Tx(c, func(ctx context.Context) error {
		reply, refused = nil, nil
		v, err := s.auth.Store().TakeVerification(ctx, id)
		if core.IsNotFound(err) {
			refused = Refuse(ErrInvalidGrant, "Invalid code")
			// What has been issued for a code that comes twice is given back (RFC 6749 4.1.2).
			return s.Grants.DeleteByCode(ctx, id)
		}
		if err != nil {
			return err
		}
		if !v.ExpiresAt.After(s.auth.Now()) {
			refused = Refuse(ErrInvalidGrant, "code expired")
			return nil
		}
		one, ok := parseCode(id, v.Value)
		if !ok {
			refused = Refuse(ErrInvalidGrant, "malformed verification value")
			return nil
		}
		if refused = one.fits(client, in); refused != nil {
			return nil
		}
		reply, refused, err = s.forCode(ctx, c, client, one, in)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case refused != nil:
		return nil, refused
	}
	return s.finish(c, reply)
}

// fits checks what a client must prove to redeem a code.
func (o *code) fits(client *Client, in *TokenInput) error {
	verifier := text(in.CodeVerifier)
	switch {
	case o.clientID != client.ID:
		return Refuse(ErrInvalidGrant, "invalid client_id")
	case o.redirectURI != text(in.RedirectURI):
		return Refuse(ErrInvalidGrant, "redirect_uri mismatch")
	case o.challenge == "" && verifier != "":
		return Refuse(ErrInvalidGrant, "code_verifier provided but PKCE was not used in authorization")
	case o.challenge != "" && verifier == "":
		return Refuse(ErrInvalidGrant, "code_verifier required because PKCE was used in authorization")
	case o.challenge == "" && pkceRequired(client, o.scopes) != "":
		return Refuse(ErrInvalidGrant, "PKCE is required for this client")
	case o.challenge != "" && (!validVerifier(verifier) || !proves(verifier, o.challenge)):
		return Refuse(ErrInvalidGrant, "code verification failed")
	}
	return nil
}

// forCode prepares and stores the tokens of a code. refused is the answer to a client whose
// code is used up in vain.
func (s *Server) forCode(ctx context.Context, c *core.Ctx, client *Client, one *code, in *TokenInput) (_ *issue, refused, err error) {
	if bad, ok := client.allows(one.scopes); !ok {
		return nil, Refuse(ErrInvalidScope, "client does not allow scope "+printable(bad)), nil
	}
	bound := ""
	if s.DPoP { // without it, dpop_jkt is a parameter that nobody knows
		bound = one.thumbprint
	}
	if refused := s.binding(client, bound, in); refused != nil {
		return nil, refused, nil
	}
	// A consent that is taken back and the redemption take turns, so that no token is made
	// behind it.
	if err := s.auth.Store().LockUser(ctx, one.userID); err != nil && !core.IsNotFound(err) {
		return nil, nil, err
	}
	user, err := s.user(ctx, one.userID)
	if err != nil {
		return nil, nil, err
	}
	if user == nil {
		return nil, Refuse(ErrInvalidGrant, "missing user, user may have been deleted"), nil
	}
	session, err := s.session(ctx, one.sessionID)
	if err != nil {
		return nil, nil, err
	}
	if session == nil || session.User.ID != user.ID {
		return nil, Refuse(ErrInvalidGrant, "session no longer exists"), nil
	}
	if !client.SkipConsent {
		given, err := s.Consents.FindConsent(ctx, client.ID, user.ID, one.reference)
		if err != nil && !core.IsNotFound(err) {
			return nil, nil, err
		}
		if err != nil || len(beyond(one.scopes, given)) > 0 {
			return nil, Refuse(ErrInvalidGrant, "the consent has been taken back"), nil
		}
	}
	resources, refused := s.laterResources(c, in.resources(), one.resources, one.scopes)
	if refused != nil {
		return nil, refused, nil
	}
	authTime := one.authTime
	if authTime.IsZero() {
		authTime = session.Session.CreatedAt
	}
	made, err := s.prepare(c, &grant{
		kind: GrantCode, client: client, user: user, sessionID: session.Session.ID, reference: one.reference, codeID: one.id,
		scopes: one.scopes, granted: one.scopes, resources: resources, bound: one.resources, nonce: one.nonce, authTime: authTime, thumbprint: in.thumbprint,
	})
	if err != nil {
		return nil, nil, err
	}
	return made, nil, made.store(ctx, c, s)
}
