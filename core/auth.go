package core

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/internal/sessioncache"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// Auth is a compiled, immutable authentication server. It is safe for concurrent
// use and may be mounted in several frameworks at once.
type Auth struct {
	api API

	opts       Options
	observer   Observer
	cfg        config
	basePath   string   // of requests that come in
	publicPath string   // of the same routes, as clients see them
	base       *baseURL // nil with DynamicBaseURL
	fallback   *baseURL
	bases      *bases // of other addresses, by scheme and host

	staticOrigins []string
	skipOrigin    map[string]bool
	disabled      map[string]bool

	plugins       []Plugin
	schema        *schema.Schema
	shapes        shapes
	rowModels     sync.Map // reflect.Type of a row → the name of its table
	db            *db
	store         *Store
	keys          *secret.Keyring
	cache         sessioncache.Codec
	decoded       decodedCaches
	passwords     *passwords
	ips           *clientip.Resolver
	limits        *ratelimit.Resolver
	perAccount    ratelimit.Rule // of requests that hash; Max -1: none
	perMailbox    ratelimit.Rule // of requests that mail a link; Max -1: none
	ready         bool           // New has ended
	limiter       ratelimit.Store
	router        *router
	atRoot        *router // of routes outside the base path
	operations    map[string]*route
	order         []*route
	bound         []Operation // until New has succeeded
	onRequest     []func(*Ctx) error
	originHeaders []string
	gates         []func(context.Context, *SignIn) error
	sessionGates  []func(context.Context, *SessionData) (bool, error)
	methods       []SignInMethod
	methodGates   []func(ctx context.Context, method string) error
	disown        []func(ctx context.Context, userID string) error
	asksEnded     bool // a plugin calls Store.Ended
	deleteExpired []func(ctx context.Context, now time.Time) error
	recorders     []func(ctx context.Context, e Event) error // write security events, in their transactions
	listeners     []func(ctx context.Context, e Event)       // hear of them afterwards
	codes         []ErrorCode
	parts         []openAPIPart
	described     sync.Once
	description   []byte // of the OpenAPI document

	authenticate  []func(*Ctx) (Credential, error)
	passwordRules []func(*Ctx, string) error

	log        *slog.Logger
	background func(func())
	pool       *pool
	warned     struct{ proxy, plain atomic.Bool } // said once
	cleanup    *cleanup
	readiness  readiness
	refused    *refusedOrigins
	http       *http.Client
	guarded    *outbound.Client
}

// config is Options with defaults applied, in the form that the code reads.
type config struct {
	expiresIn, updateAge, freshAge, cacheAge time.Duration
	alwaysFresh                              bool
	cacheRefresh                             time.Duration // 0: only the store renews the cache
	verifyTTL, deleteTTL, mailTime           time.Duration
	timeout, backgroundTime                  time.Duration // 0: none
}

type shapes struct{ user, session, account, verification *shape }

// New checks the options and plugins and compiles them. Its error is one sentence
// that says what to change.
func New(o Options) (_ *Auth, err error) {
	a := &Auth{opts: o, log: o.Logger, plugins: append([]Plugin(nil), o.Plugins...), bases: &bases{}, refused: &refusedOrigins{}, readiness: readiness{limit: readyLimit}}
	defer func() {
		if err != nil {
			a.release()
		}
	}()
	if err := a.defaults(); err != nil {
		return nil, err
	}
	manifests, err := a.manifests()
	if err != nil {
		return nil, err
	}
	if err := a.addresses(manifests); err != nil {
		return nil, err
	}
	if err := a.outgoing(); err != nil {
		return nil, err
	}
	if err := a.secrets(manifests); err != nil {
		return nil, err
	}
	if err := a.data(manifests); err != nil {
		return nil, err
	}
	if err := a.routes(manifests); err != nil {
		return nil, err
	}
	if err := a.limiting(manifests); err != nil {
		return nil, err
	}
	for i, m := range manifests {
		if m.Init == nil {
			continue
		}
		if err := m.Init(context.Background(), a); err != nil {
			return nil, fmt.Errorf("core: plugin %q: %w", a.plugins[i].ID(), err)
		}
	}
	a.bound, a.ready = nil, true
	if a.observer.Ready != nil {
		a.observer.Ready(a)
	}
	return a, nil
}

