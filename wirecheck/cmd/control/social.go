package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/wire"
)

// social maps socialProviders. Better Auth's routes are there without providers too.
func (i *instance) social(root *section) core.Plugin {
	all := root.sub("socialProviders")
	var configs []oauth.Config
	for _, m := range all.object.Members() {
		all.get(m.Name)
		s := all.all.section(all.name(m.Name), m.Value)
		made, known := providers[m.Name]
		if !known {
			all.all.problem(all.name(m.Name))
			continue
		}
		if c := made(s, i.providerOptions(s)); s.flagOr("enabled", true) {
			configs = append(configs, c)
		}
	}
	return social.New(configs...)
}

func (i *instance) providerOptions(s *section) social.Options {
	o := social.Options{
		ClientSecret: s.text("clientSecret"), Scopes: s.texts("scope"), DisableDefaultScopes: s.flag("disableDefaultScope"), Prompt: s.text("prompt"),
		RedirectURI: s.text("redirectURI"), AuthorizeURL: s.text("authorizationEndpoint"), DisableSignUp: s.flag("disableSignUp"),
		DisableImplicitSignUp: s.flag("disableImplicitSignUp"), OverrideUserInfo: s.flag("overrideUserInfoOnSignIn"),
		DisableIDTokenSignIn: s.flag("disableIdTokenSignIn"), Clock: i.clock.now,
	}
	if ids, several := s.get("clientId").Items(); several {
		for n, id := range ids {
			text, _ := id.Str()
			if n == 0 {
				o.ClientID = text
			} else {
				o.Audiences = append(o.Audiences, text)
			}
		}
	} else {
		o.ClientID = s.text("clientId")
	}
	if f := s.function("mapProfileToUser"); f != nil {
		o.MapProfile = func(ctx context.Context, p *oauth2.Profile) (map[string]any, error) {
			v, err := f.call(ctx, valueOf(p.Raw))
			fields := map[string]any{}
			if mapped, ok := v.Obj(); ok {
				for _, m := range mapped.Members() {
					fields[m.Name] = scalar(m.Value)
				}
			}
			return fields, err
		}
	}
	if f := s.function("verifyIdToken"); f != nil {
		o.VerifyIDToken = func(ctx context.Context, _ *http.Client, _ *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
			sent := wire.String(nonce)
			if nonce == "" {
				sent = undefined
			}
			v, err := f.call(ctx, wire.String(token), sent)
			if err == nil && !v.Truthy() {
				err = errors.New("verifyIdToken says no")
			}
			if err != nil {
				return nil, err
			}
			return claimsOf(token)
		}
	}
	return o
}

// claimsOf reads a token that a callback has verified.
func claimsOf(token string) (oauth2.Claims, error) {
	parts := bytes.Split([]byte(token), []byte("."))
	if len(parts) != 3 {
		return oauth2.Claims{}, nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	if err != nil {
		return nil, err
	}
	return oauth2.ParseClaims(payload)
}

func valueOf(c oauth2.Claims) wire.Value {
	v, err := wire.Parse(c.AppendJSON(nil), limits)
	if err != nil {
		return undefined
	}
	return v
}

func scalar(v wire.Value) any {
	if text, ok := v.Str(); ok {
		return text
	}
	if b, ok := v.Bool(); ok {
		return b
	}
	if n, ok := v.Num(); ok {
		return n
	}
	return nil
}

func (i *instance) linking(o *core.AccountOptions, s *section) {
	l := &o.Linking
	l.Disabled = !s.flagOr("enabled", true)
	l.DisableImplicit = s.flag("disableImplicitLinking")
	l.AllowDifferentEmails = s.flag("allowDifferentEmails")
	l.AllowUnverifiedUser = !s.flagOr("requireLocalEmailVerified", true)
	l.UpdateUser = s.flag("updateUserInfoOnLink")
	o.AllowUnlinkingAll = s.flag("allowUnlinkingAll")
	if f := s.all.function(s.get("trustedProviders")); f != nil {
		l.TrustedProvidersFunc = func(ctx context.Context, _ *core.Request) ([]string, error) {
			v, err := f.call(ctx, requestOf(ctx))
			items, _ := v.Items()
			var out []string
			for _, item := range items {
				if text, ok := item.Str(); ok {
					out = append(out, text)
				}
			}
			return out, err
		}
		return
	}
	l.TrustedProviders = s.texts("trustedProviders")
}

// fetcher sends the instance's requests to the outside world.
type fetcher struct{ outside outside }

func (i *instance) httpClient() *http.Client {
	return &http.Client{
		Transport:     fetcher{i.outside},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip posts a request to /fetch of the outside world and returns what that says.
func (f fetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	var body wire.Value = wire.Null()
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		body = wire.String(base64.StdEncoding.EncodeToString(raw))
	}
	var header []wire.Value
	for name, values := range r.Header {
		for _, v := range values {
			header = append(header, wire.Array(wire.String(name), wire.String(v)))
		}
	}
	message := wire.ObjectOf(wire.NewObject(
		wire.Member{Name: "instance", Value: wire.String(f.outside.instance)}, wire.Member{Name: "url", Value: wire.String(r.URL.String())},
		wire.Member{Name: "method", Value: wire.String(r.Method)}, wire.Member{Name: "headers", Value: wire.Array(header...)},
		wire.Member{Name: "body", Value: body}, wire.Member{Name: "redirect", Value: wire.String("manual")},
	))
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), http.MethodPost, f.outside.url+"/fetch", bytes.NewReader(message.AppendJSON(nil)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := callbackClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	v, err := wire.Parse(raw, limits)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	if failure, ok := v.Get("networkError").Str(); ok {
		return nil, errors.New(failure)
	}
	status, _ := v.Get("status").Int64()
	out := &http.Response{
		Status: http.StatusText(int(status)), StatusCode: int(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
	}
	lines, _ := v.Get("headers").Items()
	for _, line := range lines {
		pair, _ := line.Items()
		if len(pair) == 2 {
			name, _ := pair[0].Str()
			value, _ := pair[1].Str()
			out.Header.Add(name, value)
		}
	}
	text, _ := v.Get("body").Str()
	answer, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	return out, nil
}
