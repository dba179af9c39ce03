package core

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

// NewSession says what a new session needs.
type NewSession struct {
	UserID string
	// Forget makes a session of one day whose cookie ends with the browser
	// (rememberMe false).
	Forget bool
	Extra  Extra // added fields
	// ExpiresIn replaces the configured life.
	ExpiresIn time.Duration
}

const forgetAge = 24 * time.Hour

// CreateSession inserts a session with a new token, and the address and agent of
// the call that ctx belongs to.
func (s *Store) CreateSession(ctx context.Context, n NewSession) (*Session, error) {
	token, err := s.a.RandomString(32)
	if err != nil {
		return nil, err
	}
	now := s.a.Now()
	age := s.a.cfg.expiresIn
	if n.Forget {
		age = forgetAge
	}
	if n.ExpiresIn > 0 {
		age = n.ExpiresIn
	}
	ip, agent := "", ""
	if c, ok := CtxFrom(ctx); ok {
		ip, _ = c.IP()
		if c.Req.Header != nil {
			agent = storable(c.Req.Header.Get("User-Agent"))
		}
	}
	row := &Session{
		ExpiresAt: now.Add(age), Token: token, CreatedAt: now, UpdatedAt: now,
		IPAddress: &ip, UserAgent: &agent, UserID: n.UserID, Extra: maps.Clone(n.Extra), shape: s.a.shapes.session,
	}
	var write func(context.Context, *Session) (*Session, error)
	if s.secondary != nil {
		write = s.createSecondarySession
	}
	created, err := createRow(ctx, s, s.sessionModel(), row, write)
	if err != nil || s.a.opts.Session.MaxPerUser <= 0 {
		return created, err
	}
	// After the commit, when a secondary storage knows the session as well.
	return created, AfterCommit(ctx, func(ctx context.Context) error { return s.endOldest(ctx, created) })
}

