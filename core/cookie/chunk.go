package cookie

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest Set-Cookie value that Split makes, in bytes: name, value and
// attributes. Browsers drop a cookie of more than 4096 (RFC 6265bis section 5.6).
const MaxLine = 4095

// ChunkSize is the longest piece that Split makes, in encoded bytes. Better Auth uses
// the same size, because it reserves 200 bytes for name and attributes.
const ChunkSize = 3896

// minChunk is the piece that Split makes when name and attributes leave no room.
const minChunk = 256

// The limits of Chunks.
const (
	maxChunks      = 100
	maxChunkedSize = 1 << 20
)

// Pair is the name and the unencoded value of one cookie.
type Pair struct{ Name, Value string }

// Split returns the cookies that carry value under name with the given attributes: one
// cookie if the line that Serialize makes of it is at most MaxLine bytes long,
// otherwise name.0, name.1 and so on, each with such a line. No character is cut in
// two. If name and attributes alone are longer than MaxLine-256 bytes, the lines are
// longer than MaxLine.
func Split(name, value string, a Attributes) []Pair {
	whole := len(Serialize(name, "", a))
	if whole+encodedLen(value) <= MaxLine {
		return []Pair{{name, value}}
	}
	room := max(min(ChunkSize, MaxLine-whole-len(".99")), minChunk)
	pairs := make([]Pair, 0, encodedLen(value)/room+1)
	for i := 0; value != ""; i++ {
		end := fitting(value, room)
		pairs = append(pairs, Pair{name + "." + strconv.Itoa(i), value[:end]})
		value = value[end:]
	}
	return pairs
}

// fitting returns how many bytes of a value fit into room encoded bytes, without
// cutting a character.
func fitting(value string, room int) int {
	end := 0
	for end < len(value) {
		_, width := utf8.DecodeRuneInString(value[end:])
		n := encodedLen(value[end : end+width])
		if room -= n; room < 0 {
			break
		}
		end += width
	}
	return end
}

// Chunks returns the decoded value of the cookie called name or, when there is
// none or it is empty, of name.0, name.1 and so on joined by number, in any order in
// the header. ok is false when there is neither, when a number below the highest is
// missing, when there are more than 100 chunks, or when they hold more than 1 MiB. The
// first of two chunks with the same number counts.
func Chunks(header, name string) (value string, ok bool) {
	if raw, found := Lookup(header, name); found && raw != "" {
		return Value(raw), true
	}
	var parts [maxChunks]string
	var seen [maxChunks]bool
	count, size := 0, 0
	for header != "" {
		var key, val string
		key, val, header = next(header)
		i, isChunk := chunkIndex(key, name)
		if !isChunk || val == absent {
			continue
		}
		if i >= maxChunks {
			return "", false
		}
		if seen[i] {
			continue
		}
		seen[i], parts[i] = true, unquote(val)
		count = max(count, i+1)
		if size += len(parts[i]); size > maxChunkedSize {
			return "", false
		}
	}
	if count == 0 || slices.Contains(seen[:count], false) {
		return "", false
	}
	return Value(strings.Join(parts[:count], "")), true
}

// ChunkNames returns which of name, name.0, name.1 and so on the request
// carries, each once, in the header's order: the cookies to expire before a new
// value is written. Unlike Better Auth, which takes every cookie whose name
// starts with name, it does not return session_data_other for session_data.
func ChunkNames(header, name string) []string {
	var names []string
	var seen [maxChunks + 1]bool
	for header != "" {
		var key, val string
		key, val, header = next(header)
		i, isChunk := chunkIndex(key, name)
		if key == name {
			i, isChunk = maxChunks, true
		} else if i >= maxChunks {
			continue
		}
		if isChunk && val != absent && !seen[i] {
			seen[i] = true
			names = append(names, key)
		}
	}
	return names
}

// chunkIndex returns the number in a chunk's name: digits without leading
// zeros. Numbers that are too high come back as maxChunks.
func chunkIndex(key, name string) (int, bool) {
	if len(key) < len(name)+2 || key[:len(name)] != name || key[len(name)] != '.' {
		return 0, false
	}
	digits := key[len(name)+1:]
	if digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	n := 0
	for i := 0; i < len(digits); i++ {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int(c-'0'), maxChunks)
	}
	return n, true
}
