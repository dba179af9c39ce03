// Package siwetest has the flows of the plugin for flowtest.Run, and a wallet for tests.
package siwetest

import (
	"sync"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

const domain = "app.example.com"

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "sign in with a wallet", Run: signIn}},
		Races: []flowtest.Flow{
			{Name: "RACE-04 one nonce, many sign-ins", Run: oneNonce},
			{Name: "one wallet, many first sign-ins", Run: oneWallet},
		},
		Faults: []flowtest.Request{
			{Name: "sign in with a new wallet", Change: with, Prepare: func(t *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := e.Client()
				return c, flowtest.Send("POST", "/siwe/verify", proof(NewWallet(1), 1, nonce(t, c)))
			}},
		},
	}
}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, siwe.New(siwe.Options{Domain: domain}))
}

func nonce(t *flowtest.T, c *authtest.Client) string {
	return c.Post("/siwe/nonce", flowtest.Body{}).Want(t, 200, "").JSON("nonce")
}

func proof(w Wallet, chain int64, nonce string) flowtest.Body {
	text := w.Message(domain, chain, nonce)
	return flowtest.Body{"message": text, "signature": w.Sign(text)}
}

func signIn(t *flowtest.T) {
	e := t.Start(with)
	w, c := NewWallet(1), e.Client()
	in := proof(w, 1, nonce(t, c))
	id := c.Post("/siwe/verify", in).Want(t, 200, "").JSON("user", "id")
	c.Post("/siwe/verify", in).Want(t, 401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")
	other := e.Client()
	in = proof(w, 1<<40, nonce(t, other)) // a chain beyond 32 bits
	if a := other.Post("/siwe/verify", in).Want(t, 200, ""); a.JSON("user", "id") != id {
		t.Errorf("another user on another chain: %s", a.Body)
	}
	n, err := e.Auth.DB().Count(t.Context(), siwe.ModelWallet, nil)
	if err != nil || n != 2 {
		t.Errorf("%d wallets, %v", n, err)
	}
}

func oneNonce(t *flowtest.T) {
	e := t.Start(with)
	in := proof(NewWallet(1), 1, nonce(t, e.Client()))
	if won := atOnce(t, e, func(int) flowtest.Body { return in }, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE"); won != 1 {
		t.Errorf("%d sign-ins", won)
	}
}

// oneWallet has nonces enough: everybody signs in, as one user.
func oneWallet(t *flowtest.T) {
	e := t.Start(with)
	nonces := make([]string, callers)
	for i := range nonces {
		nonces[i] = nonce(t, e.Client())
	}
	won := atOnce(t, e, func(i int) flowtest.Body { return proof(NewWallet(1), 1, nonces[i]) }, "")
	users, err := e.Auth.DB().Count(t.Context(), core.ModelUser, nil)
	if err != nil || won != callers || users != 1 {
		t.Errorf("%d sign-ins, %d users, %v", won, users, err)
	}
}

const callers = 6

func atOnce(t *flowtest.T, e *authtest.Env, body func(i int) flowtest.Body, refusal string) (won int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range callers {
		wg.Go(func() {
			a := e.Client().Post("/siwe/verify", body(i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.Status == 200:
				won++
			case a.Code() != refusal:
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	return won
}
