package apikey

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/secret"
)

var (
	// errContended is answered with 503: the same call may succeed a moment later.
	errContended  = &busyError{"apikey: a key is changed by too many at once"}
	errUnfinished = errors.New("apikey: a verification has not ended")
)

type busyError struct{ text string }

func (e *busyError) Error() string { return e.text }

// Unwrap makes it a 503.
func (e *busyError) Unwrap() error { return adapter.ErrBusy }

// ended reports whether an error comes from the end of a request.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// hash is the stored form of a key.
func (cf *config) hash(key string) string {
	if cf.DisableHashing {
		return key
	}
	return secret.SHA256URL(key)
}

// owns reports whether a row is that of a key of this configuration. A database may compare
// without letter case.
func (cf *config) owns(k *Key, hash string) bool {
	return k.config() == cf.ID && subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hash)) == 1
}

// check verifies a key and counts the use. A refusal is a *core.Error below 500; any other
// error is an outage. asked is nil when no permission is needed.
func (p *Plugin) check(ctx context.Context, c *core.Ctx, cf *config, key string, asked access.Permissions) (*use, error) {
	if cf.Check != nil {
		good, err := cf.Check(c, key)
		if err != nil {
			return nil, err
		}
		if !good {
			return nil, errUnchecked
		}
	}
	if key == "" || len(key) > maxKey {
		return nil, errInvalidKey
	}
	if asked != nil {
		asked = asked.Clone()
	}
	hash := cf.hash(key)
	u := &use{asked: asked}
	if cf.DeferUpdates {
		if err := p.peek(ctx, c, cf, hash, u); err != nil {
			return nil, err
		}
		p.sweep(c)
		return u, nil
	}
	err := p.lines.join(ctx, cf.ID+" "+hash, u, p.counting(c, cf, hash))
	if err != nil {
		return nil, err
	}
	return u, nil
}

// counting is count, followed by what a use leaves to the background.
func (p *Plugin) counting(c *core.Ctx, cf *config, hash string) func(ctx context.Context, uses []*use) {
	return func(ctx context.Context, uses []*use) {
		p.count(ctx, cf, hash, uses)
		s, ok := cf.store.(*secondary)
		if i := slices.IndexFunc(uses, func(u *use) bool { return u.err == nil }); ok && i >= 0 {
			s.copied(c, uses[i].key)
		}
	}
}

// errUnchecked is the refusal by Config.Check.
var errUnchecked = core.Fail(http.StatusForbidden, CodeInvalidKey)

// count verifies a key for several uses in turn, with one read and one conditional write.
// When somebody else has changed the key meanwhile, it begins anew.
func (p *Plugin) count(ctx context.Context, cf *config, hash string, uses []*use) {
	fail := func(err error) {
		for _, u := range uses {
			u.key, u.who, u.err = nil, nil, err
		}
	}
	for attempt := range attempts {
		f, err := cf.store.byHash(ctx, hash, attempt > 0)
		if core.IsNotFound(err) || err == nil && !cf.owns(f.key, hash) {
			err = errInvalidKey
		}
		if err == nil {
			f.who, err = p.owner(ctx, cf, f)
		}
		if err != nil && f != nil && f.remembered {
			continue // what is refused is refused by what the storage has
		}
		if err != nil {
			fail(err)
			return
		}
		now := p.auth.Now()
		after := f.key.clone()
		var ch change
		over := false
		for _, u := range uses {
			refused, dead := cf.use(after, now, u.asked, &ch)
			over = over || dead
			u.key, u.who, u.err = after.clone(), f.who, nil
			if refused != nil {
				u.key, u.who, u.err = nil, nil, refused
			}
		}
		if f.remembered && (over || !ch.any()) {
			continue // nothing is written that would prove it
		}
		if !ch.any() {
			if over {
				if err := cf.store.removeOver(ctx, f.key, now); err != nil {
					p.auth.Logger().WarnContext(ctx, "removing an API key that has ended failed", "error", err)
				}
			}
			return
		}
		counted, err := cf.store.count(ctx, f, after, ch, now)
		if err != nil {
			fail(err)
			return
		}
		if counted {
			return
		}
	}
	fail(errContended)
}

