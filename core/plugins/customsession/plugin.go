// Package customsession lets the application decide what get-session answers: a function
// makes a value of its own type from the session and the user. See
// https://better-auth.com/docs/concepts/session-management#customizing-session-response.
// Plugin id: "custom-session".
package customsession

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// ID is the plugin's id.
const ID = "custom-session"

// Func makes the answer from a session. It is called for every get-session, so it should
// be quick. core.CtxFrom(ctx) is the call. Its error becomes the answer: a *core.Error as
// it is, any other one as 500.
type Func[T any] func(ctx context.Context, s *core.SessionData) (T, error)

// Options configures the plugin.
type Options struct {
	// ListDeviceSessions makes the items of /multi-session/list-device-sessions by the
	// same function (Better Auth's shouldMutateListDeviceSessionsEndpoint). It needs the
	// plugin multi-session.
	ListDeviceSessions bool
}

// Plugin is the installed plugin; get it with From.
type Plugin[T any] struct {
	make Func[T]
	opts Options
}

// New makes the plugin. T is a type whose JSON form is the answer, for example
//
//	struct {
//		Session *core.Session `json:"session"`
//		User    *core.User    `json:"user"`
//		Roles   []string      `json:"roles"`
//	}
//
// core.New refuses the type any, because the OpenAPI document could say nothing about the
// answer.
func New[T any](f Func[T], o Options) *Plugin[T] { return &Plugin[T]{f, o} }

// From returns the plugin installed in a. T is the result of the function that New took.
func From[T any](a *core.Auth) (*Plugin[T], bool) { return core.PluginOf[*Plugin[T]](a) }

// ID returns "custom-session".
func (p *Plugin[T]) ID() string { return ID }

const listPath = "/multi-session/list-device-sessions"

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin[T]) Manifest(env core.Env) (core.Manifest, error) {
	if p.make == nil {
		return core.Manifest{}, errors.New("New was called without a function")
	}
	t := reflect.TypeFor[T]()
	if t.Kind() == reflect.Interface {
		return core.Manifest{}, fmt.Errorf("the function's result is %v, which says nothing about the answer: let it return a struct with json tags, or a pointer to one", t)
	}
	if _, err := wire.EncoderFor(t); err != nil {
		return core.Manifest{}, fmt.Errorf("the function's result %v has no JSON form: %w", t, err)
	}
	m := core.Manifest{After: []core.Hook{{Match: core.Paths("/get-session"), Run: p.replace, Result: reflect.PointerTo(t)}}}
	if p.opts.ListDeviceSessions {
		if !env.HasPlugin("multi-session") {
			return core.Manifest{}, errors.New("Options.ListDeviceSessions needs the plugin \"multi-session\": add multisession.New to Options.Plugins")
		}
		m.After = append(m.After, core.Hook{Match: core.Paths(listPath), Run: p.replaceAll, Result: reflect.SliceOf(t)})
	}
	return m, nil
}

// Of makes the value of a session, for handlers of the application:
//
//	data, err := plugin.Of(r.Context(), session)
//
// It returns the zero value for a nil session.
func (p *Plugin[T]) Of(ctx context.Context, s *core.SessionData) (T, error) {
	if s == nil {
		var none T
		return none, nil
	}
	return p.make(ctx, s)
}

// replace leaves the answer without a session, null, and errors as they are.
func (p *Plugin[T]) replace(c *core.Ctx) error {
	v, err := c.Returned()
	reply, ok := v.(*core.SessionReply)
	if err != nil || !ok || reply == nil {
		return nil
	}
	data, err := reply.Data()
	if err != nil {
		return err
	}
	own, err := p.make(c, data)
	if err == nil {
		c.SetReturned(own)
	}
	return err
}

func (p *Plugin[T]) replaceAll(c *core.Ctx) error {
	v, err := c.Returned()
	all, ok := v.([]*core.SessionData)
	if err != nil || !ok {
		return nil
	}
	out := make([]T, len(all))
	for i, data := range all {
		if out[i], err = p.make(c, data); err != nil {
			return err
		}
	}
	c.SetReturned(out)
	return nil
}
