package passkey

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	challengeTTL  = 5 * time.Minute
	challengeSize = 32 // bytes; WebAuthn §13.4.3 asks for 16
)

// ceremony is what a challenge was made for: the words are those of the releases
// after 1.6.11, which keep the two apart as well.
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
	context  string // what the client gave with a registration
	named    bool   // context is not null
}

func newChallenge(c *core.Ctx) (string, error) {
	raw := make([]byte, challengeSize)
	if _, err := io.ReadFull(c.Auth.Rand(), raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// keep stores a challenge and gives the browser a signed cookie that names it.
func (p *Plugin) keep(c *core.Ctx, ch challenge) error {
	token, err := c.Auth.RandomString(32)
	if err != nil {
		return err
	}
	if _, err := c.Auth.Store().CreateVerification(c, token, ch.encode(), c.Now().Add(challengeTTL)); err != nil {
		return err
	}
	c.SetSignedCookie(c.NewCookie(p.opts.ChallengeCookie, challengeTTL), token)
	return nil
}

// take uses up the challenge that the caller's cookie names: of two requests with
// one challenge one gets it, and whoever fails to answer it needs a new one.
func (p *Plugin) take(c *core.Ctx, want ceremony) (challenge, error) {
	missing := core.Fail(http.StatusBadRequest, CodeChallengeNotFound)
	token, ok := c.SignedCookie(c.NewCookie(p.opts.ChallengeCookie, challengeTTL).Name)
	if !ok || token == "" {
		return challenge{}, missing
	}
	row, err := c.Auth.Store().ConsumeVerification(c, token)
	if errors.Is(err, adapter.ErrNotFound) {
		return challenge{}, missing
	}
	if err != nil {
		return challenge{}, err
	}
	ch, ok := decodeChallenge(row.Value)
	if !ok || ch.ceremony != want {
		return challenge{}, missing
	}
	return ch, nil
}

// encode writes a challenge as 1.6.11 does, so that either server can finish what
// the other began; the member type is that of later releases.
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
		ch.ceremony = registration // 1.6.11 writes a context, often null, with these only
	}
	ch.context, ch.named = context.Str()
	ch.value, _ = v.Get("expectedChallenge").Str()
	user := v.Get("userData")
	ch.user.ID, _ = user.Get("id").Str()
	ch.user.Name, _ = user.Get("name").Str()
	ch.user.DisplayName, _ = user.Get("displayName").Str()
	return ch, ch.value != ""
}
