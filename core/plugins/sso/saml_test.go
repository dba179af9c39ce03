package sso_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// fake is a stack of SAML whose documents are JSON: what a test says of a response is what was
// verified. It checks only what a stack knows and the plugin does not.
type fake struct{}

type fakeResponse struct {
	Issuer string
	sso.SAMLAssertion
	Bad string // the code of a refusal
}

func refused(code string) error {
	return &sso.SAMLError{Code: core.ErrorCode{Code: code, Message: "refused"}, Reason: code}
}

func (fake) ServiceProviderMetadata(sp *sso.SAMLServiceProvider) ([]byte, error) {
	certificates := ""
	for _, c := range [][2]string{{"signing", sp.SigningCertificate}, {"encryption", sp.DecryptionCertificate}} {
		if strings.HasPrefix(c[1], "no ") {
			return nil, errors.New(c[1])
		}
		if c[1] != "" {
			certificates += " " + c[0] + " with " + c[1]
		}
	}
	return []byte("<metadata of " + sp.EntityID + " at " + sp.ACS + certificates + "/>"), nil
}

func (fake) ReadMetadata(document []byte, _ *sso.SAMLPolicy) (*sso.SAMLIdentityProvider, error) {
	var idp *sso.SAMLIdentityProvider
	if err := json.Unmarshal(document, &idp); err != nil {
		return nil, refused("SAML_INVALID_METADATA")
	}
	return idp, nil
}

func (fake) CheckConnection(conn *sso.SAMLConnection) error {
	if len(conn.IDP.Certificates) == 0 {
		return refused("CERT_SOURCE_MISSING")
	}
	return nil
}

var lastID = make(chan int, 1)

func init() { lastID <- 0 }

func newID() string {
	n := <-lastID + 1
	lastID <- n
	return "_request-" + string(rune('a'+n/26%26)) + string(rune('a'+n%26)) + strings.Repeat("x", n/676)
}

func message(id string, binding sso.SAMLBinding, location, relay, kind string) *sso.SAMLMessage {
	if binding == sso.SAMLPost {
		return &sso.SAMLMessage{ID: id, URL: location, Fields: []sso.SAMLField{{Name: kind, Value: id}, {Name: "RelayState", Value: relay}}}
	}
	return &sso.SAMLMessage{ID: id, URL: location + "?" + kind + "=" + id + "&RelayState=" + url.QueryEscape(relay)}
}

func (fake) AuthnRequest(_ *sso.SAMLConnection, r sso.SAMLRequest) (*sso.SAMLMessage, error) {
	return message(newID(), r.Binding, r.Location, r.RelayState, "SAMLRequest"), nil
}

func (fake) ReadResponse(conn *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLAssertion, error) {
	var r fakeResponse
	if err := json.Unmarshal([]byte(in.Message), &r); err != nil {
		return nil, refused("SAML_INVALID_ENCODING")
	}
	if r.Bad != "" {
		return nil, refused(r.Bad)
	}
	if r.Issuer != conn.IDP.EntityID {
		return nil, refused("SAML_ISSUER_MISMATCH")
	}
	return &r.SAMLAssertion, nil
}

func (fake) LogoutRequest(_ *sso.SAMLConnection, r sso.SAMLLogout) (*sso.SAMLMessage, error) {
	m := message(newID(), r.Binding, r.Location, r.RelayState, "SAMLRequest")
	m.URL += "&name=" + url.QueryEscape(r.NameID) + "&index=" + strings.Join(r.SessionIndexes, ",")
	return m, nil
}

func (fake) LogoutResponse(_ *sso.SAMLConnection, r sso.SAMLLogoutAnswer) (*sso.SAMLMessage, error) {
	return message("answer-to-"+r.InResponseTo, r.Binding, r.Location, r.RelayState, "SAMLResponse"), nil
}

func (fake) ReadLogoutRequest(_ *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLLogout, error) {
	var l sso.SAMLLogout
	if err := json.Unmarshal([]byte(in.Message), &l); err != nil {
		return nil, refused("INVALID")
	}
	if in.RequireSignature && l.Issuer != "signed" {
		return nil, refused("UNSIGNED")
	}
	return &l, nil
}

