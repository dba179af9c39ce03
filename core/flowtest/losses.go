package flowtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
)

// runLosses makes every request with a transaction that loses to another one at its
// first call, at its second, and so on. Nobody may notice: the answer, the cookies,
// the mails and the rows are those of a request that was alone.
func runLosses(t *testing.T, open func(t *testing.T) adapter.Database, scenarios []scenario) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := &suite{T: t, database: open}
			alone := s.attempt(sc, nil)
			for n := 1; ; n++ {
				if n > 200 {
					t.Fatal("the request does not end")
				}
				got := s.attempt(sc, func(f *Faulty) { f.LoseAt(n) })
				if got.failures == 0 {
					return
				}
				if got.answer.Status != alone.answer.Status || cookieNames(got.answer) != cookieNames(alone.answer) ||
					got.opened != alone.opened || fmt.Sprint(got.state) != fmt.Sprint(alone.state) {
					t.Errorf("call %d: %d %s, cookies %s, rows %v\nalone: %d %s, cookies %s, rows %v", n,
						got.answer.Status, got.answer.Body, cookieNames(got.answer), got.state,
						alone.answer.Status, alone.answer.Body, cookieNames(alone.answer), alone.state)
				}
			}
		})
	}
}

// cookieNames lists the cookies that an answer sets, each as often as it does.
func cookieNames(a *authtest.Answer) string {
	var names []string
	for _, line := range a.Header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}
