package core_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// A proxy in front must not cost the cookies their Secure attribute.
func TestForwardedLists(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, proto, host, protocol string
		trust, secure               bool
		warns                       bool
	}{
		{name: "a list", proto: "https,http", trust: true, secure: true},
		{name: "a list with blanks", proto: "https, https", trust: true, secure: true},
		{name: "capitals", proto: "HTTPS", trust: true, secure: true},
		{name: "a list of hosts", proto: "https", host: "App.example.com, internal.lan", trust: true, secure: true},
		{name: "no scheme at all", proto: "on", trust: true, secure: true},
		{name: "a trusted proxy says http", proto: "http", trust: true, warns: true},
		{name: "https is believed without trust", proto: "https", secure: true},
		{name: "http is not", proto: "http", warns: true},
		{name: "nothing is said", warns: true},
		{name: "configured", proto: "http", trust: true, protocol: "https", secure: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				o.BaseURL = ""
				o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"app.example.com"}, TrustForwarded: tt.trust, Protocol: tt.protocol}
			})
			fields := core.Fields{header("Content-Type", "application/json")}
			if tt.proto != "" {
				fields = append(fields, header("X-Forwarded-Proto", tt.proto))
			}
			if tt.host != "" {
				fields = append(fields, header("X-Forwarded-Host", tt.host))
			}
			host := "app.example.com"
			if tt.host != "" {
				host = "127.0.0.1:3000"
			}
			res := send(e.Auth, core.Request{Method: "POST", Path: "/api/auth/sign-up/email", Host: host, Header: fields,
				Body: []byte(`{"name":"x","email":"ada@example.com","password":"` + passphrase + `"}`)})
			line := strings.Join(core.Fields(res.Header).Values("Set-Cookie"), "\n")
			if res.Status != 200 || strings.Contains(line, "; Secure") != tt.secure || strings.HasPrefix(line, "__Secure-") != tt.secure {
				t.Errorf("%d %s", res.Status, line)
			}
			if strings.Contains(e.Log.String(), "cookies are not Secure") != tt.warns {
				t.Errorf("log: %s", e.Log.String())
			}
		})
	}
}

func TestUnknownProxyIsNamedOnce(t *testing.T) {
	t.Parallel()
	e := limited(t, nil)
	for i := range 3 {
		c := e.Client()
		c.IP = "10.0.0.5"
		c.Get("/get-session", header("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)))
	}
	if n := strings.Count(e.Log.String(), `netip.MustParsePrefix(\"10.0.0.5/32\")`); n != 1 {
		t.Errorf("said %d times:\n%s", n, e.Log.String())
	}
	t.Run("not when it is configured, and not without the header", func(t *testing.T) {
		t.Parallel()
		e := limited(t, func(_ *authtest.Env, o *core.Options) {
			o.IPAddress.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		})
		proxied, direct := e.Client(), e.Client()
		proxied.IP = "10.0.0.5"
		proxied.Get("/get-session", header("X-Forwarded-For", "203.0.113.1"))
		direct.Get("/get-session")
		if strings.Contains(e.Log.String(), "no trusted proxy") {
			t.Error(e.Log.String())
		}
	})
}

// A server that renders pages asks for every visitor's session from one address.
func TestRenderingServerIsNotLimited(t *testing.T) {
	t.Parallel()
	e := limited(t, nil)
	c := e.Client()
	for range 1000 {
		c.Get("/get-session").Want(t, 200, "")
	}
}
