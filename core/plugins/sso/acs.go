package sso

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// AssertionInput is what an identity provider makes the browser post.
type AssertionInput struct {
	ProviderID string  `path:"providerId"`
	Response   string  `json:"SAMLResponse"`
	RelayState *string `json:"RelayState"`
}

// AssertionPageInput is what a browser opens the route of AssertionInput with.
type AssertionPageInput struct {
	ProviderID string  `path:"providerId"`
	RelayState *string `query:"RelayState"`
}

// SAMLCallbackInput is AssertionInput for the route that browsers also open after a sign-in.
type SAMLCallbackInput struct {
	_               struct{} `validate:"optional"`
	ProviderID      string   `path:"providerId"`
	QueryRelayState *string  `query:"RelayState"`
	SAMLCallbackBody
}

// SAMLCallbackBody is the body of SAMLCallbackInput, which may be absent.
type SAMLCallbackBody struct {
	Response   *string `json:"SAMLResponse"`
	RelayState *string `json:"RelayState"`
}

func (p *Plugin) samlCallback(c *core.Ctx, in *SAMLCallbackInput) (core.StatusReply, error) {
	none := core.StatusReply{}
	if c.Method() == http.MethodGet {
		return none, p.opened(c, value(in.QueryRelayState))
	}
	if value(in.Response) == "" {
		return none, core.Fail(http.StatusBadRequest, CodeResponseRequired)
	}
	err := p.consume(c, in.ProviderID, *in.Response, value(in.RelayState))
	if refusal, ok := errors.AsType[*core.Error](err); ok && refusal.Status == http.StatusBadRequest {
		c.Emit(core.Event{Type: core.EventSignInFailed, Code: refusal.Code, Method: Method})
	}
	return none, err
}

func (p *Plugin) assertionPage(c *core.Ctx, in *AssertionPageInput) (core.StatusReply, error) {
	return core.StatusReply{}, p.opened(c, value(in.RelayState))
}

// opened sends a browser on that brings no response: some identity providers send it to the route again
// after the sign-in. A state's name is no address, and leads to the front page.
func (p *Plugin) opened(c *core.Ctx, relayState string) error {
	data, err := c.LoadSession()
	if err != nil {
		return err
	}
	if data == nil {
		return c.Redirect(oauth.WithParams(p.errorPage(c), wire.Query{{Name: "error", Value: "invalid_request"}}))
	}
	return c.Redirect(p.target(c, relayState))
}

func (p *Plugin) assertionConsumer(c *core.Ctx, in *AssertionInput) (core.StatusReply, error) {
	none := core.StatusReply{}
	err := p.consume(c, in.ProviderID, in.Response, value(in.RelayState))
	refusal, ok := errors.AsType[*core.Error](err)
	if !ok || refusal.Status != http.StatusBadRequest {
		return none, err
	}
	code := strings.ToLower(refusal.Code)
	switch refusal.Code {
	case "SAML_MULTIPLE_ASSERTIONS":
		code = "multiple_assertions"
	case "SAML_NO_ASSERTION":
		code = "no_assertion"
	case "":
		code = "saml_error"
	}
	c.Emit(core.Event{Type: core.EventSignInFailed, Code: refusal.Code, Method: Method})
	return none, c.Redirect(oauth.WithParams(front(c), wire.Query{{Name: "error", Value: code}, {Name: "error_description", Value: refusal.Message}}))
}

// front is the front page of the site.
func front(c *core.Ctx) string {
	u, err := url.Parse(c.BaseURL())
	if err != nil {
		return c.BaseURL()
	}
	return u.Scheme + "://" + u.Host
}

// errorPage is where failures are shown that belong to no flow.
func (p *Plugin) errorPage(c *core.Ctx) string {
	return or(p.auth.Options().ErrorURL, front(c)+"/error")
}

