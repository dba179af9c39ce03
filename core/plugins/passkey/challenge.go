package passkey

import (
	"encoding/base64"
	"io"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	challengeTTL  = 5 * time.Minute
	challengeSize = 32 // bytes; WebAuthn §13.4.3 asks for 16
)

// ceremony is the ceremony of a challenge, in the words of the releases after Better
// Auth 1.6, which tell the two apart as well.
type ceremony string

const (
	registration   ceremony = "registration"
	authentication ceremony = "authentication"
)

// challenge is a value that the store keeps between the two halves of a ceremony.
type challenge struct {
	ceremony ceremony
	value    string // base64url
	user     RegistrationUser
	context  string // the client's context of a registration
	named    bool   // context is not null
	session  string // id of the session that a registration was begun in; "" for a visitor
	bound    bool   // session is known, and recovery ends the challenge: this server made it
}

// boundIdentifier begins the identifier of a value that a registration's challenge
// depends on. The value is its user's, so Store.DeleteVerificationsOf ends the
// registration.
const boundIdentifier = "passkey-registration-"

func newChallenge(c *core.Ctx) (string, error) {
	raw := make([]byte, challengeSize)
	if _, err := io.ReadFull(c.Auth().Rand(), raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// keep stores a challenge and gives the browser a signed cookie that names it.
func (p *Plugin) keep(c *core.Ctx, ch challenge) error {
	token, err := c.Auth().RandomString(32)
	if err != nil {
		return err
	}
	if _, err := c.Auth().Store().CreateVerification(c, token, ch.encode(), c.Now().Add(challengeTTL)); err != nil {
		return err
	}
	if ch.bound {
		if _, err := c.Auth().Store().CreateVerification(c, boundIdentifier+token, ch.user.ID, c.Now().Add(challengeTTL)); err != nil {
			return err
		}
	}
	c.SetSignedCookie(c.NewCookie(p.opts.ChallengeCookie, challengeTTL), token)
	return nil
}

// take uses up the challenge that the caller's cookie names. One of two requests with
// one challenge gets it, and a failed answer needs a new challenge.
func (p *Plugin) take(c *core.Ctx, want ceremony) (challenge, error) {
	missing := core.Fail(http.StatusBadRequest, CodeChallengeNotFound)
	token, ok := c.SignedCookie(c.NewCookie(p.opts.ChallengeCookie, challengeTTL).Name)
	if !ok || token == "" {
		return challenge{}, missing
	}
	row, err := c.Auth().Store().ConsumeVerification(c, token)
	if core.IsNotFound(err) {
		return challenge{}, missing
	}
	if err != nil {
		return challenge{}, err
	}
	ch, ok := decodeChallenge(row.Value)
	if !ok || ch.ceremony != want {
		return challenge{}, missing
	}
	if ch.bound {
		behind, err := c.Auth().Store().ConsumeVerification(c, boundIdentifier+token)
		if core.IsNotFound(err) || err == nil && behind.Value != ch.user.ID {
			return challenge{}, missing
		}
		if err != nil {
			return challenge{}, err
		}
	}
	return ch, nil
}

// mayFinish reports whether the caller may finish a registration: in the session that it
// was begun in, or as the visitor whom ResolveUser has resolved. The challenge of a
// Better Auth server does not name a session: any session of its user is accepted.
func (ch challenge) mayFinish(c *core.Ctx) bool {
	s := c.Session()
	switch {
	case s != nil && s.User.ID != ch.user.ID:
		return false
	case !ch.bound:
		return s != nil && c.Auth().Compat() == core.CompatBetterAuth
	case ch.session != "":
		return s != nil && s.Session.ID == ch.session
	}
	return true
}

// encode writes a challenge as Better Auth 1.6 does, so that either server can finish
// what the other began. The member type is that of later releases. Better Auth does not
// read the member session, which is null for a visitor.
func (ch challenge) encode() string {
	user := wire.NewObject(wire.Member{Name: "id", Value: wire.String(ch.user.ID)})
	o := wire.NewObject(
		wire.Member{Name: "type", Value: wire.String(string(ch.ceremony))},
		wire.Member{Name: "expectedChallenge", Value: wire.String(ch.value)},
		wire.Member{Name: "userData", Value: wire.ObjectOf(user)},
	)
	if ch.ceremony == registration {
		user.Set("name", wire.String(ch.user.Name))
		if ch.user.DisplayName != "" {
			user.Set("displayName", wire.String(ch.user.DisplayName))
		}
		context := wire.Null()
		if ch.named {
			context = wire.String(ch.context)
		}
		o.Set("context", context)
		if ch.bound {
			session := wire.Null()
			if ch.session != "" {
				session = wire.String(ch.session)
			}
			o.Set("session", session)
		}
	}
	return string(o.AppendJSON(nil))
}

func decodeChallenge(text string) (challenge, bool) {
	v, err := wire.Parse([]byte(text), wire.Limits{})
	if err != nil {
		return challenge{}, false
	}
	ch := challenge{ceremony: authentication}
	o, _ := v.Obj()
	context, begun := o.Get("context")
	if kind, ok := v.Get("type").Str(); ok {
		ch.ceremony = ceremony(kind)
	} else if begun {
		ch.ceremony = registration // Better Auth 1.6 writes a context, often null, with these only
	}
	ch.context, ch.named = context.Str()
	session, bound := o.Get("session")
	ch.session, _ = session.Str()
	ch.bound = bound && ch.ceremony == registration
	ch.value, _ = v.Get("expectedChallenge").Str()
	user := v.Get("userData")
	ch.user.ID, _ = user.Get("id").Str()
	ch.user.Name, _ = user.Get("name").Str()
	ch.user.DisplayName, _ = user.Get("displayName").Str()
	return ch, ch.value != ""
}
