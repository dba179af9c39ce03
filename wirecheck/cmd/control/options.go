package main

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	// publicSecret is what Better Auth uses when it is given no secret. Anyone can sign
	// with it, and the core refuses it; instances in a test environment have it.
	publicSecret = "better-auth-secret-12345678901234567890"
	// developmentSecret is for instances without a secret in other environments.
	developmentSecret = "wire-check-H7v2QmX9tLr4BzKc6NpWs8Yd"
	// withoutRequest is the base URL of calls that come with neither a base URL nor a
	// request. Better Auth has the empty text there until its first request.
	withoutRequest = "http://localhost:3000"
)

// environment is what an instance sees of the process environment.
type environment struct{ vars wire.Value }

func (e environment) get(name string) string {
	text, _ := e.vars.Get(name).Str()
	return text
}

func (e environment) production() bool { return e.get("NODE_ENV") == "production" }
func (e environment) test() bool {
	test := e.get("TEST")
	return e.get("NODE_ENV") == "test" || test != "" && test != "false"
}
func (e environment) development() bool {
	return e.get("NODE_ENV") == "development" || e.get("NODE_ENV") == "dev"
}

// options maps Better Auth's options to the core's.
func (i *instance) options(spec wire.Value) (*core.Options, error) {
	all := &options{outside: i.outside}
	root := all.section("", spec.Get("options"))
	env := environment{spec.Get("env")}
	i.env = env
	o := &core.Options{
		// A slow machine refuses nobody: the reference has no such bounds.
		Timeout: -1, Password: core.PasswordOptions{MaxWait: -1},
		Compat: core.CompatBetterAuth, AllowWeakSecret: true, Clock: i.clock.now,
		Background: func(task func()) { task() },
		Logger:     i.logger(root.sub("logger")),
		AppName:    root.text("appName"), BasePath: root.text("basePath"),
		DisabledPaths: root.texts("disabledPaths"),
	}
	if o.AppName == "" {
		o.AppName = "Better Auth"
	}
	i.baseURL(o, root, env)
	i.secrets(o, root, env)
	i.trustedOrigins(o, root, env)
	i.user(o, root.sub("user"))
	i.session(o, root.sub("session"))
	i.account(o, root.sub("account"))
	i.verification(o, root.sub("verification"))
	i.emailVerification(o, root.sub("emailVerification"))
	i.rateLimit(o, root.sub("rateLimit"), env)
	i.advanced(o, root.sub("advanced"), env)
	i.hooks(o, root.sub("hooks"))
	i.databaseHooks(o, root.sub("databaseHooks"))
	i.secondaryStorage(o, root.sub("secondaryStorage"))
	i.onAPIError(o, root.sub("onAPIError"))
	o.HTTPClient = i.httpClient()
	// Nothing to map: no telemetry is ever sent, and rows are joined where that is
	// quicker.
	root.sub("telemetry").flag("enabled")
	root.sub("experimental").get("joins")
	o.Plugins = append(o.Plugins, i.emailPassword(root.sub("emailAndPassword")), i.social(root))
	specs, _ := spec.Get("plugins").Items()
	for _, p := range specs {
		plugin, err := i.plugin(all, p)
		if err != nil {
			return nil, err
		}
		o.Plugins = append(o.Plugins, plugin)
	}
	return o, all.check()
}

func (i *instance) baseURL(o *core.Options, root *section, env environment) {
	v := root.get("baseURL")
	if _, dynamic := v.Obj(); dynamic {
		s := root.sub("baseURL")
		o.DynamicBaseURL = &core.DynamicBaseURL{
			AllowedHosts: s.texts("allowedHosts"), Fallback: s.text("fallback"), Protocol: s.text("protocol"), TrustForwarded: true,
		}
		if o.DynamicBaseURL.Protocol == "auto" {
			o.DynamicBaseURL.Protocol = ""
		}
		return
	}
	o.BaseURL = root.text("baseURL")
	i.baseURLOption = o.BaseURL
	for _, name := range []string{"BETTER_AUTH_URL", "NEXT_PUBLIC_BETTER_AUTH_URL", "PUBLIC_BETTER_AUTH_URL", "NUXT_PUBLIC_BETTER_AUTH_URL", "NUXT_PUBLIC_AUTH_URL"} {
		if o.BaseURL == "" {
			o.BaseURL = env.get(name)
		}
	}
	if o.BaseURL == "" {
		o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"*"}, Fallback: withoutRequest}
	}
}

