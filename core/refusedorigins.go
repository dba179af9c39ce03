package core

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core/internal/origin"
)

// refusedOrigins logs once for each refused origin which setting to add: a new
// project's front end is often on another port, and its browser may not read the 403.
// At most maxRefused origins are remembered, so that a client that makes them up fills
// neither memory nor log.
type refusedOrigins struct {
	mu   sync.Mutex
	seen map[string]struct{}
	full bool
}

const maxRefused = 100

// first reports whether an entry is new. last reports that no further one will be
// noted.
func (r *refusedOrigins) first(what string) (first, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.seen[what]; ok || r.full {
		return false, false
	}
	if r.seen == nil {
		r.seen = map[string]struct{}{}
	}
	r.seen[what] = struct{}{}
	r.full = len(r.seen) == maxRefused
	return true, r.full
}

// note logs a refusal.
func (r *refusedOrigins) note(c *Ctx, code ErrorCode, o string) {
	kind := "no origin"
	if code != CodeMissingOrNullOrigin {
		kind = "origin " + o
	}
	first, last := r.first(kind)
	if !first {
		return
	}
	attrs := []slog.Attr{slog.String("origin", o), slog.String("code", code.Code), slog.Any("trusted", c.trustedList())}
	switch {
	case code == CodeMissingOrNullOrigin:
		attrs = append(attrs, slog.String("hint", "browsers name the origin of a page by themselves; other clients that send cookies, or Sec-Fetch-* as fetch in Node does, must send Origin: "+c.base.origin))
	case o == "":
		attrs = append(attrs, slog.String("hint", "it is no URL and no path of this site"))
	case code == CodeCrossSiteLoginBlocked:
		attrs = append(attrs, slog.String("hint", "a form on another site was sent here; sign in with a request of the page instead (fetch)"))
	default:
		attrs = append(attrs, slog.String("add", "TrustedOrigins: []string{"+strconv.Quote(o)+"}"))
	}
	if last {
		attrs = append(attrs, slog.String("note", "further origins are not logged; Options.OnEvent hears of each"))
	}
	c.auth.log.LogAttrs(c, slog.LevelWarn, "a request was refused: its origin is not trusted", attrs...)
}

// rightOrder is the line of each framework that has its CORS middleware first.
var rightOrder = []slog.Attr{
	slog.String("gin", "router.Use(cors.New(…), kernia.Gin(auth))"),
	slog.String("echo", "e.Use(middleware.CORSWithConfig(kerniacors.Config(auth)), kernia.Echo(auth))"),
	slog.String("fiber", "app.Use(cors.New(kerniacors.Config(auth)), kernia.Fiber(auth))"),
	slog.String("chi", "r.Use(cors.Handler(…), nethttp.Middleware(auth))"),
	slog.String("nethttp", "cors.Handler(…)(nethttp.Middleware(auth)(mux))"),
}

// notePreflight logs an OPTIONS request of a browser that reached a path of ours. No
// route answers it, so the browser blocks the request that it precedes.
func (c *Ctx) notePreflight() {
	h := c.Req.Header
	if c.Req.Method != http.MethodOptions || h == nil || h.Get("Access-Control-Request-Method") == "" {
		return
	}
	o := shownOrigin(h.Get("Origin"))
	if first, _ := c.auth.refused.first("preflight " + o); !first {
		return
	}
	attrs := []slog.Attr{
		slog.String("origin", o), slog.Any("trusted", c.trustedList()),
		slog.String("hint", "no CORS middleware stands before Kernia's: install one first, with the settings of auth.CORS()"),
	}
	attrs = append(attrs, rightOrder...)
	if o != "" && !c.TrustedOrigin(o) {
		attrs = append(attrs, slog.String("add", "TrustedOrigins: []string{"+strconv.Quote(o)+"}"))
	}
	c.auth.log.LogAttrs(c, slog.LevelWarn, "a CORS preflight reached Kernia, which answers none", attrs...)
}

// trustedList is the configured list; TrustedOriginsFunc may add to it.
func (c *Ctx) trustedList() []string {
	list := append([]string{c.base.origin}, c.auth.staticOrigins...)
	if c.auth.opts.TrustedOriginsFunc != nil {
		list = append(list, "and those of TrustedOriginsFunc")
	}
	return slices.Compact(list)
}

// shownOrigin returns scheme, host and port of a client's value in the form that
// TrustedOrigins takes, or "" where there is none. The rest of a URL may hold a token.
func shownOrigin(value string) string {
	if o, ok := origin.Of(value); ok {
		return o
	}
	scheme, rest, ok := strings.Cut(value, "://")
	if !ok {
		return shownOpaque(value)
	}
	if end := strings.IndexAny(rest, "/?#@"); end >= 0 {
		rest = rest[:end]
	}
	o := strings.ToLower(scheme) + "://" + rest
	if _, err := origin.Compile([]string{o}); err != nil || strings.Contains(o, "*") || len(o) > 255 {
		return ""
	}
	return o
}

// shownOpaque is shownOrigin for values without "//": a native app's scheme, or the
// hash that names an Android app. Other values of this form could hold anything.
func shownOpaque(value string) string {
	o := value
	if scheme, _, ok := strings.Cut(value, ":/"); ok {
		o = strings.ToLower(scheme) + ":/"
	} else if !strings.HasPrefix(value, "android:apk-key-hash:") {
		return ""
	}
	if _, err := origin.Compile([]string{o}); err != nil || len(o) > 255 {
		return ""
	}
	return o
}
