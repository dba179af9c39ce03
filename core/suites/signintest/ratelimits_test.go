package signintest

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/advantch/kernia-go/core"
)

// rule is one of Better Auth 1.6, in seconds.
type rule struct{ Window, Max int }

// own are the rules that are not Better Auth's.
var own = map[string]struct {
	rule
	reason string
}{
	"/get-session":     {rule{10, 5000}, "docs/compatibility.md#rules-for-hashing-and-for-get-session"},
	"/verify-password": {rule{10, 3}, "docs/compatibility.md#rules-for-hashing-and-for-get-session"},
	"/reset-password":  {rule{10, 3}, "docs/compatibility.md#rules-for-hashing-and-for-get-session"},
	"/delete-user":     {rule{10, 3}, "docs/compatibility.md#rules-for-hashing-and-for-get-session"},
	// Guesses at user codes, for as long as a code lives.
	"/device":         {rule{1800, 5}, "docs/plugins/device-authorization.md"},
	"/device/approve": {rule{1800, 5}, "docs/plugins/device-authorization.md"},
	"/device/deny":    {rule{1800, 5}, "docs/plugins/device-authorization.md"},
}

// TestRateLimits asks every route of the kernel and of the plugins that sign people in until
// it is refused, and compares the number, and the time to wait, with those of Better Auth
// 1.6, in testdata/ratelimits.json.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	var recorded struct {
		Default           rule
		CoreSpecialByPath []struct {
			rule
			MatchedPaths []string
		}
		NonDefaultByPathPerPlugin map[string]map[string]rule
	}
	text, err := os.ReadFile("testdata/ratelimits.json")
	if err == nil {
		err = json.Unmarshal(text, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]rule{}
	for _, special := range recorded.CoreSpecialByPath {
		for _, path := range special.MatchedPaths {
			want[path] = special.rule
		}
	}
	plugins := map[string]map[string]rule{}
	var seen calls
	w := openWith(t, &seen, Way{}, false, func(o *core.Options) { o.RateLimit = core.RateLimitOptions{} })
	for _, p := range w.Auth.Plugins() {
		if rules := recorded.NonDefaultByPathPerPlugin[p.ID()]; rules != nil {
			plugins[p.ID()] = rules
		}
		for path, r := range recorded.NonDefaultByPathPerPlugin[p.ID()] {
			want[path] = r
		}
	}
	if len(plugins) < 7 {
		t.Errorf("rules of the plugins %v alone were compared", plugins)
	}
	parameter := regexp.MustCompile(`:[A-Za-z]+`)
	measured := map[string]bool{}
	for _, op := range w.Auth.Operations() {
		if op.Path == "" || measured[op.Path] {
			continue
		}
		measured[op.Path] = true
		expected, ok := want[op.Path]
		if !ok {
			expected = recorded.Default
		}
		if mine, differs := own[op.Path]; differs {
			if mine.rule == expected {
				t.Errorf("%s has Better Auth's rule: take it out of own", op.Path)
			}
			expected = mine.rule
		}
		c, content := w.Client(), ""
		if op.Methods[0] != "GET" {
			content = "{}"
		}
		var got rule
		for got.Max <= 6000 {
			a := c.Do(op.Methods[0], parameter.ReplaceAllString(op.Path, "x"), content)
			if a.Status == 429 {
				got.Window, _ = strconv.Atoi(a.Header.Get("X-Retry-After"))
				break
			}
			got.Max++
		}
		if got != expected {
			t.Errorf("%s allows %d requests in %d seconds, want %d in %d", op.Path, got.Max, got.Window, expected.Max, expected.Window)
		}
	}
	for id, rules := range plugins {
		for path := range rules {
			if !measured[path] {
				t.Errorf("%s of the plugin %s was not measured", path, id)
			}
		}
	}
}
