package validate

import (
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// Issue is one mistake in the input.
type Issue struct {
	Path    string // "body.email", or "body" for the body as a whole
	Message string

	fatal bool // zod stops checking this value and what contains it
}

// Issues collects the mistakes found while a value is decoded, and their
// places.
type Issues struct {
	section string
	path    []string
	room    [4]string // of path, for most inputs
	list    []Issue
}

// maxIssues bounds the answer: further issues are not reported. No ordinary request has
// as many.
const maxIssues = 128

// Enter descends to name, a member or the index of an item: following issues are
// reported there.
func (is *Issues) Enter(name string) {
	if is.path == nil {
		is.path = is.room[:0]
	}
	is.path = append(is.path, name)
}

// Leave goes back to where the last Enter was called.
func (is *Issues) Leave() { is.path = is.path[:len(is.path)-1] }

// Len returns the number of issues so far.
func (is *Issues) Len() int { return len(is.list) }

// Add reports a broken rule at the present place, or at a member below it.
func (is *Issues) Add(message string, path ...string) { is.add(message, path, false) }

// Fatal reports that the present value is not of its type, so that rules that
// depend on it cannot be checked.
func (is *Issues) Fatal(message string) { is.add(message, nil, true) }

// Type reports that v is not of the expected type, in zod's words.
func (is *Issues) Type(expected string, v wire.Value) {
	is.Fatal("Invalid input: expected " + expected + ", received " + v.Kind().String())
}

func (is *Issues) add(message string, path []string, fatal bool) {
	if len(is.list) >= maxIssues {
		return
	}
	at := is.section
	for _, s := range is.path {
		at += "." + s
	}
	for _, s := range path {
		at += "." + s
	}
	is.list = append(is.list, Issue{at, message, fatal})
}

// fatal reports whether an issue since start is fatal.
func (is *Issues) fatal(start int) bool {
	if len(is.list) >= maxIssues {
		return true // those beyond are not in the list
	}
	for i := start; i < len(is.list); i++ {
		if is.list[i].fatal {
			return true
		}
	}
	return false
}

func (is *Issues) err() error {
	if len(is.list) == 0 {
		return nil
	}
	var b strings.Builder
	for i, issue := range is.list {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString("[" + issue.Path + "] " + issue.Message)
	}
	return &Error{b.String(), is.list}
}

const badText = "Invalid input: expected text without NUL"

// text checks that a database can hold every string and name in v.
func (is *Issues) text(v wire.Value) bool {
	if s, ok := v.Str(); ok && !wire.ValidText(s) {
		is.Fatal(badText)
		return false
	}
	if items, ok := v.Items(); ok {
		for _, item := range items {
			if !is.text(item) {
				return false
			}
		}
	}
	if o, ok := v.Obj(); ok {
		for _, m := range o.Members() {
			if !wire.ValidText(m.Name) {
				is.Fatal(badText)
				return false
			}
			is.Enter(m.Name)
			if !is.text(m.Value) {
				return false
			}
			is.Leave()
		}
	}
	return true
}
