package social_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/wire"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// What Better Auth 1.6.11 sends to each of its providers and makes of their
// answers, recorded from it.
type recorded struct {
	ID, Name, URL string
	// The scopes with the further scope "cfg", and without the default scopes. nil
	// where no scope is sent.
	ScopesWithOptionScope, ScopeWhenDefaultsDisabled *string
	Token, Refresh                                   *request
	Answer                                           json.RawMessage
	Samples                                          []sample
	IDToken                                          *struct {
		JWKSURL string
		Results map[string]bool
	}
}

type request struct {
	Method, URL, Body string
	Headers           map[string]string
	Form              form
}

// form keeps the order of its members.
type form wire.Query

func (f *form) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var p wire.Pair
		name, err := d.Token()
		if err != nil {
			return err
		}
		p.Name, _ = name.(string)
		if err := d.Decode(&p.Value); err != nil {
			return err
		}
		*f = append(*f, p)
	}
	return nil
}

type sample struct {
	Input struct {
		IDTokenClaims json.RawMessage
		Token         map[string]json.RawMessage
		Responses     []struct {
			URLContains string
			Body        json.RawMessage
		}
	}
	Requests []request
	Output   *struct {
		User struct {
			ID                 any
			Name, Email, Image string
			EmailVerified      bool
		}
	}
}

var load = sync.OnceValue(func() []recorded {
	data, err := os.ReadFile("testdata/providers.json")
	if err != nil {
		panic(err)
	}
	var all struct{ Providers []recorded }
	if err := json.Unmarshal(data, &all); err != nil {
		panic(err)
	}
	return all.Providers
})

// constructors make each provider of some common options. The recorded options of a
// provider's own are in them.
var constructors = map[string]func(social.Options) oauth.Config{
	"apple":      func(o social.Options) oauth.Config { return social.Apple(social.AppleOptions{Options: o}) },
	"atlassian":  func(o social.Options) oauth.Config { return social.Atlassian(social.AtlassianOptions{Options: o}) },
	"cloudflare": func(o social.Options) oauth.Config { return social.Cloudflare(social.CloudflareOptions{Options: o}) },
	"cognito": func(o social.Options) oauth.Config {
		return social.Cognito(social.CognitoOptions{Options: o, Domain: "auth.example.com", Region: "us-east-1", UserPoolID: "us-east-1_abc"})
	},
	"discord":     func(o social.Options) oauth.Config { return social.Discord(social.DiscordOptions{Options: o}) },
	"dropbox":     func(o social.Options) oauth.Config { return social.Dropbox(social.DropboxOptions{Options: o}) },
	"facebook":    func(o social.Options) oauth.Config { return social.Facebook(social.FacebookOptions{Options: o}) },
	"figma":       func(o social.Options) oauth.Config { return social.Figma(social.FigmaOptions{Options: o}) },
	"github":      func(o social.Options) oauth.Config { return social.GitHub(social.GitHubOptions{Options: o}) },
	"gitlab":      func(o social.Options) oauth.Config { return social.GitLab(social.GitLabOptions{Options: o}) },
	"google":      func(o social.Options) oauth.Config { return social.Google(social.GoogleOptions{Options: o}) },
	"huggingface": func(o social.Options) oauth.Config { return social.HuggingFace(social.HuggingFaceOptions{Options: o}) },
	"kakao":       func(o social.Options) oauth.Config { return social.Kakao(social.KakaoOptions{Options: o}) },
	"kick":        func(o social.Options) oauth.Config { return social.Kick(social.KickOptions{Options: o}) },
	"line":        func(o social.Options) oauth.Config { return social.LINE(social.LINEOptions{Options: o}) },
	"linear":      func(o social.Options) oauth.Config { return social.Linear(social.LinearOptions{Options: o}) },
	"linkedin":    func(o social.Options) oauth.Config { return social.LinkedIn(social.LinkedInOptions{Options: o}) },
	"microsoft":   func(o social.Options) oauth.Config { return social.Microsoft(social.MicrosoftOptions{Options: o}) },
	"naver":       func(o social.Options) oauth.Config { return social.Naver(social.NaverOptions{Options: o}) },
	"notion":      func(o social.Options) oauth.Config { return social.Notion(social.NotionOptions{Options: o}) },
	"paybin":      func(o social.Options) oauth.Config { return social.Paybin(social.PaybinOptions{Options: o}) },
	"paypal":      func(o social.Options) oauth.Config { return social.PayPal(social.PayPalOptions{Options: o}) },
	"polar":       func(o social.Options) oauth.Config { return social.Polar(social.PolarOptions{Options: o}) },
	"railway":     func(o social.Options) oauth.Config { return social.Railway(social.RailwayOptions{Options: o}) },
	"reddit":      func(o social.Options) oauth.Config { return social.Reddit(social.RedditOptions{Options: o}) },
	"roblox":      func(o social.Options) oauth.Config { return social.Roblox(social.RobloxOptions{Options: o}) },
	"salesforce":  func(o social.Options) oauth.Config { return social.Salesforce(social.SalesforceOptions{Options: o}) },
	"slack":       func(o social.Options) oauth.Config { return social.Slack(social.SlackOptions{Options: o}) },
	"spotify":     func(o social.Options) oauth.Config { return social.Spotify(social.SpotifyOptions{Options: o}) },
	"tiktok": func(o social.Options) oauth.Config {
		return social.TikTok(social.TikTokOptions{Options: o, ClientKey: "ckey"})
	},
	"twitch":  func(o social.Options) oauth.Config { return social.Twitch(social.TwitchOptions{Options: o}) },
	"twitter": func(o social.Options) oauth.Config { return social.Twitter(social.TwitterOptions{Options: o}) },
	"vercel":  func(o social.Options) oauth.Config { return social.Vercel(social.VercelOptions{Options: o}) },
	"vk":      func(o social.Options) oauth.Config { return social.VK(social.VKOptions{Options: o}) },
	"wechat":  func(o social.Options) oauth.Config { return social.WeChat(social.WeChatOptions{Options: o}) },
	"zoom":    func(o social.Options) oauth.Config { return social.Zoom(social.ZoomOptions{Options: o}) },
}