// peek verifies a key without counting the use, which follows after the answer.
func (p *Plugin) peek(ctx context.Context, c *core.Ctx, cf *config, hash string, u *use) error {
	f, err := cf.store.byHash(ctx, hash, false)
	if err == nil && f.remembered {
		f, err = cf.store.byHash(ctx, hash, true)
	}
	if core.IsNotFound(err) || err == nil && !cf.owns(f.key, hash) {
		return errInvalidKey
	}
	if err != nil {
		return err
	}
	if u.who, err = p.owner(ctx, cf, f); err != nil {
		return err
	}
	now := p.auth.Now()
	var ch change
	k := f.key.clone()
	refused, over := cf.use(k, now, u.asked, &ch)
	if refused != nil {
		if over {
			c.Go("removing an API key that has ended", func(ctx context.Context) error { return cf.store.removeOver(ctx, f.key, now) })
		}
		return refused
	}
	u.key = k
	c.Go("counting the use of an API key", func(ctx context.Context) error {
		later := &use{asked: u.asked}
		err := p.lines.join(ctx, cf.ID+" "+hash, later, p.counting(c, cf, hash))
		var refused *core.Error
		if errors.As(err, &refused) {
			return nil // others have used it up meanwhile
		}
		return err
	})
	return nil
}

// owner returns the user whom a key belongs to, and refuses the key of one who is gone or
// banned. Nil means that nobody has asked.
func (p *Plugin) owner(ctx context.Context, cf *config, f *found) (*core.User, error) {
	if cf.Owner != Users {
		return nil, nil
	}
	who := f.who
	_, inTable := cf.store.(*database)
	if inTable && p.joins || who != nil {
		// read with the key
	} else if inTable || cf.Sessions || p.bans {
		var err error
		if who, err = p.auth.Store().FindUser(ctx, f.key.ReferenceID); err != nil && !core.IsNotFound(err) {
			return nil, err
		}
	} else {
		return nil, nil
	}
	if who == nil {
		return nil, core.Fail(http.StatusUnauthorized, CodeInvalidReference)
	}
	if who.BannedAt(p.auth.Now()) {
		return nil, core.Fail(http.StatusUnauthorized, CodeUserBanned)
	}
	return who, nil
}

// VerifyInput is the input of Verify.
type VerifyInput struct {
	ConfigID *string `json:"configId" doc:"Configuration of the key; the default one without it"`
	Key      string  `json:"key" doc:"The key"`
	// Permissions are what the key must allow, all of them. Nil asks for none. A map that is
	// not nil and lists no action is refused.
	Permissions map[string][]string `json:"permissions,omitempty" doc:"Actions by resource that the key must allow"`
}

// VerifyReply is {"valid":…,"error":…,"key":…}.
type VerifyReply struct {
	Valid bool     `json:"valid"`
	Error *Refusal `json:"error"` // nil when the key is valid
	Key   *Shown   `json:"key"`   // nil when it is not
}

// Refusal says why a key is not valid.
type Refusal struct{ *core.Error }

// AppendJSON appends the error's body.
func (r *Refusal) AppendJSON(dst []byte) []byte {
	if r == nil {
		return append(dst, "null"...)
	}
	return r.Error.AppendJSON(dst)
}

type refusalForm struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

// OpenAPIForm describes the error.
func (*Refusal) OpenAPIForm() any { return (*refusalForm)(nil) }

func (p *Plugin) verify(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	cf, err := p.config(or(in.ConfigID))
	if err != nil {
		return VerifyReply{}, err
	}
	u, err := p.check(c, c, cf, in.Key, in.Permissions)
	if refused := p.refusal(c, err); refused != nil {
		if refused == errUnchecked {
			refused = core.Fail(http.StatusForbidden, CodeKeyNotFound)
			refused.Message = CodeInvalidKey.Message
		}
		return VerifyReply{Error: &Refusal{refused}}, nil
	}
	if err != nil {
		return VerifyReply{}, err
	}
	p.repair(c, cf, u.key)
	return VerifyReply{Valid: true, Key: &Shown{u.key, p}}, nil
}

