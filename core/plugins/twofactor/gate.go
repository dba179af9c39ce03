package twofactor

import (
	"context"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	challengeCookie = "two_factor"
	challengePrefix = "2fa-"
	// methodSeparator stands in a challenge's name between its random part and the method of
	// the first step, which is there when a plugin may refuse methods. Better Auth has no
	// such part, and takes the name as it is.
	methodSeparator = "."
)

// urlSafe is the alphabet of Better Auth's random strings.
const urlSafe = secret.Alphanumeric + "-_"

// Challenge is the answer to a sign-in that needs a second step:
// {"twoFactorRedirect":true,"twoFactorMethods":[…]}.
type Challenge struct {
	TwoFactorRedirect bool     `json:"twoFactorRedirect"`
	TwoFactorMethods  []string `json:"twoFactorMethods"` // "totp", "otp"
}

// gate holds up the sign-in of a user with a second factor, unless it comes from a
// trusted device. A signed cookie names the challenge; the session is made by the
// second step.
func (p *Plugin) gate(ctx context.Context, s *core.SignIn) error {
	c, u := s.Call(), s.User
	store := c.Auth().Store()
	if s.MultiFactor || p.skip[s.Method] {
		return nil
	}
	if _, known := u.Extra[Enabled.Name]; !known {
		// A sign-in method may have made the user's value itself: the row decides.
		row, err := store.FindUser(ctx, u.ID)
		if err != nil {
			return err
		}
		u = row
	}
	if !enabled(u) {
		return nil
	}
	// The user is locked first, as in every transaction that takes several locks.
	if err := store.LockUser(ctx, u.ID); err != nil {
		return err
	}
	trusted, err := p.passDevice(ctx, c, u, s)
	if err != nil || trusted {
		return err
	}
	random, err := secret.Random(c.Auth().Rand(), 20, urlSafe)
	if err != nil {
		return err
	}
	id := challengePrefix + random
	if c.Auth().RefusesMethods() {
		id += methodSeparator + s.Method
	}
	if _, err := store.CreateVerification(ctx, id, u.ID, c.Now().Add(p.opts.ChallengeTTL)); err != nil {
		return err
	}
	methods, err := p.methods(ctx, u.ID)
	if err != nil {
		return err
	}
	if err := s.Hold(ctx, p.answer(c, s, methods)); err != nil {
		return err
	}
	err = core.AfterCommit(ctx, func(context.Context) error {
		c.SetSignedCookie(c.NewCookie(challengeCookie, p.opts.ChallengeTTL), id)
		return nil
	})
	if err != nil {
		return err
	}
	return c.EmitIn(ctx, core.Event{Type: EventChallenged, UserID: u.ID})
}

// methods lists the methods of a user's second step. Backup codes are always accepted
// and not listed, as in Better Auth 1.6.
func (p *Plugin) methods(ctx context.Context, userID string) ([]string, error) {
	methods := []string{}
	if !p.opts.TOTP.Disable {
		row, err := p.findFactor(ctx, userID)
		if err != nil {
			return nil, err
		}
		if row != nil && row.verified() {
			methods = append(methods, "totp")
		}
	}
	if p.opts.OTP.Send != nil {
		methods = append(methods, "otp")
	}
	return methods, nil
}

// answer is JSON for clients, and a redirect where a person has followed a link.
func (p *Plugin) answer(c *core.Ctx, s *core.SignIn, methods []string) any {
	if s.Redirect == "" {
		return Challenge{true, methods}
	}
	pairs := [][2]string{{"twoFactorRedirect", "true"}, {"twoFactorMethods", strings.Join(methods, ",")}}
	target := s.Redirect
	if p.opts.Page != "" {
		target = p.opts.Page
		pairs = append(pairs, [2]string{"callbackURL", s.Redirect})
	}
	return c.Redirect(wire.SetSearchParams(c.Resolve(target), pairs...))
}
