package core

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
)

// replacedPrefix and the hash of a token name a session that another one of the same
// browser has replaced.
const replacedPrefix = "session-replaced-"

// replacedFor is how long a request may be under way with the cookie of a session that
// has been replaced meanwhile.
const replacedFor = time.Minute

// MarkReplaced remembers for a minute that a new session has taken the place of one
// in the same browser. A request that was sent before the browser had the new cookie
// then finds no session, as it must, but its late answer does not remove the cookie
// (see decision 0221). Call it in the transaction that deletes the session, before
// that. An empty token is no error.
func (s *Store) MarkReplaced(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	key, now := replacedPrefix+secret.SHA256URL(token), s.a.Now()
	if s.secondary != nil {
		return s.secondary.Set(ctx, key, "1", replacedFor)
	}
	// The store hooks are not run: nobody has asked for this value.
	_, err := s.db.Create(ctx, ModelVerification, adapter.Record{
		"identifier": key, "value": "1", "expiresAt": now.Add(replacedFor), "createdAt": now, "updatedAt": now,
	})
	return err
}

// anyReplaced takes tokens without a session, and reports whether one of them was
// replaced a moment ago.
func (s *Store) anyReplaced(ctx context.Context, tokens []string) (bool, error) {
	keys := make([]string, len(tokens))
	for i, token := range tokens {
		keys[i] = replacedPrefix + secret.SHA256URL(token)
	}
	if s.secondary != nil {
		for _, key := range keys {
			if _, err := s.secondary.Get(ctx, key); !isNotFound(err) {
				return err == nil, err
			}
		}
		return false, nil
	}
	s.a.cleanup.expiredVerifications(ctx)
	rows, err := s.db.FindMany(ctx, adapter.Find{
		Model: ModelVerification, Select: []string{"id"}, Limit: 1,
		Where: adapter.Where{{Field: "identifier", Op: adapter.In, Value: keys}, {Field: "expiresAt", Op: adapter.Gt, Value: s.a.Now()}},
	})
	return len(rows) > 0, err
}

// endDead removes the cookies of sessions that are gone, unless one was replaced a
// moment ago: the browser may have the cookie of the new one by now. A header that names
// no session says nothing about the browser's cookie.
func (c *Ctx) endDead() error {
	if c.cookieBeside {
		return nil
	}
	replaced, err := c.auth.store.anyReplaced(c, append([]string{c.caller.Token}, c.otherTokens...))
	if err == nil && !replaced {
		c.EndSession()
	}
	return err
}