// endOldest ends the oldest sessions of a user beyond Session.MaxPerUser. Of
// sessions made at the same time the new one stays.
func (s *Store) endOldest(ctx context.Context, created *Session) error {
	rows, err := s.ListSessions(ctx, created.UserID)
	if err != nil {
		return err
	}
	excess := len(rows) - s.a.opts.Session.MaxPerUser
	slices.SortStableFunc(rows, func(a, b *Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, row := range rows {
		if excess <= 0 {
			return nil
		}
		if row.Token == created.Token {
			continue
		}
		if err := s.DeleteSession(ctx, row.Token); err != nil {
			return err
		}
		excess--
	}
	return nil
}

// maxAgent bounds the stored User-Agent, in bytes. Real ones have a few hundred.
const maxAgent = 1024

// storable makes a header fit for a row: no database takes NUL, and few take what
// is not UTF-8. Nobody may be kept from signing in by a header.
func storable(agent string) string {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(agent, "\uFFFD"), "\x00", "\uFFFD")
}

// FindSession returns a session and its user by token, also when it has expired.
// In the database it is one statement.
func (s *Store) FindSession(ctx context.Context, token string) (*SessionData, error) {
	if token == "" {
		return nil, adapter.ErrNotFound
	}
	if s.secondary != nil {
		text, err := s.secondary.Get(ctx, token)
		switch {
		case err == nil:
			data, err := s.parseSession(text)
			if err != nil || data.Session.Token != token {
				// A corrupt entry, or a key that holds something else, is no session.
				s.a.log.LogAttrs(ctx, slog.LevelWarn, "an entry of the secondary storage is no session")
				return nil, adapter.ErrNotFound
			}
			return data, nil
		case !errors.Is(err, storage.ErrNotFound):
			return nil, err
		case !s.a.opts.Session.StoreInDatabase || s.a.opts.Session.PreserveInDatabase:
			return nil, adapter.ErrNotFound
		}
	}
	rec, err := s.db.FindOne(ctx, adapter.Find{
		Model: ModelSession, Where: adapter.By("token", token),
		Joins: []adapter.Join{{Model: ModelUser, From: "userId", To: "id", One: true}},
	})
	if err != nil {
		return nil, err
	}
	userRec, ok := rec[ModelUser].(adapter.Record)
	if !ok || userRec == nil {
		return nil, adapter.ErrNotFound
	}
	row, err := s.a.sessionOf(rec)
	if err != nil {
		return nil, err
	}
	u, err := s.a.userOf(userRec)
	if err != nil {
		return nil, err
	}
	return &SessionData{Session: *row, User: *u}, nil
}

// ListSessions lists the sessions of a user that have not expired: oldest first, or
// in a secondary storage those that end first.
func (s *Store) ListSessions(ctx context.Context, userID string) ([]*Session, error) {
	if s.secondary == nil {
		return findRows(ctx, s.sessionModel(), s.db, adapter.Find{Where: adapter.Where{
			{Field: "userId", Value: userID},
			{Field: "expiresAt", Op: adapter.Gt, Value: s.a.Now()},
		}, Sort: oldestFirst})
	}
	entries, _, err := s.sessionList(ctx, userID)
	if err != nil {
		return nil, err
	}
	var out []*Session
	for _, e := range entries {
		text, err := s.secondary.Get(ctx, e.token)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// One corrupt entry must not hide the others.
		if data, err := s.parseSession(text); err == nil && data.Session.UserID == userID {
			out = append(out, &data.Session)
		}
	}
	return out, nil
}

// UpdateSession changes a session by token.
func (s *Store) UpdateSession(ctx context.Context, token string, set adapter.Record) (*Session, error) {
	var write func(context.Context, adapter.Record) (*Session, error)
	if s.secondary != nil {
		write = func(ctx context.Context, set adapter.Record) (*Session, error) {
			return s.updateSecondarySession(ctx, token, set)
		}
	}
	return updateRow(ctx, s, s.sessionModel(), adapter.By("token", token), set, write)
}

// DeleteSession removes a session by token; an unknown token is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	if s.secondary != nil {
		if err := s.deleteSecondarySession(ctx, token); err != nil {
			return err
		}
		if !s.a.opts.Session.StoreInDatabase || s.a.opts.Session.PreserveInDatabase {
			return nil
		}
	}
	return deleteRows(ctx, s, s.sessionModel(), adapter.By("token", token))
}

// DeleteSessions removes all sessions of a user.
func (s *Store) DeleteSessions(ctx context.Context, userID string) error {
	if err := s.dropSecondarySessions(ctx, userID); err != nil {
		return err
	}
	if s.secondary != nil && (!s.a.opts.Session.StoreInDatabase || s.a.opts.Session.PreserveInDatabase) {
		return nil
	}
	return deleteRows(ctx, s, s.sessionModel(), adapter.By("userId", userID))
}

// The secondary storage holds, as 1.6.11 writes them: under the token
// {"session":…,"user":…}, and under active-sessions-<user id> a list of
// {"token":…,"expiresAt":ms}, soonest expiry first.

const activeSessions = "active-sessions-"

type sessionEntry struct {
	token     string
	expiresAt int64 // milliseconds since the epoch
}

// sessionList returns the live entries of a user's list and its stored text.
func (s *Store) sessionList(ctx context.Context, userID string) (entries []sessionEntry, text string, err error) {
	text, err = s.secondary.Get(ctx, activeSessions+userID)
	if isNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	v, err := wire.Parse([]byte(text), storedLimits)
	if err != nil {
		return nil, text, nil // a corrupt list counts as empty and is replaced
	}
	items, _ := v.Items()
	now := s.a.Now().UnixMilli()
	seen := map[string]bool{}
	for _, item := range items {
		token, ok := item.Get("token").Str()
		at, isNumber := item.Get("expiresAt").Num()
		if ok && isNumber && int64(at) > now && !seen[token] {
			seen[token] = true
			entries = append(entries, sessionEntry{token, int64(at)})
		}
	}
	return entries, text, nil
}