func (i *instance) secrets(o *core.Options, root *section, env environment) {
	o.Secret = root.text("secret")
	for _, name := range []string{"BETTER_AUTH_SECRET", "AUTH_SECRET"} {
		if o.Secret == "" {
			o.Secret = env.get(name)
		}
	}
	entries, _ := root.get("secrets").Items()
	for _, e := range entries {
		s := root.all.section("secrets", e)
		version, _ := s.number("version")
		o.Secrets = append(o.Secrets, secret.Versioned{Version: int(version), Value: s.text("value")})
	}
	if list := env.get("BETTER_AUTH_SECRETS"); list != "" && len(entries) == 0 {
		for _, entry := range strings.Split(list, ",") {
			number, value, _ := strings.Cut(strings.TrimSpace(entry), ":")
			version, err := strconv.Atoi(number)
			if err != nil {
				root.all.problem("env BETTER_AUTH_SECRETS")
			}
			o.Secrets = append(o.Secrets, secret.Versioned{Version: version, Value: value})
		}
	}
	if env.test() {
		authtest.AllowPublicSecret(o)
	}
	switch {
	case o.Secret != "" || len(o.Secrets) > 0:
	case env.test():
		o.Secret = publicSecret
	default:
		o.Secret = developmentSecret
	}
}

func (i *instance) trustedOrigins(o *core.Options, root *section, env environment) {
	if f := root.all.function(root.get("trustedOrigins")); f != nil {
		o.TrustedOriginsFunc = func(ctx context.Context, _ *core.Request) ([]string, error) {
			v, err := f.call(ctx, requestOf(ctx))
			items, _ := v.Items()
			var out []string
			for _, item := range items {
				if text, ok := item.Str(); ok {
					out = append(out, text)
				}
			}
			return out, err
		}
	} else {
		o.TrustedOrigins = root.texts("trustedOrigins")
	}
	if more := env.get("BETTER_AUTH_TRUSTED_ORIGINS"); more != "" {
		o.TrustedOrigins = append(o.TrustedOrigins, strings.Split(more, ",")...)
	}
}

func (i *instance) session(o *core.Options, s *section) {
	s.number("maxAge") // Better Auth has no such option, and ignores it
	t := &o.Session
	t.TableOptions = i.table1(s)
	t.ExpiresIn, _ = s.seconds("expiresIn")
	t.UpdateAge = orNegative(s.seconds("updateAge"))
	t.FreshAge = orNegative(s.seconds("freshAge"))
	t.DisableRefresh = s.flag("disableSessionRefresh")
	t.DeferRefresh = s.flag("deferSessionRefresh")
	t.StoreInDatabase = s.flag("storeSessionInDatabase")
	t.PreserveInDatabase = s.flag("preserveSessionInDatabase")
	c := s.sub("cookieCache")
	t.CookieCache.Enabled = c.flag("enabled")
	t.CookieCache.MaxAge, _ = c.seconds("maxAge")
	t.CookieCache.Strategy = core.CacheStrategy(c.text("strategy"))
	c.get("refreshCache") // means nothing where there is a database
	if f := s.all.function(c.get("version")); f != nil {
		t.CookieCache.VersionFunc = func(session *core.Session, user *core.User) string {
			v, err := f.call(context.Background(), encodeRecord(sessionRecord(session)), encodeUser(user))
			text, _ := v.Str()
			if err != nil {
				return ""
			}
			return text
		}
	} else {
		t.CookieCache.Version = c.text("version")
	}
}

// orNegative writes a given zero as the core does, which takes 0 for "not set".
func orNegative(d time.Duration, given bool) time.Duration {
	if given && d == 0 {
		return -1
	}
	return d
}

func (i *instance) account(o *core.Options, s *section) {
	o.Account.TableOptions = i.table1(s)
	i.linking(&o.Account, s.sub("accountLinking"))
	if s.has("encryptOAuthTokens") {
		o.Account.EncryptTokens = new(s.flag("encryptOAuthTokens"))
	}
	if s.has("updateAccountOnSignIn") {
		o.Account.UpdateOnSignIn = new(s.flag("updateAccountOnSignIn"))
	}
	o.Account.StoreCookie = s.flag("storeAccountCookie")
	o.Account.SkipStateCookieCheck = s.flag("skipStateCookieCheck")
	switch kind := s.text("storeStateStrategy"); kind {
	case "", "database":
	case "cookie":
		o.Account.StateInCookie = true
	default:
		s.all.problem(s.name("storeStateStrategy"))
	}
}

func (i *instance) verification(o *core.Options, s *section) {
	t := &o.Verification
	t.TableOptions = i.table1(s)
	t.DisableCleanup = s.flag("disableCleanup")
	t.StoreInDatabase = s.flag("storeInDatabase")
	v := s.get("storeIdentifier")
	if !v.Get("default").IsUndefined() || !v.Get("overrides").IsUndefined() {
		sub := s.sub("storeIdentifier")
		t.StoreIdentifier = i.identifierStorage(s, sub.get("default"))
		overrides, _ := sub.get("overrides").Obj()
		for _, m := range overrides.Members() {
			t.StoreIdentifier.Overrides = append(t.StoreIdentifier.Overrides, core.IdentifierOverride{Prefix: m.Name, IdentifierStorage: i.identifierStorage(s, m.Value)})
		}
		return
	}
	t.StoreIdentifier = i.identifierStorage(s, v)
}

