package wire

import "strings"

// SetSearchParams does what JavaScript's
//
//	const url = new URL(rawURL); url.searchParams.set(name, value); url.toString()
//
// does for each pair in turn: the whole query is written anew by Query.Encode and
// the fragment stays. Of the rest of an http or https URL the scheme and host are
// put in lower case, the default port is left out and an empty path becomes "/".
// It also takes relative and app URLs, of which only the query changes. Without
// pairs the query stays as it is.
func SetSearchParams(rawURL string, pairs ...[2]string) string {
	rest, fragment, hasFragment := strings.Cut(strings.Trim(rawURL, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f "), "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if len(pairs) > 0 {
		q := ParseQuery(query)
		for _, p := range pairs {
			q = q.Set(p[0], p[1])
		}
		query, hasQuery = q.Encode(), true
	}
	rest = normalizeOrigin(rest)
	if hasQuery {
		rest += "?" + query
	}
	if hasFragment {
		rest += "#" + fragment
	}
	return rest
}

// normalizeOrigin writes the origin of an absolute http or https URL, which has
// neither query nor fragment, as the URL Standard serialises it.
func normalizeOrigin(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	port := ":80"
	if scheme == "https" {
		port = ":443"
	} else if scheme != "http" {
		return s
	}
	if !ok {
		return s
	}
	authority, path := rest, "/"
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, host := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, host = authority[:i+1], authority[i+1:]
	}
	host = strings.TrimSuffix(strings.ToLower(host), port)
	return scheme + "://" + user + strings.TrimSuffix(host, ":") + path
}