// Ready reports whether New has ended. Until then the Init functions of plugins run, and
// plugins may still change each other.
func (a *Auth) Ready() bool { return a.ready }

// release gives the operations of a failed New back, so that another one can take
// the same plugin values.
func (a *Auth) release() {
	for _, op := range a.bound {
		op.release()
	}
}

func (a *Auth) defaults() error {
	o := &a.opts
	if o.Observer != nil {
		a.observer = *o.Observer
	}
	if o.Database == nil {
		return errors.New("core: Options.Database is missing: pass gormadapter.New(db) for a SQL database, or memory.New() to try things out")
	}
	if o.BaseURL == "" && o.DynamicBaseURL == nil {
		return errors.New(`core: Options.BaseURL is missing: set the public address of your application, for example "http://localhost:3000"`)
	}
	if o.BaseURL != "" && o.DynamicBaseURL != nil {
		return errors.New("core: set either Options.BaseURL or Options.DynamicBaseURL, not both")
	}
	if o.Compat != CompatKernia && o.Compat != CompatBetterAuth {
		return fmt.Errorf("core: Options.Compat %d is unknown: use core.CompatKernia or core.CompatBetterAuth", o.Compat)
	}
	// The caller may still change its maps and slices, and an Auth never changes: copy
	// them.
	o.Cookies.Names = maps.Clone(o.Cookies.Names)
	o.Verification.StoreIdentifier.Overrides = slices.Clone(o.Verification.StoreIdentifier.Overrides)
	if d := o.DynamicBaseURL; d != nil {
		own := *d
		own.AllowedHosts = slices.Clone(d.AllowedHosts)
		o.DynamicBaseURL = &own
	}
	if o.AppName == "" {
		o.AppName = "Kernia"
	}
	if o.BasePath == "" {
		o.BasePath = "/api/auth"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Logger == nil {
		a.log = slog.Default()
	}
	a.background = o.Background
	a.pool = newPool(max(cmp.Or(o.BackgroundTimeout, 30*time.Second), 0), a.poolIsFull)
	if a.background == nil {
		a.background = a.pool.run
	}
	account := &o.Account
	if account.EncryptTokens == nil {
		account.EncryptTokens = new(o.Compat != CompatBetterAuth)
	}
	if account.UpdateOnSignIn == nil {
		account.UpdateOnSignIn = new(true)
	}
	account.StoreCookie, account.StateInCookie = account.StoreCookie || o.Stateless, account.StateInCookie || o.Stateless
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxBody < 0 {
		return errors.New("core: Options.MaxBody is negative: give a number of bytes")
	}
	if o.Cookies.Prefix == "" {
		o.Cookies.Prefix = "better-auth"
	}
	s := &o.Session
	if o.Stateless {
		if o.SecondaryStorage != nil {
			return errors.New("core: Options.Stateless keeps sessions in cookies: leave SecondaryStorage out, or Stateless")
		}
		s.CookieCache.Enabled = true
		if s.CookieCache.Strategy == "" {
			s.CookieCache.Strategy = CacheJWE
		}
		if s.CookieCache.MaxAge == 0 {
			s.CookieCache.MaxAge = orDuration(s.ExpiresIn, 7*24*time.Hour)
		}
	}
	a.cfg = config{
		timeout: max(cmp.Or(o.Timeout, 10*time.Second), 0), backgroundTime: max(cmp.Or(o.BackgroundTimeout, 30*time.Second), 0),
		expiresIn: orDuration(s.ExpiresIn, 7*24*time.Hour),
		updateAge: s.UpdateAge, freshAge: orDuration(s.FreshAge, 24*time.Hour), alwaysFresh: s.FreshAge < 0,
		cacheAge:  orDuration(s.CookieCache.MaxAge, 5*time.Minute),
		verifyTTL: orDuration(o.EmailVerification.TTL, time.Hour),
		deleteTTL: orDuration(o.User.DeleteUser.TokenTTL, 24*time.Hour),
		mailTime:  max(cmp.Or(o.EmailVerification.MinAnswerTime, 500*time.Millisecond), 0),
	}
	if o.Stateless {
		a.cfg.cacheRefresh = orDuration(s.CookieCache.RefreshAge, (a.cfg.cacheAge / 5).Truncate(time.Second))
	}
	if s.UpdateAge == 0 {
		a.cfg.updateAge = 24 * time.Hour
	}
	a.cfg.updateAge = max(a.cfg.updateAge, 0)
	if s.ExpiresIn < 0 || a.cfg.expiresIn < time.Second {
		return errors.New("core: Session.ExpiresIn must be at least a second")
	}
	s.MaxPerUser = cmp.Or(s.MaxPerUser, 1000)
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"Session.CookieCache.MaxAge", s.CookieCache.MaxAge}, {"Session.CookieCache.RefreshAge", s.CookieCache.RefreshAge},
		{"EmailVerification.TTL", o.EmailVerification.TTL}, {"User.DeleteUser.TokenTTL", o.User.DeleteUser.TokenTTL},
	} {
		if d.value < 0 {
			return fmt.Errorf("core: %s is negative: give a duration, or leave it out for the default", d.name)
		}
	}
	if o.IDs.Kind == schema.IDSerial && o.IDs.New != nil {
		return errors.New("core: IDs.New makes no ids when the database does: leave it out, or Kind: schema.IDSerial")
	}
	switch s.CookieCache.Strategy {
	case "":
		s.CookieCache.Strategy = CacheCompact
	case CacheCompact, CacheJWT, CacheJWE:
	default:
		return fmt.Errorf(`core: Session.CookieCache.Strategy %q is unknown: use "compact", "jwt" or "jwe"`, s.CookieCache.Strategy)
	}
	if s.CookieCache.Version == "" {
		s.CookieCache.Version = "1"
	}
	v := &o.Verification.StoreIdentifier
	if v.Mode == "" {
		v.Mode = "hashed"
		if o.Compat == CompatBetterAuth {
			v.Mode = "plain"
		}
	}
	for _, m := range append([]IdentifierOverride{{IdentifierStorage: *v}}, v.Overrides...) {
		if m.Mode != "plain" && m.Mode != "hashed" && (m.Mode != "custom" || m.Hash == nil) {
			return fmt.Errorf(`core: Verification.StoreIdentifier.Mode %q must be "plain", "hashed", or "custom" with a Hash function`, m.Mode)
		}
	}
	switch o.RateLimit.Storage {
	case "":
		o.RateLimit.Storage = "memory"
		if o.SecondaryStorage != nil {
			o.RateLimit.Storage = "secondary-storage"
		}
	case "memory", "database":
	case "secondary-storage":
		if o.SecondaryStorage == nil {
			return errors.New(`core: RateLimit.Storage is "secondary-storage" but Options.SecondaryStorage is missing`)
		}
	default:
		return fmt.Errorf(`core: RateLimit.Storage %q is unknown: use "memory", "database" or "secondary-storage"`, o.RateLimit.Storage)
	}
	return nil
}