// refusal is an error that says that a key is no good, nil for others. It is an event.
func (p *Plugin) refusal(c *core.Ctx, err error) *core.Error {
	var refused *core.Error
	if !errors.As(err, &refused) || refused.Status >= http.StatusInternalServerError {
		return nil
	}
	c.Emit(core.Event{Type: EventRefused, Code: refused.Code})
	return refused
}

// GuardOptions says which keys a Guard lets through.
type GuardOptions struct {
	// ConfigID names the configuration; the default one without it.
	ConfigID string
	// Permissions are what a key must allow, all of them. Nil asks for none. A map that is
	// not nil and lists no action is refused.
	Permissions access.Permissions
}

// Guard lets requests with a valid API key through, and counts the use. In the handler,
// KeyFrom returns the key. The guard answers 401 without a key and for an invalid one,
// 403 INSUFFICIENT_API_KEY_PERMISSIONS for a key that lacks a permission, and 429 with a
// Retry-After for a key that is used up or used too often. A request counts once, however
// many guards of one configuration it passes.
//
//	kernia.Require(apikey.Guard(apikey.GuardOptions{Permissions: access.Permissions{"files": {"read"}}}))
func Guard(o GuardOptions) core.Guard {
	if o.Permissions != nil {
		o.Permissions = o.Permissions.Clone()
	}
	return func(ctx context.Context) error {
		c, ok := core.Attached(ctx)
		if !ok {
			return errors.New("apikey: a guard needs Kernia's middleware before it")
		}
		p, ok := From(c.Auth())
		if !ok {
			return errors.New("apikey: the plugin api-key is not installed: add apikey.New to Options.Plugins")
		}
		return p.guard(ctx, c, o)
	}
}

func (p *Plugin) guard(ctx context.Context, c *core.Ctx, o GuardOptions) error {
	cf, err := p.config(o.ConfigID)
	if err != nil {
		return err
	}
	if o.ConfigID != "" && cf.ID != o.ConfigID {
		return errors.New("apikey: Guard names the configuration " + strconv.Quote(o.ConfigID) + ", which Options.Configs does not have")
	}
	if k, ok := p.guarded.Get(c); ok && k.config() == cf.ID {
		if o.Permissions != nil && !access.NewRole(k.Permissions()).Authorize(o.Permissions) {
			return insufficient()
		}
		return nil
	}
	key, err := cf.presented(c)
	if err != nil {
		return err
	}
	if key == "" {
		return errInvalidKey
	}
	u, err := p.check(ctx, c, cf, key, o.Permissions)
	if refused := p.refusal(c, err); refused != nil {
		switch {
		case refused == errPermissions:
			return insufficient()
		case refused == errUnchecked:
			return errInvalidKey
		case refused.Status == http.StatusTooManyRequests:
			return p.later(refused)
		}
		return refused
	}
	if err != nil {
		return err
	}
	p.guarded.Set(c, u.key)
	if cf.Sessions {
		p.caller.Set(c, &caller{cf: cf, key: key, use: u})
	}
	return nil
}

// insufficient is the answer to a key that lacks a permission.
func insufficient() *core.Error {
	e := core.Fail(http.StatusForbidden, CodeInsufficientPermissions)
	e.Message = "The API key does not have the permissions that are needed here."
	return e
}

// later adds a Retry-After to a refusal that says how long to wait.
func (p *Plugin) later(e *core.Error) *core.Error {
	i := slices.IndexFunc(e.Details, func(d core.Detail) bool { return d.Name == "details" })
	if i < 0 {
		return e
	}
	wait, ok := e.Details[i].Value.Get("tryAgainIn").Int64()
	if !ok {
		return e
	}
	out := *e
	out.Header = append(slices.Clone(e.Header), core.HeaderField{Name: "Retry-After", Value: strconv.FormatInt(max(wait+999, 1000)/1000, 10)})
	return &out
}

// KeyFrom returns the key that a Guard has let through, in the handler of the same request.
func KeyFrom(ctx context.Context) (*Key, bool) {
	c, ok := core.Attached(ctx)
	if !ok {
		return nil, false
	}
	p, ok := From(c.Auth())
	if !ok {
		return nil, false
	}
	return p.guarded.Get(c)
}
