package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/advantch/kernia-go/cli/internal/info"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// versions compares the versions of Kernia's modules, which are released together.
func (e *examination) versions(_ context.Context, r *reporter) {
	if e.Build == nil {
		return
	}
	of := map[string]string{}
	version := ""
	for _, m := range info.Modules(e.Build) {
		if !strings.HasPrefix(m.Path, info.Ours) || m.Replaced {
			continue
		}
		of[m.Version], version = m.Path, m.Version
	}
	if len(of) > 1 {
		var parts []string
		for v, path := range of {
			parts = append(parts, path+" "+v)
		}
		slices.Sort(parts)
		r.warn("the modules of Kernia have different versions: "+strings.Join(parts, ", "),
			"they are released together: go get all of them at the same version")
	}
	if version != "" {
		r.ok("Kernia %s", version)
	}
}

func (e *examination) secret(_ context.Context, r *reporter) {
	for _, w := range e.auth.Keys().Weaknesses() {
		r.fail(w, "set core.Options.Secret to the output of \"kernia secret\"; list the old one in Options.Secrets while cookies that it signed are in use")
	}
	r.ok("strong enough")
}

// base is the parsed base URL, nil when it is that of each request.
func (e *examination) base() *url.URL {
	if e.opts.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(e.opts.BaseURL)
	if err != nil {
		return nil // New has parsed it
	}
	return u
}

func (e *examination) baseURL(_ context.Context, r *reporter) {
	u := e.base()
	if u == nil {
		d := e.opts.DynamicBaseURL
		if slices.Contains(d.AllowedHosts, "*") {
			r.fail("DynamicBaseURL answers for every host, so an attacker chooses where links in mails lead", "list your hosts in DynamicBaseURL.AllowedHosts")
		}
		r.ok("that of each request's host: %s", strings.Join(d.AllowedHosts, ", "))
		return
	}
	host := u.Hostname()
	switch {
	case loopback(host):
		r.ok("%s, for development", e.opts.BaseURL)
		return
	case u.Scheme == "http":
		r.fail(e.opts.BaseURL+" is not encrypted: passwords and cookies can be read on the way", "set core.Options.BaseURL to the public https address, also when a proxy ends TLS")
	case isIP(host):
		r.warn(host+" is an address and no name, for which most providers refuse callbacks and browsers keep no cookies of a domain", "give the server a name")
	}
	r.ok("%s", e.opts.BaseURL)
}

// origins looks at the pages that may call the server.
func (e *examination) origins(_ context.Context, r *reporter) {
	if e.opts.DisableCSRFCheck {
		r.fail("Options.DisableCSRFCheck accepts requests of every page", "remove it, and list the pages in core.Options.TrustedOrigins")
	}
	for _, page := range e.Pages {
		if !e.auth.TrustsOrigin(page) {
			r.fail("pages of "+page+" get 403 INVALID_ORIGIN", fmt.Sprintf("add %q to core.Options.TrustedOrigins", page))
		}
	}
	base := e.base()
	for _, o := range e.opts.TrustedOrigins {
		if everyPage(o) {
			r.fail("TrustedOrigins has "+o+", which is every page", "list your own origins")
			continue
		}
		u, err := url.Parse(strings.NewReplacer("*", "any", "?", "x").Replace(o))
		if err != nil || base == nil {
			continue
		}
		if u.Scheme == "http" && base.Scheme == "https" && !loopback(u.Hostname()) {
			r.warn("TrustedOrigins has "+o+", which is not encrypted: whoever changes its pages on the way acts for your users", "use https")
		}
	}
	trusted := slices.DeleteFunc(append([]string{e.origin()}, e.opts.TrustedOrigins...), func(o string) bool { return o == "" })
	r.ok("%s", strings.Join(trusted, ", "))
}

// everyPage reports whether a pattern of TrustedOrigins trusts pages that anybody can make: a
// host without a name of one's own, such as "*", "https://**" or "*.com".
func everyPage(pattern string) bool {
	scheme, host, ok := strings.Cut(pattern, "://")
	if !ok {
		scheme, host = "", pattern
	}
	if scheme != "" && !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return false
	}
	host = strings.TrimSuffix(host, "/")
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	if !strings.ContainsAny(host, "*?") {
		return false
	}
	labels := strings.Split(host, ".")
	for i, label := range slices.Backward(labels) {
		if strings.ContainsAny(label, "*?") { // what follows is fixed
			fixed := strings.Join(labels[i+1:], ".")
			if fixed == "" {
				return true
			}
			suffix, icann := publicsuffix.PublicSuffix(fixed)
			return suffix == fixed && (icann || strings.Contains(fixed, ".")) && !loopback(fixed)
		}
	}
	return false
}

