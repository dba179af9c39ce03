package origin

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set is a compiled list of trusted origin patterns. It does not change and may
// be used by several goroutines. A nil Set trusts nothing.
type Set struct {
	exact  map[string]struct{}
	opaque map[string]struct{} // compared as they are written
	webs   []webPattern
	custom []customPattern
}

// webPattern is a wildcard pattern for http and https origins.
type webPattern struct {
	scheme string // "" is https, and http too on this machine
	glob   glob
}

// customPattern is a pattern for the URLs of one custom scheme.
type customPattern struct {
	scheme    string
	authority string // compared as it is written
	any       bool   // every authority
	rooted    bool   // also URLs without one: "myapp:/x"
	wild      bool   // glob is used instead of authority
	glob      glob
	path      string // "" is any; else the path itself and what lies below it
}

// Compile compiles trusted origin patterns:
//
//   - "https://app.example.com": that scheme, host and port only;
//   - "https://*.example.com", "http://localhost:*": in the host and in the port
//     '*' stands for any run of characters and '?' for one. Neither reaches over
//     the colon between the two, so without a port in the pattern only the
//     scheme's own port matches;
//   - "*.example.com", "preview-?.example.com": the same over https, and over
//     http when the host is this machine. (Better Auth takes any scheme);
//   - "*", with or without https:// in front: any host and port;
//   - "myapp://": every URL of a custom scheme; "myapp://callback": those with
//     exactly that authority; "exp://**", "exp://192.168.*.*:*/**": wildcards;
//     "myapp://callback/done": that path and those below it;
//   - "com.example.app:/": every URL of a custom scheme, with "//" or without;
//   - "android:apk-key-hash:…" and other names with a scheme and no slash: exactly
//     that; "file://": exactly that, which some web views send for pages of files,
//     and no URL of a file.
//
// A slash after the host of an http or https pattern is left out.
//
// A wildcard pattern that spells an IPv4 address matches addresses only. The
// error says in one sentence why a pattern can match nothing.
func Compile(patterns []string) (*Set, error) { return (*Set)(nil).With(patterns) }

