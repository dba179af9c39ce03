package wire

import (
	"slices"
	"strings"
)

// SetSearchParams does what JavaScript's
//
//	const url = new URL(rawURL); url.searchParams.set(name, value); url.toString()
//
// does for each pair in turn: the whole query is rewritten by Query.Encode and the
// fragment stays. The rest of an http or https URL is written as the URL Standard
// serialises it, except that host names are only put in lower case. A relative URL
// stays relative. In other URLs, such as an app's, only the query changes. Without
// pairs the query stays as it is.
func SetSearchParams(rawURL string, pairs ...[2]string) string {
	s := strings.TrimFunc(rawURL, func(r rune) bool { return r <= ' ' })
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	rest, fragment, hasFragment := strings.Cut(s, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if len(pairs) > 0 {
		q := ParseQuery(query)
		for _, p := range pairs {
			q = q.Set(p[0], p[1])
		}
		query, hasQuery = q.Encode(), true
	} else {
		query = escapeURL(query, " \"<>'")
	}
	rest = normalizeURL(rest)
	if hasQuery {
		rest += "?" + query
	}
	if hasFragment {
		rest += "#" + escapeURL(fragment, " \"<>`")
	}
	return rest
}

// normalizeURL writes a URL that has neither query nor fragment.
func normalizeURL(s string) string {
	scheme, _, hasScheme := strings.Cut(s, ":")
	if hasScheme && strings.ContainsAny(scheme, "/\\") {
		hasScheme = false // a colon in a path
	}
	scheme = strings.ToLower(scheme)
	if hasScheme && scheme != "http" && scheme != "https" {
		return s
	}
	s = strings.ReplaceAll(s, `\`, "/") // browsers take one for the other
	if !hasScheme {
		return escapeURL(s, pathEscapes)
	}
	rest, ok := strings.CutPrefix(s[len(scheme):], "://")
	if !ok {
		return scheme + s[len(scheme):]
	}
	authority, path := rest, "/"
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, host := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, host = authority[:i+1], authority[i+1:]
	}
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	host = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), port), ":")
	return scheme + "://" + user + host + removeDots(escapeURL(path, pathEscapes))
}

// removeDots resolves the segments "." and ".." of a path that begins with "/".
func removeDots(path string) string {
	segments := strings.Split(path[1:], "/")
	out := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
		case "..":
			out = out[:max(len(out)-1, 0)]
		default:
			out = append(out, segment)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// The path percent-encode set beyond controls and non-ASCII (URL Standard
// section 1.3); "#" and "?" cannot be there.
const pathEscapes = " \"<>`{}"

// escapeURL escapes controls, what is not ASCII and the characters of set.
func escapeURL(s, set string) string {
	s = toValid(s)
	escaped := func(c byte) bool { return c <= 0x1F || c >= 0x7F || strings.IndexByte(set, c) >= 0 }
	i := 0
	for i < len(s) && !escaped(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := slices.Grow([]byte(s[:i]), len(s)+16)
	for ; i < len(s); i++ {
		if c := s[i]; escaped(c) {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