func (a *Auth) addresses(manifests []Manifest) error {
	o := &a.opts
	a.staticOrigins = append(a.staticOrigins, o.TrustedOrigins...)
	for _, m := range manifests {
		a.staticOrigins = append(a.staticOrigins, m.TrustedOrigins...)
	}
	for _, list := range []struct {
		name  string
		paths []string
	}{{"DisabledPaths", o.DisabledPaths}, {"SkipOriginCheck", o.SkipOriginCheck}} {
		for _, p := range list.paths {
			if !strings.HasPrefix(p, "/") && (p != "*" || list.name == "DisabledPaths") {
				return fmt.Errorf(`core: Options.%s has the path %q: write it below the base path with a slash at the start, such as "/sign-up/email"`, list.name, p)
			}
		}
	}
	a.skipOrigin, a.disabled = pathSet(o.SkipOriginCheck), pathSet(o.DisabledPaths)
	if d := o.DynamicBaseURL; d != nil {
		if len(d.AllowedHosts) == 0 {
			return errors.New("core: DynamicBaseURL.AllowedHosts is empty: list the hosts that this server answers for")
		}
		if d.Protocol != "" && d.Protocol != "http" && d.Protocol != "https" {
			return fmt.Errorf(`core: DynamicBaseURL.Protocol %q must be "http" or "https"`, d.Protocol)
		}
		a.staticOrigins = append(a.staticOrigins, d.hostOrigins()...)
		raw := d.Fallback
		if raw == "" {
			raw = "https://localhost" // only to check the rest of the options
		}
		b, err := a.firstBase("DynamicBaseURL.Fallback", raw)
		if err != nil {
			return err
		}
		if d.Fallback != "" {
			a.fallback = b
		}
	} else {
		b, err := a.firstBase("BaseURL", o.BaseURL)
		if err != nil {
			return err
		}
		a.base = b
		if b.scheme == "http" && !loopback(b.host) {
			a.log.Warn("Options.BaseURL is http, so passwords and cookies can be read on the way, and most providers refuse its callbacks: set the public https address, also when a proxy ends TLS",
				slog.String("BaseURL", o.BaseURL))
		}
	}
	ips, err := clientip.New(o.IPAddress)
	if err != nil {
		return fmt.Errorf("core: IPAddress: %w", err)
	}
	a.ips = ips
	return nil
}