// changeSessionList replaces a list atomically: a concurrent change makes it start over.
func (s *Store) changeSessionList(ctx context.Context, userID string, change func([]sessionEntry) []sessionEntry) error {
	key := activeSessions + userID
	for range 64 {
		entries, old, err := s.sessionList(ctx, userID)
		if err != nil {
			return err
		}
		entries = change(entries)
		slices.SortStableFunc(entries, func(a, b sessionEntry) int { return cmp.Compare(a.expiresAt, b.expiresAt) })
		text := make([]byte, 0, 80*len(entries)+2)
		text = append(text, '[')
		for i, e := range entries {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, `{"token":`...)
			text = wire.AppendString(text, e.token)
			text = append(text, `,"expiresAt":`...)
			text = strconv.AppendInt(text, e.expiresAt, 10)
			text = append(text, '}')
		}
		text = append(text, ']')
		ttl := time.Second
		if n := len(entries); n > 0 {
			ttl = max(ttl, time.UnixMilli(entries[n-1].expiresAt).Sub(s.a.Now()).Truncate(time.Second))
		} else if old == "" {
			return nil
		}
		done, err := s.secondary.CompareAndSwap(ctx, key, old, string(text), ttl)
		if err != nil || done {
			return err
		}
	}
	return errors.New("core: the list of sessions in the secondary storage changed too often")
}

func (s *Store) createSecondarySession(ctx context.Context, row *Session) (*Session, error) {
	if s.a.opts.Session.StoreInDatabase {
		rec, err := s.db.Create(ctx, ModelSession, row.record())
		if err != nil {
			return nil, err
		}
		if row, err = s.a.sessionOf(rec); err != nil {
			return nil, err
		}
	} else if row.ID == "" {
		id, err := s.a.newID(ModelSession)
		if err != nil {
			return nil, err
		}
		row.ID = id
	}
	u, err := s.FindUser(ctx, row.UserID)
	if err != nil {
		return nil, err
	}
	// The storage knows no transaction: it is written when nothing is left to refuse
	// the session, and before the locks are gone, so that whoever ends the sessions of
	// this user next finds it. Where the commit itself fails, nobody has the token.
	return row, beforeCommit(ctx, func(ctx context.Context) error {
		err := s.changeSessionList(ctx, row.UserID, func(list []sessionEntry) []sessionEntry {
			return append(list, sessionEntry{row.Token, row.ExpiresAt.UnixMilli()})
		})
		if err != nil {
			return err
		}
		return s.putSession(ctx, row, u)
	})
}

// putSession writes a session under its token unless it has expired.
func (s *Store) putSession(ctx context.Context, row *Session, u *User) error {
	ttl := row.ExpiresAt.Sub(s.a.Now()).Truncate(time.Second)
	if ttl < time.Second {
		return nil
	}
	return s.secondary.Set(ctx, row.Token, s.sessionText(row, u), ttl)
}

func (s *Store) sessionText(row *Session, u *User) string {
	text := append([]byte(nil), `{"session":`...)
	text = appendRecord(text, s.a.shapes.session.order, row.record())
	text = append(text, `,"user":`...)
	text = appendRecord(text, s.a.shapes.user.order, u.record())
	return string(append(text, '}'))
}

func (s *Store) parseSession(text string) (*SessionData, error) {
	v, err := wire.Parse([]byte(text), storedLimits)
	if err != nil {
		return nil, err
	}
	return s.a.sessionDataFromJSON(v.Get("session"), v.Get("user"))
}

func (a *Auth) sessionDataFromJSON(session, user wire.Value) (*SessionData, error) {
	rec, err := recordFromJSON(a.shapes.session.table, session)
	if err != nil {
		return nil, err
	}
	row, err := a.sessionOf(rec)
	if err != nil {
		return nil, err
	}
	if rec, err = recordFromJSON(a.shapes.user.table, user); err != nil {
		return nil, err
	}
	u, err := a.userOf(rec)
	if err != nil {
		return nil, err
	}
	if row.Token == "" || row.UserID == "" || u.ID != row.UserID {
		return nil, errNotARow
	}
	return &SessionData{Session: *row, User: *u}, nil
}

