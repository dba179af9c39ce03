package saml

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
)

// application is a server with the plugin sso and this stack, and the browser of one person.
type application struct {
	url  string
	site *site
}

const providerID = "crewjam"

func newApplication(t *testing.T, change func(*sso.Options)) *application {
	t.Helper()
	a := &application{site: newSite(t)}
	var handler http.Handler
	// Cookies that a flow is bound by need TLS.
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	a.url = server.URL
	a.site.browser.Transport = server.Client().Transport

	_, metadata := a.site.do(t, http.MethodGet, a.site.URL+"/metadata", nil)
	entity := a.url + "/entity"
	today := func(p pair) string {
		return certify(p.key, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).pem()
	}
	o := sso.Options{
		SAML: New(Options{}), SAMLRules: sso.SAMLRules{SingleLogout: true, RequireTimestamps: true},
		Defaults: []sso.DefaultProvider{{ProviderID: providerID, Domain: "example.com", SAML: &sso.SAMLConfig{
			Issuer: entity, IDP: sso.SAMLPeer{Metadata: metadata}, AuthnRequestsSigned: true, WantAssertionsSigned: true,
			SP:      sso.SAMLPeer{PrivateKey: spPair().keyPEM(), Certificate: today(spPair()), EncPrivateKey: foreign().keyPEM(), EncCertificate: today(foreign())},
			Mapping: sso.Mapping{Name: "cn"},
		}}},
	}
	if change != nil {
		change(&o)
	}
	auth, err := core.New(core.Options{
		BaseURL: a.url, Secret: "of-this-test-only-0123456789-abcdefghijkl", Database: memory.New(),
		Plugins: []core.Plugin{social.New(), sso.New(o)}, RateLimit: core.RateLimitOptions{Disabled: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close(t.Context()) })
	if err := auth.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	handler = nethttp.Handler(auth)

	// The identity provider needs no more than the metadata of the plugin, which have both certificates.
	_, doc := a.site.do(t, http.MethodGet, a.url+"/api/auth/sso/saml2/sp/metadata?providerId="+providerID, nil)
	for _, part := range []string{`entityID="` + entity + `"`, "/sso/saml2/sp/acs/" + providerID, "/sso/saml2/sp/slo/" + providerID, `AuthnRequestsSigned="true"`, `WantAssertionsSigned="true"`,
		`use="signing"`, `use="encryption"`} {
		if !strings.Contains(doc, part) {
			t.Errorf("no %s in %s", part, doc)
		}
	}
	a.site.put(t, "/services/app", doc)
	a.site.put(t, "/shortcuts/app", `{"service_provider":"`+entity+`","relay_state":"https://evil.test/"}`)
	// Its login form forgets the signature of a query: the person is signed in there.
	a.site.do(t, http.MethodPost, a.site.URL+"/login", url.Values{"user": {"ada"}, "password": {"pw"}})
	return a
}

// begin asks for a sign-in, and visits the provider: the form that it has for the application.
func (a *application) begin(t *testing.T) (action string, fields url.Values) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+"/api/auth/sign-in/sso",
		strings.NewReader(`{"email":"ada@example.com","callbackURL":"/dashboard","errorCallbackURL":"/sorry"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", a.url)
	res, err := a.site.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var reply sso.SignInReply
	if err := json.Unmarshal(body, &reply); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	_, page := a.site.do(t, http.MethodGet, reply.URL, nil)
	return form(t, page)
}

// come posts a form to the application: where it sends the browser.
func (a *application) come(t *testing.T, action string, fields url.Values) string {
	t.Helper()
	res, body := a.site.do(t, http.MethodPost, action, fields)
	if res.StatusCode != http.StatusFound {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	return strings.TrimPrefix(res.Header.Get("Location"), a.url)
}

// user is the address of who is signed in, or "".
func (a *application) user(t *testing.T) string {
	t.Helper()
	_, body := a.site.do(t, http.MethodGet, a.url+"/api/auth/get-session", nil)
	var s *struct{ User struct{ Email, Name string } }
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(body)
	}
	if s == nil {
		return ""
	}
	return s.User.Name + " " + s.User.Email
}

const ada = "Ada Lovelace ada@example.com"

// carry follows redirects and forms until a page has neither: how a browser carries messages
// of logout.
func (a *application) carry(t *testing.T, res *http.Response, page string) (last string) {
	t.Helper()
	at := ""
	for range 10 {
		to := res.Header.Get("Location")
		switch {
		case to != "" && (strings.Contains(to, "/api/auth/") || strings.HasPrefix(to, a.site.URL)):
			at = to
			res, page = a.site.do(t, http.MethodGet, to, nil)
		case to != "":
			return to
		case strings.Contains(page, `name="SAMLRe`):
			action, fields := form(t, page)
			at = action
			res, page = a.site.do(t, http.MethodPost, action, fields)
		default:
			if res.StatusCode >= 400 {
				t.Fatalf("%d %s at %s", res.StatusCode, page, at)
			}
			return at
		}
	}
	t.Fatal("the browser goes round in circles")
	return ""
}

