package multisession

import (
	"context"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/cookie"
)

// maxCookies is how many sessions of one request count. Cookies that another site of the
// domain has planted do not: they could hide a session from a sign-out. maxLooked bounds how
// many are looked at, and is more than browsers keep for one site.
const (
	maxCookies = 100
	maxLooked  = 1000
)

// infix stands between the name of the session cookie and the token in lower case.
const infix = "_multi-"

// remembered is a cookie of the request that keeps a session of this browser.
type remembered struct{ name, token string }

func (k remembered) expire(c *core.Ctx) { c.ExpireCookie(c.SessionCookie().Named(k.name)) }

// nameOf is the name of the cookie that keeps a session.
func nameOf(c *core.Ctx, token string) string {
	return c.SessionCookie().Name + infix + strings.ToLower(token)
}

// cookies lists the request's cookies that have a valid signature and the name of their
// own token, in the order of the request. Any other one, such as a signed cookie that
// was given another name, is no cookie of this plugin (SES-02, SES-24).
func cookies(c *core.Ctx) []remembered {
	var out []remembered
	prefix := c.SessionCookie().Name + infix
	seen := map[string]bool{}
	looked := 0
	for name, value := range c.Cookies() {
		if !strings.HasPrefix(name, prefix) || seen[name] {
			continue
		}
		if looked++; looked > maxLooked || len(out) == maxCookies {
			break
		}
		token, signature, ok := cookie.SplitSigned(value)
		if ok && token != "" && nameOf(c, token) == name && c.Auth().Keys().Verify(token, signature[:]) {
			out, seen[name] = append(out, remembered{name, token}), true
		}
	}
	return out
}

// named is the cookie of the session with a token, whose case does not matter. The
// token that is acted on is the signed one, never the one that was sent.
func named(c *core.Ctx, sent string) (remembered, error) {
	name := nameOf(c, sent)
	if token, ok := c.SignedCookie(name); ok && token != "" && nameOf(c, token) == name {
		return remembered{name, token}, nil
	}
	return remembered{}, errInvalidToken
}

// find reads the sessions that have not ended, in the order of their cookies.
func find(c *core.Ctx, of ...remembered) ([]*core.SessionData, error) {
	tokens := make([]string, len(of))
	for i, k := range of {
		tokens[i] = k.token
	}
	all, err := c.Auth().Store().FindSessions(c, tokens)
	live := all[:0]
	for _, data := range all {
		if data.Session.ExpiresAt.After(c.Now()) {
			live = append(live, data)
		}
	}
	return live, err
}

// end ends sessions, all of them or none.
func end(ctx context.Context, c *core.Ctx, sessions []remembered) error {
	if len(sessions) == 0 {
		return nil
	}
	store := c.Auth().Store()
	return store.Tx(ctx, func(ctx context.Context) error {
		for _, k := range sessions {
			if err := store.DeleteSession(ctx, k.token); err != nil {
				return err
			}
		}
		return nil
	})
}
