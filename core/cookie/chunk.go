package cookie

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of chunking, in bytes of the value before it is percent-encoded.
// Better Auth reckons 200 bytes of name and attributes in a 4096 byte cookie.
const (
	ChunkSize        = 3896 // the longest chunk
	SessionThreshold = 4093 // a longer session_data value is split
	AccountThreshold = 4096 // a longer account_data value is split
)

// What Chunks reads at most.
const (
	maxChunks      = 100
	maxChunkedSize = 1 << 20
)

// Pair is the name and the unencoded value of one cookie.
type Pair struct{ Name, Value string }

// Split returns the cookies that carry value under name: one when it is at most
// SessionThreshold bytes long, else name.0, name.1 and so on of ChunkSize bytes
// each, fewer where a chunk would end inside a character.
func Split(name, value string) []Pair { return SplitAt(name, value, SessionThreshold) }

// SplitAt is Split with another threshold, for example AccountThreshold.
func SplitAt(name, value string, threshold int) []Pair {
	if len(value) <= threshold {
		return []Pair{{name, value}}
	}
	pairs := make([]Pair, 0, len(value)/ChunkSize+1)
	for i := 0; value != ""; i++ {
		end := min(ChunkSize, len(value))
		for back := 0; end < len(value) && back < utf8.UTFMax-1 && !utf8.RuneStart(value[end]); back++ {
			end--
		}
		pairs = append(pairs, Pair{name + "." + strconv.Itoa(i), value[:end]})
		value = value[end:]
	}
	return pairs
}

// Chunks returns the decoded value of the cookie called name or, when there is
// none or it is empty, of name.0, name.1 and so on joined by number whatever
// their order in the header. ok is false when there is neither, when a number
// below the highest is missing, when there are more than 100 chunks, or when
// they hold more than 1 MiB. Of two chunks with one number the first counts.
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
// value is written. Better Auth takes every cookie whose name starts with name,
// and so expires session_data_other with session_data; this does not.
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
