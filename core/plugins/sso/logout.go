package sso

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

// signedIn is a session that an identity provider has begun. Its JSON begins as Better Auth's, which
// keeps one session of a NameID; Kernia keeps the others in a member of its own.
type signedIn struct {
	sessionID, token                                             string
	nameID, nameIDFormat, nameIDQualifier, nameIDSPQualifier, at string
}

// maxRemembered is how many sessions of one NameID are remembered for single logout.
const maxRemembered = 100

// subjectKey names the sessions of a NameID.
func subjectKey(providerID, nameID string) string {
	if len(nameID) > 128 {
		sum := sha256.Sum256([]byte(nameID))
		nameID = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return sessionKey + providerID + ":" + nameID
}

func (p *Plugin) encodeSession(s signedIn) (*wire.Object, error) {
	token, err := p.auth.Keys().Encrypt(sealedPurpose + s.token)
	if err != nil {
		return nil, err
	}
	o := wire.NewObject(wire.Member{Name: "sessionId", Value: wire.String(s.sessionID)})
	o.Set("nameID", wire.String(s.nameID))
	for _, m := range [][2]string{{"sessionIndex", s.at}, {"nameIDFormat", s.nameIDFormat}, {"nameIDQualifier", s.nameIDQualifier}, {"nameIDSPQualifier", s.nameIDSPQualifier}} {
		if m[1] != "" {
			o.Set(m[0], wire.String(m[1]))
		}
	}
	o.Set("sealed", wire.String(token))
	return o, nil
}

func (p *Plugin) decodeSession(ctx context.Context, v wire.Value) signedIn {
	s := signedIn{sessionID: textOf(v, "sessionId"), nameID: textOf(v, "nameID"), at: textOf(v, "sessionIndex"), nameIDFormat: textOf(v, "nameIDFormat"),
		nameIDQualifier: textOf(v, "nameIDQualifier"), nameIDSPQualifier: textOf(v, "nameIDSPQualifier")}
	if sealed := textOf(v, "sealed"); sealed != "" {
		if clear, err := p.auth.Keys().Decrypt(sealed); err == nil && len(clear) > len(sealedPurpose) && clear[:len(sealedPurpose)] == sealedPurpose {
			s.token = clear[len(sealedPurpose):]
		}
	}
	if s.token == "" && p.auth.StoresSessions() { // of a Better Auth server, which keeps the id alone
		if rec, err := p.auth.DB().FindOne(ctx, adapter.Find{Model: core.ModelSession, Where: adapter.By("id", s.sessionID)}); err == nil {
			s.token, _ = rec["token"].(string)
		}
	}
	return s
}

// sessionsOf lists the remembered sessions of a NameID.
func (p *Plugin) sessionsOf(ctx context.Context, key string) ([]signedIn, error) {
	v, err := p.auth.Store().FindVerification(ctx, key)
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := wire.Parse([]byte(v.Value), wire.Limits{})
	if err != nil {
		return nil, nil
	}
	out := []signedIn{p.decodeSession(ctx, list)}
	others, _ := list.Get("others").Items()
	for _, other := range others {
		out = append(out, p.decodeSession(ctx, other))
	}
	return out, nil
}

// keepSessions replaces the remembered sessions of a NameID. The caller has locked the user.
func (p *Plugin) keepSessions(ctx context.Context, providerID, key string, list []signedIn, data *core.SessionData) error {
	store := p.auth.Store()
	if err := store.DeleteVerification(ctx, key); err != nil && !core.IsNotFound(err) {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	first, err := p.encodeSession(list[0])
	if err != nil {
		return err
	}
	first.Set("providerId", wire.String(providerID))
	var others []wire.Value
	for _, s := range list[1:] {
		o, err := p.encodeSession(s)
		if err != nil {
			return err
		}
		others = append(others, wire.ObjectOf(o))
	}
	if len(others) > 0 {
		first.Set("others", wire.Array(others...))
	}
	expires := p.auth.Now().Add(sessionMemory)
	if data != nil && data.Session.ExpiresAt.Add(sessionMemory).After(expires) {
		expires = data.Session.ExpiresAt.Add(sessionMemory)
	}
	_, err = store.CreateVerification(ctx, key, string(first.AppendJSON(nil)), expires)
	return err
}

// sessionMemory is how long after its end a session is remembered: it may have been prolonged.
const sessionMemory = 30 * tokenLife / 7

// remember notes that an identity provider has begun a session, for single logout.
func (p *Plugin) remember(c *core.Ctx, pr *provider, said *SAMLAssertion, data *core.SessionData) error {
	if said.NameID == "" {
		return nil
	}
	key := subjectKey(pr.ProviderID, said.NameID)
	return p.auth.Store().Tx(c, func(ctx context.Context) error {
		if err := p.auth.Store().LockUser(ctx, data.User.ID); err != nil {
			return err
		}
		list, err := p.sessionsOf(ctx, key)
		if err != nil {
			return err
		}
		list = slices.Insert(list, 0, signedIn{sessionID: data.Session.ID, token: data.Session.Token, nameID: said.NameID, nameIDFormat: said.NameIDFormat,
			nameIDQualifier: said.NameIDQualifier, nameIDSPQualifier: said.NameIDSPQualifier, at: said.SessionIndex})
		if err := p.keepSessions(ctx, pr.ProviderID, key, list[:min(len(list), maxRemembered)], data); err != nil {
			return err
		}
		_, err = p.auth.Store().CreateVerification(ctx, sessionByIDKey+data.Session.ID, key, data.Session.ExpiresAt.Add(sessionMemory))
		return err
	})
}

// forget removes sessions from those that are remembered. The user is locked, so that no sign-in that
// is noted meanwhile is lost; userID is "" where nobody knows whose the sessions were.
func (p *Plugin) forget(ctx context.Context, userID, key string, gone []string) error {
	return p.auth.Store().Tx(ctx, func(ctx context.Context) error {
		if userID != "" {
			if err := p.auth.Store().LockUser(ctx, userID); err != nil && !core.IsNotFound(err) {
				return err
			}
		}
		return p.strike(ctx, key, gone)
	})
}

// strike is forget under the lock.
func (p *Plugin) strike(ctx context.Context, key string, gone []string) error {
	list, err := p.sessionsOf(ctx, key)
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(list), func(s signedIn) bool { return slices.Contains(gone, s.sessionID) })
	if len(rest) != len(list) {
		providerID := ""
		if id, _, ok := cutKey(key); ok {
			providerID = id
		}
		if err := p.keepSessions(ctx, providerID, key, rest, nil); err != nil {
			return err
		}
	}
	for _, id := range gone {
		if err := p.auth.Store().DeleteVerification(ctx, sessionByIDKey+id); err != nil && !core.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// cutKey is the provider and the NameID of a subjectKey.
func cutKey(key string) (providerID, nameID string, ok bool) {
	rest := key[min(len(key), len(sessionKey)):]
	for i := range len(rest) {
		if rest[i] == ':' {
			return rest[:i], rest[i+1:], true
		}
	}
	return "", "", false
}

// signingOut forgets the session that ends here.
func (p *Plugin) signingOut(c *core.Ctx) error {
	if !p.opts.SAMLRules.SingleLogout {
		return nil
	}
	data, err := c.LoadSession()
	if err != nil || data == nil {
		return nil // the route answers
	}
	v, err := p.auth.Store().FindVerification(c, sessionByIDKey+data.Session.ID)
	if err != nil {
		return ignoreMissing(err)
	}
	return p.forget(c, data.User.ID, v.Value, []string{data.Session.ID})
}

// LogoutMessageInput is a message of logout, in the query or in a form.
type LogoutMessageInput struct {
	_          struct{} `validate:"optional"`
	ProviderID string   `path:"providerId"`
	Request    *string  `query:"SAMLRequest"`
	Response   *string  `query:"SAMLResponse"`
	RelayState *string  `query:"RelayState"`
	SigAlg     *string  `query:"SigAlg"`
	Signature  *string  `query:"Signature"`
	LogoutMessageBody
}

// LogoutMessageBody is the form of LogoutMessageInput, which may be absent.
type LogoutMessageBody struct {
	FormRequest    *string `json:"SAMLRequest"`
	FormResponse   *string `json:"SAMLResponse"`
	FormRelayState *string `json:"RelayState"`
	FormSigAlg     *string `json:"SigAlg"`
	FormSignature  *string `json:"Signature"`
}

// received is the message as it has arrived.
func (p *Plugin) received(c *core.Ctx, pr *provider, posted, sent *string, in *LogoutMessageInput) *SAMLReceived {
	r := &SAMLReceived{Binding: SAMLRedirect, Message: value(sent), RelayState: value(in.RelayState), RawQuery: c.Req.RawQuery,
		At: []string{c.BaseURL() + sloPath + "/" + pr.ProviderID}, RequireSignature: !p.opts.SAMLRules.UnsignedLogout, Now: p.auth.Now()}
	if c.Method() == http.MethodPost && value(posted) != "" {
		r.Binding, r.Message, r.RelayState, r.RawQuery = SAMLPost, *posted, value(in.FormRelayState), ""
	}
	return r
}

func (p *Plugin) singleLogout(c *core.Ctx, in *LogoutMessageInput) (*core.Raw, error) {
	if !p.opts.SAMLRules.SingleLogout || p.opts.SAML == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeSingleLogoutNotEnabled)
	}
	asked := value(in.Request) != "" || value(in.FormRequest) != ""
	answered := value(in.Response) != "" || value(in.FormResponse) != ""
	if !asked && !answered {
		return nil, c.Redirect(front(c) + "?error=invalid_request&error_description=missing_logout_data")
	}
	for _, s := range []*string{in.Request, in.Response, in.FormRequest, in.FormResponse} {
		if len(value(s)) > p.opts.SAMLRules.MaxResponse {
			return nil, core.Fail(http.StatusBadRequest, CodeInvalidLogoutRequest)
		}
	}
	pr, conn, err := p.logoutProvider(c, in.ProviderID)
	if err != nil {
		return nil, err
	}
	if answered {
		return nil, p.loggedOut(c, pr, conn, p.received(c, pr, in.FormResponse, in.Response, in))
	}
	return p.logoutAsked(c, pr, conn, p.received(c, pr, in.FormRequest, in.Request, in))
}

func (p *Plugin) logoutProvider(c *core.Ctx, id string) (*provider, *SAMLConnection, error) {
	pr, err := p.find(c, id)
	if err != nil {
		return nil, nil, err
	}
	if pr == nil || pr.saml == nil {
		return nil, nil, core.Fail(http.StatusNotFound, CodeLogoutProvider)
	}
	conn, err := p.connection(c.BaseURL(), pr.ProviderID, pr.saml)
	return pr, conn, samlAnswer(err)
}

// logoutAsked ends the sessions that a request of an identity provider names, and answers it. The
// caller's own session ends if it is one of them, and not otherwise.
func (p *Plugin) logoutAsked(c *core.Ctx, pr *provider, conn *SAMLConnection, r *SAMLReceived) (*core.Raw, error) {
	invalid := core.Fail(http.StatusBadRequest, CodeInvalidLogoutRequest)
	asked, err := p.opts.SAML.ReadLogoutRequest(conn, r)
	if err != nil {
		return nil, p.refusedLogout(c, pr, err, invalid)
	}
	if p.tooLong(asked.ValidUntil) {
		return nil, p.refusedLogout(c, pr, &SAMLError{Code: CodeInvalidLogoutRequest, Reason: "the request is good for more than a day"}, invalid)
	}
	fresh, err := p.use(c, pr.ProviderID, "logout", asked.ID, asked.ValidUntil)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, invalid
	}
	key := subjectKey(pr.ProviderID, asked.NameID)
	list, err := p.sessionsOf(c, key)
	if err != nil {
		return nil, err
	}
	caller, err := c.LoadSession()
	if err != nil {
		return nil, err
	}
	var gone []string
	own, whose := false, ""
	for _, s := range list {
		if len(asked.SessionIndexes) > 0 && s.at != "" && !slices.Contains(asked.SessionIndexes, s.at) {
			continue
		}
		userID, err := p.end(c, pr, s)
		if err != nil {
			return nil, err
		}
		whose = or(whose, userID)
		gone = append(gone, s.sessionID)
		own = own || caller != nil && caller.Session.ID == s.sessionID
	}
	if len(gone) > 0 {
		if err := p.forget(c, whose, key, gone); err != nil {
			return nil, err
		}
	}
	if own {
		c.EndSession()
	}
	bindings := []SAMLBinding{SAMLRedirect, SAMLPost}
	if r.Binding == SAMLPost {
		bindings = []SAMLBinding{SAMLPost, SAMLRedirect}
	}
	to, ok := endpoint(conn.IDP.SLO, bindings...)
	if !ok {
		return nil, core.Fail(http.StatusBadRequest, CodeLogoutNotSupported)
	}
	m, err := p.opts.SAML.LogoutResponse(conn, SAMLLogoutAnswer{InResponseTo: asked.ID, Success: true, Binding: to.Binding, Location: to.Location, RelayState: r.RelayState, Now: p.auth.Now()})
	if err != nil {
		return nil, samlAnswer(err)
	}
	return send(c, m)
}

