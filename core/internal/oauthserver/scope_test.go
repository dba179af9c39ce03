package oauthserver

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for text, scopes := range map[string][]string{"": nil, "  ": nil, "a": {"a"}, " b a  b c a ": {"b", "a", "c"}, "a\tb": {"a\tb"}} {
		if got := split(text); !slices.Equal(got, scopes) {
			t.Errorf("split(%q) = %q", text, got)
		}
	}
	if got := beyond([]string{"a", "x", "b", "y"}, []string{"b", "a"}); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("beyond: %q", got)
	}
}

// Reading a list takes time in proportion to its length: with the square of it, this list
// takes minutes.
func TestSplitIsLinear(t *testing.T) {
	t.Parallel()
	const n = 300_000
	var text strings.Builder
	for i := range n {
		text.WriteString(strconv.Itoa(n+i) + " ")
	}
	done := make(chan []string, 1)
	go func() {
		list := split(text.String())
		done <- beyond(list, list)
	}()
	select {
	case left := <-done:
		if len(left) != 0 {
			t.Errorf("%d scopes are beyond themselves", len(left))
		}
	case <-time.After(10 * time.Second):
		t.Error("it takes too long")
	}
}

func TestGrantsOfClients(t *testing.T) {
	t.Parallel()
	for _, grants := range [][]string{nil, {}, {GrantCode}} {
		c := &Client{Secret: "x", GrantTypes: grants}
		if c.mayUse(GrantCredentials) || !c.mayUse(GrantCode) || !c.mayUse(GrantRefresh) {
			t.Errorf("grants of %q", grants)
		}
	}
	if c := (&Client{GrantTypes: []string{GrantCredentials}}); !c.mayUse(GrantCredentials) || c.mayUse(GrantCode) || c.mayUse(GrantRefresh) {
		t.Error("grants of a machine")
	}
}