// With returns a set that trusts what s does and more besides. s may be nil and
// stays as it is. The error is that of Compile.
func (s *Set) With(more []string) (*Set, error) {
	out := &Set{exact: map[string]struct{}{}, opaque: map[string]struct{}{}}
	if s != nil {
		maps.Copy(out.exact, s.exact)
		maps.Copy(out.opaque, s.opaque)
		out.webs = slices.Clone(s.webs)
		out.custom = slices.Clone(s.custom)
	}
	for _, pattern := range more {
		if err := out.add(pattern); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add compiles one pattern into a set that nobody else sees yet.
func (s *Set) add(pattern string) error {
	for i := 0; i < len(pattern); i++ {
		if c := pattern[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return fmt.Errorf("trusted origin %q holds a space, a backslash or a control character", pattern)
		}
		if pattern[i] > 0x7f {
			return fmt.Errorf("trusted origin %q is not ASCII: write an international host in its xn-- form", pattern)
		}
	}
	if pattern == "" {
		return errors.New("trusted origin is empty")
	}
	if len(pattern) > maxURL {
		return fmt.Errorf("trusted origin is longer than %d bytes", maxURL)
	}
	scheme, rest, hasScheme := strings.Cut(pattern, "://")
	wild := strings.ContainsAny(pattern, "*?")
	if !hasScheme {
		if !wild {
			if ok, err := s.addOpaque(pattern); ok || err != nil {
				return err
			}
			return fmt.Errorf("trusted origin %q needs a scheme, for example https://%s", pattern, pattern)
		}
		return s.addWeb(pattern, "", pattern)
	}
	scheme = strings.ToLower(scheme)
	if !validScheme(scheme) {
		return fmt.Errorf("trusted origin %q must start with one scheme, spelled out", pattern)
	}
	if pattern == fileOrigin {
		s.opaque[pattern] = struct{}{}
		return nil
	}
	if dangerous(scheme) {
		return errDangerous(pattern, scheme)
	}
	if scheme != "http" && scheme != "https" {
		return s.addCustom(pattern, scheme, rest)
	}
	rest = strings.TrimSuffix(rest, "/")
	if wild {
		return s.addWeb(pattern, scheme, rest)
	}
	if i := strings.IndexAny(rest, "/#"); i >= 0 {
		return fmt.Errorf("trusted origin %q must end after the host: leave out %q", pattern, rest[i:])
	}
	origin, ok := Of(scheme + "://" + rest)
	if !ok {
		return fmt.Errorf("trusted origin %q does not hold a valid host and port", pattern)
	}
	s.exact[origin] = struct{}{}
	return nil
}

// fileOrigin is the Origin that some web views send for pages of files.
const fileOrigin = "file://"

func errDangerous(pattern, scheme string) error {
	if scheme == "file" {
		return fmt.Errorf("trusted origin %q names a file: write %q for the pages of a web view", pattern, fileOrigin)
	}
	return fmt.Errorf("trusted origin %q has the scheme %s, which is never trusted", pattern, scheme)
}

// addOpaque adds a pattern of a scheme without "//" behind it, such as that of an
// Android app. It reports false for other patterns: a host with a port looks alike.
func (s *Set) addOpaque(pattern string) (bool, error) {
	scheme, rest, ok := strings.Cut(pattern, ":")
	scheme = strings.ToLower(scheme)
	if !ok || rest == "" || !validScheme(scheme) || digit(rest[0]) && strings.Trim(rest, "0123456789/") == "" {
		return false, nil
	}
	switch {
	case scheme == "http" || scheme == "https":
		return false, fmt.Errorf("trusted origin %q must begin with %s://", pattern, scheme)
	case dangerous(scheme):
		return false, errDangerous(pattern, scheme)
	case rest == "/":
		s.custom = append(s.custom, customPattern{scheme: scheme, any: true, rooted: true})
		return true, nil
	case rest[0] == '/':
		return false, fmt.Errorf("trusted origin %q must end after %s:/", pattern, scheme)
	}
	for i := 0; i < len(rest); i++ {
		if c := rest[i]; !alnum(c) && strings.IndexByte("-._~:+=", c) < 0 {
			return false, nil
		}
	}
	s.opaque[pattern] = struct{}{}
	return true, nil
}

// addWeb adds a wildcard pattern; host is what follows its scheme.
func (s *Set) addWeb(pattern, scheme, host string) error {
	if i := strings.IndexAny(host, "/#"); i >= 0 {
		return fmt.Errorf("trusted origin %q must end after the host: leave out %q", pattern, host[i:])
	}
	g, ok := parseGlob(host)
	if !ok {
		return fmt.Errorf("trusted origin %q does not hold a valid host and port", pattern)
	}
	s.webs = append(s.webs, webPattern{scheme, g})
	return nil
}

// addCustom adds a pattern for a custom scheme; rest is what follows "//".
func (s *Set) addCustom(pattern, scheme, rest string) error {
	p := customPattern{scheme: scheme, authority: rest}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		p.authority, p.path = rest[:i], rest[i:]
	}
	for _, all := range []string{"/**", "/*", "/"} {
		if p.path == all {
			p.path = ""
		}
	}
	if strings.ContainsAny(p.path, "*?#") {
		return fmt.Errorf("trusted origin %q may hold a wildcard in its path only as a final /**", pattern)
	}
	if hasDotSegment(p.path) {
		return fmt.Errorf("trusted origin %q holds a dot segment", pattern)
	}
	p.path = strings.TrimSuffix(p.path, "/")
	switch {
	case p.authority == "" && p.path == "" || p.authority == "**" || p.authority == "*":
		p.any = true
	case strings.ContainsAny(p.authority, "*?"):
		var ok bool
		if p.glob, ok = parseGlob(p.authority); !ok {
			return fmt.Errorf("trusted origin %q does not hold a valid host and port", pattern)
		}
		p.wild = true
	case !validCustomAuthority(p.authority):
		return fmt.Errorf("trusted origin %q does not hold a valid host", pattern)
	}
	s.custom = append(s.custom, p)
	return nil
}

// MatchOrigin reports whether the value of an Origin or Referer header comes
// from a trusted origin. Only the origin of a URL counts. "null", an empty
// value and a relative URL never match.
func (s *Set) MatchOrigin(v string) bool {
	u, ok := parse(v)
	return ok && s.trusts(u) || !ok && s.trustsOpaque(v)
}

// trustsOpaque looks up a value without "//" after its scheme.
func (s *Set) trustsOpaque(v string) bool {
	if s == nil || !clean(v) {
		return false
	}
	if _, ok := s.opaque[v]; ok {
		return true
	}
	scheme, rest, ok := strings.Cut(v, ":")
	if !ok || !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") {
		return false
	}
	return slices.ContainsFunc(s.custom, func(p customPattern) bool { return p.rooted && strings.EqualFold(p.scheme, scheme) })
}

// MatchURL reports whether a redirect target taken from a request may be
// redirected to: it is a path as SafeRelative has it or an absolute URL whose
// origin is trusted.
func (s *Set) MatchURL(v string) bool {
	if strings.HasPrefix(v, "/") {
		return SafeRelative(v)
	}
	return s.MatchOrigin(v)
}

func (s *Set) trusts(u target) bool {
	if s == nil {
		return false
	}
	if !u.web() {
		return slices.ContainsFunc(s.custom, func(p customPattern) bool { return p.match(u) })
	}
	return s.hasExact(u) || slices.ContainsFunc(s.webs, func(p webPattern) bool { return p.match(u) })
}

// hasExact looks the origin up without making a string of it.
func (s *Set) hasExact(u target) bool {
	var room [300]byte
	key := append(room[:0], u.scheme...)
	key = append(key, "://"...)
	key = append(key, u.host...)
	if u.port != "" {
		key = append(key, ':')
		key = append(key, u.port...)
	}
	_, ok := s.exact[string(key)]
	return ok
}

func (p webPattern) match(u target) bool {
	if p.scheme == "" {
		if u.scheme == "http" && !loopback(u.host) {
			return false
		}
	} else if p.scheme != u.scheme {
		return false
	}
	port := u.port
	if own := defaultPort(u.scheme); port == "" && p.glob.port == own {
		port = own
	}
	return p.glob.match(u.host, port)
}

func (p customPattern) match(u target) bool {
	switch {
	case p.scheme != u.scheme:
		return false
	case p.any:
	case p.wild:
		host, port, ok := splitPort(strings.ToLower(u.host))
		if !ok || port != "" && !validPort(port) || !p.glob.match(host, port) {
			return false
		}
	case p.authority != u.host:
		return false
	}
	if p.path == "" {
		return true
	}
	path, _, _ := strings.Cut(u.rest, "#")
	path, _, _ = strings.Cut(path, "?")
	below, ok := strings.CutPrefix(path, p.path)
	return ok && (below == "" || below[0] == '/') && !hasDotSegment(path)
}