// end ends a session and returns whose it was, or "" if it was over.
func (p *Plugin) end(c *core.Ctx, pr *provider, s signedIn) (userID string, err error) {
	if s.token == "" {
		return "", nil
	}
	err = c.Recorded(func(ctx context.Context) error {
		// Of a user who may not use the session it ends as well, and nobody is told whose it was.
		if data, err := p.auth.Store().FindSession(ctx, s.token); err == nil {
			userID = data.User.ID
		}
		if err := p.auth.Store().DeleteSession(ctx, s.token); err != nil {
			return ignoreMissing(err)
		}
		return c.EmitIn(ctx, core.Event{Type: EventLoggedOut, UserID: userID, SessionID: s.sessionID, Detail: detail(pr.ProviderID)})
	})
	return userID, err
}

func (p *Plugin) refusedLogout(c *core.Ctx, pr *provider, err error, invalid error) error {
	if refused := p.refusedDocument(c, pr, err); refused != err {
		return invalid
	}
	return err
}

// loggedOut ends a logout that began here, whose session is gone already.
func (p *Plugin) loggedOut(c *core.Ctx, pr *provider, conn *SAMLConnection, r *SAMLReceived) error {
	invalid := core.Fail(http.StatusBadRequest, CodeInvalidLogoutResponse)
	said, err := p.opts.SAML.ReadLogoutResponse(conn, r)
	if err != nil {
		return p.refusedLogout(c, pr, err, invalid)
	}
	key := logoutKey + said.InResponseTo
	v, err := p.auth.Store().FindVerification(c, key)
	if core.IsNotFound(err) || said.InResponseTo == "" || err == nil && !v.ExpiresAt.After(p.auth.Now()) {
		return invalid
	}
	if err != nil {
		return err
	}
	providerID, to := v.Value, ""
	if o, err := wire.Parse([]byte(v.Value), wire.Limits{}); err == nil && o.Kind() == wire.KindObject {
		providerID, to = textOf(o, "providerId"), textOf(o, "callbackURL")
	}
	if providerID != pr.ProviderID {
		return invalid
	}
	if _, err := p.auth.Store().TakeVerification(c, key); err != nil {
		if core.IsNotFound(err) {
			return invalid
		}
		return err
	}
	if !said.Success {
		return core.Fail(http.StatusBadRequest, CodeLogoutFailed)
	}
	return c.Redirect(p.target(c, to))
}

