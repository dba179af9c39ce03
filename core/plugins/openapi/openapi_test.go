package openapi_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/openapi"
	"github.com/advantch/kernia-go/core/schema"
)

func open(t *testing.T, o openapi.Options, change ...func(*core.Options)) *authtest.Env {
	t.Helper()
	return authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		for _, f := range change {
			f(c)
		}
	}, openapi.New(o), emailpassword.New(emailpassword.Options{}), bearer.New(bearer.Options{}))
}

type document struct {
	OpenAPI string
	Servers []struct{ URL string }
	Paths   map[string]map[string]struct {
		Security    []map[string][]string
		RequestBody struct {
			Content map[string]struct {
				Schema struct{ Properties map[string]any }
			}
		}
	}
	Components struct{ SecuritySchemes map[string]any }
}

func read(t *testing.T, a *authtest.Answer) (d document) {
	t.Helper()
	a.Want(t, 200, "")
	if got := a.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("the document is %q", got)
	}
	if err := json.Unmarshal([]byte(a.Body), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDocument(t *testing.T) {
	t.Parallel()
	e := open(t, openapi.Options{}, func(o *core.Options) {
		o.DisabledPaths, o.Compat = []string{"/update-session", "/forget-password"}, core.CompatKernia
		o.User.Fields = []schema.Field{{Name: "nickname", Type: schema.String, Optional: true}, {Name: "points", Type: schema.Number, Optional: true, NoInput: true}}
	})
	first := e.Client().Get("/openapi.json")
	d := read(t, first)
	if second := e.Client().Get("/open-api/generate-schema"); !bytes.Equal([]byte(first.Body), []byte(second.Body)) {
		t.Error("the two addresses have different documents")
	}
	if d.OpenAPI != "3.1.1" || len(d.Servers) != 1 || d.Servers[0].URL != authtest.BaseURL+"/api/auth" {
		t.Errorf("%s of %v", d.OpenAPI, d.Servers)
	}
	for _, path := range []string{"/update-session", "/forget-password", "/openapi.json", "/open-api/generate-schema", "/reference"} {
		if d.Paths[path] != nil {
			t.Errorf("%s is described", path)
		}
	}
	for _, path := range []string{"/sign-up/email", "/update-user"} {
		fields := d.Paths[path]["post"].RequestBody.Content["application/json"].Schema.Properties
		if fields["nickname"] == nil || fields["points"] != nil {
			t.Errorf("the body of %s has %v", path, fields)
		}
	}
	if len(d.Components.SecuritySchemes) != 2 || d.Components.SecuritySchemes["bearerAuth"] == nil {
		t.Errorf("schemes are %v", d.Components.SecuritySchemes)
	}
	if got := d.Paths["/list-sessions"]["get"].Security; len(got) != 2 || len(got[0]) != 1 || len(got[1]) != 1 {
		t.Errorf("list-sessions asks for %v", got)
	}
}

// The address of the request counts where there are several.
func TestDynamicBaseURL(t *testing.T) {
	t.Parallel()
	e := open(t, openapi.Options{}, func(o *core.Options) {
		o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"*.example.com"}, Protocol: "https"}
	})
	for _, host := range []string{"a.example.com", "b.example.com"} {
		res := &core.Response{}
		e.Auth.Serve(t.Context(), &core.Request{Method: "GET", Host: host, Path: "/api/auth/openapi.json"}, res)
		var d document
		if err := json.Unmarshal(res.Body, &d); err != nil || d.Servers[0].URL != "https://"+host+"/api/auth" {
			t.Errorf("%s: %v, %v", host, d.Servers, err)
		}
	}
}

var configuration = regexp.MustCompile(`data-configuration="([^"]*)"`)

