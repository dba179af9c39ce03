package info

import (
	"reflect"
	"runtime/debug"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
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
		Session:        core.SessionOptions{ExpiresIn: time.Hour, CookieCache: core.CookieCacheOptions{Enabled: true, Strategy: core.CacheJWE}},
		Cookies:        core.CookieOptions{Secure: new(false), Names: map[string]string{"b": "x", "a": "https://ada:pw@example.com"}},
		RateLimit:      core.RateLimitOptions{Default: ratelimit.Rule{Window: time.Minute, Max: 5}, Rules: make([]ratelimit.Custom, 2)},
		DynamicBaseURL: &core.DynamicBaseURL{AllowedHosts: []string{"a.example.com", "b.example.com"}},
		Before:         func(*core.Ctx) error { return nil },
	})
	want := []Option{
		{"DynamicBaseURL.AllowedHosts", "a.example.com, b.example.com"},
		{"Session.ExpiresIn", "1h0m0s"}, {"Session.CookieCache.Enabled", "true"}, {"Session.CookieCache.Strategy", "jwe"},
		{"RateLimit.Default.Window", "1m0s"}, {"RateLimit.Default.Max", "5"}, {"RateLimit.Rules", "2"},
		{"Cookies.Secure", "false"}, {"Cookies.Names", "a: https://ada:xxxxx@example.com, b: x"},
		{"Before", "set"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