func (i *instance) identifierStorage(s *section, v wire.Value) core.IdentifierStorage {
	if v.IsUndefined() {
		return core.IdentifierStorage{}
	}
	if mode, ok := v.Str(); ok {
		return core.IdentifierStorage{Mode: mode}
	}
	if f := s.all.function(v.Get("hash")); f != nil {
		return core.IdentifierStorage{Mode: "custom", Hash: func(identifier string) (string, error) {
			hashed, err := f.call(context.Background(), wire.String(identifier))
			text, _ := hashed.Str()
			return text, err
		}}
	}
	s.all.problem(s.name("storeIdentifier"))
	return core.IdentifierStorage{}
}

func (i *instance) rateLimit(o *core.Options, s *section, env environment) {
	r := &o.RateLimit
	r.Disabled = !s.flagOr("enabled", env.production())
	window, _ := s.seconds("window")
	limit, _ := s.number("max")
	r.Default = ratelimit.Rule{Window: window, Max: int(limit)}
	r.Storage = s.text("storage")
	r.Table = core.TableOptions{Table: s.text("modelName"), Columns: columns(s)}
	rules, _ := s.get("customRules").Obj()
	for _, m := range rules.Members() {
		r.Rules = append(r.Rules, i.customRule(s, m))
	}
	custom := s.sub("customStorage")
	if get, set := custom.function("get"), custom.function("set"); get != nil && set != nil {
		r.Custom = ratelimit.NewStorage(&counters{get: get, set: set})
	}
}

func (i *instance) customRule(s *section, m wire.Member) ratelimit.Custom {
	rule := ratelimit.Custom{Pattern: m.Name}
	path := s.name("customRules." + m.Name)
	if on, ok := m.Value.Bool(); ok && !on {
		rule.Disabled = true
		return rule
	}
	if f := s.all.function(m.Value); f != nil {
		rule.Func = func(ctx context.Context, _ string, current ratelimit.Rule) (ratelimit.Rule, bool) {
			now := object("window", current.Window.Seconds(), "max", current.Max)
			v, err := f.call(ctx, requestOf(ctx), now)
			if err != nil {
				return current, true
			}
			if on, ok := v.Bool(); ok && !on {
				return current, false
			}
			window, _ := number(v.Get("window"))
			limit, _ := number(v.Get("max"))
			return ratelimit.Rule{Window: duration(window), Max: int(limit)}, true
		}
		return rule
	}
	sub := s.all.section(path, m.Value)
	rule.Rule.Window, _ = sub.seconds("window")
	limit, _ := sub.number("max")
	rule.Rule.Max = int(limit)
	return rule
}

func (i *instance) advanced(o *core.Options, s *section, env environment) {
	// Better Auth 1.6.11 has no such option, and ignores it.
	unused := s.sub("crossOriginCookies")
	unused.flag("enabled")
	unused.flag("allowLocalhostUnsecure")
	ip := s.sub("ipAddress")
	subnet, _ := ip.number("ipv6Subnet")
	o.IPAddress = clientip.Options{Headers: ip.texts("ipAddressHeaders"), Disabled: ip.flag("disableIpTracking"), IPv6Subnet: int(subnet)}
	if len(o.IPAddress.Headers) == 0 {
		o.IPAddress.Headers = []string{"x-forwarded-for"}
	}
	// Better Auth knows nothing of the connection; in tests and in development it
	// assumes this one.
	if env.test() || env.development() {
		i.remote = "127.0.0.1:1"
	}

	c := &o.Cookies
	c.Prefix = s.text("cookiePrefix")
	if s.has("useSecureCookies") {
		c.Secure = new(s.flag("useSecureCookies"))
	} else if o.DynamicBaseURL != nil && env.production() {
		c.Secure = new(true)
	}
	cross := s.sub("crossSubDomainCookies")
	c.CrossSubDomain, c.Domain = cross.flag("enabled"), cross.text("domain")
	i.cookies(c, s)

	explicit := s.has("disableCSRFCheck")
	o.DisableCSRFCheck = s.flag("disableCSRFCheck")
	check := s.get("disableOriginCheck")
	if _, list := check.Items(); list {
		o.SkipOriginCheck = s.texts("disableOriginCheck")
	} else if s.flagOr("disableOriginCheck", env.test()) {
		o.SkipOriginCheck = []string{"*"}
		// Switching off the one switches off the other too, unless that is named.
		o.DisableCSRFCheck = o.DisableCSRFCheck || !explicit
	}
	o.SkipTrailingSlashes = s.flag("skipTrailingSlashes")
	if trust := s.flagOr("trustedProxyHeaders", o.DynamicBaseURL != nil && o.DynamicBaseURL.TrustForwarded); o.DynamicBaseURL != nil {
		o.DynamicBaseURL.TrustForwarded = trust
	}
	i.ids(o, s.sub("database"))
	s.sub("backgroundTasks").get("handler") // tasks run at once and are done when the answer goes
}

