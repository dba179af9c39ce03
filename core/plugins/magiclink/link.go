package magiclink

import (
	"context"
	"errors"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// prefix begins the identifier of a stored link. Better Auth 1.6 has none: there, any
// verification value can be presented as a link. Better Auth 1.7 has this one.
const prefix = "magic-link:"

var errInvalid = errors.New("magiclink: there is no such link, it has expired, or it has been used")

// link is what is stored of a link.
type link struct {
	identifier, value string
	email, name       string
	made              time.Time
}

// keep stores the link of a token.
func (p *Plugin) keep(c *core.Ctx, token, email string, name *string) error {
	stored, err := p.tokens.Stored(c, token)
	if err != nil {
		return err
	}
	identifier := p.identifiers(stored)[0]
	_, err = c.Auth().Store().CreateVerification(c, identifier, p.record(email, name), c.Now().Add(p.opts.TTL))
	return err
}

// identifiers are those under which a link may be stored; new links have the first. A
// server of Better Auth 1.6 on the same database knows no prefix.
func (p *Plugin) identifiers(stored string) []string {
	if p.compat == core.CompatBetterAuth {
		return []string{stored, prefix + stored}
	}
	return []string{prefix + stored}
}

// record is the stored value: that of Better Auth 1.6 in its mode, else that of 1.7,
// which says what it is.
func (p *Plugin) record(email string, name *string) string {
	out := []byte(`{"type":"magic-link","email":`)
	if p.compat == core.CompatBetterAuth {
		out = []byte(`{"email":`)
	}
	out = wire.AppendString(out, email)
	if name != nil {
		out = wire.AppendString(append(out, `,"name":`...), *name)
	}
	return string(append(out, '}'))
}

// find reads the link of a token and leaves it.
func (p *Plugin) find(c *core.Ctx, token string) (*link, error) {
	stored, err := p.tokens.Stored(c, token)
	if err != nil {
		return nil, err
	}
	for _, identifier := range p.identifiers(stored) {
		v, err := c.Auth().Store().FindVerification(c, identifier)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		l, ok := parse(v.Value)
		if !ok {
			continue // a value of another purpose stays as it is
		}
		l.identifier, l.value, l.made = identifier, v.Value, v.CreatedAt
		return l, nil
	}
	return nil, errInvalid
}

// parse reads a stored value. It accepts nothing but a link's members: without a prefix,
// values of other purposes are found too.
func parse(value string) (*link, bool) {
	v, err := wire.Parse([]byte(value), wire.Limits{})
	if err != nil {
		return nil, false
	}
	o, ok := v.Obj()
	if !ok {
		return nil, false
	}
	l := &link{}
	for _, m := range o.Members() {
		text, ok := m.Value.Str()
		switch {
		case !ok:
			return nil, false
		case m.Name == "email":
			l.email = text
		case m.Name == "name":
			l.name = text
		case m.Name != "type" || text != ID:
			return nil, false
		}
	}
	return l, validate.Email(l.email)
}

// use uses the link up, for one of many callers.
func (l *link) use(ctx context.Context, store *core.Store) error {
	v, err := store.ConsumeVerification(ctx, l.identifier)
	if core.IsNotFound(err) || err == nil && v.Value != l.value {
		return errInvalid
	}
	return err
}