// target is the first of several addresses to which the browser may be sent. A route of this
// plugin would begin again.
func (p *Plugin) target(c *core.Ctx, candidates ...string) string {
	for _, t := range candidates {
		if t == "" || !c.TrustedURL(t) {
			continue
		}
		u, err := url.Parse(c.Resolve(t))
		base, errBase := url.Parse(c.BaseURL())
		if err != nil || errBase != nil || u.Host == base.Host && strings.HasPrefix(u.Path, base.Path+"/sso/") {
			continue
		}
		return t
	}
	return front(c)
}

// refusedSAML redirects with an error, written as Better Auth writes it here.
func refusedSAML(c *core.Ctx, to, code, description string) error {
	c.Emit(core.Event{Type: core.EventSignInFailed, Code: code, Method: Method})
	q := wire.Query{{Name: "error", Value: code}}
	if description != "" {
		q = append(q, wire.Pair{Name: "error_description", Value: description})
	}
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	return c.Redirect(to + separator + q.Encode())
}

// consume signs a user in by a response of an identity provider, and redirects.
func (p *Plugin) consume(c *core.Ctx, id, response, relayState string) error {
	if most := p.opts.SAMLRules.MaxResponse; len(response) > most {
		code := CodeResponseTooLong
		code.Message = fmt.Sprintf(code.Message, most)
		return core.Fail(http.StatusBadRequest, code)
	}
	pr, err := p.find(c, id)
	switch {
	case err != nil:
		return err
	case pr == nil || pr.saml == nil || p.opts.SAML == nil:
		return core.Fail(http.StatusNotFound, CodeNoSAMLProvider)
	}
	if err := p.usableNow(pr); err != nil {
		return err
	}
	conn, err := p.connection(c.BaseURL(), pr.ProviderID, pr.saml)
	if err != nil {
		return p.refusedDocument(c, pr, err)
	}
	said, err := p.opts.SAML.ReadResponse(conn, &SAMLReceived{
		Binding: SAMLPost, Message: strings.Join(strings.Fields(response), ""), RelayState: relayState,
		At: []string{c.BaseURL() + acsPath + "/" + pr.ProviderID, c.BaseURL() + samlCallbackPath + "/" + pr.ProviderID}, Now: p.auth.Now(),
	})
	if err != nil {
		return p.refusedDocument(c, pr, err)
	}
	if p.tooLong(said.ValidUntil) {
		return p.refusedDocument(c, pr, &SAMLError{Code: CodeInvalidResponse, Reason: "the assertion is good for more than a day"})
	}
	// From here on the response is the identity provider's own. What follows uses it up.
	state, err := p.takeRelay(c, pr, relayState)
	if err != nil {
		return err
	}
	flow := &arriving{p: p, pr: pr, said: said, relay: state, relayName: relayState}
	if done, err := flow.answers(c); done || err != nil {
		return err
	}
	fresh, err := p.use(c, pr.ProviderID, "assertion", said.ID, said.ValidUntil)
	if err != nil {
		return err
	}
	if !fresh {
		c.Emit(core.Event{Type: EventReplay, Detail: detail(pr.ProviderID)})
		return refusedSAML(c, flow.failure(c), "replay_detected", "SAML assertion has already been used")
	}
	return flow.signIn(c)
}

// refusedDocument is the answer to a document that is not good. The log says why.
func (p *Plugin) refusedDocument(c *core.Ctx, pr *provider, err error) error {
	if e, ok := errors.AsType[*SAMLError](err); ok {
		p.auth.Logger().WarnContext(c, "sso: a message of SAML is refused", "provider", pr.ProviderID, "code", e.Code.Code, "reason", e.Reason)
		return core.Fail(http.StatusBadRequest, e.Code)
	}
	return err
}

// arriving is a verified response on its way to a session.
type arriving struct {
	p         *Plugin
	pr        *provider
	said      *SAMLAssertion
	relay     *relay // nil without one
	relayName string
}