func pathSet(paths []string) map[string]bool {
	set := make(map[string]bool, len(paths))
	for _, p := range paths {
		set[strings.TrimRight(p, "/")] = true
	}
	return set
}

func (a *Auth) secrets(manifests []Manifest) error {
	o := &a.opts
	if o.Secret == "" && len(o.Secrets) == 0 {
		return errors.New("core: Options.Secret is missing: give at least 32 random characters, for example the output of `openssl rand -base64 32`")
	}
	cipher := secret.AESGCM
	if o.Compat == CompatBetterAuth {
		cipher = secret.XChaCha20
	}
	keys, err := secret.NewKeyring(o.Secret, o.Secrets, secret.KeyringOptions{
		Cipher: cipher, AllowWeak: o.AllowWeakSecret, AllowPublic: o.AllowWeakSecret && o.Comparison.PublicSecret(), Rand: o.Rand,
	})
	if err != nil {
		return fmt.Errorf("core: Options.Secret: %w", err)
	}
	for _, w := range keys.Weaknesses() {
		a.log.Warn("the secret is weak: " + w)
	}
	a.keys = keys
	a.cache = sessioncache.Codec{Strategy: sessioncache.Strategy(o.Session.CookieCache.Strategy), Keys: keys}
	o.Secret, o.Secrets = "", nil // from here on only the keyring, which prints redacted, knows them
	p, err := newPasswords(a, manifests)
	if err != nil {
		return err
	}
	a.passwords = p
	return nil
}