func base() social.Options {
	return social.Options{ClientID: "cid", ClientSecret: "sec", Clock: clock}
}

func provider(t testing.TB, c oauth.Config) *oauth.Provider {
	t.Helper()
	p, err := oauth.NewProvider(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// each runs a test for every recorded provider.
func each(t *testing.T, f func(t *testing.T, want recorded, make func(social.Options) oauth.Config)) {
	all := load()
	if len(all) != 35 || len(constructors) != 36 {
		t.Fatalf("%d providers are recorded, %d are made", len(all), len(constructors))
	}
	for _, want := range all {
		t.Run(want.ID, func(t *testing.T) {
			t.Parallel()
			f(t, want, constructors[want.ID])
		})
	}
}

func redirect(id string) string { return "http://localhost:3000/api/auth/callback/" + id }

func TestAuthorizationURLs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, want recorded, make func(social.Options) oauth.Config) {
		authorize := func(o social.Options, r oauth2.AuthorizationRequest) string {
			t.Helper()
			r.State, r.Verifier = "s", "v"
			if r.RedirectURI == "" {
				r.RedirectURI = redirect(want.ID)
			}
			out, err := provider(t, make(o)).AuthorizationURL(r)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		p := provider(t, make(base()))
		if p.ID() != want.ID || p.Name() != want.Name {
			t.Errorf("%s %q", p.ID(), p.Name())
		}
		if want.ID == "apple" { // as since 1.7
			want.URL += "&code_challenge_method=S256&code_challenge=" + oauth2.Challenge("v")
		}
		if got := authorize(base(), oauth2.AuthorizationRequest{}); got != want.URL {
			t.Errorf("\n got %s\nwant %s", got, want.URL)
		}
		scope := func(raw string) string {
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			return u.Query().Get("scope")
		}
		o := base()
		o.Scopes = []string{"cfg"}
		if s := want.ScopesWithOptionScope; s != nil && *s != "" {
			if got := scope(authorize(o, oauth2.AuthorizationRequest{})); got != *s {
				t.Errorf("scope %q, want %q", got, *s)
			}
		} else if _, err := oauth.NewProvider(make(o)); err == nil {
			t.Error("scopes that are not sent are accepted")
		}
		o = base()
		o.DisableDefaultScopes = true
		got := authorize(o, oauth2.AuthorizationRequest{})
		if s := want.ScopeWhenDefaultsDisabled; scope(got) != "" || strings.Contains(got, "scope=") != (s != nil) {
			t.Errorf("without default scopes: %s", got)
		}
		o = base()
		o.RedirectURI, o.AuthorizeURL = "https://app.example.com/cb", "https://sandbox.example.com/auth?x=1"
		got = authorize(o, oauth2.AuthorizationRequest{})
		if !strings.HasPrefix(got, "https://sandbox.example.com/auth?") || !strings.Contains(got, "x=1") || !strings.Contains(got, "redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb") {
			t.Error(got)
		}
	})
}