func (fake) ReadLogoutResponse(_ *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLLogoutAnswer, error) {
	var l sso.SAMLLogoutAnswer
	if err := json.Unmarshal([]byte(in.Message), &l); err != nil {
		return nil, refused("INVALID")
	}
	return &l, nil
}

const idpEntity = "https://idp.example/entity"

func newSAML(id string, more ...body) body {
	config := body{
		"entryPoint": "https://idp.example/sso", "cert": "certificate", "callbackUrl": "/home", "spMetadata": body{"entityID": "urn:sp", "privateKey": "the-private-key"},
		"idpMetadata": body{"entityID": idpEntity, "singleLogoutService": []body{{"Binding": string(sso.SAMLRedirect), "Location": "https://idp.example/slo"}}},
		"mapping":     body{"id": "nameID", "email": "mail", "name": "displayName", "extraFields": body{"team": "team"}},
	}
	for _, m := range more {
		for k, v := range m {
			config[k] = v
		}
	}
	return body{"providerId": id, "issuer": "https://idp.example", "domain": id + ".test", "samlConfig": config}
}

func openSAML(t testing.TB, s settings) *world {
	t.Helper()
	s.sso.SAML = fake{}
	w := open(t, s)
	w.register(t, w.signUp(t, "admin@acme.test"), newSAML("acme"))
	return w
}

// begun is a flow whose user is at the identity provider.
type begun struct{ id, relay string }

func beginSAML(t testing.TB, c *authtest.Client, more ...body) begun {
	t.Helper()
	in := with(body{"providerId": "acme"})
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	u, err := url.Parse(c.Post("/sign-in/sso", in).Want(t, 200, "").JSON("url"))
	if err != nil || u.Host != "idp.example" {
		t.Fatalf("sent to %v, %v", u, err)
	}
	return begun{u.Query().Get("SAMLRequest"), u.Query().Get("RelayState")}
}

func (w *world) response(b begun, change ...func(*fakeResponse)) string {
	r := fakeResponse{Issuer: idpEntity, SAMLAssertion: sso.SAMLAssertion{ID: "_assertion-" + b.id, ValidUntil: w.Clock.Now().Add(time.Minute), InResponseTo: b.id,
		NameID: "ada-id", SessionIndex: "s-" + b.id, Attributes: map[string][]string{"mail": {"Ada@acme.test"}, "givenName": {"Ada"}, "surname": {"Lovelace"}, "team": {"it"}}}}
	for _, f := range change {
		f(&r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(text), " ", "")
}

// post answers as the identity provider's page does: from another site.
func post(c *authtest.Client, path string, fields ...string) *authtest.Answer {
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] != "" {
			form.Set(fields[i], fields[i+1])
		}
	}
	return c.Do("POST", path, form.Encode(), core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}, core.HeaderField{Name: "Origin", Value: "https://idp.example"},
		core.HeaderField{Name: "Sec-Fetch-Site", Value: "cross-site"})
}

const acs = "/sso/saml2/sp/acs/acme"