func (a *Auth) data(manifests []Manifest) error {
	o := &a.opts
	s, err := buildSchema(o, a.plugins, manifests)
	if err != nil {
		return err
	}
	a.schema = s
	table := func(model string, first ...string) *shape {
		t, _ := s.Table(model)
		return newShape(t, first...)
	}
	a.shapes = shapes{table(ModelUser), table(ModelSession), table(ModelAccount), table(ModelVerification)}
	if !o.sessionsInDatabase() {
		a.shapes.session = table(ModelSession, secondarySession...)
	}
	if !o.verificationInDatabase() {
		a.shapes.verification = table(ModelVerification, secondaryVerification...)
	}
	hooks := make([]StoreHooks, 0, len(manifests)+1)
	for i, m := range manifests {
		hooks = append(hooks, a.observeStore(a.plugins[i].ID(), m.Store))
	}
	hooks = append(hooks, a.observeStore("", o.Store))
	if err := checkFilled(s, hooks); err != nil {
		return err
	}
	inner, err := o.Database.Open(s.Subset(o.inDatabase))
	if err != nil {
		return fmt.Errorf("core: Options.Database: %w", err)
	}
	if can := inner.Capabilities(); can.NoTx {
		a.log.Warn("the database has no transactions: what belongs together can be left half done, and limits can be exceeded; use it for development only",
			slog.String("database", inner.Name()), slog.String("note", can.Note))
	}
	a.db = &db{Adapter: a.observeStatements(inner), schema: s, newID: a.newID, now: a.Now, panicked: a.logPanic}
	a.store = newStore(a, hooks)
	a.cleanup = &cleanup{a: a}
	return nil
}

func (a *Auth) limiting(manifests []Manifest) error {
	o := &a.opts.RateLimit
	for _, r := range o.Rules {
		if r.Pattern != "" && r.Pattern[0] != '/' && r.Pattern[0] != '*' {
			return fmt.Errorf("core: RateLimit: the rule %q matches no path: all begin with a slash", r.Pattern)
		}
	}
	rules := ratelimit.ResolverOptions{Default: o.Default, Custom: o.Rules, Routes: a.routeRules()}
	for _, m := range manifests {
		rules.Plugins = append(rules.Plugins, m.RateLimits)
	}
	r, err := ratelimit.NewResolver(rules)
	if err != nil {
		return fmt.Errorf("core: RateLimit: %w", err)
	}
	a.limits = r
	if a.perAccount, err = ruleOr(o.Account, "Account", ratelimit.Rule{Window: 10 * time.Second, Max: 30}); err != nil {
		return err
	}
	if a.perMailbox, err = ruleOr(o.Mails, "Mails", ratelimit.Rule{Window: time.Minute, Max: 5}); err != nil {
		return err
	}
	switch {
	case o.Disabled:
	case o.Custom != nil:
		a.limiter = o.Custom
	case o.Storage == "secondary-storage":
		a.limiter = ratelimit.NewStorage(a.opts.SecondaryStorage)
	case o.Storage == "database":
		a.limiter = ratelimit.NewDatabase(a.db, nil) // a.db makes the ids unless the database does
	default:
		a.limiter = ratelimit.NewMemory(ratelimit.MemoryOptions{})
	}
	return nil
}