// unlike are the recorded values of token requests that are not repeated, each with
// its reason.
var unlike = map[string]map[string]string{
	"apple":  {"code_verifier": "it is sent without a challenge"},
	"paypal": {"code_verifier": "it is not sent although a challenge was"},
	"tiktok": {"client_id": `it is the text "undefined"`},
	"notion": {"authorization": "a refreshed token is asked for without Basic, which Notion wants", "client_id": "as above", "client_secret": "as above"},
	"reddit": {"user-agent": "it is not sent on refresh, which Reddit wants"},
	"wechat": {"accept": "it is sent here, and harmless"},
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, want recorded, make func(social.Options) oauth.Config) {
		p := provider(t, make(base()))
		s := &server{respond: func(*http.Request) (int, string, string) { return 200, "application/json", string(want.Answer) }}
		tokens, err := p.Exchange(context.Background(), s.client(), oauth2.Exchange{
			Code: "code1", RedirectURI: redirect(want.ID), Verifier: "v", Callback: wire.Query{{Name: "device_id", Value: "dev1"}}, Now: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, want.ID, "exchange", s.last(t), want.Token)
		if tokens.AccessToken != "at" || tokens.RefreshToken != "rt" || !tokens.AccessTokenExpiresAt.After(now) || tokens.TokenType != "Bearer" || len(tokens.Scopes) == 0 {
			t.Errorf("%#v", *tokens)
		}
		if p.CanRefresh() != (want.Refresh != nil) {
			t.Error("refresh", p.CanRefresh())
		}
		if want.Refresh == nil {
			return
		}
		if _, err := p.Refresh(context.Background(), s.client(), "rt0", now); err != nil {
			t.Fatal(err)
		}
		compare(t, want.ID, "refresh", s.last(t), want.Refresh)
	})
}

// seen is a request as the provider gets it.
type seen struct {
	method, url, body string
	header            map[string]string
}

// server answers requests and keeps them.
type server struct {
	mu      sync.Mutex
	seen    []seen
	respond func(r *http.Request) (status int, kind, body string)
}

func (s *server) client() *http.Client { return &http.Client{Transport: s} }

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	header := map[string]string{}
	for name := range r.Header {
		header[strings.ToLower(name)] = r.Header.Get(name)
	}
	s.mu.Lock()
	s.seen = append(s.seen, seen{r.Method, r.URL.String(), string(body), header})
	s.mu.Unlock()
	status, kind, answer := s.respond(r)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (s *server) last(t *testing.T) seen {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		t.Fatal("no request")
	}
	return s.seen[len(s.seen)-1]
}

