package oauth2_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/oauth2"
)

func TestParseTokens(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return now.Add(d) }
	for name, test := range map[string]struct {
		kind, body string
		ends       time.Time
		scopes     string
	}{
		"a number":              {"application/json", `{"access_token":"a","expires_in":3600}`, at(time.Hour), "[]"},
		"a string":              {"application/json", `{"access_token":"a","expires_in":" 3600 "}`, at(time.Hour), "[]"},
		"a fraction":            {"application/json", `{"access_token":"a","expires_in":1.5}`, at(1500 * time.Millisecond), "[]"},
		"already over":          {"application/json", `{"access_token":"a","expires_in":-5}`, at(-5 * time.Second), "[]"},
		"not told":              {"application/json", `{"access_token":"a"}`, time.Time{}, "[]"},
		"zero, for ever":        {"application/json", `{"access_token":"a","expires_in":0}`, time.Time{}, "[]"},
		"null":                  {"application/json", `{"access_token":"a","expires_in":null}`, time.Time{}, "[]"},
		"a word":                {"application/json", `{"access_token":"a","expires_in":"never"}`, time.Time{}, "[]"},
		"NaN":                   {"application/json", `{"access_token":"a","expires_in":"NaN"}`, time.Time{}, "[]"},
		"infinite":              {"application/json", `{"access_token":"a","expires_in":"Inf"}`, time.Time{}, "[]"},
		"IDT-09 a huge float":   {"application/json", `{"access_token":"a","expires_in":1e300}`, time.Time{}, "[]"},
		"IDT-09 a huger float":  {"application/json", `{"access_token":"a","expires_in":1e999}`, time.Time{}, "[]"},
		"a list of numbers":     {"application/json", `{"access_token":"a","expires_in":[1]}`, time.Time{}, "[]"},
		"scopes with spaces":    {"application/json", `{"access_token":"a","scope":" a  b "}`, time.Time{}, "[a b]"},
		"scopes with commas":    {"application/json", `{"access_token":"a","scope":"a,b, c"}`, time.Time{}, "[a b c]"},
		"a list of scopes":      {"application/json", `{"access_token":"a","scope":["a","b",5,""]}`, time.Time{}, "[a b]"},
		"scopes that are none":  {"application/json", `{"access_token":"a","scope":5}`, time.Time{}, "[]"},
		"a form":                {"application/x-www-form-urlencoded; charset=utf-8", "access_token=a&expires_in=60&scope=a%2Cb", at(time.Minute), "[a b]"},
		"a form as text":        {"text/plain", "access_token=a&expires_in=60\n", at(time.Minute), "[]"},
		"JSON as text":          {"text/plain; charset=UTF-8", `{"access_token":"a"}`, time.Time{}, "[]"},
		"JSON as a script":      {"text/javascript", `{"access_token":"a"}`, time.Time{}, "[]"},
		"JSON of a kind":        {"application/vnd.x+json", `{"access_token":"a"}`, time.Time{}, "[]"},
		"no type":               {"", `{"access_token":"a"}`, time.Time{}, "[]"},
		"error null, as Notion": {"application/json", `{"access_token":"a","error":null}`, time.Time{}, "[]"},
	} {
		got, err := oauth2.ParseTokens(oauth2.Answer{Status: 200, ContentType: test.kind, Body: []byte(test.body), Now: now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.AccessToken != "a" || !got.AccessTokenExpiresAt.Equal(test.ends) || fmt.Sprint(got.Scopes) != test.scopes || len(got.Raw) == 0 {
			t.Errorf("%s: %q ends %v, scopes %v", name, got.AccessToken, got.AccessTokenExpiresAt, got.Scopes)
		}
	}
}

func FuzzParseTokens(f *testing.F) {
	f.Add(200, "application/json", answer)
	f.Add(400, "application/json", `{"error":"invalid_grant","error_description":"x"}`)
	f.Add(400, "text/plain", `{"errcode":1,"errmsg":"\u0000"}`)
	f.Add(200, "application/x-www-form-urlencoded", "access_token=a&expires_in=1")
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		got, err := oauth2.ParseTokens(oauth2.Answer{Status: status, ContentType: kind, Body: []byte(body), Now: now})
		if (got == nil) == (err == nil) {
			t.Fatal(got, err)
		}
		if err == nil {
			if got.AccessToken == "" && got.IDToken == "" {
				t.Error("no token and no error")
			}
			return
		}
		e, ok := errors.AsType[*oauth2.Error](err)
		if !ok || e.Code == "" || len(e.Code) > 64 || len(e.Description) > 512 || strings.ContainsAny(e.Code+e.Description, "\r\n\x00") {
			t.Errorf("%+v", err)
		}
	})
}