func TestPage(t *testing.T) {
	t.Parallel()
	e := open(t, openapi.Options{Theme: "moon", Nonce: "abc+/="}, func(o *core.Options) { o.AppName = `</script><b a="'>` })
	page := e.Client().Get("/reference").Want(t, 200, "")
	body := string(page.Body)
	if strings.Contains(body, "<b a") || strings.Count(body, "<script") != 2 || strings.Contains(body, "http://cdn") {
		t.Error("XSS-01 the name of the application is markup in the page")
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self' 'nonce-abc+/=';") || strings.Contains(policy, "http") {
		t.Errorf("the policy is %q", policy)
	}
	if !strings.Contains(body, `<script nonce="abc+/=" src="/api/auth/reference/scalar.js?v=`) {
		t.Error("the script has another address or nonce")
	}
	var config struct {
		Content          document
		Theme            string
		Telemetry        bool
		WithDefaultFonts bool
	}
	found := configuration.FindStringSubmatch(body)
	if found == nil {
		t.Fatal("the page has no configuration")
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &config); err != nil {
		t.Fatal(err)
	}
	if config.Theme != "moon" || config.Telemetry || config.WithDefaultFonts || config.Content.Paths["/sign-in/email"] == nil {
		t.Errorf("the page is told the theme %q and %d paths", config.Theme, len(config.Content.Paths))
	}
}

func TestNoPage(t *testing.T) {
	t.Parallel()
	e := open(t, openapi.Options{DisableDefaultReference: true})
	e.Client().Get("/reference").Want(t, 404, "NOT_FOUND")
	e.Client().Get("/reference/scalar.js").Want(t, 404, "NOT_FOUND")
	read(t, e.Client().Get("/openapi.json"))
	e = open(t, openapi.Options{DisableDefaultReference: true}, func(o *core.Options) { o.Compat = core.CompatBetterAuth })
	if a := e.Client().Get("/reference").Want(t, 404, ""); len(a.Body) != 0 || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%q, %q", a.Body, a.Header.Get("Content-Type"))
	}
}

// The script is the one whose digest is noted, and is sent once.
func TestScript(t *testing.T) {
	t.Parallel()
	var noted struct{ Version, SHA256 string }
	text, err := os.ReadFile("scalar/version.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &noted); err != nil {
		t.Fatal(err)
	}
	e := open(t, openapi.Options{Path: "/docs"})
	get := func(name, value string) *authtest.Answer {
		return e.Client().Get("/docs/scalar.js", core.HeaderField{Name: name, Value: value})
	}
	plain := get("Accept-Encoding", "gzip;q=0, br").Want(t, 200, "")
	sum := sha256.Sum256([]byte(plain.Body))
	if hex.EncodeToString(sum[:]) != noted.SHA256 || !strings.Contains(string(plain.Body)[:1000], "api-reference "+noted.Version) {
		t.Error("the script has another digest or version than version.json says: run go run ./scripts/scalar VERSION")
	}
	packed := get("Accept-Encoding", "deflate, gzip;q=0.5").Want(t, 200, "")
	r, err := gzip.NewReader(strings.NewReader(string(packed.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != string(plain.Body) || packed.Header.Get("Content-Encoding") != "gzip" {
		t.Error("the compressed script is another one")
	}
	for _, a := range []*authtest.Answer{plain, packed} {
		if a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("the script may be kept as %q, %q", a.Header.Get("Cache-Control"), a.Header.Get("Vary"))
		}
	}
	tag := plain.Header.Get("ETag")
	for value, status := range map[string]int{tag: 304, `"other", W/` + tag: 304, "*": 304, `"other"`: 200} {
		if a := get("If-None-Match", value).Want(t, status, ""); status == 304 && len(a.Body) > 0 {
			t.Errorf("%s has a body", value)
		}
	}
}

// DOS: a client that says it cannot read gzip does not have megabytes unpacked each time.
func TestScriptIsUnpackedOnce(t *testing.T) {
	t.Parallel()
	e := open(t, openapi.Options{})
	p, _ := openapi.From(e.Auth)
	var at *byte
	for range 2 {
		raw, err := p.Script.Call(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if at != nil && at != &raw.Body[0] {
			t.Error("the script was unpacked again")
		}
		at = &raw.Body[0]
	}
}

func TestRefusedOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]openapi.Options{
		`Options.Path is "docs"`:       {Path: "docs"},
		`Options.Path is "/docs/"`:     {Path: "/docs/"},
		`Options.Path is "/:id"`:       {Path: "/:id"},
		`Options.Theme is "dark"`:      {Theme: "dark"},
		`Options.Nonce has characters`: {Nonce: `a" onload="x`},
	} {
		if _, err := core.New(authtest.NewEnv(t).Options(openapi.New(o))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	e := open(t, openapi.Options{})
	if p, ok := openapi.From(e.Auth); !ok || p.ID() != "open-api" {
		t.Error("the plugin is not found")
	}
}
