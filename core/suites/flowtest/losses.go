package flowtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
)

// runLosses makes every request with transactions that lose to others, at their first
// call, at their second, and so on. The answer, the cookies, the mails and the rows
// must be those of a request that was alone.
func runLosses(t *testing.T, open func(t *testing.T) adapter.Database, scenarios []Request) {
	for _, sc := range scenarios {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			s := &T{T: t, database: open}
			alone, got := s.attempt(sc, nil), s.attempt(sc, (*Faulty).Lose)
			if got.answer.Status != alone.answer.Status || cookieNames(got.answer) != cookieNames(alone.answer) ||
				got.opened != alone.opened || fmt.Sprint(got.state) != fmt.Sprint(alone.state) {
				t.Errorf("%d losses: %d %s, cookies %s, rows %v\nalone: %d %s, cookies %s, rows %v", got.failures,
					got.answer.Status, got.answer.Body, cookieNames(got.answer), got.state,
					alone.answer.Status, alone.answer.Body, cookieNames(alone.answer), alone.state)
			}
			if sc.Name == "sign-up" && got.failures < 4 {
				t.Errorf("%d losses of a transaction that writes three rows", got.failures)
			}
		})
	}
}

// inName is a random part of a cookie's name: a session's token in lower case.
var inName = regexp.MustCompile(`[0-9a-z]{32}`)

// cookieNames lists the cookies that an answer sets, with repetitions.
func cookieNames(a *authtest.Answer) string {
	var names []string
	for _, line := range a.Header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, inName.ReplaceAllString(name, "*"))
	}
	return strings.Join(names, " ")
}
