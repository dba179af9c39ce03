package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/ratelimit"
)

func per(seconds, limit int) ratelimit.Rule {
	return ratelimit.Rule{Window: time.Duration(seconds) * time.Second, Max: limit}
}

func newResolver(t *testing.T, o ratelimit.ResolverOptions) *ratelimit.Resolver {
	t.Helper()
	r, err := ratelimit.NewResolver(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantRule(t *testing.T, r *ratelimit.Resolver, path string, want ratelimit.Rule) {
	t.Helper()
	if got, limited := r.Resolve(t.Context(), path); !limited || got != want {
		t.Errorf("%s: %+v, limited %v, want %+v", path, got, limited, want)
	}
}

func TestCoreRules(t *testing.T) {
	t.Parallel()
	r := newResolver(t, ratelimit.ResolverOptions{})
	want := map[ratelimit.Rule][]string{
		per(10, 100): {
			"/ok", "/get-session", "/", "", "/reset-password", "/sign-out", "/Sign-In/email", "/x/sign-in",
			"/request-password-reset/x", "/send-verification-email/", "/email-otp/verify-email", "/email-otp/send-verification-otp/x",
		},
		per(10, 3): {
			"/sign-in", "/sign-in/email", "/sign-in/anything", "/sign-in/social", "/sign-up/email", "/sign-up",
			"/change-password", "/change-email", "/change-email/x",
		},
		per(60, 3): {
			"/request-password-reset", "/send-verification-email", "/forget-password", "/forget-password/anything",
			"/email-otp/send-verification-otp", "/email-otp/request-password-reset",
		},
	}
	for rule, paths := range want {
		for _, path := range paths {
			wantRule(t, r, path, rule)
		}
	}
}

func TestPluginRules(t *testing.T) {
	t.Parallel()
	r := newResolver(t, ratelimit.ResolverOptions{
		Default: per(20, 7),
		Plugins: [][]ratelimit.PathRule{
			nil,
			{
				{Match: []ratelimit.Match{{Exact: "/sign-in/magic-link"}, {Prefix: "/magic-link"}}, Rule: per(60, 5)},
				{Match: []ratelimit.Match{{Prefix: "/magic-link/verify"}}, Rule: per(60, 6)},
			},
			{{Match: []ratelimit.Match{{Prefix: "/"}}, Rule: per(30, 8)}},
		},
	})
	wantRule(t, r, "/sign-in/magic-link", per(60, 5)) // before the core rule
	wantRule(t, r, "/magic-link/verify", per(60, 5))  // the first rule of the plugin
	wantRule(t, r, "/sign-in/email", per(30, 8))      // the first plugin with a match
	wantRule(t, r, "elsewhere", per(20, 7))
	if got := r.LongestWindow(); got != time.Minute {
		t.Errorf("longest window %s, want 1m", got)
	}
}

func TestCustomRules(t *testing.T) {
	t.Parallel()
	type ctxKey struct{}
	halve := func(ctx context.Context, path string, current ratelimit.Rule) (ratelimit.Rule, bool) {
		if ctx.Value(ctxKey{}) != nil {
			return ratelimit.Rule{}, false
		}
		current.Max /= 2
		return current, path != "/halved/free"
	}
	r := newResolver(t, ratelimit.ResolverOptions{Custom: []ratelimit.Custom{
		{Pattern: "/sign-in/email", Rule: per(300, 1)},
		{Pattern: "/sign-in/**", Rule: per(5, 2)},
		{Pattern: "/sign-in/social", Disabled: true}, // never reached
		{Pattern: "/health", Disabled: true},
		{Pattern: "/halved/*", Func: halve},
		{Pattern: "/what?", Rule: per(5, 9)},
	}})
	t.Run("RL-13 the first that matches wins", func(t *testing.T) {
		t.Parallel()
		for range 100 {
			wantRule(t, r, "/sign-in/email", per(300, 1))
			wantRule(t, r, "/sign-in/social", per(5, 2))
			wantRule(t, r, "/sign-in", per(5, 2))
		}
	})
	t.Run("disabled", func(t *testing.T) {
		t.Parallel()
		if _, limited := r.Resolve(t.Context(), "/health"); limited {
			t.Error("limited")
		}
		wantRule(t, r, "/health/", per(10, 100))
	})
	t.Run("function", func(t *testing.T) {
		t.Parallel()
		wantRule(t, r, "/halved/a", per(10, 50))
		if _, limited := r.Resolve(t.Context(), "/halved/free"); limited {
			t.Error("limited although the function said no")
		}
		if _, limited := r.Resolve(context.WithValue(t.Context(), ctxKey{}, 1), "/halved/a"); limited {
			t.Error("the function did not get the context")
		}
	})
	t.Run("question mark without a star is a character", func(t *testing.T) {
		t.Parallel()
		wantRule(t, r, "/what?", per(5, 9))
		wantRule(t, r, "/whats", per(10, 100))
	})
	if got := r.LongestWindow(); got != 300*time.Second {
		t.Errorf("longest window %s, want 5m", got)
	}
}

func TestResolverRefusesBadRules(t *testing.T) {
	t.Parallel()
	fn := func(_ context.Context, _ string, r ratelimit.Rule) (ratelimit.Rule, bool) { return r, true }
	plugin := func(r ratelimit.Rule, m ...ratelimit.Match) ratelimit.ResolverOptions {
		return ratelimit.ResolverOptions{Plugins: [][]ratelimit.PathRule{{{Match: m, Rule: r}}}}
	}
	custom := func(c ratelimit.Custom) ratelimit.ResolverOptions {
		return ratelimit.ResolverOptions{Custom: []ratelimit.Custom{c}}
	}
	tests := map[string]ratelimit.ResolverOptions{
		"default window negative": {Default: ratelimit.Rule{Window: -1}},
		"default max negative":    {Default: ratelimit.Rule{Max: -1}},
		"plugin without window":   plugin(ratelimit.Rule{Max: 3}, ratelimit.Match{Exact: "/a"}),
		"plugin max negative":     plugin(per(10, -1), ratelimit.Match{Exact: "/a"}),
		"plugin without match":    plugin(per(10, 3)),
		"match without condition": plugin(per(10, 3), ratelimit.Match{}),
		"match with both":         plugin(per(10, 3), ratelimit.Match{Exact: "/a", Prefix: "/b"}),
		"custom without pattern":  custom(ratelimit.Custom{Rule: per(10, 3)}),
		"custom with nothing":     custom(ratelimit.Custom{Pattern: "/a"}),
		"custom without window":   custom(ratelimit.Custom{Pattern: "/a", Rule: ratelimit.Rule{Max: 3}}),
		"custom max negative":     custom(ratelimit.Custom{Pattern: "/a", Rule: per(10, -1)}),
		"custom rule disabled":    custom(ratelimit.Custom{Pattern: "/a", Rule: per(10, 3), Disabled: true}),
		"custom rule and func":    custom(ratelimit.Custom{Pattern: "/a", Rule: per(10, 3), Func: fn}),
		"custom func disabled":    custom(ratelimit.Custom{Pattern: "/a", Disabled: true, Func: fn}),
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r, err := ratelimit.NewResolver(o); !errors.Is(err, ratelimit.ErrRule) || r != nil {
				t.Errorf("error %v, want ErrRule", err)
			}
		})
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	var recorded struct {
		Samples  []string
		Patterns []struct {
			Pattern string
			Matches []string
		}
	}
	readTestdata(t, "globs.json", &recorded)
	special := per(77, 7)
	for _, p := range recorded.Patterns {
		t.Run(fmt.Sprintf("%q", p.Pattern), func(t *testing.T) {
			t.Parallel()
			if p.Pattern == `/a\` {
				t.Skip("without a star it is not a glob")
			}
			r := newResolver(t, ratelimit.ResolverOptions{Custom: []ratelimit.Custom{{Pattern: p.Pattern, Rule: special}}})
			for _, s := range recorded.Samples {
				rule, _ := r.Resolve(t.Context(), s)
				if got, want := rule == special, slices.Contains(p.Matches, s); got != want {
					t.Errorf("%q: %v, want %v", s, got, want)
				}
			}
		})
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("/sign-in/**", "/sign-in/email")
	f.Add(`/a\*/*?`, "/a*/c\xff")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		r, err := ratelimit.NewResolver(ratelimit.ResolverOptions{
			Custom: []ratelimit.Custom{{Pattern: pattern, Rule: per(10, 3)}},
		})
		if err == nil {
			r.Resolve(t.Context(), path)
		}
	})
}

func TestKey(t *testing.T) {
	t.Parallel()
	long := "/" + fmt.Sprintf("%0300d", 1)
	longer := long + "x"
	for _, tt := range []struct{ name, ip, path, want string }{
		{"IPv4", "203.0.113.7", "/sign-in/email", "203.0.113.7|/sign-in/email"},
		{"IPv6", "2001:0db8:0001:0002:0000:0000:0000:0000", "/ok", "2001:0db8:0001:0002:0000:0000:0000:0000|/ok"},
		{"RL-05 unknown address", "", "/sign-in/email", "no-trusted-ip|/sign-in/email"},
	} {
		if got := ratelimit.Key(tt.ip, tt.path); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	t.Run("RL-08 long paths are bounded", func(t *testing.T) {
		t.Parallel()
		a, b := ratelimit.Key("203.0.113.7", long), ratelimit.Key("203.0.113.7", longer)
		if a == b || len(a) > 255 || a != ratelimit.Key("203.0.113.7", long) {
			t.Errorf("keys %q and %q, want different ones of at most 255 bytes", a, b)
		}
	})
}
