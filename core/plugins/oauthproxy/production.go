package oauthproxy

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

// minSealed is shorter than any encrypted departure and longer than a state.
const minSealed = 64

// arrive answers a callback whose flow began on a preview. Every other callback is the
// route's own. A form is the route's too: it sends the browser here again, with the
// parameters in the query.
func (p *Plugin) arrive(c *core.Ctx) error {
	sealed, _ := c.Query().Get("state").Str()
	if c.Method() == http.MethodPost || len(sealed) < minSealed {
		return nil
	}
	var d departure
	if err := p.open(departurePurpose, sealed, &d); err != nil {
		return nil //nolint:nilerr // no state of a preview
	}
	to, err := url.Parse(d.To)
	if err != nil || !c.TrustedURL(d.To) {
		p.auth.Logger().WarnContext(c, "OAuth proxy: the origin of a preview is not trusted: add it to Options.TrustedOrigins", "origin", to)
		return core.Fail(http.StatusForbidden, core.CodeInvalidCallbackURL)
	}
	errorURL := p.errorURL(c, to, d.ErrorURL)
	id := c.Param("id")
	if id == "" {
		id = c.Param("providerId")
	}
	switch {
	case id != d.Provider:
		return oauth.Show(c, &oauth.Refusal{Code: oauth.RefusedStateMismatch}, errorURL)
	case c.Now().UnixMilli() >= d.Expires:
		return oauth.Show(c, &oauth.Refusal{Code: oauth.RefusedState}, errorURL)
	}
	path := strings.NewReplacer(":id", id, ":providerId", id).Replace(c.Path())
	who, err := oauth.From(p.auth).Redeem(c, id, oauth.Redemption{Verifier: d.Verifier, Nonce: d.Nonce, Redirect: c.BaseURL() + path}, parameters(c))
	if err == nil && who.Profile.Email == "" {
		err = &oauth.Refusal{Code: oauth.RefusedNoEmail}
	}
	if err != nil {
		return oauth.Show(c, err, errorURL)
	}
	profile, err := p.seal(arrivalPurpose, newArrival(&d, who, c.Now()))
	if err != nil {
		return err
	}
	c.SetHeader("Referrer-Policy", "no-referrer")
	return c.Redirect(oauth.WithParams(d.To, wire.Query{{Name: "profile", Value: profile}}))
}

// errorURL is the flow's page for errors, on the preview.
func (p *Plugin) errorURL(c *core.Ctx, to *url.URL, asked string) string {
	origin := to.Scheme + "://" + to.Host
	if asked == "" {
		return origin + p.auth.PublicPath() + "/error"
	}
	if u, err := to.Parse(asked); err == nil && c.TrustedURL(u.String()) {
		return u.String()
	}
	return ""
}

// parameters are those of the callback.
func parameters(c *core.Ctx) wire.Query {
	var out wire.Query
	o, ok := c.Query().Obj()
	if !ok {
		return nil
	}
	for _, m := range o.Members() {
		if text, ok := m.Value.Str(); ok {
			out = append(out, wire.Pair{Name: m.Name, Value: text})
		}
	}
	return out
}

// The errors of the preview's callback.
const (
	refusedMissing = "missing_profile"
	refusedProfile = "invalid_profile"
	refusedPayload = "invalid_payload"
	refusedExpired = "payload_expired"
	refusedUser    = "user_creation_failed"
)

// CallbackInput is the query with which production sends the browser to a preview.
type CallbackInput struct {
	CallbackURL string  `query:"callbackURL" doc:"The URL to redirect to after the proxy"`
	Profile     *string `query:"profile" doc:"Encrypted OAuth profile data"`
}

// callback signs the user in on the preview. The state decides where the browser goes: the
// parameter callbackURL is checked, and is not used.
func (p *Plugin) callback(c *core.Ctx, in *CallbackInput) (core.StatusReply, error) {
	return core.StatusReply{}, p.complete(c, in)
}

func (p *Plugin) complete(c *core.Ctx, in *CallbackInput) error {
	say := func(code, to string) error { return oauth.Show(c, &oauth.Refusal{Code: code}, to) }
	if in.Profile == nil || *in.Profile == "" {
		return say(refusedMissing, "")
	}
	var a arrival
	if err := p.open(arrivalPurpose, *in.Profile, &a); err != nil {
		return say(refusedProfile, "")
	}
	if a.Provider == "" || a.State == "" || a.Profile.ID == "" || a.Profile.Email == "" {
		return say(refusedPayload, "")
	}
	if age := c.Now().UnixMilli() - a.Timestamp; age > p.opts.MaxAge.Milliseconds() || age < -clockSkew.Milliseconds() {
		if !c.TrustedURL(a.ErrorURL) {
			a.ErrorURL = ""
		}
		return say(refusedExpired, a.ErrorURL)
	}
	engine := oauth.From(p.auth)
	f, err := engine.Resume(c, a.Provider, a.State)
	if err != nil {
		return oauth.Show(c, err, "")
	}
	f.Identity = a.identity()
	err = engine.Complete(c, f)
	if _, refused := errors.AsType[*oauth.Refusal](err); refused {
		return say(refusedUser, f.ErrorURL)
	}
	return err
}
