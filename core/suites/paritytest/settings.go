package paritytest

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/storage"
)

// maxBody is small, so that a body over it still fits into socket buffers: a server may
// answer before it has read everything.
const maxBody = 4096

// setting is one configuration with a server of its own.
type setting struct {
	name   string
	addr   string
	change func(*core.Options)
	more   []scenario
}

// scenario is a check that is more than one exchange.
type scenario struct {
	name string
	run  func(*testing.T, *parity)
}

const (
	byDefault  = "default"
	custom     = "custom base path"
	root       = "root base path"
	betterAuth = "Better Auth answers"
	dynamic    = "dynamic host"
	ipv6       = "IPv6"
	outage     = "outage"
)

var settings = []setting{
	{name: byDefault, more: slices.Concat(appScenarios, lifeScenarios, orderScenarios, malformedScenarios)},
	{name: custom, change: func(o *core.Options) { o.BasePath = "/v1/identity" }, more: appScenarios},
	{name: root, change: func(o *core.Options) { o.BasePath = "/" }, more: appScenarios},
	{name: stripped, change: behindPrefix, more: prefixScenarios},
	{name: betterAuth, change: func(o *core.Options) { o.Compat = core.CompatBetterAuth }},
	{name: dynamic, change: func(o *core.Options) {
		o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"allowed.example", "*.tenants.example"}}
	}},
	{name: ipv6, addr: "[::1]:0"},
	{name: clients, change: forClients, more: clientScenarios},
	{name: credentialed, change: withCredentials, more: credentialScenarios},
	{name: provided, change: withProvider, more: socialScenarios},
	{name: extended, change: withPlugins, more: providerScenarios},
	{name: outage, change: func(o *core.Options) { o.SecondaryStorage = &fragile{Storage: storage.NewMemory(nil)} }, more: outageScenarios},
}

// parity is a server under test with everything around it.
type parity struct {
	auth   *core.Auth
	down   func(bool) // takes the secondary storage away, where the setting has one
	server string     // host:port
	probe  *probe
	visits *visits
	log    *authtest.Log
	clock  *authtest.Clock

	token, cached string // Cookie headers: session token alone, and with the cookie cache
}

func open(t *testing.T, start Start, s setting) *parity {
	t.Helper()
	p := &parity{probe: newProbe(), visits: newVisits()}
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	} else if l, err := net.Listen("tcp", addr); err != nil { //nolint:noctx // returns at once
		t.Skipf("this machine has no %s: %v", s.name, err)
	} else {
		_ = l.Close()
	}
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.MaxBody = maxBody
		o.Session.CookieCache.Enabled = true
		o.Plugins = append(o.Plugins, p.probe)
		if s.change != nil {
			s.change(o)
		}
		if f, ok := o.SecondaryStorage.(*fragile); ok {
			p.down = f.down.Store
		}
	})
	p.auth, p.log, p.clock = env.Auth, env.Log, env.Clock
	if _, err := p.auth.Store().CreateUser(t.Context(), core.User{Email: email, Name: "Ada"}); err != nil {
		t.Fatal(err)
	}
	p.signIn(t)
	url := start(t, p.auth, App{Addr: addr, MaxBody: 1 << 20, Routes: routes(p.auth), Outer: p.visits.outer, Inner: p.visits.inner})
	server, ok := strings.CutPrefix(url, "http://")
	if !ok {
		t.Fatalf("the server started at %q, want http://host:port", url)
	}
	p.server = server
	return p
}

// signIn makes the session that all exchanges share.
func (p *parity) signIn(t *testing.T) {
	t.Helper()
	var res core.Response
	x := exchange{method: "POST", target: p.auth.BasePath() + "/parity/sign-in", host: "allowed.example"}
	p.auth.Serve(t.Context(), x.request("127.0.0.1:1", maxBody), &res)
	var pairs []string
	for _, line := range res.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	if res.Status != 200 || len(pairs) != 2 {
		t.Fatalf("sign-in: %d %s %q", res.Status, res.Body, pairs)
	}
	p.token, p.cached = pairs[0], strings.Join(pairs, "; ")
}

// visits records what the application's middleware saw, by target.
type visits struct {
	mu       sync.Mutex
	inside   map[string]int
	answered map[string]chan int
}

func newVisits() *visits { return &visits{inside: map[string]int{}, answered: map[string]chan int{}} }

// expect prepares for a request with a target.
func (v *visits) expect(method, target string) (status <-chan int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := make(chan int, 8)
	v.answered[method+" "+target] = c
	return c
}

func (v *visits) outer(method, target string) func(int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.answered[method+" "+target]
	return func(status int) {
		if c != nil {
			c <- status
		}
	}
}

func (v *visits) inner(method, target string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inside[method+" "+target]++
}

func (v *visits) reached(method, target string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.inside[method+" "+target]
}
