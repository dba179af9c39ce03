package core

import (
	"net/http"
	"time"
)

// The fields by which the plugin admin says how a user and a session stand. They are part of
// the tables when that plugin is installed. Other plugins read them here, so that a ban and
// an impersonation mean the same everywhere.
var (
	// Banned is the handle on user.banned. BannedAt also looks at the end of the ban.
	Banned = Field[bool]{Name: "banned"}
	// BanExpires is the handle on user.banExpires, the end of a ban. Without it a ban has
	// no end.
	BanExpires = Field[time.Time]{Name: "banExpires"}
	// ImpersonatedBy is the handle on session.impersonatedBy, the id of the administrator
	// who uses the session in the place of its user.
	ImpersonatedBy = Field[string]{Name: "impersonatedBy"}
)

// BannedAt reports whether the user is banned at a time.
func (u *User) BannedAt(now time.Time) bool {
	if is, _ := Banned.Of(u.Extra); !is {
		return false
	}
	until, ends := BanExpires.Of(u.Extra)
	return !ends || until.After(now)
}

// Impersonator is the id of the administrator who uses the session in the place of its user,
// and "" for the user's own sessions. Such a session is never extended, and is none of the
// user's devices.
func (s *Session) Impersonator() string {
	id, _ := ImpersonatedBy.Of(s.Extra)
	return id
}

// InPerson is middleware for what only users themselves may do: change how they sign in, make
// further sessions or keys, or delete the account. It answers 403 NOT_WHILE_IMPERSONATING to
// an administrator who impersonates the user. Put it after the middleware that requires the
// session.
func InPerson(c *Ctx) error {
	data, err := c.LoadSession() // the cookie cache tells it as well as the store: it never changes
	if err != nil {
		return err
	}
	if data != nil && data.Session.Impersonator() != "" {
		return Fail(http.StatusForbidden, CodeNotWhileImpersonating)
	}
	return nil
}
