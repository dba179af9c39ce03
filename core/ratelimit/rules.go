package ratelimit

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// The default rule, which applies to every path that no other rule matches. The
// values are Better Auth's.
const (
	DefaultWindow = 10 * time.Second
	DefaultMax    = 100
)

// Match is a condition on a path without the base path: exactly Exact, or
// beginning with Prefix. Exactly one of the two is set.
type Match struct{ Exact, Prefix string }

func (m Match) holds(path string) bool {
	if m.Exact != "" {
		return path == m.Exact
	}
	return strings.HasPrefix(path, m.Prefix)
}

// PathRule is a rule for all paths that at least one Match matches.
type PathRule struct {
	Match []Match
	Rule  Rule
}

// RuleFunc chooses the rule of one request. current is the rule that applies
// without it; return it to keep it. If limited is false, the request passes
// uncounted.
type RuleFunc func(ctx context.Context, path string, current Rule) (rule Rule, limited bool)

// Custom is a rule of the application. Exactly one of Rule, Disabled and Func
// is set.
type Custom struct {
	// Pattern is a path, or a glob when it has a "*" in it: "*" is any text
	// without slash, "?" one character other than a slash, and a segment "**" any
	// number of segments. As in Better Auth, "?" is an ordinary character in a
	// pattern without "*".
	Pattern  string
	Rule     Rule
	Disabled bool // such requests are not limited
	Func     RuleFunc
}

// Core returns the rules that Better Auth 1.6 has for its own endpoints, in
// order. The caller may change the slice.
func Core() []PathRule {
	return []PathRule{
		{
			Match: []Match{{Prefix: "/sign-in"}, {Prefix: "/sign-up"}, {Prefix: "/change-password"}, {Prefix: "/change-email"}},
			Rule:  Rule{Window: 10 * time.Second, Max: 3},
		},
		{
			Match: []Match{
				{Exact: "/request-password-reset"},
				{Exact: "/send-verification-email"},
				{Prefix: "/forget-password"},
				{Exact: "/email-otp/send-verification-otp"},
				{Exact: "/email-otp/request-password-reset"},
			},
			Rule: Rule{Window: 60 * time.Second, Max: 3},
		},
	}
}

// ResolverOptions configure NewResolver.
type ResolverOptions struct {
	Default Rule         // zero fields mean DefaultWindow and DefaultMax
	Routes  []PathRule   // rules of the routes themselves; the rules of Core win over them
	Plugins [][]PathRule // one list per plugin, in plugin order; a plugin may have none
	Custom  []Custom     // in order; the first that matches wins
}

// Resolver chooses the rule of a path. It is immutable and safe for concurrent
// use.
type Resolver struct {
	base    Rule
	routes  []PathRule
	core    []PathRule
	plugins [][]PathRule
	custom  []custom
	longest time.Duration
}

type custom struct {
	Custom
	holds func(path string) bool
}

// NewResolver checks and compiles rules. It refuses windows shorter than a
// millisecond, a negative Max, path rules without a match, matches without or
// with two conditions, and custom rules without
// a pattern or with more or less than one of Rule, Disabled and Func. Errors
// wrap ErrRule.
func NewResolver(o ResolverOptions) (*Resolver, error) {
	r := &Resolver{base: o.Default, routes: copyRules(o.Routes), core: Core()}
	if r.base.Window == 0 {
		r.base.Window = DefaultWindow
	}
	if r.base.Max == 0 {
		r.base.Max = DefaultMax
	}
	if err := r.add(r.base); err != nil {
		return nil, err
	}
	lists := append([][]PathRule{r.routes, r.core}, o.Plugins...)
	for _, list := range lists {
		if err := r.addList(list); err != nil {
			return nil, err
		}
	}
	for _, list := range o.Plugins {
		r.plugins = append(r.plugins, copyRules(list))
	}
	for _, c := range o.Custom {
		compiled, err := r.compile(c)
		if err != nil {
			return nil, err
		}
		r.custom = append(r.custom, compiled)
	}
	return r, nil
}

func (r *Resolver) add(rule Rule) error {
	if err := rule.check(); err != nil {
		return err
	}
	if rule.Max < 0 {
		return fmt.Errorf("%w: max %d is negative", ErrRule, rule.Max)
	}
	r.longest = max(r.longest, rule.Window)
	return nil
}

func (r *Resolver) addList(list []PathRule) error {
	for _, p := range list {
		if err := r.add(p.Rule); err != nil {
			return err
		}
		if len(p.Match) == 0 {
			return fmt.Errorf("%w: a path rule needs a match", ErrRule)
		}
		for _, m := range p.Match {
			if (m.Exact == "") == (m.Prefix == "") {
				return fmt.Errorf("%w: a match needs either Exact or Prefix", ErrRule)
			}
		}
	}
	return nil
}

func (r *Resolver) compile(c Custom) (custom, error) {
	kinds := 0
	for _, set := range []bool{c.Rule != Rule{}, c.Disabled, c.Func != nil} {
		if set {
			kinds++
		}
	}
	if c.Pattern == "" || kinds != 1 {
		return custom{}, fmt.Errorf("%w: custom rule %q needs a pattern and one of Rule, Disabled and Func", ErrRule, c.Pattern)
	}
	out := custom{Custom: c}
	if c.Rule != (Rule{}) {
		if err := r.add(c.Rule); err != nil {
			return custom{}, fmt.Errorf("custom rule %q: %w", c.Pattern, err)
		}
	}
	var err error
	if out.holds, err = Pattern(c.Pattern); err != nil {
		return custom{}, fmt.Errorf("%w: pattern %q: %w", ErrRule, c.Pattern, err)
	}
	return out, nil
}

// Pattern compiles a pattern of Custom. The result reports whether a path matches.
func Pattern(pattern string) (func(path string) bool, error) {
	if !strings.Contains(pattern, "*") {
		return func(path string) bool { return path == pattern }, nil
	}
	glob, err := compileGlob(pattern)
	if err != nil {
		return nil, err
	}
	return glob.MatchString, nil
}

// Resolve returns the rule of a path, which has no base path and no query;
// limited is false when a custom rule turns limiting off. The order is Better
// Auth's: the default, replaced by the rule of the route, by the first core rule
// that matches, by the first matching rule of the first plugin that has one, and by
// the first custom rule that matches.
func (r *Resolver) Resolve(ctx context.Context, path string) (rule Rule, limited bool) {
	rule = r.base
	if found, ok := first(r.routes, path); ok {
		rule = found
	}
	if found, ok := first(r.core, path); ok {
		rule = found
	}
	for _, list := range r.plugins {
		if found, ok := first(list, path); ok {
			rule = found
			break
		}
	}
	for i := range r.custom {
		c := &r.custom[i]
		if !c.holds(path) {
			continue
		}
		switch {
		case c.Disabled:
			return Rule{}, false
		case c.Func != nil:
			return c.Func(ctx, path, rule)
		}
		return c.Rule, true
	}
	return rule, true
}

// LongestWindow returns the longest window of all rules given as data. A
// RuleFunc may return a longer one.
func (r *Resolver) LongestWindow() time.Duration { return r.longest }

func copyRules(list []PathRule) []PathRule {
	out := make([]PathRule, len(list))
	for i, p := range list {
		out[i] = PathRule{Match: append([]Match(nil), p.Match...), Rule: p.Rule}
	}
	return out
}

func first(list []PathRule, path string) (Rule, bool) {
	for i := range list {
		for _, m := range list[i].Match {
			if m.holds(path) {
				return list[i].Rule, true
			}
		}
	}
	return Rule{}, false
}
