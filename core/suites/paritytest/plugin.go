package paritytest

import (
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core"
)

// probe is a plugin that shows the requests that reached the kernel.
type probe struct {
	mu   sync.Mutex
	kept []kept
	keep map[string]bool
	seen map[string]int // requests by raw query
}

// kept are strings of a request as the translator gave them, not copied.
type kept struct{ method, path, query, host, cookie, note, agent, remote string }

func keep(r *core.Request) kept {
	return kept{
		r.Method, r.Path, r.RawQuery, r.Host, r.Header.Get("Cookie"), r.Header.Get("X-Note"),
		r.Header.Get("User-Agent"), r.Remote.Addr().String(),
	}
}

func newProbe() *probe { return &probe{keep: map[string]bool{}, seen: map[string]int{}} }

// email is the address of the only user.
const email = "ada@example.com"

func (*probe) ID() string { return "parity" }

func (p *probe) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Operations: []core.Operation{
			core.Post("parityEcho", "/parity/echo", echo, core.WithMethods("GET", "POST", "PUT", "DELETE", "PATCH"), core.AcceptForm()),
			core.Post("parityStrict", "/parity/strict", strict),
			core.Get("parityItem", "/parity/item/:name", item),
			core.Get("parityCookies", "/parity/cookies", cookies),
			core.Get("parityHeaders", "/parity/headers", headers),
			core.Post("parityPanic", "/parity/panic", echo),
			core.Get("parityPanicLate", "/parity/panic-late", echo),
			core.Get("parityMoved", "/parity/moved", moved),
			core.Get("parityRoot", "/.well-known/parity", wellKnown, core.AtRoot()),
			core.Get("parityEmpty", "/parity/empty", empty),
			core.Post("paritySignIn", "/parity/sign-in", signIn),
		},
		Before: []core.Hook{{Match: core.Paths("/parity/panic"), Run: func(*core.Ctx) error { panic("a hook has a bug") }}},
		After: []core.Hook{{Match: core.Paths("/parity/panic-late"), Run: func(c *core.Ctx) error {
			c.SetHeader("X-Half-Done", "yes")
			panic("a hook has a bug")
		}}},
		OnRequest: p.note,
	}, nil
}

func (p *probe) note(c *core.Ctx) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[c.Req.RawQuery]++
	if p.keep[c.Req.RawQuery] {
		p.kept = append(p.kept, keep(c.Req))
	}
	return nil
}

// count says how many requests with a raw query reached the kernel.
func (p *probe) count(query string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[query]
}

type echoReply struct {
	Method   string   `json:"method"`
	Path     string   `json:"path"`
	RawQuery string   `json:"rawQuery"`
	Query    string   `json:"query"`
	Scheme   string   `json:"scheme"`
	Host     string   `json:"host"`
	IP       string   `json:"ip"`
	Cookie   string   `json:"cookie"`
	Many     []string `json:"many"`
	Note     string   `json:"note"`
	Body     string   `json:"body"`
	Parsed   string   `json:"parsed"`
	BaseURL  string   `json:"baseURL"`
}

func echo(c *core.Ctx, _ *core.NoInput) (echoReply, error) {
	ip, _ := c.IP()
	h := c.Req.Header
	return echoReply{
		Method: c.Req.Method, Path: c.Req.Path, RawQuery: c.Req.RawQuery, Query: string(c.Query().AppendJSON(nil)),
		Scheme: c.Req.Scheme, Host: c.Req.Host, IP: ip, Cookie: c.Cookie("sample"),
		Many: append([]string{}, h.Values("X-Many")...), Note: h.Get("x-note"),
		Body: string(c.Req.Body), Parsed: string(c.Body().AppendJSON(nil)), BaseURL: c.BaseURL(),
	}, nil
}

type strictInput struct {
	Email string `json:"email" zod:"email"`
}

func strict(_ *core.Ctx, in *strictInput) (string, error) { return in.Email, nil }

func item(c *core.Ctx, _ *core.NoInput) (string, error) { return c.Param("name"), nil }

func cookies(c *core.Ctx, _ *core.NoInput) (core.OKReply, error) {
	c.SetCookie(c.NewCookie("zebra", 0), "1 of 4; with = and ü")
	c.SetSignedCookie(c.NewCookie("alpha", 0), "2")
	c.SetCookie(c.NewCookie("zebra", 0), "3")
	c.ExpireCookie(c.NewCookie("middle", 0))
	return core.OKReply{OK: true}, nil
}

func headers(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	c.SetHeader("x-lower-case", "kept")
	c.SetHeader("X-Utf8", "grün")
	c.Res.Add("Link", "</a>; rel=first")
	c.Res.Add("Link", "</b>; rel=last")
	c.SetHeader("X-Split", "a\r\nSet-Cookie: evil=1") // HDR-01: the kernel drops it
	return &core.Raw{Status: 418, ContentType: "application/jwk-set+json", Body: []byte("{ \"raw\" : true }\n\x00")}, nil
}

// wellKnown answers outside the base path.
func wellKnown(c *core.Ctx, _ *core.NoInput) (string, error) { return c.Path(), nil }

func moved(c *core.Ctx, _ *core.NoInput) (core.OKReply, error) {
	c.SetCookie(c.NewCookie("state", 0), "kept")
	return core.OKReply{}, c.Redirect("/welcome?from=grün&x=" + strings.Repeat("y", 20))
}

func empty(*core.Ctx, *core.NoInput) (*core.Raw, error) { return &core.Raw{Status: 202}, nil }

func signIn(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
	u, err := c.Auth().Store().FindUserByEmail(c, email)
	if err != nil {
		return core.StatusReply{}, err
	}
	_, err = c.SignIn(c, u, core.SignIn{Method: "parity"})
	return core.StatusReply{Status: true}, err
}