func TestSAML(t *testing.T) {
	t.Parallel()
	w := openSAML(t, settings{})
	c := w.Client()
	b := beginSAML(t, c)
	wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
	alive(t, c, true)
	u := w.user(t, "ada@acme.test")
	if u.Name != "Ada Lovelace" || u.EmailVerified {
		t.Fatalf("the user is %q, verified %v", u.Name, u.EmailVerified)
	}
	if _, err := w.Auth.Store().FindAccount(t.Context(), "acme", "ada-id"); err != nil {
		t.Fatal(err)
	}
	d := w.Client()
	b = beginSAML(t, d)
	wantRedirect(t, post(d, "/sso/saml2/callback/acme", "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
	wantRedirect(t, d.Get("/sso/saml2/callback/acme?RelayState=https://evil.example"), authtest.BaseURL, "")
	wantRedirect(t, w.Client().Get("/sso/saml2/callback/acme"), authtest.BaseURL+"/error", "invalid_request")
	a := w.Client().Get("/sso/saml2/sp/metadata?providerId=acme")
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/xml" || a.Body != "<metadata of urn:sp at "+base+acs+"/>" {
		t.Fatalf("the metadata are %d %s", a.Status, a.Body)
	}
	admin := w.Client()
	admin.Post("/sign-in/email", body{"email": "admin@acme.test", "password": password}).Want(t, 200, "")
	if got := admin.Get("/sso/providers").Body; strings.Contains(got, "the-private-key") || !strings.Contains(got, `"certificate":{"error":"Failed to parse certificate"}`) {
		t.Fatalf("listed as %s", got)
	}
	for _, change := range []body{{"cert": "other"}, {"entryPoint": "https://evil.example"}, {"idpMetadata": body{"entityID": "urn:other"}}, {"audience": "urn:other"}} {
		admin.Post("/sso/update-provider", body{"providerId": "acme", "samlConfig": change}).Want(t, 409, "SSO_PROVIDER_HAS_ACCOUNTS")
	}
	admin.Post("/sso/update-provider", body{"providerId": "acme", "samlConfig": body{"wantAssertionsSigned": true}}).Want(t, 200, "")
}

func TestSAMLRefusals(t *testing.T) {
	t.Parallel()
	unsolicited := func(r *fakeResponse) { r.InResponseTo = "" }
	for _, test := range []struct {
		name     string
		settings settings
		change   func(*fakeResponse)
		relay    func(string) string
		to, code string
	}{
		{name: "SAM-15 nobody has asked", change: unsolicited, to: "/sorry", code: "unsolicited_response"},
		{name: "SAM-15 an unknown request", change: func(r *fakeResponse) { r.InResponseTo = "_unknown" }, to: "/sorry", code: "invalid_saml_response"},
		{name: "SAM-19 the issuer of another identity provider", change: func(r *fakeResponse) { r.Issuer = "https://other.example" }, to: authtest.BaseURL, code: "saml_issuer_mismatch"},
		{name: "two assertions", change: func(r *fakeResponse) { r.Bad = "SAML_MULTIPLE_ASSERTIONS" }, to: authtest.BaseURL, code: "multiple_assertions"},
		{name: "no assertion", change: func(r *fakeResponse) { r.Bad = "SAML_NO_ASSERTION" }, to: authtest.BaseURL, code: "no_assertion"},
		{name: "no address", change: func(r *fakeResponse) { r.Attributes = nil }, to: authtest.BaseURL, code: "saml_no_identity"},
		{name: "SAM-24 a URL for a RelayState", relay: func(string) string { return "https://evil.example/" }, to: "/home"},
		{name: "SAM-24 a path for a RelayState", relay: func(string) string { return "/settings" }, to: "/home"},
		{name: "no RelayState", relay: func(string) string { return "" }, to: "/home"},
		{name: "unsolicited where that is allowed", settings: settings{sso: sso.Options{SAMLRules: sso.SAMLRules{AllowIDPInitiated: true, IDPInitiatedURL: "/apps"}}}, change: unsolicited,
			relay: func(string) string { return "https://evil.example/" }, to: "/apps"},
		{name: "RED-01 a landing that is not trusted", settings: settings{sso: sso.Options{SAMLRules: sso.SAMLRules{AllowIDPInitiated: true, IDPInitiatedURL: "https://evil.example"}}},
			change: unsolicited, relay: func(string) string { return "" }, to: "/home"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := openSAML(t, test.settings)
			c := w.Client()
			b := beginSAML(t, c)
			relay := b.relay
			if test.relay != nil {
				relay = test.relay(relay)
			}
			var changes []func(*fakeResponse)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b, changes...), "RelayState", relay), test.to, test.code)
			alive(t, c, test.code == "")
		})
	}
	t.Run("SAM-15 a request to another provider", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		w.register(t, w.signUp(t, "other@acme.test"), newSAML("other"))
		c := w.Client()
		b := beginSAML(t, c)
		wantRedirect(t, post(c, "/sso/saml2/sp/acs/other", "SAMLResponse", w.response(b), "RelayState", b.relay), "/home", "invalid_saml_response")
		alive(t, c, false)
	})
	t.Run("SAM-15 a request of long ago", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		c := w.Client()
		b := beginSAML(t, c)
		w.Clock.Add(6 * time.Minute)
		wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/sorry", "invalid_saml_response")
	})
	t.Run("SAM-15 the flow of another browser", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{core: func(o *core.Options) {
			o.BaseURL, o.TrustedOrigins = "https://app.example", append(o.TrustedOrigins, authtest.BaseURL)
		}})
		c := w.Client()
		b := beginSAML(t, c)
		victim := w.Client()
		a := post(victim, acs, "SAMLResponse", w.response(b), "RelayState", b.relay)
		wantRedirect(t, a, "/home", "invalid_state")
		alive(t, victim, false)
		wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
	})
	t.Run("SAM-22 a response that is too long", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		wantRedirect(t, post(w.Client(), acs, "SAMLResponse", strings.Repeat("A", 300<<10)), authtest.BaseURL, "saml_response_too_large")
	})
	t.Run("SAM-27 an entry point that is a script", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		c := w.signUp(t, "x@acme.test")
		c.Post("/sso/register", newSAML("x", body{"entryPoint": "javascript:alert(1)"})).Want(t, 400, "SAML_CONFIGURATION_INCOMPLETE")
		c.Post("/sso/register", newSAML("x", body{"idpMetadata": body{"singleLogoutService": []body{{"Binding": "x", "Location": "javascript:alert(1)"}}}})).Want(t, 400, "SAML_CONFIGURATION_INCOMPLETE")
		c.Post("/sso/register", newSAML("x", body{"signatureAlgorithm": "rsa-sha1"})).Want(t, 400, "SAML_DEPRECATED_CONFIG_ALGORITHM")
		c.Post("/sso/register", newSAML("x", body{"digestAlgorithm": "md5"})).Want(t, 400, "SAML_UNKNOWN_ALGORITHM")
		c.Post("/sso/register", newSAML("x", body{"idpMetadata": body{"metadata": strings.Repeat("x", 101<<10)}})).Want(t, 400, "SAML_METADATA_TOO_LARGE")
	})
}