func TestPlugin(t *testing.T) {
	t.Parallel()
	t.Run("a sign-in that begins here", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		action, fields := a.begin(t)
		if to := a.come(t, action, fields); to != "/dashboard" {
			t.Fatal(to)
		}
		if got := a.user(t); got != ada {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("SAM-14 the same response again", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		action, fields := a.begin(t)
		a.come(t, action, fields)
		a.forget(t)
		if to := a.come(t, action, fields); !strings.Contains(to, "error=") {
			t.Error(to)
		}
		if got := a.user(t); got != "" {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("SAM-15 in another browser", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		action, fields := a.begin(t)
		a.forget(t)
		if to := a.come(t, action, fields); !strings.Contains(to, "error=") {
			t.Error(to)
		}
		if got := a.user(t); got != "" {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("SAM-15 a sign-in that begins there, where none may", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		_, page := a.site.do(t, http.MethodGet, a.site.URL+"/login/app", nil)
		action, fields := form(t, page)
		if to := a.come(t, action, fields); !strings.Contains(to, "error=unsolicited_response") {
			t.Error(to)
		}
		if got := a.user(t); got != "" {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("SAM-24 a sign-in that begins there, with a relay state of elsewhere", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, func(o *sso.Options) { o.SAMLRules.AllowIDPInitiated, o.SAMLRules.IDPInitiatedURL = true, "/welcome" })
		_, page := a.site.do(t, http.MethodGet, a.site.URL+"/login/app", nil)
		action, fields := form(t, page)
		if fields.Get("RelayState") != "https://evil.test/" {
			t.Fatal(fields)
		}
		if to := a.come(t, action, fields); to != "/welcome" {
			t.Error(to)
		}
		if got := a.user(t); got != ada {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("a changed response", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		action, fields := a.begin(t)
		message := []byte(fields.Get("SAMLResponse"))
		message[len(message)/2] ^= 2
		fields.Set("SAMLResponse", string(message))
		if to := a.come(t, action, fields); !strings.Contains(to, "error=") {
			t.Error(to)
		}
		if got := a.user(t); got != "" {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("a sign-out that begins here ends the session there", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		action, fields := a.begin(t)
		a.come(t, action, fields)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+"/api/auth/sso/saml2/logout/"+providerID, strings.NewReader(`{"callbackURL":"/bye"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", a.url)
		res, err := a.site.browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := a.carry(t, res, string(body)); strings.TrimPrefix(got, a.url) != "/bye" {
			t.Error("the browser ends at ", got)
		}
		if got := a.user(t); got != "" {
			t.Errorf("still signed in as %q", got)
		}
		if _, page := a.site.do(t, http.MethodGet, a.site.URL+"/login/app", nil); !strings.Contains(page, `name="password"`) {
			t.Error("still signed in there")
		}
	})
	t.Run("SAM-26 a sign-out that begins there ends the session here", func(t *testing.T) {
		t.Parallel()
		a := newApplication(t, nil)
		action, fields := a.begin(t)
		a.come(t, action, fields)
		if got := a.user(t); got != ada {
			t.Fatalf("signed in as %q", got)
		}
		res, page := a.site.do(t, http.MethodGet, a.site.URL+"/logout", nil)
		a.carry(t, res, page)
		if got := a.user(t); got != "" {
			t.Errorf("still signed in as %q", got)
		}
	})
}

// forget gives the person another browser.
func (a *application) forget(t *testing.T) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.site.browser.Jar = jar
}