// LogoutInput is the body of logout.
type LogoutInput struct {
	ProviderID  string  `path:"providerId"`
	CallbackURL *string `json:"callbackURL" doc:"Where the browser goes after the logout"`
}

// beginLogout ends the caller's session here and sends the browser to the identity provider to end
// it there.
func (p *Plugin) beginLogout(c *core.Ctx, in *LogoutInput) (*core.Raw, error) {
	if !p.opts.SAMLRules.SingleLogout || p.opts.SAML == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeSingleLogoutNotEnabled)
	}
	if err := shortEnough(value(in.CallbackURL)); err != nil {
		return nil, err
	}
	pr, conn, err := p.logoutProvider(c, in.ProviderID)
	if err != nil {
		return nil, err
	}
	to, ok := endpoint(conn.IDP.SLO, SAMLRedirect, SAMLPost)
	if !ok {
		return nil, core.Fail(http.StatusBadRequest, CodeLogoutNotSupported)
	}
	data := c.Session()
	key, who, err := p.subject(c, pr, data)
	if err != nil {
		return nil, err
	}
	ask := SAMLLogout{Binding: to.Binding, Location: to.Location, NameID: who.nameID, NameIDFormat: who.nameIDFormat, NameIDQualifier: who.nameIDQualifier,
		NameIDSPQualifier: who.nameIDSPQualifier, Now: p.auth.Now()}
	if who.at != "" {
		ask.SessionIndexes = []string{who.at}
	}
	m, err := p.opts.SAML.LogoutRequest(conn, ask)
	if err != nil {
		return nil, samlAnswer(err)
	}
	pending := pr.ProviderID
	if !p.compat() {
		pending = string(wire.NewObject(wire.Member{Name: "providerId", Value: wire.String(pr.ProviderID)},
			wire.Member{Name: "callbackURL", Value: wire.String(value(in.CallbackURL))}).AppendJSON(nil))
	}
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		if _, err := p.auth.Store().CreateVerification(ctx, logoutKey+m.ID, pending, p.auth.Now().Add(p.opts.SAMLRules.LogoutRequestTTL)); err != nil {
			return err
		}
		if key != "" {
			if err := p.forget(ctx, data.User.ID, key, []string{data.Session.ID}); err != nil {
				return err
			}
		}
		if err := p.auth.Store().DeleteSession(ctx, data.Session.Token); err != nil && !core.IsNotFound(err) {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: core.EventSignOut, UserID: data.User.ID, SessionID: data.Session.ID})
	})
	if err != nil {
		return nil, err
	}
	c.EndSession()
	return send(c, m)
}

// subject is whom the identity provider knows the caller's session by. A provider that has not begun
// it is told nothing, unless the user has an account of it: Better Auth keeps no more than that.
func (p *Plugin) subject(c *core.Ctx, pr *provider, data *core.SessionData) (key string, who signedIn, err error) {
	v, err := p.auth.Store().FindVerification(c, sessionByIDKey+data.Session.ID)
	if err == nil {
		if id, _, ok := cutKey(v.Value); ok && id == pr.ProviderID {
			list, err := p.sessionsOf(c, v.Value)
			if err != nil {
				return "", who, err
			}
			for _, s := range list {
				if s.sessionID == data.Session.ID {
					return v.Value, s, nil
				}
			}
		}
	} else if !core.IsNotFound(err) {
		return "", who, err
	}
	accounts, err := p.auth.Store().FindAccounts(c, data.User.ID)
	if err != nil {
		return "", who, err
	}
	for _, acc := range accounts {
		if acc.ProviderID == pr.ProviderID {
			return "", signedIn{nameID: data.User.Email}, nil
		}
	}
	return "", who, core.Fail(http.StatusNotFound, CodeLogoutProvider)
}