func TestReplay(t *testing.T) {
	t.Parallel()
	t.Run("SAM-14 the same response twice", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		c := w.Client()
		b := beginSAML(t, c)
		r := w.response(b)
		wantRedirect(t, post(c, acs, "SAMLResponse", r, "RelayState", b.relay), "/dashboard", "")
		wantRedirect(t, post(w.Client(), acs, "SAMLResponse", r, "RelayState", b.relay), "/home", "invalid_saml_response")
	})
	for _, mode := range []core.Compat{core.CompatKernia, core.CompatBetterAuth} {
		t.Run("SAM-14 RACE-14 one unsolicited assertion fifty times at once", func(t *testing.T) {
			t.Parallel()
			w := openSAML(t, settings{core: func(o *core.Options) { o.Compat = mode }, sso: sso.Options{SAMLRules: sso.SAMLRules{AllowIDPInitiated: true}}})
			r := w.response(begun{id: "x"}, func(r *fakeResponse) { r.InResponseTo = "" })
			if won := parallel(50, func() bool {
				_, q := post(w.Client(), acs, "SAMLResponse", r).Location()
				return q.Get("error") == ""
			}); won != 1 {
				t.Fatalf("%d of 50 signed in", won)
			}
			if n := w.count(t, core.ModelSession); n != 2 {
				t.Fatalf("%d sessions, want the admin's and one more", n)
			}
			w.Clock.Add(30 * time.Minute)
			if err := w.Auth.DeleteExpired(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.count(t, "ssoAssertion"); n != 0 {
				t.Fatalf("DOS-09 %d notes are left", n)
			}
		})
	}
	t.Run("SAM-14 fifty answers of one request", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		c := w.Client()
		b := beginSAML(t, c)
		n := make(chan int, 1)
		n <- 0
		if won := parallel(50, func() bool {
			i := <-n
			n <- i + 1
			r := w.response(b, func(r *fakeResponse) { r.ID += strings.Repeat("x", i) }) // another assertion each
			_, q := post(w.Client(), acs, "SAMLResponse", r).Location()
			return q.Get("error") == ""
		}); won != 1 {
			t.Fatalf("%d of 50 signed in", won)
		}
	})
}

