package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// answer is an answer of the running server.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (e *examination) get(ctx context.Context, path string, header http.Header) (*answer, error) {
	return e.ask(ctx, http.MethodGet, path, header, "")
}

// ask sends a request to a route below the base path.
func (e *examination) ask(ctx context.Context, method, path string, header http.Header, body string) (*answer, error) {
	return e.askAt(ctx, method, e.at(ctx), path, header, body)
}

// at is the path of the routes at the address that is asked. Behind a proxy that changes paths
// it is the public one, and at the program itself the base path: that which answers.
func (e *examination) at(ctx context.Context) string {
	if e.mount != "" || e.auth.BasePath() == "" {
		return e.mount
	}
	paths := []string{e.auth.BasePath(), e.auth.PublicPath()}
	if asked, err := url.Parse(e.URL); err == nil && asked.Scheme+"://"+asked.Host == e.origin() {
		slices.Reverse(paths)
	}
	e.mount = paths[0]
	if paths[0] == paths[1] {
		return e.mount
	}
	for _, path := range paths {
		if res, err := e.askAt(ctx, http.MethodGet, path, "/ok", nil, ""); err == nil && res.alive() {
			e.mount = path
			break
		}
	}
	return e.mount
}

// alive reports whether an answer is that of the route /ok.
func (a *answer) alive() bool {
	return a.Status == http.StatusOK && strings.Contains(a.Body, `"ok":true`)
}

func (e *examination) askAt(ctx context.Context, method, mount, path string, header http.Header, body string) (*answer, error) {
	address := strings.TrimSuffix(e.URL, "/") + mount + path
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := *e.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return &answer{res.StatusCode, res.Header, string(data)}, err
}

// proxies are traces that proxies leave in answers.
var proxies = []string{"nginx", "openresty", "caddy", "cloudflare", "envoy", "traefik", "haproxy", "varnish", "litespeed"}

// behind is the proxy that an answer came through, or "".
func behind(h http.Header) string {
	if via := h.Get("Via"); via != "" {
		return via
	}
	server := h.Get("Server")
	if slices.ContainsFunc(proxies, func(p string) bool { return strings.Contains(strings.ToLower(server), p) }) {
		return server
	}
	for _, name := range []string{"Cf-Ray", "X-Amz-Cf-Id", "Fly-Request-Id", "X-Vercel-Id", "X-Envoy-Upstream-Service-Time"} {
		if h.Get(name) != "" {
			return name
		}
	}
	return ""
}

// server asks the running server.
func (e *examination) server(ctx context.Context, r *reporter) {
	if e.URL == "" {
		r.skip("the running server was not asked", "start it, and give its address: --url "+orExample(e.origin()))
		return
	}
	res, err := e.get(ctx, "/ok", nil)
	at := strings.TrimSuffix(e.URL, "/") + e.at(ctx)
	switch {
	case err != nil:
		r.fail(e.URL+" does not answer: "+cause(err), "start the program, or give another --url")
		return
	case res.Status/100 == 3:
		r.fail(fmt.Sprintf("%s/ok redirects to %s", at, res.Header.Get("Location")), "give the address behind the redirect as --url; clients lose cookies and bodies on the way")
		return
	case !res.alive():
		r.fail(fmt.Sprintf("%s/ok answers %d, not Kernia's {\"ok\":true}", at, res.Status), e.mounting())
		return
	}
	asked, err := url.Parse(e.URL)
	if base := e.base(); err == nil && base != nil && !loopback(asked.Hostname()) && asked.Scheme+"://"+asked.Host != e.origin() {
		r.warn("the server is asked at "+e.URL+", and core.Options.BaseURL says "+e.opts.BaseURL+": links in mails and cookies are for the latter", "set BaseURL to the address that browsers show")
	}
	ip := e.opts.IPAddress
	if via := behind(res.Header); via != "" && len(ip.TrustedProxies) == 0 && len(ip.Headers) == 0 && !ip.Disabled {
		r.fail("answers come through a proxy ("+via+") that is not trusted, so all visitors share one rate limit",
			"add the proxy's network to core.Options.IPAddress.TrustedProxies; the log names its address")
	}
	if len(ip.Headers) > 0 && len(ip.TrustedProxies) == 0 {
		e.forged(ctx, r)
	}
	r.ok("%s answers", at)
}

// mounting is the cure for a server whose routes are not where they should be.
func (e *examination) mounting() string {
	inside, outside := e.auth.BasePath(), e.auth.PublicPath()
	cure := "install Kernia's middleware or handler, which serves " + inside + " (core.Options.BasePath)"
	if inside == outside {
		return cure + "; a proxy in front must pass this path on as it is, or core.Options.PublicPath must say which path clients see instead"
	}
	return cure + "; the proxy in front must turn " + outside + " (core.Options.PublicPath), which clients see, into it"
}

