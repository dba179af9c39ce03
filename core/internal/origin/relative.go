package origin

import "strings"

// SafeRelative reports whether v is a path, with or without a query, that stays
// on the site it is resolved against. As in Better Auth it starts with one
// slash that no second slash or backslash follows, plain or encoded, and holds
// letters, digits and -._+/@ in the path, and those and =&% in the query; a
// fragment is refused. Beyond Better Auth, a path with both an empty and a dot
// segment ("/.//host") is refused, because software that cleans it up might
// make "//host" of it.
func SafeRelative(v string) bool {
	if v == "" || v[0] != '/' || len(v) > maxURL || strings.HasPrefix(v, "//") {
		return false
	}
	path, query, _ := strings.Cut(v, "?")
	for i := 0; i < len(path); i++ {
		if c := path[i]; !alnum(c) && strings.IndexByte("_-.+/@", c) < 0 {
			return false
		}
	}
	for i := 0; i < len(query); i++ {
		if c := query[i]; !alnum(c) && strings.IndexByte("_-.+/=&%@", c) < 0 {
			return false
		}
	}
	return !strings.Contains(path, "//") || !hasDotSegment(path)
}

// MatchPath reports whether the path of a request is pattern or lies below it:
// "/sign-in" covers "/sign-in" and "/sign-in/email", not "/sign-inside". A path
// with a dot segment, an empty segment, a backslash or an escape is never
// covered, and an empty pattern covers nothing.
//
// Better Auth compares string prefixes here.
func MatchPath(path, pattern string) bool {
	if strings.ContainsAny(path, "\\%") || strings.Contains(path, "//") || hasDotSegment(path) {
		return false
	}
	pattern = strings.TrimSuffix(pattern, "/")
	rest, ok := strings.CutPrefix(path, pattern)
	return ok && pattern != "" && (rest == "" || rest[0] == '/')
}

// hasDotSegment reports whether one of the segments of a path is "." or "..",
// plain or percent-encoded.
func hasDotSegment(path string) bool {
	for path != "" {
		var segment string
		segment, path, _ = strings.Cut(path, "/")
		dots := 0
		for segment != "" {
			if segment[0] == '.' {
				segment = segment[1:]
			} else if len(segment) >= 3 && strings.EqualFold(segment[:3], "%2e") {
				segment = segment[3:]
			} else {
				dots = -1
				break
			}
			dots++
		}
		if dots == 1 || dots == 2 {
			return true
		}
	}
	return false
}
