package document

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// crowd is a group with members.
func crowd(n int) Object {
	list := make([]any, n)
	for i := range list {
		list[i] = Object{"value": fmt.Sprintf("member-%d", i), "type": "User"}
	}
	return Object{"displayName": "Crowd", "members": list}
}

func operations(t testing.TB, k *Kind, ops ...string) ([]Operation, error) {
	t.Helper()
	v, err := wire.Parse([]byte(`{"schemas":["`+PatchURN+`"],"Operations":[`+strings.Join(ops, ",")+`]}`), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := v.Obj()
	return ReadPatch(k, o)
}

func repeat(n int, op func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = op(i)
	}
	return out
}

func values(n int, prefix string) string {
	return strings.Join(repeat(n, func(i int) string { return fmt.Sprintf(`{"value":"%s-%d"}`, prefix, i) }), ",")
}

// Each attack by the id of its row.
func TestAttacksOnBounds(t *testing.T) {
	t.Parallel()
	t.Run("SCM-09 cost of a patch", scm09CostOfAPatch)
}

// SCM-09: what a PATCH makes the server do is bounded, whatever the operations are.
func scm09CostOfAPatch(t *testing.T) {
	t.Parallel()
	k := Groups()
	for name, c := range map[string]struct {
		ops     []string
		members int // before
		left    int // after; -1 is a refusal
	}{
		"SCM-09 many values in many operations": {repeat(25, func(i int) string {
			return `{"op":"add","path":"members","value":[` + values(90, fmt.Sprint(i)) + `]}`
		}), 0, -1},
		"SCM-09 many values without a path": {repeat(25, func(i int) string {
			return `{"op":"add","value":{"members":[` + values(90, fmt.Sprint(i)) + `]}}`
		}), 0, -1},
		"SCM-09 removals by value": {repeat(1000, func(i int) string { return `{"op":"remove","path":"members","value":[` + values(2, "member") + `]}` }), 20_000, -1},
		"SCM-09 filters of many comparisons": {repeat(1000, func(int) string {
			return `{"op":"remove","path":"members[` + strings.Repeat(`value eq \"x\" or `, 60) + `value pr and value eq \"y\"]"}`
		}), 20_000, -1},
		"SCM-09 additions and removals": {repeat(1000, func(i int) string {
			return []string{`{"op":"add","path":"members","value":[{"value":"x"}]}`, `{"op":"remove","path":"members[value eq \"x\" and type pr]"}`}[i%2]
		}), 20_000, -1},
		"SCM-09 a thousand values at once": {[]string{`{"op":"add","path":"members","value":[` + values(1000, "member") + `]}`}, 20_000, 20_000},
		"SCM-09 a thousand additions": {repeat(1000, func(i int) string {
			return fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"new-%d"}]}`, i/2)
		}), 20_000, 20_500},
		"SCM-09 a thousand removals":               {repeat(1000, func(i int) string { return fmt.Sprintf(`{"op":"remove","path":"members[value eq \"member-%d\"]"}`, i) }), 20_000, 19_000},
		"SCM-09 a thousand values to replace":      {[]string{`{"op":"replace","path":"members","value":[` + values(1000, "x") + `]}`}, 20_000, 1000},
		"SCM-09 a thousand values to remove":       {[]string{`{"op":"remove","path":"members","value":[` + values(1000, "member") + `]}`}, 20_000, 19_000},
		"SCM-09 a thousand of the same values":     {[]string{`{"op":"add","path":"members","value":[` + strings.Repeat(`{"value":"x"},`, 999) + `{"value":"x"}]}`}, 0, 1},
		"SCM-09 a thousand of the same to replace": {[]string{`{"op":"replace","path":"members","value":[` + strings.Repeat(`{"value":"x"},`, 999) + `{"value":"x"}]}`}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			ops, err := operations(t, k, c.ops...)
			var out Object
			if err == nil {
				out, _, err = Apply(k, crowd(c.members), ops)
			}
			if e, ok := err.(*Error); c.left < 0 && (!ok || e.Type != TooMany) || c.left >= 0 && err != nil {
				t.Fatalf("%v", err)
			}
			if list, _ := out["members"].([]any); c.left >= 0 && len(list) != c.left {
				t.Errorf("%d members, want %d", len(list), c.left)
			}
			// Without bounds some of these take minutes.
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%v", took)
			}
		})
	}
}
