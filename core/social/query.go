package social

import (
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// The orders in which Better Auth 1.6 writes the parameters of authorization URLs.
// Other parameters come behind.
var (
	standardOrder = []string{
		"response_type", "client_id", "state", "scope", "redirect_uri", "duration", "display", "login_hint", "prompt", "hd", "access_type", "response_mode",
		"nonce", "code_challenge_method", "code_challenge",
	}
	scopeFirst = []string{"scope", "response_type", "client_id", "client_key", "appid", "redirect_uri", "state", "prompt", "nonce"}
)

// encode writes the parameters in an order. An empty scope is sent where emptyScope
// says so.
func encode(order []string, emptyScope bool) func(wire.Query) string {
	return func(q wire.Query) string { return sorted(q, order, emptyScope).Encode() }
}

func sorted(q wire.Query, order []string, emptyScope bool) wire.Query {
	q = slices.Clone(q)
	if _, ok := q.Get("scope"); !ok && emptyScope {
		q = append(q, wire.Pair{Name: "scope"})
	}
	rank := func(p wire.Pair) int {
		if i := slices.Index(order, p.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(q, func(a, b wire.Pair) int { return rank(a) - rank(b) })
	return q
}

// withoutScope leaves the scope of a request out, for providers whose console says
// what is granted.
func withoutScope(q wire.Query) wire.Query {
	return slices.DeleteFunc(slices.Clone(q), func(p wire.Pair) bool { return p.Name == "scope" })
}

// join writes pairs one by one, each with its own change.
func join(q wire.Query, change func(name, encoded string) string) string {
	parts := make([]string, len(q))
	for i, p := range q {
		parts[i] = change(p.Name, wire.Query{p}.Encode())
	}
	return strings.Join(parts, "&")
}

// pick returns the pairs of those names, in that order.
func pick(q wire.Query, names ...string) wire.Query {
	var out wire.Query
	for _, name := range names {
		if v, ok := q.Get(name); ok {
			out = append(out, wire.Pair{Name: name, Value: v})
		}
	}
	return out
}