// origin is that of the base URL, or "".
func (e *examination) origin() string {
	u := e.base()
	if u == nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// elsewhere lists trusted origins of pages that are not at the base URL.
func (e *examination) elsewhere() []string {
	var out []string
	for _, o := range slices.Concat(e.opts.TrustedOrigins, e.Pages) {
		if (strings.HasPrefix(o, "http://") || strings.HasPrefix(o, "https://")) && !strings.Contains(o, "*") && o != e.origin() && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// cookies looks at whether browsers keep and send the session cookie.
func (e *examination) cookies(_ context.Context, r *reporter) {
	o, base := e.opts.Cookies, e.base()
	if base == nil {
		r.ok("decided for each host")
		return
	}
	attributes := cookie.Attributes{Secure: base.Scheme == "https", SameSite: "lax"}
	if o.Secure != nil {
		attributes.Secure = *o.Secure
	}
	if o.Attributes != nil {
		o.Attributes("session_token", &attributes)
	}
	attributes.SameSite = strings.ToLower(attributes.SameSite)
	local := loopback(base.Hostname())
	switch {
	case attributes.Secure && base.Scheme == "http" && !local:
		r.fail("cookies are Secure, and browsers do not keep such cookies of "+e.opts.BaseURL, "set core.Options.BaseURL to the public https address, or leave Cookies.Secure out")
	case !attributes.Secure && base.Scheme == "https":
		r.fail("cookies are not Secure although the base URL is https: they can be read on an unencrypted request", "remove Cookies.Secure: new(false)")
	case attributes.SameSite == "none" && !attributes.Secure:
		r.fail("cookies have SameSite=None without Secure: browsers refuse them", "use https, or leave SameSite out")
	}
	if o.CrossSubDomain || o.Domain != "" {
		domain := strings.TrimPrefix(o.Domain, ".")
		if domain == "" {
			domain = base.Hostname()
		}
		if suffix, icann := publicsuffix.PublicSuffix(domain); suffix == domain && (icann || strings.Contains(domain, ".")) {
			r.fail("the cookies' domain "+domain+" is a public suffix: browsers refuse every cookie", "set Cookies.Domain to your own domain")
		}
		if isIP(domain) || domain == "localhost" {
			r.fail("the cookies' domain is "+domain+", which has no subdomains: browsers refuse or ignore it", "leave Cookies.CrossSubDomain and Cookies.Domain out in development")
		}
	}
	for _, page := range e.elsewhere() {
		u, err := url.Parse(page)
		if err != nil || sameSite(u, base) || attributes.SameSite == "none" {
			continue
		}
		r.fail("pages of "+page+" are of another site than "+e.origin()+": browsers do not send them cookies with SameSite="+attributes.SameSite,
			"put both under one domain, for example app. and api.; or let the page's server pass /api/auth on; "+
				"SameSite=None works only where browsers allow cookies of third parties")
	}
	r.ok("Secure=%t, SameSite=%s", attributes.Secure, attributes.SameSite)
}

// sameSite reports whether cookies with SameSite=Lax are sent from pages of one address to the
// other.
func sameSite(a, b *url.URL) bool {
	if a.Scheme != b.Scheme {
		return false
	}
	x, y := a.Hostname(), b.Hostname()
	if x == y {
		return true
	}
	sx, err := publicsuffix.EffectiveTLDPlusOne(x)
	if err != nil {
		return false
	}
	sy, err := publicsuffix.EffectiveTLDPlusOne(y)
	return err == nil && sx == sy
}

// proxy looks at where the addresses of clients come from.
func (e *examination) proxy(_ context.Context, r *reporter) {
	ip := e.opts.IPAddress
	if e.opts.RateLimit.Disabled {
		r.warn("the rate limits are off: passwords and codes can be tried without end", "remove core.Options.RateLimit.Disabled")
	}
	switch d := e.opts.DynamicBaseURL; {
	case ip.Disabled:
		r.warn("addresses are off: rate limits do not tell clients apart", "set core.Options.IPAddress.TrustedProxies in place of Disabled")
	case len(ip.Headers) > 0 && len(ip.TrustedProxies) == 0:
		r.warn("Options.IPAddress trusts "+strings.Join(ip.Headers, ", ")+" from everybody: a client that reaches the server directly chooses its own address, and passes every rate limit",
			"list your proxies in IPAddress.TrustedProxies, unless the platform itself sets the header on every request")
	case d != nil && d.TrustForwarded && len(ip.TrustedProxies) == 0:
		r.warn("DynamicBaseURL.TrustForwarded believes X-Forwarded-Host, and IPAddress.TrustedProxies is empty", "set both, if there is a proxy, or neither")
	case len(ip.TrustedProxies) > 0:
		var list []string
		for _, p := range ip.TrustedProxies {
			list = append(list, p.String())
		}
		r.ok("trusts %s", strings.Join(list, ", "))
	}
	r.ok("none is trusted: right without a proxy in front; behind one set core.Options.IPAddress.TrustedProxies")
}

func (e *examination) database(ctx context.Context, r *reporter) {
	name := e.auth.DB().Name()
	plan, err := e.auth.Plan(ctx)
	switch {
	case err != nil:
		r.fail(err.Error(), "check that the database runs, and the settings with which the program opens it")
	case len(plan) > 0:
		missing := map[string]bool{}
		var tables []string
		for _, c := range plan {
			if !missing[c.Table] {
				missing[c.Table] = true
				tables = append(tables, c.Table)
			}
		}
		r.fail(fmt.Sprintf("%s lacks %d things, in the tables %s", name, len(plan), strings.Join(tables, ", ")), "run \"kernia migrate\"")
	case name == "memory" && !e.opts.Stateless:
		r.warn("the rows are in memory: users and sessions end with the process", "use gormadapter, entadapter or core/adapters/mongo for what shall stay")
	case e.auth.DB().Capabilities().NoTx:
		r.warn(name+" has no transactions: what belongs together can be left half done", "on MongoDB use a replica set")
	}
	if advice, err := e.auth.Advice(ctx); err == nil && len(advice) > 0 {
		var list []string
		for _, c := range advice {
			list = append(list, c.SQL+";")
		}
		r.warn(fmt.Sprintf("%d indexes would speed up tables that Kernia did not make", len(advice)), "run at a time of few writes: "+strings.Join(list, " "))
	}
	r.ok("%s has every table", name)
}

// mail looks for functions that send.
func (e *examination) mail(_ context.Context, r *reporter) {
	verification := e.auth.EmailVerification().Send != nil
	p, passwords := emailpassword.From(e.auth)
	if passwords {
		o := p.Options()
		if o.RequireEmailVerification && !verification {
			r.fail("addresses must be verified, and nothing sends the link: nobody can sign in", "set core.Options.EmailVerification.Send")
		} else if !verification {
			r.warn("nothing sends the link that verifies an address", "set core.Options.EmailVerification.Send; without it an address is only what somebody typed")
		}
		if o.SendResetPassword == nil && !e.auth.HasPlugin("email-otp") {
			r.warn("nothing sends the link that resets a password: who forgets theirs has lost the account", "set emailpassword.Options.SendResetPassword")
		}
	}
	if p, ok := organization.From(e.auth); ok && p.Options().SendInvitation == nil {
		r.warn("nothing sends invitations to organizations", "set organization.Options.SendInvitation, or show the links of invitations yourself")
	}
	d := e.opts.User
	if d.ChangeEmail.Enabled && !verification && !d.ChangeEmail.UpdateWithoutVerification {
		r.fail("addresses may be changed, and nothing sends the link that proves the new one", "set core.Options.EmailVerification.Send")
	}
	r.ok("every message has a sender")
}

// clockSkew is how far two clocks may differ.
const clockSkew = 30 * time.Second

func (e *examination) clock(ctx context.Context, r *reporter) {
	now := e.Now()
	if d := e.auth.Now().Sub(now).Abs(); d > clockSkew {
		r.fail(fmt.Sprintf("Options.Clock differs by %s from the time of this machine: sessions and links end at the wrong time", d.Round(time.Second)), "remove core.Options.Clock outside of tests")
	}
	if built := e.built(); built.Sub(now) > clockSkew {
		r.fail("the clock of this machine is before the commit that the program was built from, "+built.UTC().Format(time.RFC3339), "let the machine set its clock, for example by chrony or systemd-timesyncd")
	}
	if e.URL != "" {
		if res, err := e.get(ctx, "/ok", nil); err == nil {
			if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
				if d := date.Sub(e.Now()).Abs(); d > clockSkew {
					r.fail(fmt.Sprintf("the clocks of the server and of this machine differ by %s: sessions, links and id_tokens end at the wrong time", d.Round(time.Second)), "let both machines set their clocks")
				}
			}
		}
	}
	r.ok("%s", now.UTC().Format(time.RFC3339))
}

// built is the time of the commit of the program, or zero.
func (e *examination) built() time.Time {
	if e.Build == nil {
		return time.Time{}
	}
	for _, s := range e.Build.Settings {
		if s.Key == "vcs.time" {
			at, _ := time.Parse(time.RFC3339, s.Value)
			return at
		}
	}
	return time.Time{}
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
