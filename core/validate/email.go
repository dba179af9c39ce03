package validate

import "strings"

// Email reports whether s is an email address to zod 4.3.6's z.email(), whose
// regular expression is
//
//	^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
func Email(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || local[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(local) {
		if c := local[i]; !isAlphanumeric(c) && !strings.ContainsRune("_'+-.", rune(c)) {
			return false
		}
	}
	if last := local[len(local)-1]; last == '.' || last == '\'' {
		return false
	}
	labels := 0
	for {
		label, rest, more := strings.Cut(domain, ".")
		if !more {
			return labels > 0 && isTopLevel(label)
		}
		if !isLabel(label) {
			return false
		}
		labels++
		domain = rest
	}
}

func isLabel(s string) bool {
	if s == "" || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

func isTopLevel(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return len(s) >= 2
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