// landing is where the browser goes after the sign-in.
func (f *arriving) landing(c *core.Ctx) string {
	if f.relay != nil {
		return f.p.target(c, f.relay.callbackURL, f.pr.saml.CallbackURL)
	}
	if f.said.InResponseTo == "" {
		return f.p.target(c, f.pr.saml.IDPInitiatedURL, f.p.opts.SAMLRules.IDPInitiatedURL, f.pr.saml.CallbackURL)
	}
	return f.p.target(c, f.pr.saml.CallbackURL)
}

// failure is where the browser goes when the sign-in fails.
func (f *arriving) failure(c *core.Ctx) string {
	if f.relay != nil && f.relay.errorURL != "" {
		return f.p.target(c, f.relay.errorURL, f.relay.callbackURL)
	}
	return f.landing(c)
}

// answers checks that the response answers a request of this server to the same provider and of the
// same browser, and uses the request up. done says that it has answered.
func (f *arriving) answers(c *core.Ctx) (done bool, err error) {
	p := f.p
	refuse := func(code, description string) (bool, error) {
		p.auth.Logger().WarnContext(c, "sso: a response of SAML is refused", "provider", f.pr.ProviderID, "reason", description)
		return true, refusedSAML(c, f.failure(c), code, description)
	}
	switch {
	case p.opts.SAMLRules.NoInResponseTo:
		return false, nil
	case f.said.InResponseTo == "" && p.opts.SAMLRules.AllowIDPInitiated:
		return false, nil
	case f.said.InResponseTo == "":
		return refuse("unsolicited_response", "IdP-initiated SSO not allowed")
	}
	key := requestKey + f.said.InResponseTo
	v, err := p.auth.Store().FindVerification(c, key)
	if err != nil && !core.IsNotFound(err) {
		return false, err
	}
	if err != nil || !v.ExpiresAt.After(p.auth.Now()) {
		return refuse("invalid_saml_response", "Unknown or expired request ID")
	}
	record, err := wire.Parse([]byte(v.Value), wire.Limits{})
	if err != nil {
		return refuse("invalid_saml_response", "Unknown or expired request ID")
	}
	if textOf(record, "providerId") != f.pr.ProviderID {
		return refuse("invalid_saml_response", "Provider mismatch") // it stays for its own provider
	}
	// The request of a flow that is bound to its browser is answered in that browser alone.
	if name := textOf(record, "relay"); name != "" && (f.relay == nil || f.relayName != name) {
		return refuse("invalid_state", "invalid_or_expired_relay_state")
	}
	if _, err := p.auth.Store().TakeVerification(c, key); err != nil {
		if core.IsNotFound(err) {
			return refuse("invalid_saml_response", "Unknown or expired request ID")
		}
		return false, err
	}
	return false, nil
}

// maxLife is how long a message may be good, and so be remembered.
const maxLife = 24 * time.Hour

// tooLong tells a message that would have to be remembered for longer.
func (p *Plugin) tooLong(validUntil time.Time) bool {
	return validUntil.After(p.auth.Now().Add(maxLife + p.opts.SAMLRules.ClockSkew))
}

// use notes that a message of a provider was used. It reports false for one that was used already:
// of many deliveries at once, one is the first. validUntil bounds how long that is remembered.
func (p *Plugin) use(c *core.Ctx, providerID, kind, id string, validUntil time.Time) (bool, error) {
	if id == "" {
		return false, nil
	}
	now := p.auth.Now()
	expires := validUntil.Add(p.opts.SAMLRules.ClockSkew)
	if least := now.Add(15 * time.Minute); expires.Before(least) {
		expires = least
	}
	sum := sha256.Sum256([]byte(kind + "\x00" + providerID + "\x00" + id))
	_, err := p.used.Create(c, &usedRow{Key: base64.RawURLEncoding.EncodeToString(sum[:]), ExpiresAt: expires})
	if errors.Is(err, adapter.ErrUnique) {
		return false, nil
	}
	if err != nil || !p.compat() || kind != "assertion" || len(id) > 128 {
		return err == nil, err
	}
	// A Better Auth server that shares the database keeps its own note, and reads this one.
	store := p.auth.Store()
	v, err := store.FindVerification(c, usedAssertionKey+id)
	if err == nil && v.ExpiresAt.After(now) {
		return false, nil
	}
	if err != nil && !core.IsNotFound(err) {
		return false, err
	}
	o := wire.NewObject(
		wire.Member{Name: "assertionId", Value: wire.String(id)}, wire.Member{Name: "providerId", Value: wire.String(providerID)},
		wire.Member{Name: "usedAt", Value: wire.Int(now.UnixMilli())}, wire.Member{Name: "expiresAt", Value: wire.Int(expires.UnixMilli())},
	)
	_, err = store.CreateVerification(c, usedAssertionKey+id, string(o.AppendJSON(nil)), expires)
	return err == nil, err
}