func (a *Auth) routes(manifests []Manifest) error {
	a.operations = map[string]*route{}
	install := func(plugin string, ops []Operation) error {
		for _, op := range ops {
			rt, err := op.bind(a)
			if err != nil {
				return err
			}
			a.bound = append(a.bound, op)
			rt.plugin, rt.full = plugin, rt.path
			if rt.path != "" && !rt.AtRoot {
				rt.full = a.basePath + rt.path
			}
			if rt.id == "" || len(rt.Methods) == 0 {
				return fmt.Errorf("core: an operation at %q of plugin %q needs an id and a method", rt.path, plugin)
			}
			if other := a.operations[rt.id]; other != nil {
				return fmt.Errorf("core: the operation id %q is used by %s and by %s", rt.id, other.owner(), rt.owner())
			}
			a.operations[rt.id] = rt
			a.order = append(a.order, rt)
		}
		return nil
	}
	a.api = newAPI()
	core := Manifest{Operations: operationsOf(a.api), Errors: coreCodes(), SignInMethods: a.coreMethods()}
	var watches []func(context.Context, *SignIn) error
	for i, m := range append([]Manifest{core}, manifests...) {
		id := ""
		if i > 0 {
			id = a.plugins[i-1].ID()
		}
		if err := install(id, m.Operations); err != nil {
			return err
		}
		a.codes = append(a.codes, m.Errors...)
		a.parts = append(a.parts, openAPIPart{id, m.OpenAPI})
		if m.OnRequest != nil {
			h := Hook{Run: m.OnRequest, plugin: id}
			a.onRequest = append(a.onRequest, func(c *Ctx) error { return h.run(c, "onRequest") })
		}
		if m.Authenticate != nil {
			a.authenticate = append(a.authenticate, m.Authenticate)
		}
		a.originHeaders = append(a.originHeaders, m.OriginHeaders...)
		if m.SignInGate != nil {
			a.gates = append(a.gates, m.SignInGate)
		}
		if m.SessionGate != nil {
			a.sessionGates = append(a.sessionGates, m.SessionGate)
		}
		if m.SignInWatch != nil {
			watches = append(watches, m.SignInWatch)
		}
		if err := a.addMethods(m.SignInMethods); err != nil {
			return fmt.Errorf("core: plugin %q: %w", id, err)
		}
		if m.SignInMethodGate != nil {
			a.methodGates = append(a.methodGates, m.SignInMethodGate)
		}
		a.asksEnded = a.asksEnded || m.AsksEnded
		if m.RecordEvent != nil {
			a.recorders = append(a.recorders, m.RecordEvent)
		}
		if m.OnEvent != nil {
			a.listeners = append(a.listeners, m.OnEvent)
		}
		if m.DeleteExpired != nil {
			a.deleteExpired = append(a.deleteExpired, m.DeleteExpired)
		}
		if m.Disown != nil {
			a.disown = append(a.disown, m.Disown)
		}
		if m.CheckPassword != nil {
			a.passwordRules = append(a.passwordRules, m.CheckPassword)
		}
	}
	if a.observer.Event != nil {
		a.listeners = append([]func(context.Context, Event){a.observer.Event}, a.listeners...)
	}
	if a.opts.OnEvent != nil {
		a.listeners = append(a.listeners, a.opts.OnEvent)
	}
	a.gates = append(watches, a.gates...)
	for _, rt := range a.order {
		if err := a.attachHooks(rt, manifests); err != nil {
			return err
		}
	}
	r, err := newRouter(a.order, false)
	if err != nil {
		return err
	}
	if a.atRoot, err = newRouter(a.order, true); err != nil {
		return err
	}
	for path := range a.atRoot.static {
		if a.basePath != "" && a.below(path) || a.basePath == "" && r.knows(path) {
			return fmt.Errorf("core: the path %q at the site's root is below the base path %q", path, a.basePath)
		}
	}
	for _, rt := range a.order {
		if a.disabled[rt.path] {
			continue
		}
		if err := r.alias(rt, a.opts.Compat); err != nil {
			return err
		}
	}
	a.router = r
	return a.pathsExist()
}

// pathsExist refuses misspelt paths: a rule for such a path would protect no route.
func (a *Auth) pathsExist() error {
	for _, p := range slices.Sorted(maps.Keys(a.disabled)) {
		exists := a.router.knows(p) || a.atRoot.knows(p) || slices.ContainsFunc(a.order, func(rt *route) bool {
			return rt.path != "" && rt.path == p || rt.answers(p)
		})
		if !exists {
			return fmt.Errorf("core: Options.DisabledPaths has the path %q, which no route has: write it below the base path", p)
		}
	}
	return nil
}

// attachHooks gives a route the hooks that match it.
func (a *Auth) attachHooks(rt *route, manifests []Manifest) error {
	if a.opts.Before != nil {
		rt.before = append(rt.before, Hook{Match: All(), Run: a.opts.Before})
	}
	if a.opts.After != nil {
		rt.after = append(rt.after, Hook{Match: All(), Run: a.opts.After})
	}
	for i, m := range manifests {
		id := a.plugins[i].ID()
		for _, h := range m.Before {
			if h.plugin = id; h.Match.static(rt.path) {
				rt.before = append(rt.before, h)
			}
		}
		for _, h := range m.After {
			if h.plugin = id; h.Match.static(rt.path) {
				rt.after = append(rt.after, h)
				if err := rt.replace(h.Result); err != nil {
					return fmt.Errorf("core: a hook of %s: %w", rt.id, err)
				}
			}
		}
	}
	return nil
}

