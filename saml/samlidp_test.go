package saml

import (
	"html"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml/samlidp"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// site is crewjam's identity provider, with one user, and a browser that visits it.
type site struct {
	*httptest.Server
	idp     *samlidp.Server
	browser *http.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.idp.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	// Its clock is the real one: the certificate is valid now.
	p := certify(idpPair().key, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	s.idp, err = samlidp.New(samlidp.Options{URL: *u, Key: p.key, Certificate: p.cert, Store: &samlidp.MemoryStore{}, Logger: log.New(io.Discard, "", 0)})
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "/users/ada", `{"name":"ada","password":"pw","email":"ada@example.com","common_name":"Ada Lovelace","groups":["admins","users"]}`)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

func (s *site) put(t *testing.T, path, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.idp.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

var (
	actionOf = regexp.MustCompile(`action="([^"]*)"`)
	fieldOf  = regexp.MustCompile(`<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"`)
)

// form is what a page would post.
func form(t *testing.T, page string) (action string, fields url.Values) {
	t.Helper()
	m := actionOf.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no form: %s", page)
	}
	fields = url.Values{}
	for _, f := range fieldOf.FindAllStringSubmatch(page, -1) {
		fields.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	return html.UnescapeString(m[1]), fields
}

func (s *site) do(t *testing.T, method, to string, fields url.Values) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// visit sends a message, signs in where the provider asks for it, and returns the form that it
// has for the application.
func (s *site) visit(t *testing.T, m *sso.SAMLMessage) (action string, fields url.Values) {
	t.Helper()
	var page string
	if len(m.Fields) == 0 {
		_, page = s.do(t, http.MethodGet, m.URL, nil)
	} else {
		values := url.Values{}
		for _, f := range m.Fields {
			values.Set(f.Name, f.Value)
		}
		_, page = s.do(t, http.MethodPost, m.URL, values)
	}
	action, fields = form(t, page)
	if strings.Contains(page, `name="password"`) {
		fields.Set("user", "ada")
		fields.Set("password", "pw")
		_, page = s.do(t, http.MethodPost, action, fields)
		action, fields = form(t, page)
	}
	return action, fields
}

// TestSAMLIDP signs in and out with an identity provider that nobody here wrote.
func TestSAMLIDP(t *testing.T) {
	t.Parallel()
	stack := New(Options{})
	for name, change := range map[string]func(*sso.SAMLServiceProvider){
		"nothing is signed by us": func(*sso.SAMLServiceProvider) {},
		"signed requests": func(sp *sso.SAMLServiceProvider) {
			sp.SigningKey, sp.SigningCertificate, sp.SignRequests, sp.WantAssertionsSigned = spPair().keyPEM(), spPair().pem(), true, true
		},
		"signed requests and encrypted assertions": func(sp *sso.SAMLServiceProvider) {
			sp.SigningKey, sp.SigningCertificate, sp.SignRequests = spPair().keyPEM(), spPair().pem(), true
			sp.DecryptionKey, sp.DecryptionCertificate = foreign().keyPEM(), foreign().pem()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			conn := connection()
			change(&conn.SP)
			if strings.Contains(name, "signed requests") {
				// Messages of today, with a certificate of today.
				p := certify(spPair().key, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
				conn.SP.SigningCertificate = p.pem()
			}
			_, doc := s.do(t, http.MethodGet, s.URL+"/metadata", nil)
			idp, err := stack.ReadMetadata([]byte(doc), &conn.Policy)
			if err != nil {
				t.Fatal(err)
			}
			conn.IDP = *idp
			if err := stack.CheckConnection(conn); err != nil {
				t.Fatal(err)
			}
			ours, err := stack.ServiceProviderMetadata(&conn.SP)
			if err != nil {
				t.Fatal(err)
			}
			s.put(t, "/services/app", string(ours))

			if conn.SP.SignRequests {
				// Its login form forgets the signature of a query: sign in before.
				s.do(t, http.MethodPost, s.URL+"/login", url.Values{"user": {"ada"}, "password": {"pw"}})
			}
			for i, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
				m, err := stack.AuthnRequest(conn, sso.SAMLRequest{Binding: binding, Location: s.URL + "/sso", RelayState: "state", Now: time.Now()})
				if err != nil {
					t.Fatal(err)
				}
				action, fields := s.visit(t, m)
				if action != acs || fields.Get("RelayState") != "state" {
					t.Fatal(action, fields)
				}
				in := &sso.SAMLReceived{Binding: sso.SAMLPost, Message: fields.Get("SAMLResponse"), At: []string{acs}, Now: time.Now()}
				got, err := stack.ReadResponse(conn, in)
				if err != nil {
					t.Fatal(binding, err)
				}
				if got.InResponseTo != m.ID || got.NameID != "ada@example.com" || got.SessionIndex == "" || got.Attributes["cn"][0] != "Ada Lovelace" {
					t.Errorf("%+v", got)
				}
				if groups := got.Attributes["urn:oid:1.3.6.1.4.1.5923.1.1.1.1"]; len(groups) != 2 {
					t.Errorf("groups: %q of %+v", groups, got.Attributes)
				}
				if i == 0 || conn.SP.SigningKey == "" {
					continue
				}
				s.logout(t, stack, conn, got)
			}
		})
	}
}

// logout ends a session at the provider from here.
func (s *site) logout(t *testing.T, stack sso.SAML, conn *sso.SAMLConnection, a *sso.SAMLAssertion) {
	t.Helper()
	m, err := stack.LogoutRequest(conn, sso.SAMLLogout{
		Binding: sso.SAMLRedirect, Location: s.URL + "/slo", NameID: a.NameID, NameIDFormat: a.NameIDFormat,
		NameIDQualifier: a.NameIDQualifier, NameIDSPQualifier: a.NameIDSPQualifier, SessionIndexes: []string{a.SessionIndex}, RelayState: "out", Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	res, page := s.do(t, http.MethodGet, m.URL, nil)
	in := &sso.SAMLReceived{At: []string{slo}, RequireSignature: true, Now: time.Now()}
	if to := res.Header.Get("Location"); to != "" {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		in.Binding, in.RawQuery, in.Message, in.RelayState = sso.SAMLRedirect, u.RawQuery, u.Query().Get("SAMLResponse"), u.Query().Get("RelayState")
	} else {
		_, fields := form(t, page)
		in.Binding, in.Message, in.RelayState = sso.SAMLPost, fields.Get("SAMLResponse"), fields.Get("RelayState")
	}
	got, err := stack.ReadLogoutResponse(conn, in)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Success || got.InResponseTo != m.ID || got.RelayState != "out" {
		t.Errorf("%+v", got)
	}
}