func TestClaims(t *testing.T) {
	t.Parallel()
	c, err := oauth2.ParseClaims([]byte(`{"big":12345678901234567890123,"n":7,"zero":0,"neg":-1,"frac":1.5,"exp":1e3,"s":"x","empty":"","blank":" ","u":"undefined","nul":null,"z":"0",
		"yes":true,"no":false,"syes":"true","sno":"false","one":1,"cap":"TRUE","a":{"b":{"c":"d"}},"list":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("OAU-08 ids", func(t *testing.T) {
		for name, want := range map[string]string{
			"big": "12345678901234567890123", "n": "7", "s": "x", "zero": "", "neg": "", "frac": "", "exp": "", "empty": "", "blank": "", "u": "", "nul": "", "z": "", "yes": "", "a": "", "list": "", "missing": "",
		} {
			if got := c.ID(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
	t.Run("LNK-03 OID-12 what is true", func(t *testing.T) {
		for name := range c {
			if got, want := c.Bool(name), name == "yes" || name == "syes"; got != want {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
	if c.At("a", "b").String("c") != "d" || c.At("a", "x", "b").String("c") != "" || c.At("s").ID("x") != "" || oauth2.Claims(nil).Bool("x") {
		t.Error("wrong paths")
	}
	for _, text := range []string{"", "null", "[]", "5", `{}{}`, `{"a":}`, "\xff"} {
		if _, err := oauth2.ParseClaims([]byte(text)); err == nil {
			t.Errorf("%q is an object", text)
		}
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	s, got := endpoint(t, 200, "application/json", `{"sub":"1001","email":"ada@example.com","email_verified":"false"}`)
	p := open(t, func(c *oauth2.Config) {
		c.Profile = func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			claims, err := oauth2.UserInfo(ctx, c, s.URL, r.Tokens, http.Header{"User-Agent": {"kernia"}})
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{ID: claims.ID("sub"), Email: claims.String("email"), EmailVerified: claims.Bool("email_verified"), Raw: claims}, nil
		}
	})
	ask := func(idToken oauth2.Claims) (*oauth2.Profile, error) {
		return p.Profile(t.Context(), s.Client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "at-secret"}, IDToken: idToken})
	}
	profile, err := ask(nil)
	if err != nil || profile.ID != "1001" || profile.Email != "ada@example.com" || profile.EmailVerified {
		t.Errorf("%+v %v", profile, err)
	}
	if got.header.Get("Authorization") != "Bearer at-secret" || got.header.Get("User-Agent") != "kernia" {
		t.Error(got.header)
	}
	if _, err := ask(oauth2.Claims{"sub": "1001"}); err != nil {
		t.Error(err)
	}
	t.Run("OID-13 another subject than the id_token's", func(t *testing.T) {
		if _, err := ask(oauth2.Claims{"sub": "1002"}); err == nil {
			t.Error("it is accepted")
		}
	})
	t.Run("OAU-08 no id", func(t *testing.T) {
		for _, body := range []string{`{}`, `{"sub":""}`, `{"sub":"undefined"}`, `{"sub":0}`, `{"sub":null}`} {
			none, _ := endpoint(t, 200, "application/json", body)
			s = none
			if profile, err := ask(nil); err == nil {
				t.Errorf("%s: %+v", body, profile)
			}
		}
	})
	t.Run("an error about the token", func(t *testing.T) {
		s, _ = endpoint(t, 401, "application/json", `{"error":"invalid_token","error_description":"at-secret is over"}`)
		_, err := ask(nil)
		e, ok := errors.AsType[*oauth2.Error](err)
		if !ok || e.Status != 401 || strings.Contains(e.Description, "at-secret") {
			t.Errorf("%#v", err)
		}
	})
}
