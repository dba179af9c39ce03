package info

import (
	"net/http"
	"net/netip"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/ratelimit"
)

func TestModules(t *testing.T) {
	t.Parallel()
	got := Modules(&debug.BuildInfo{Deps: []*debug.Module{
		{Path: "gorm.io/gorm", Version: "v1.31.2"},
		{Path: "github.com/gin-gonic/gin", Version: "v1.12.0"},
		{Path: "github.com/gin-gonic/gin-contrib", Version: "v1"},
		{Path: "github.com/labstack/echo/v4", Version: "v4.15.2"},
		{Path: "example.com/other", Version: "v1.0.0"},
		{Path: "github.com/advantch/kernia-go/core", Version: "v0.1.0", Replace: &debug.Module{Path: "../core"}},
		{Path: "github.com/advantch/kernia-go/gin", Version: "v0.1.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v0.1.1"}},
	}})
	want := []Module{
		{"github.com/advantch/kernia-go/core", "v0.1.0", true}, {"github.com/advantch/kernia-go/gin", "v0.1.1", true},
		{"github.com/gin-gonic/gin", "v1.12.0", false}, {"github.com/labstack/echo/v4", "v4.15.2", false}, {"gorm.io/gorm", "v1.31.2", false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	got := options(core.Options{
		BaseURL: "https://shown.elsewhere", Secret: "never shown",
		Session:        core.SessionOptions{ExpiresIn: time.Hour, CookieCache: core.CookieCacheOptions{Enabled: true, Strategy: core.CacheJWE, Version: "hidden"}},
		Cookies:        core.CookieOptions{Secure: new(false), Names: map[string]string{"b": "x", "a": "https://ada:pw@example.com"}},
		RateLimit:      core.RateLimitOptions{Default: ratelimit.Rule{Window: time.Minute, Max: 5}, Rules: make([]ratelimit.Custom, 2)},
		DynamicBaseURL: &core.DynamicBaseURL{AllowedHosts: []string{"a.example.com", "b.example.com"}},
		GuardedHTTP:    outbound.Options{Allow: []string{"vault.internal"}, Ports: []int{443, 8443}},
		ErrorURL:       "https://example.com/error?key=hidden",
		IPAddress:      clientip.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		HTTPClient:     &http.Client{Timeout: time.Second},
		Before:         func(*core.Ctx) error { return nil },
	})
	want := []Option{
		{"DynamicBaseURL.AllowedHosts", "a.example.com, b.example.com"},
		{"Session.ExpiresIn", "1h0m0s"}, {"Session.CookieCache.Enabled", "true"}, {"Session.CookieCache.Strategy", "jwe"}, {"Session.CookieCache.Version", "set"},
		{"RateLimit.Default.Window", "1m0s"}, {"RateLimit.Default.Max", "5"}, {"RateLimit.Rules", "2"},
		{"Cookies.Secure", "false"}, {"Cookies.Names", "a: https://ada:xxxxx@example.com, b: x"},
		{"IPAddress.TrustedProxies", "10.0.0.0/8"},
		{"Before", "set"}, {"ErrorURL", "set"}, {"HTTPClient", "set"},
		{"GuardedHTTP.Allow", "set"}, {"GuardedHTTP.Ports", "443, 8443"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// An option that nobody has looked at is not shown: TestOptions' options have one of every
// kind, and each name of the list is one of core.
func TestShown(t *testing.T) {
	t.Parallel()
	type inner struct{ Token string }
	for name, value := range map[string]any{
		"New": "hidden", "NewMap": map[string]string{"a": "hidden"}, "NewList": []string{"hidden"}, "NewStruct": inner{"hidden"},
		"NewPointer": &inner{"hidden"}, "Session.New": "hidden", "NewNumber": 4711, "NewTime": time.Unix(4711, 0),
	} {
		var out []Option
		list(&out, name, reflect.ValueOf(value))
		if len(out) != 1 || out[0].Value != set {
			t.Errorf("%s: %v", name, out)
		}
	}
	for _, name := range shown {
		at := reflect.TypeFor[core.Options]()
		for part := range strings.SplitSeq(name, ".") {
			if at.Kind() == reflect.Pointer {
				at = at.Elem()
			}
			field, ok := reflect.StructField{}, false
			if at.Kind() == reflect.Struct {
				field, ok = at.FieldByName(part)
			}
			if !ok {
				t.Errorf("core.Options has no %s", name)
				break
			}
			at = field.Type
		}
	}
}