func (i *instance) ids(o *core.Options, s *section) {
	v := s.get("generateId")
	if s.flag("useNumberId") {
		o.IDs.Kind = schema.IDSerial
	}
	if f := s.all.function(v); f != nil {
		o.IDs.New = func(model string) (string, error) {
			id, err := f.call(context.Background(), object("model", model))
			text, _ := id.Str()
			return text, err
		}
		return
	}
	switch kind, _ := v.Str(); {
	case v.IsUndefined():
	case kind == "uuid":
		o.IDs.Kind = schema.IDUUID
	case kind == "serial":
		o.IDs.Kind = schema.IDSerial
	default:
		s.all.problem(s.name("generateId"))
	}
}

func (i *instance) cookies(c *core.CookieOptions, s *section) {
	var apply []func(name string, a *cookie.Attributes)
	if all := s.sub("defaultCookieAttributes"); all.object.Len() > 0 {
		set := attributes(all)
		apply = append(apply, func(_ string, a *cookie.Attributes) { set(a) })
	}
	single, _ := s.get("cookies").Obj()
	for _, m := range single.Members() {
		one := s.all.section(s.name("cookies."+m.Name), m.Value)
		if name := one.text("name"); name != "" {
			if c.Names == nil {
				c.Names = map[string]string{}
			}
			c.Names[m.Name] = name
		}
		if sub := one.sub("attributes"); sub.object.Len() > 0 {
			set, only := attributes(sub), m.Name
			apply = append(apply, func(name string, a *cookie.Attributes) {
				if name == only {
					set(a)
				}
			})
		}
	}
	if len(apply) > 0 {
		c.Attributes = func(name string, a *cookie.Attributes) {
			for _, f := range apply {
				f(name, a)
			}
		}
	}
}

// attributes makes a function of cookie attributes that were given.
func attributes(s *section) func(*cookie.Attributes) {
	var all []func(*cookie.Attributes)
	add := func(name string, f func(*cookie.Attributes)) {
		if s.has(name) {
			all = append(all, f)
		}
	}
	sameSite, path, domain := s.text("sameSite"), s.text("path"), s.text("domain")
	secure, httpOnly, partitioned := s.flag("secure"), s.flag("httpOnly"), s.flag("partitioned")
	maxAge, _ := s.number("maxAge")
	add("sameSite", func(a *cookie.Attributes) { a.SameSite = sameSite })
	add("path", func(a *cookie.Attributes) { a.Path = path })
	add("domain", func(a *cookie.Attributes) { a.Domain = domain })
	add("secure", func(a *cookie.Attributes) { a.Secure = secure })
	add("httpOnly", func(a *cookie.Attributes) { a.HttpOnly = httpOnly })
	add("partitioned", func(a *cookie.Attributes) { a.Partitioned = partitioned })
	add("maxAge", func(a *cookie.Attributes) { a.MaxAge = int(maxAge) })
	return func(a *cookie.Attributes) {
		for _, f := range all {
			f(a)
		}
	}
}

func (i *instance) onAPIError(o *core.Options, s *section) {
	o.ErrorURL = s.text("errorURL")
	if f := s.function("onError"); f != nil {
		o.OnError = func(ctx context.Context, err error) {
			_, _ = f.call(ctx, encodeError(err), contextOf(ctx, false))
		}
	}
}

func (i *instance) logger(s *section) *slog.Logger {
	level := s.text("level")
	f := s.function("log")
	s.flag("disableColors")
	if s.flag("disabled") || f == nil {
		return slog.New(slog.DiscardHandler)
	}
	least := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "": slog.LevelWarn, "warn": slog.LevelWarn, "error": slog.LevelError}
	return slog.New(&logHandler{f, least[level]})
}

// logHandler hands messages to the logger of the options.
type logHandler struct {
	log   *callback
	least slog.Level
}

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.least }
func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler               { return h }
func (h *logHandler) WithGroup(string) slog.Handler                    { return h }

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	_, err := h.log.call(ctx, wire.String(strings.ToLower(r.Level.String())), wire.String(r.Message))
	return err
}