func compare(t *testing.T, id, what string, got seen, want *request) {
	t.Helper()
	if got.method != want.Method || got.url != want.URL {
		t.Errorf("%s: %s %s, want %s %s", what, got.method, got.url, want.Method, want.URL)
	}
	drop := func(q wire.Query) wire.Query {
		return slices.DeleteFunc(slices.Clone(q), func(p wire.Pair) bool { return unlike[id][p.Name] != "" })
	}
	if want.Body != "" {
		if got.body != want.Body {
			t.Errorf("%s: the body\n got %s\nwant %s", what, got.body, want.Body)
		}
	} else if sent, recorded := drop(wire.ParseQuery(got.body)), drop(wire.Query(want.Form)); !slices.Equal(sent, recorded) {
		t.Errorf("%s: the form\n got %v\nwant %v", what, sent, recorded)
	}
	header := maps.Clone(want.Headers)
	for name := range unlike[id] {
		delete(header, name)
		delete(got.header, name)
	}
	if !maps.Equal(got.header, header) && len(got.header)+len(header) > 0 {
		t.Errorf("%s: the header\n got %v\nwant %v", what, got.header, header)
	}
}

// other are the profiles that differ from the recorded ones: addresses that nobody
// has proven, or that are none.
var other = map[string]map[int]oauth2.Profile{
	"reddit":  {0: {Email: "1001@reddit.placeholder.invalid"}},
	"roblox":  {0: {Email: "1001@roblox.placeholder.invalid"}, 1: {Email: "1001@roblox.placeholder.invalid"}},
	"tiktok":  {0: {Email: "1001@tiktok.placeholder.invalid"}},
	"twitter": {1: {Email: "1001@twitter.placeholder.invalid"}},
	"wechat":  {0: {Email: "union1@wechat.placeholder.invalid"}, 1: {Email: "openid1@wechat.placeholder.invalid"}},
}

// respondTo answers as the provider of a sample did.
func respondTo(s sample) func(*http.Request) (int, string, string) {
	return func(r *http.Request) (int, string, string) {
		if strings.Contains(r.URL.Path, "debug_token") {
			return 200, "application/json", `{"data":{"is_valid":true,"app_id":"cid","user_id":"1001"}}`
		}
		if strings.Contains(r.URL.Host, "graph.microsoft.com") {
			if s.Output == nil || !strings.HasPrefix(s.Output.User.Image, "data:") {
				return 404, "application/json", `{"error":{"code":"ImageNotFound"}}`
			}
			_, text, _ := strings.Cut(s.Output.User.Image, "base64, ")
			photo, _ := base64.StdEncoding.DecodeString(text)
			return 200, "image/jpeg", string(photo)
		}
		for _, one := range s.Input.Responses {
			if strings.Contains(r.URL.String(), one.URLContains) {
				return 200, "application/json", string(one.Body)
			}
		}
		return 404, "application/json", `{}`
	}
}

func profileRequest(t *testing.T, s sample) oauth2.ProfileRequest {
	t.Helper()
	r := oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "at"}}
	if len(s.Input.IDTokenClaims) > 0 {
		c, err := oauth2.ParseClaims(s.Input.IDTokenClaims)
		if err != nil {
			t.Fatal(err)
		}
		r.IDToken, r.Tokens.IDToken = c, "header.payload.signature"
	}
	raw := map[string]any{"access_token": "at"}
	for name, v := range s.Input.Token {
		if name == "user" {
			r.Callback = wire.Query{{Name: "user", Value: string(v)}}
			continue
		}
		raw[name] = v
	}
	var err error
	if r.Tokens.Raw, err = json.Marshal(raw); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, want recorded, make func(social.Options) oauth.Config) {
		for i, s := range want.Samples {
			server := &server{respond: respondTo(s)}
			got, err := provider(t, make(base())).Profile(context.Background(), server.client(), profileRequest(t, s))
			if s.Output == nil {
				if err == nil {
					t.Errorf("sample %d: %+v", i, *got)
				}
				continue
			}
			if err != nil {
				t.Errorf("sample %d: %v", i, err)
				continue
			}
			u := s.Output.User
			p := oauth2.Profile{ID: fmt.Sprint(u.ID), Name: u.Name, Email: u.Email, Image: u.Image, EmailVerified: u.EmailVerified, Raw: got.Raw}
			if o, ok := other[want.ID][i]; ok {
				p.Email, p.EmailVerified = o.Email, o.EmailVerified
			}
			if !reflect.DeepEqual(*got, p) || got.Raw == nil {
				t.Errorf("sample %d\n got %+v\nwant %+v", i, *got, p)
			}
			requests := slices.DeleteFunc(server.seen, func(r seen) bool { return strings.Contains(r.url, "debug_token") })
			if len(requests) != len(s.Requests) {
				t.Errorf("sample %d: %d requests, want %d: %v", i, len(requests), len(s.Requests), requests)
				continue
			}
			for n, r := range requests {
				recorded := s.Requests[n]
				delete(r.header, "accept") // asked for here, and harmless
				delete(recorded.Headers, "accept")
				compare(t, "", fmt.Sprintf("sample %d, request %d", i, n), r, &recorded)
			}
		}
	})
}