func TestSAMLLinking(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, email string
		proven      bool
		code        string
	}{
		{"LNK-01 no domain is proven", "ada@acme.test", false, "account_not_linked"},
		{"SAM-28 the domain is proven, and the address is in another", "ada@elsewhere.test", true, "account_not_linked"},
		{"the domain is proven", "ada@acme.test", true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{proven: test.proven, sso: sso.Options{SAML: fake{}}})
			admin := w.signUp(t, "admin@acme.test")
			w.register(t, admin, newSAML("acme"))
			if test.proven {
				w.prove(t, admin, "acme", "acme.test")
			}
			w.signUp(t, test.email)
			w.verify(t, test.email)
			c := w.Client()
			b := beginSAML(t, c)
			to := "/dashboard"
			if test.code != "" {
				to = "/sorry"
			}
			wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b, func(r *fakeResponse) { r.Attributes["mail"] = []string{test.email} }), "RelayState", b.relay), to, test.code)
			alive(t, c, test.code == "")
		})
	}
}

func logoutRequest(w *world, id, name string, signed bool, indexes ...string) string {
	l := sso.SAMLLogout{ID: id, NameID: name, SessionIndexes: indexes, ValidUntil: w.Clock.Now().Add(time.Minute)}
	if signed {
		l.Issuer = "signed"
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestSingleLogout(t *testing.T) {
	t.Parallel()
	const slo = "/sso/saml2/sp/slo/acme"
	rules := settings{sso: sso.Options{SAMLRules: sso.SAMLRules{SingleLogout: true}}}
	signIn := func(t *testing.T, w *world) (*authtest.Client, begun) {
		t.Helper()
		c := w.Client()
		b := beginSAML(t, c)
		wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
		return c, b
	}
	t.Run("SAM-26 the identity provider ends one of two sessions", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, rules)
		first, b := signIn(t, w)
		second, _ := signIn(t, w)
		stranger := w.signUp(t, "stranger@acme.test")
		a := post(stranger, slo, "SAMLRequest", logoutRequest(w, "_l1", "ada-id", true, "s-"+b.id), "RelayState", "theirs")
		to, q := a.Location()
		if a.Status != 302 || !strings.HasPrefix(to, "https://idp.example/slo?SAMLResponse=answer-to-_l1") || q.Get("RelayState") != "theirs" {
			t.Fatalf("answered %d %s, sent to %q", a.Status, a.Body, to)
		}
		alive(t, first, false)
		alive(t, second, true)
		alive(t, stranger, true)
		post(stranger, slo, "SAMLRequest", logoutRequest(w, "_l1", "ada-id", true)).Want(t, 400, "INVALID_LOGOUT_REQUEST") // a second time
		alive(t, second, true)
		post(stranger, slo, "SAMLRequest", logoutRequest(w, "_l2", "ada-id", true))
		alive(t, second, false)
	})
	t.Run("SAM-25 what ends no session", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, rules)
		c, _ := signIn(t, w)
		post(c, slo, "SAMLRequest", logoutRequest(w, "_a", "ada-id", false)).Want(t, 400, "INVALID_LOGOUT_REQUEST")
		post(c, slo, "SAMLRequest", "x").Want(t, 400, "INVALID_LOGOUT_REQUEST")
		post(c, slo, "SAMLRequest", logoutRequest(w, "_b", "somebody-else", true))
		post(c, slo, "SAMLRequest", logoutRequest(w, "_c", "ada-id", true, "another-index"))
		post(c, slo, "SAMLResponse", `{"InResponseTo":"_unknown","Success":true}`).Want(t, 400, "INVALID_LOGOUT_RESPONSE")
		wantRedirect(t, c.Get(slo), authtest.BaseURL, "invalid_request")
		alive(t, c, true)
	})
	t.Run("SAM-26 the user signs out here and there", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, rules)
		c, b := signIn(t, w)
		other, _ := signIn(t, w)
		copied := c.Copy()
		c.Post("/sso/saml2/logout/acme", body{"callbackURL": "https://evil.example"}).Want(t, 403, "INVALID_CALLBACK_URL")
		a := c.Post("/sso/saml2/logout/acme", body{"callbackURL": "/bye"})
		to, q := a.Location()
		if a.Status != 302 || !strings.HasPrefix(to, "https://idp.example/slo?SAMLRequest=") || q.Get("name") != "ada-id" || q.Get("index") != "s-"+b.id || q.Get("RelayState") != "" {
			t.Fatalf("answered %d %s, sent to %q", a.Status, a.Body, to)
		}
		alive(t, c, false)
		alive(t, copied, false)
		alive(t, other, true)
		answer := func(success string) string {
			return `{"InResponseTo":"` + q.Get("SAMLRequest") + `","Success":` + success + `}`
		}
		wantRedirect(t, c.Get(slo+"?SAMLResponse="+url.QueryEscape(answer("true"))), "/bye", "")
		c.Get(slo+"?SAMLResponse="+url.QueryEscape(answer("true"))).Want(t, 400, "INVALID_LOGOUT_RESPONSE")
		b2 := other.Post("/sso/saml2/logout/acme", body{})
		_, q = b2.Location()
		c.Get(slo+"?SAMLResponse="+url.QueryEscape(answer("false"))).Want(t, 400, "LOGOUT_FAILED_AT_IDP")
	})
	t.Run("a user of another way", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, rules)
		w.signUp(t, "x@acme.test").Post("/sso/saml2/logout/acme", body{}).Want(t, 404, "SAML_PROVIDER_NOT_FOUND")
	})
	t.Run("a plain sign-out is forgotten", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, rules)
		c, _ := signIn(t, w)
		c.Post("/sign-out", body{}).Want(t, 200, "")
		if n := w.count(t, core.ModelVerification); n != 0 {
			t.Fatalf("%d values are left", n)
		}
	})
	t.Run("without the option", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		post(w.Client(), slo, "SAMLRequest", "x").Want(t, 400, "SINGLE_LOGOUT_NOT_ENABLED")
		w.signUp(t, "x@acme.test").Post("/sso/saml2/logout/acme", body{}).Want(t, 400, "SINGLE_LOGOUT_NOT_ENABLED")
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		o    sso.Options
		want string
	}{
		{sso.Options{Defaults: []sso.DefaultProvider{{ProviderID: "a/b", OIDC: &sso.OIDCConfig{}}}}, "ProviderID"},
		{sso.Options{Defaults: []sso.DefaultProvider{{ProviderID: "a"}}}, "either OIDC or SAML"},
		{sso.Options{Defaults: []sso.DefaultProvider{{ProviderID: "a", SAML: &sso.SAMLConfig{}}}}, "set Options.SAML"},
		{sso.Options{Defaults: []sso.DefaultProvider{{ProviderID: "a", OIDC: &sso.OIDCConfig{}}}}, "Issuer and ClientID"},
		{sso.Options{SAMLRules: sso.SAMLRules{ClockSkew: time.Hour}}, "ClockSkew"},
		{sso.Options{Domains: sso.DomainVerification{TokenPrefix: "A b"}}, "TokenPrefix"},
		{sso.Options{RedirectURI: "javascript:alert(1)"}, "RedirectURI"},
		{sso.Options{Columns: map[string]string{"x": "y"}}, "Columns"},
	} {
		_, err := sso.New(test.o).Manifest(core.Env{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.want, err)
		}
	}
	if (&sso.SAMLError{Reason: "x"}).Error() == "" || errors.Is(refused("x"), core.ErrNotFound) {
		t.Error("an error without a text")
	}
}