// identity is who the assertion is about.
func (f *arriving) identity() *oauth2.Profile {
	m, s := f.pr.saml.Mapping, f.said
	attr := func(name string) string {
		if values := s.Attributes[name]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	name := strings.TrimSpace(attr(or(m.FirstName, "givenName")) + " " + attr(or(m.LastName, "surname")))
	if name == "" {
		name = or(attr(or(m.Name, "displayName")), s.NameID)
	}
	raw := oauth2.Claims{}
	for k, v := range s.Attributes {
		if len(v) == 1 {
			raw[k] = v[0]
			continue
		}
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = one
		}
		raw[k] = list
	}
	email := strings.ToLower(or(attr(or(m.Email, "email")), s.NameID))
	verified := m.EmailVerified != "" && attr(m.EmailVerified) == "true" && f.p.believes(f.pr, email)
	return &oauth2.Profile{ID: or(attr(or(m.ID, "nameID")), s.NameID), Email: email, Name: name, EmailVerified: verified, Raw: raw}
}

func (f *arriving) info(profile *oauth2.Profile) map[string]any {
	out := map[string]any{}
	for name, attribute := range f.pr.saml.Mapping.ExtraFields {
		if v, ok := profile.Raw[attribute]; ok {
			out[name] = v
		}
	}
	out["id"], out["email"], out["emailVerified"], out["name"] = profile.ID, profile.Email, profile.EmailVerified, profile.Name
	return out
}

func (f *arriving) signIn(c *core.Ctx) error {
	p := f.p
	profile := f.identity()
	if profile.ID == "" || !validate.Email(profile.Email) {
		return core.Fail(http.StatusBadRequest, CodeNoIdentity)
	}
	at, err := oauth.NewProvider(oauth.Config{
		Config: oauth2.Config{ID: f.pr.ProviderID, ClientID: f.pr.ProviderID, Discovered: true}, Method: Method, Untrusted: !f.pr.isDefault, DisableImplicitSignUp: p.opts.DisableImplicitSignUp,
	})
	if err != nil { // the id of a Better Auth server's making
		return core.Fail(http.StatusBadRequest, CodeBrokenSAML).Because(err)
	}
	to := f.landing(c)
	data, err := oauth.From(p.auth).SignIn(c, at, &oauth.Identity{Profile: profile, Tokens: &oauth2.Tokens{}}, oauth.SignInOptions{
		RequestSignUp: f.relay != nil && f.relay.requestSignUp, Trusted: f.pr.vouches(profile.Email), ForeignEmail: p.foreign(f.pr, profile.Email), CallbackURL: to, Redirects: true,
		Settled: p.settle(f.pr, &Arrival{Info: f.info(profile), Provider: &f.pr.Provider}),
	})
	if r, ok := errors.AsType[*oauth.Refusal](err); ok {
		said := *r
		if core.HasCode(r.Cause, CodeChanged) {
			said.Code, said.Description = "invalid_state", "sso_provider_changed_during_authentication"
		}
		return oauth.Show(c, &said, f.failure(c))
	}
	if err != nil {
		return err
	}
	if p.opts.SAMLRules.SingleLogout {
		if err := p.remember(c, f.pr, f.said, data.SessionData); err != nil {
			return err
		}
	}
	return c.Redirect(to)
}