// Options returns the options of New without Secret and Secrets, for tools that show or
// check a configuration, such as the command kernia. Defaults that are no zero value may
// be filled in. Slices, maps and functions are those that the server uses: only read
// them.
func (a *Auth) Options() Options { return a.opts }

// Now returns the time of Options.Clock in UTC, cut to whole milliseconds as rows
// store it.
func (a *Auth) Now() time.Time { return a.opts.Clock().UTC().Truncate(time.Millisecond) }

// AppName is Options.AppName or its default.
func (a *Auth) AppName() string { return a.opts.AppName }

// Compat returns Options.Compat, which tells plugins which answers to give.
func (a *Auth) Compat() Compat { return a.opts.Compat }

// StoresSessions reports whether sessions are rows of the database, to which rows of plugins may
// refer: there is no secondary storage, or Options.Session.StoreInDatabase is set.
func (a *Auth) StoresSessions() bool { return a.opts.sessionsInDatabase() }

// Stateless returns Options.Stateless: the rows of the database end with the process.
func (a *Auth) Stateless() bool { return a.opts.Stateless }

// Schema describes every table, whether the database holds it or not.
func (a *Auth) Schema() *schema.Schema { return a.schema }

// DatabaseSchema describes the tables of the database: those of Schema, except
// tables kept in memory or in the secondary storage. Plan compares the database
// with it, and generators of SQL, models and schema files read it.
func (a *Auth) DatabaseSchema() *schema.Schema { return a.schema.Subset(a.opts.inDatabase) }

// Keys signs and encrypts with the configured secrets.
func (a *Auth) Keys() *secret.Keyring { return a.keys }

// Rand is the source of randomness.
func (a *Auth) Rand() io.Reader { return a.opts.Rand }

// BasePath is where the routes live, for example "/api/auth".
func (a *Auth) BasePath() string { return a.basePath }

// PublicPath is where clients see the routes. It is BasePath, unless a proxy in front
// changes the path (Options.PublicPath).
func (a *Auth) PublicPath() string { return a.publicPath }

// Logger returns Options.Logger, for plugins to write to.
func (a *Auth) Logger() *slog.Logger { return a.log }

// ErrorCodes lists the codes of the core and of all plugins.
func (a *Auth) ErrorCodes() []ErrorCode { return append([]ErrorCode(nil), a.codes...) }

// Account returns Options.Account with its defaults, which all plugins that sign in
// through providers share.
func (a *Auth) Account() AccountOptions { return a.opts.Account }

// EmailVerification returns Options.EmailVerification, which all plugins that
// send verification mails share.
func (a *Auth) EmailVerification() EmailVerificationOptions { return a.opts.EmailVerification }

// Plan returns what Migrate would change in the database; it is empty when the
// database is up to date or its adapter has nothing to migrate.
func (a *Auth) Plan(ctx context.Context) ([]adapter.Change, error) {
	if m, ok := a.db.Adapter.(adapter.Migrator); ok {
		return m.Plan(ctx)
	}
	return nil, nil
}

// Advice returns indexes that would speed up tables which Migrate did not make, such as
// those of Better Auth. Nothing depends on them; the owner of the database decides. It is
// empty with an adapter that is no adapter.Advisor.
func (a *Auth) Advice(ctx context.Context) ([]adapter.Change, error) {
	if m, ok := a.db.Adapter.(adapter.Advisor); ok {
		return m.Advice(ctx)
	}
	return nil, nil
}

// Migrate creates missing tables, columns and indexes. It never drops or
// rewrites anything.
func (a *Auth) Migrate(ctx context.Context) error {
	if m, ok := a.db.Adapter.(adapter.Migrator); ok {
		return m.Migrate(ctx)
	}
	return nil
}

func orDuration(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}
