package flowtest

import (
	"net/url"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// WantOneArrival opens an address that signs a new user in, for example the callback of a
// provider, Crowd times at once with the same cookies. It fails the test unless one caller
// is led to target, all others to a page with the error code refused, and everything is
// stored once.
func WantOneArrival(s *T, e *authtest.Env, c *authtest.Client, address, target, refused string) {
	s.Helper()
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) { answers[i] = c.Copy().Get(address) })
	in := 0
	for _, a := range answers {
		to, q := a.Location()
		path := to
		if u, err := url.Parse(to); err == nil {
			path = u.Path
		}
		switch code := q.Get("error"); {
		case code == "" && path == target:
			in++
		case code != refused:
			s.Errorf("answered %d %s, sent to %s", a.Status, a.Body, to)
		}
	}
	if in != 1 {
		s.Errorf("%d callers have signed in, want 1", in)
	}
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
		WantRows(s, e, model, 1)
	}
	WantRows(s, e, core.ModelVerification, 0)
}