func orExample(origin string) string {
	if origin == "" {
		return "http://localhost:3000"
	}
	return origin
}

// forged sends more attempts to sign in than one address may, each with another address in the
// headers that the server reads.
func (e *examination) forged(ctx context.Context, r *reporter) {
	if _, ok := emailpassword.From(e.auth); !ok || e.opts.RateLimit.Disabled || len(e.opts.RateLimit.Rules) > 0 {
		return
	}
	for i := range 6 {
		h := http.Header{"Origin": {e.origin()}}
		for _, name := range e.opts.IPAddress.Headers {
			h.Set(name, fmt.Sprintf("192.0.2.%d", i+1)) // RFC 5737, addresses of nobody
		}
		res, err := e.ask(ctx, http.MethodPost, "/sign-in/email", h, "{}")
		if err != nil || res.Status == http.StatusTooManyRequests {
			return
		}
	}
	r.fail("a client that sends "+strings.Join(e.opts.IPAddress.Headers, ", ")+" with another address each time passes every rate limit",
		"list your proxies in core.Options.IPAddress.TrustedProxies")
}

// cause is the reason of an error of a request, without the address.
func cause(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// stranger is an origin that no server trusts.
const stranger = "https://kernia-doctor.invalid"

// cure of CORS.
const order = "install one CORS middleware with the settings of auth.CORS(), and before Kernia's: docs/frontend.md shows it for each framework"

// cors asks as browsers do for pages of other origins.
func (e *examination) cors(ctx context.Context, r *reporter) {
	pages := e.elsewhere()
	if e.URL == "" {
		if len(pages) == 0 {
			r.ok("not needed: no page of another origin is trusted")
			return
		}
		r.skip("whether pages of "+strings.Join(pages, ", ")+" may read answers was not asked", "give the address of the running server: --url "+orExample(e.origin()))
		return
	}
	for _, page := range pages {
		if !e.corsOf(ctx, r, page) {
			return
		}
	}
	if res, err := e.preflight(ctx, stranger); err == nil && res.Header.Get("Access-Control-Allow-Origin") == stranger && res.Header.Get("Access-Control-Allow-Credentials") == "true" {
		r.fail("the CORS middleware lets pages of every origin read answers with the user's cookies", "use auth.CORS().AllowOriginFunc in place of a function that allows all")
	}
	if len(pages) == 0 {
		r.ok("not needed: no page of another origin is trusted")
	}
	r.ok("pages of %s may read answers, and no others", strings.Join(pages, ", "))
}

func (e *examination) preflight(ctx context.Context, page string) (*answer, error) {
	return e.ask(ctx, http.MethodOptions, "/sign-in/email", http.Header{
		"Origin": {page}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"},
	}, "")
}

// corsOf looks at the answers for one origin. It reports false when asking makes no sense.
func (e *examination) corsOf(ctx context.Context, r *reporter, page string) bool {
	res, err := e.preflight(ctx, page)
	if err != nil {
		if e.URL != "" {
			r.skip("the server does not answer", "see the check server")
		}
		return false
	}
	allowed := res.Header.Values("Access-Control-Allow-Origin")
	switch {
	case len(allowed) == 0:
		r.fail(fmt.Sprintf("the preflight (OPTIONS) of %s is answered %d without Access-Control-Allow-Origin: there is no CORS middleware, it does not allow this origin, or it stands after Kernia's", page, res.Status), order)
	case len(allowed) > 1:
		r.fail("Access-Control-Allow-Origin is there "+fmt.Sprint(len(allowed))+" times, which browsers refuse", "let either the proxy or the program answer CORS, not both")
	case allowed[0] == "*":
		r.fail("Access-Control-Allow-Origin is *, with which browsers send no cookies", order)
	case allowed[0] != page:
		r.fail("Access-Control-Allow-Origin is "+allowed[0]+" and not "+page, order)
	case res.Header.Get("Access-Control-Allow-Credentials") != "true":
		r.fail("Access-Control-Allow-Credentials is missing, so browsers drop the session cookie", order)
	case !strings.Contains(strings.ToLower(res.Header.Get("Access-Control-Allow-Headers")), "content-type"):
		r.fail("Access-Control-Allow-Headers has no Content-Type, so browsers send no JSON", order)
	case res.Status/100 != 2:
		r.fail(fmt.Sprintf("the preflight (OPTIONS) of %s is answered %d, and browsers want 2xx", page, res.Status), order)
	default:
		res, err := e.get(ctx, "/get-session", http.Header{"Origin": {page}})
		if err == nil && res.Header.Get("Access-Control-Allow-Origin") != page {
			r.fail("preflights are answered, and the answers themselves have no Access-Control-Allow-Origin for "+page, order)
		}
	}
	return true
}