// The values that are no proof of an address, in the place of each value that
// could be one.
func TestVerifiedAddresses(t *testing.T) {
	t.Parallel()
	marks := []string{"email_verified", "verified", "is_email_verified", "is_email_valid", "has_verified_email", "verified_primary_email", "verified_secondary_email"}
	var replace func(v any, with any, remove bool) any
	replace = func(v any, with any, remove bool) any {
		switch x := v.(type) {
		case map[string]any:
			for name, member := range x {
				switch {
				case slices.Contains(marks, name) && remove:
					delete(x, name)
				case slices.Contains(marks, name):
					x[name] = with
				default:
					x[name] = replace(member, with, remove)
				}
			}
		case []any:
			for i := range x {
				x[i] = replace(x[i], with, remove)
			}
		}
		return v
	}
	change := func(t *testing.T, raw json.RawMessage, with any, remove bool) json.RawMessage {
		var v any
		if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
			return raw
		}
		out, err := json.Marshal(replace(v, with, remove))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	each(t, func(t *testing.T, want recorded, make func(social.Options) oauth.Config) {
		verify := func(s sample, with any, remove bool) (*oauth2.Profile, error) {
			s.Input.IDTokenClaims = change(t, s.Input.IDTokenClaims, with, remove)
			s.Input.Responses = slices.Clone(s.Input.Responses)
			for i := range s.Input.Responses {
				s.Input.Responses[i].Body = change(t, s.Input.Responses[i].Body, with, remove)
			}
			server := &server{respond: respondTo(s)}
			return provider(t, make(base())).Profile(context.Background(), server.client(), profileRequest(t, s))
		}
		for i, s := range want.Samples {
			if s.Output == nil || want.ID == "twitter" && i == 0 { // which has a confirmed address
				continue
			}
			for name, with := range map[string]any{
				"false": false, `"false"`: "false", "0": 0, `"0"`: "0", "null": nil, `""`: "", "no": "no", `"1"`: "1", `"TRUE"`: "TRUE", "a list": []any{true}, "an object": map[string]any{"a": true}, "missing": "remove",
			} {
				t.Run(fmt.Sprintf("LNK-03 sample %d, %s", i, name), func(t *testing.T) {
					p, err := verify(s, with, name == "missing")
					if err != nil {
						t.Fatal(err)
					}
					if p.EmailVerified {
						t.Errorf("%s counts as verified", p.Email)
					}
				})
			}
			if s.Output.User.EmailVerified && want.ID != "github" && want.ID != "reddit" {
				p, err := verify(s, "true", false)
				list := strings.Contains(string(s.Input.IDTokenClaims), "verified_primary") || strings.Contains(string(s.Input.IDTokenClaims), "verified_secondary")
				if err != nil || p.EmailVerified == list {
					t.Errorf("sample %d: the text \"true\": %v %v", i, p, err)
				}
			}
		}
	})
}
