package ratelimit

import (
	"regexp"
	"strings"
)

// The building blocks of a compiled glob. A backslash separates like a slash,
// as in Better Auth.
const (
	globChar      = `[^/\\]`
	globSep       = `[/\\]+`
	globSepOrNone = `[/\\]*`
)

// compileGlob translates a pattern of Better Auth's wildcardMatch. The result
// matches whole paths, in time linear in their length. Separators may repeat,
// and one may follow at the end; a backslash takes the next character literally.
func compileGlob(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteByte('^')
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if segment == "" && i > 0 {
			continue
		}
		sep := globSep
		switch {
		case i == len(segments)-1:
			sep = globSepOrNone
		case segments[i+1] == "**":
			sep = "" // the following segments have their own
		}
		if segment != "**" {
			writeSegment(&b, segment)
			b.WriteString(sep)
			continue
		}
		if sep == "" {
			continue
		}
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(`(?:` + globChar + `*` + sep + `)*`)
	}
	b.WriteByte('$')
	return regexp.Compile(b.String())
}

func writeSegment(b *strings.Builder, segment string) {
	chars := []rune(segment)
	for i := 0; i < len(chars); i++ {
		switch c := chars[i]; c {
		case '\\':
			if i++; i < len(chars) {
				b.WriteString(regexp.QuoteMeta(string(chars[i])))
			}
		case '?':
			b.WriteString(globChar)
		case '*':
			b.WriteString(globChar + `*`)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
}
