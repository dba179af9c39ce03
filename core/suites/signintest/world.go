package signintest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/plugins/onetap"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/plugins/sso/ssotest"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type body = map[string]any

// The user of a World.
const (
	Email    = "ada@example.com"
	Password = "correct horse"
	Username = "ada"
	Number   = "+15555550100"
)

// World is a server with all plugins, and what it has sent.
type World struct {
	*authtest.Env
	T testing.TB

	mu      sync.Mutex
	sent    map[string]string // the newest code, token or link, by what it is for
	methods []string
	board   switchboard
}

// open makes a World. With factor every new user has a second factor.
func open(t testing.TB, seen *calls, way Way, factor bool) *World {
	return openWith(t, seen, way, factor, func(*core.Options) {})
}

func openWith(t testing.TB, seen *calls, way Way, factor bool, change func(o *core.Options)) *World {
	w := &World{T: t, sent: map[string]string{}}
	w.Env = authtest.NewEnv(t)
	plugins := append(w.common(), &watcher{w, seen, factor})
	if way.Plugins != nil {
		plugins = append(plugins, way.Plugins(w)...)
	}
	o := w.Options(plugins...)
	o.HTTPClient = &http.Client{Transport: &web{acme: idptest.Local("acme"), forge: w.forge()}}
	o.TrustedOrigins = []string{other}
	o.EmailVerification.Send = func(_ context.Context, m core.Mail) error { return w.keep("verification", m.Token) }
	o.EmailVerification.AutoSignIn = true
	o.User.ChangeEmail.Enabled = true
	change(&o)
	w.Open(o)
	return w
}

// other is the origin of a production server beside this one.
const other = "https://app.example.com"

// common are the plugins of every World: all of this module that sign somebody in, and those
// that look at every sign-in.
func (w *World) common() []core.Plugin {
	return []core.Plugin{
		emailpassword.New(emailpassword.Options{}),
		username.New(username.Options{}),
		magiclink.New(magiclink.Options{Send: func(_ context.Context, m magiclink.Message) error { return w.keep("link", m.Token) }}),
		emailotp.New(emailotp.Options{Send: func(_ context.Context, m emailotp.Message) error { return w.keep(string(m.Type), m.Code) }}),
		phonenumber.New(phonenumber.Options{
			SendOTP: func(_ context.Context, m phonenumber.Message) error { return w.keep("phone", m.Code) }, SignUp: &phonenumber.SignUp{},
		}),
		social.New(idptest.Local("acme").Config(), social.Google(social.GoogleOptions{Options: social.Options{ClientID: "client", ClientSecret: "secret-of-the-client"}})),
		genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{{
			ProviderID: "forge", ClientID: "client", ClientSecret: "secret-of-the-client", Scopes: []string{"openid", "email"},
			DiscoveryURL: "https://forge.example" + idptest.DiscoveryPath,
		}}}),
		sso.New(sso.Options{SAML: ssotest.Stack{}, SAMLRules: sso.SAMLRules{AllowIDPInitiated: true}, Defaults: []sso.DefaultProvider{
			{ProviderID: "corp", Domain: "corp.example", OIDC: &sso.OIDCConfig{Issuer: "https://forge.example", ClientID: "client", ClientSecret: "secret-of-the-client"}},
			{ProviderID: "saml", Domain: "saml.example", SAML: &sso.SAMLConfig{Issuer: "urn:app", EntryPoint: "https://forge.example/saml", Certificate: "x", CallbackURL: "/home"}},
		}}),
		onetap.New(onetap.Options{ClientID: "client"}),
		oauthpopup.New(oauthpopup.Options{}),
		siwe.New(siwe.Options{Domain: "app.example.com"}),
		onetimetoken.New(onetimetoken.Options{}),
		deviceauthorization.New(deviceauthorization.Options{}),
		electron.New(electron.Options{}),
		anonymous.New(anonymous.Options{}),
		twofactor.New(twofactor.Options{OTP: twofactor.OTPOptions{Send: func(_ context.Context, m twofactor.Message) error {
			return w.keep("second step", m.Code)
		}}}),
		lastloginmethod.New(lastloginmethod.Options{StoreInDatabase: true}),
	}
}

func (w *World) keep(what, secret string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent[what] = secret
	return nil
}

// Sent is the newest code or token that was sent for something.
func (w *World) Sent(what string) string {
	w.T.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent[what] == "" {
		w.T.Fatalf("nothing was sent for %s", what)
	}
	return w.sent[what]
}

func (w *World) forge() *idptest.Provider {
	p := idptest.Local("forge")
	p.OpenID().Now = w.Clock.Now
	return p
}

// web is what the server can reach: two providers, and Google's keys.
type web struct{ acme, forge *idptest.Provider }

func (web *web) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case "acme.example":
		return web.acme.RoundTrip(r)
	case "forge.example":
		return web.forge.RoundTrip(r)
	}
	rec := httptest.NewRecorder()
	idptest.Write(rec, http.StatusOK, idptest.Keys())
	res := rec.Result()
	res.Request = r
	return res, nil
}

// SignUp makes the user, in a browser that the test does not use further.
func (w *World) SignUp() *authtest.Answer {
	w.T.Helper()
	return w.signUp(w.Client())
}

func (w *World) signUp(c *authtest.Client) *authtest.Answer {
	w.T.Helper()
	return c.Post("/sign-up/email", body{"name": "Ada", "email": Email, "password": Password, "username": Username}).Want(w.T, 200, "")
}

// Home makes the user and is a browser in which she is signed in.
func (w *World) Home() *authtest.Client {
	w.T.Helper()
	c := w.Client()
	if w.signUp(c); c.Cookie(session) == "" {
		w.SecondStep(c)
	}
	return c
}