func (s *Store) updateSecondarySession(ctx context.Context, token string, set adapter.Record) (*Session, error) {
	var updated *Session
	for range 64 {
		old, err := s.secondary.Get(ctx, token)
		if isNotFound(err) {
			return nil, adapter.ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		data, err := s.parseSession(old)
		if err != nil {
			return nil, adapter.ErrNotFound
		}
		rec := data.Session.record()
		for k, v := range set {
			rec[k] = v
		}
		if updated, err = s.a.sessionOf(rec); err != nil {
			return nil, err
		}
		ttl := updated.ExpiresAt.Sub(s.a.Now()).Truncate(time.Second)
		if ttl < time.Second {
			return updated, s.DeleteSession(ctx, token)
		}
		done, err := s.secondary.CompareAndSwap(ctx, token, old, s.sessionText(updated, &data.User), ttl)
		if err != nil {
			return nil, err
		}
		if done {
			break
		}
		updated = nil
	}
	if updated == nil {
		return nil, errors.New("core: the session in the secondary storage changed too often")
	}
	err := s.changeSessionList(ctx, updated.UserID, func(list []sessionEntry) []sessionEntry {
		list = slices.DeleteFunc(list, func(e sessionEntry) bool { return e.token == token })
		return append(list, sessionEntry{token, updated.ExpiresAt.UnixMilli()})
	})
	if err != nil {
		return nil, err
	}
	if s.a.opts.Session.StoreInDatabase {
		rec, err := s.db.Update(ctx, ModelSession, adapter.By("token", token), set)
		if err != nil {
			return nil, err
		}
		return s.a.sessionOf(rec)
	}
	return updated, nil
}

func (s *Store) deleteSecondarySession(ctx context.Context, token string) error {
	text, err := s.secondary.GetDel(ctx, token)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := s.parseSession(text)
	if err != nil {
		return nil // the key is gone, which is what was asked for
	}
	return s.changeSessionList(ctx, data.Session.UserID, func(list []sessionEntry) []sessionEntry {
		return slices.DeleteFunc(list, func(e sessionEntry) bool { return e.token == token })
	})
}

// dropSecondarySessions removes a user's sessions from the secondary storage.
func (s *Store) dropSecondarySessions(ctx context.Context, userID string) error {
	if s.secondary == nil {
		return nil
	}
	for {
		entries, text, err := s.sessionList(ctx, userID)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := s.secondary.Delete(ctx, e.token); err != nil {
				return err
			}
		}
		if text == "" {
			return nil
		}
		// A session made meanwhile has changed the list: go round again for it.
		done, err := s.secondary.CompareAndSwap(ctx, activeSessions+userID, text, "[]", time.Second)
		if err != nil || done {
			return err
		}
	}
}

// refreshUserSessions writes a changed user into the copies beside its sessions.
func (s *Store) refreshUserSessions(ctx context.Context, u *User) error {
	// While the user's row is locked: of two changes the later one must be the one
	// that the copies show.
	return beforeCommit(ctx, func(ctx context.Context) error {
		entries, _, err := s.sessionList(ctx, u.ID)
		if err != nil {
			return err
		}
		for _, e := range entries {
			old, err := s.secondary.Get(ctx, e.token)
			if isNotFound(err) {
				continue
			}
			if err != nil {
				return err
			}
			data, err := s.parseSession(old)
			if err != nil {
				continue
			}
			ttl := data.Session.ExpiresAt.Sub(s.a.Now()).Truncate(time.Second)
			if ttl < time.Second {
				continue
			}
			// Only while it is unchanged: a revoked session must not come back.
			if _, err := s.secondary.CompareAndSwap(ctx, e.token, old, s.sessionText(&data.Session, u), ttl); err != nil {
				return err
			}
		}
		return nil
	})
}
