package core

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// The copies here share nothing with their originals: hooks may change the rows that
// they get, and the caller's values stay as they are.

// clone copies values by name, as rows and changes hold them.
func (e Extra) clone() Extra {
	own := maps.Clone(e)
	for name, value := range own {
		switch v := value.(type) {
		case []string:
			own[name] = slices.Clone(v)
		case []float64:
			own[name] = slices.Clone(v)
		case json.RawMessage:
			own[name] = slices.Clone(v)
		}
	}
	return own
}

func cloneRecord(rec adapter.Record) adapter.Record { return adapter.Record(Extra(rec).clone()) }

func cloneText(s *string) *string {
	if s == nil {
		return nil
	}
	own := *s
	return &own
}

func cloneTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	own := *t
	return &own
}

func (u *User) clone() *User {
	own := *u
	own.Image, own.Extra = cloneText(u.Image), u.Extra.clone()
	return &own
}

func (s *Session) clone() *Session {
	own := *s
	own.IPAddress, own.UserAgent, own.Extra = cloneText(s.IPAddress), cloneText(s.UserAgent), s.Extra.clone()
	return &own
}

func (d *SessionData) clone() *SessionData {
	return &SessionData{Session: *d.Session.clone(), User: *d.User.clone()}
}

func (a *Account) clone() *Account {
	own := *a
	own.AccessToken, own.RefreshToken, own.IDToken = cloneText(a.AccessToken), cloneText(a.RefreshToken), cloneText(a.IDToken)
	own.AccessTokenExpiresAt, own.RefreshTokenExpiresAt = cloneTime(a.AccessTokenExpiresAt), cloneTime(a.RefreshTokenExpiresAt)
	own.Scope, own.Password, own.Extra = cloneText(a.Scope), cloneText(a.Password), a.Extra.clone()
	return &own
}

func (v *Verification) clone() *Verification {
	own := *v
	own.Extra = v.Extra.clone()
	return &own
}
