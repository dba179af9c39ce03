package core

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

// NewSession describes a session to create.
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

// CreateSession inserts a session with a new token. The IP address and
// User-Agent are those of the call that ctx belongs to.
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
		IPAddress: &ip, UserAgent: &agent, UserID: n.UserID, Extra: n.Extra.clone(), shape: s.a.shapes.session,
	}
	var write func(context.Context, *Session) (*Session, error)
	if s.secondary != nil {
		write = s.createSecondarySession
	}
	created, err := createRow(ctx, s, s.sessionModel(), row, write)
	if created != nil {
		s.a.observeSessions(ctx, 1, 0)
	}
	if created == nil || s.a.opts.Session.MaxPerUser <= 0 {
		return created, err
	}
	// This runs after the commit, when a secondary storage has the session as well. A
	// failure is too late to refuse the session and is logged.
	return created, both(err, s.a.Tell(ctx, "ending the oldest sessions of a user", func(ctx context.Context) error {
		return s.endOldest(ctx, created)
	}))
}

// maxEnded bounds how many sessions one sign-in ends. A user with thousands of sessions
// from before the limit loses them over several sign-ins.
const maxEnded = 100

// endOldest ends the oldest sessions of a user beyond Session.MaxPerUser. Of
// sessions made at the same time the new one stays.
func (s *Store) endOldest(ctx context.Context, created *Session) error {
	n, err := s.countSessions(ctx, created.UserID)
	if err != nil || n <= s.a.opts.Session.MaxPerUser {
		return err
	}
	rows, err := s.ListSessions(ctx, created.UserID)
	if err != nil {
		return err
	}
	excess := min(len(rows)-s.a.opts.Session.MaxPerUser, maxEnded)
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

// countSessions is at least the number of a user's live sessions.
func (s *Store) countSessions(ctx context.Context, userID string) (int, error) {
	if s.secondary != nil && !s.rowsDecide() {
		entries, _, err := s.sessionList(ctx, userID)
		return len(entries), err
	}
	n, err := s.db.Count(ctx, ModelSession, s.liveSessions(userID))
	return int(n), err
}

func (s *Store) liveSessions(userID string) adapter.Where {
	return adapter.Where{{Field: "userId", Value: userID}, {Field: "expiresAt", Op: adapter.Gt, Value: s.a.Now()}}
}

// rowsDecide reports whether every live session has a row in the database.
func (s *Store) rowsDecide() bool {
	o := &s.a.opts.Session
	return s.secondary == nil || o.StoreInDatabase && !o.PreserveInDatabase
}

// maxAgent bounds the stored User-Agent, in bytes. Real ones have a few hundred.
const maxAgent = 1024

// storable makes a header fit for a row: no database takes NUL, and few take bytes that
// are not UTF-8. A header must not keep its user from signing in.
func storable(agent string) string {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(agent, "\uFFFD"), "\x00", "\uFFFD")
}

// FindSession returns a session and its user by token, even if it has expired, unless a
// plugin's SessionGate says that it has ended. It is one statement in the database.
func (s *Store) FindSession(ctx context.Context, token string) (*SessionData, error) {
	data, err := s.findSession(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := s.pass(ctx, data); err != nil {
		return nil, err
	}
	return data, nil
}

// pass returns ErrNotFound for a session that a gate does not let pass.
func (s *Store) pass(ctx context.Context, data *SessionData) error {
	for _, gate := range s.a.sessionGates {
		ok, err := gate(ctx, data)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotFound
		}
	}
	return nil
}

func (s *Store) findSession(ctx context.Context, token string) (*SessionData, error) {
	if token == "" {
		return nil, ErrNotFound
	}
	if s.secondary != nil {
		text, err := s.secondary.Get(ctx, token)
		switch {
		case err == nil:
			data, err := s.parseSession(text)
			if err != nil || data.Session.Token != token {
				// A corrupt entry, or another kind of value, is no session.
				s.a.log.LogAttrs(ctx, slog.LevelWarn, "an entry of the secondary storage is no session")
				return nil, ErrNotFound
			}
			ended, err := s.sessionEnded(ctx, &data.Session)
			if err != nil {
				return nil, err
			}
			if ended {
				return nil, adapter.ErrNotFound
			}
			return data, nil
		case !errors.Is(err, storage.ErrNotFound):
			return nil, err
		case !s.a.opts.Session.StoreInDatabase || s.a.opts.Session.PreserveInDatabase:
			return nil, ErrNotFound
		}
	}
	r := &sessionRow{data: SessionData{Session: s.a.newSession(), User: s.a.newUser()}}
	r.where[0] = adapter.Cond{Field: "token", Value: token}
	err := s.a.db.Scan(ctx, adapter.Find{Model: ModelSession, Where: r.where[:], Joins: withUser}, r.set)
	switch {
	case err != nil:
		return nil, err
	case r.err != nil:
		return nil, r.err
	case r.data.User.ID == "":
		return nil, ErrNotFound // its user is gone
	}
	return &r.data, nil
}

// sessionRow holds what reading a session needs in one piece of memory.
type sessionRow struct {
	values
	data  SessionData
	where [1]adapter.Cond
}

func (r *sessionRow) set(as, field string, v any) {
	if as == "" {
		r.session(&r.data.Session, field, v)
	} else {
		r.user(&r.data.User, field, v)
	}
}

// withUser joins a session's user.
var withUser = []adapter.Join{{Model: ModelUser, From: "userId", To: "id", One: true}}

// joined is a session row with the user that a join has attached.
func (s *Store) joined(rec adapter.Record) (*SessionData, error) {
	userRec, ok := rec[ModelUser].(adapter.Record)
	if !ok || userRec == nil {
		return nil, ErrNotFound
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

// FindSessions returns the sessions of several tokens with their users, in the order of
// the tokens, even if they have expired. Tokens without a session are left out. It is
// one statement in the database, and one read for each token in a secondary storage.
func (s *Store) FindSessions(ctx context.Context, tokens []string) ([]*SessionData, error) {
	var out []*SessionData
	if s.secondary != nil {
		for _, token := range tokens {
			data, err := s.FindSession(ctx, token)
			if IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, data)
		}
		return out, nil
	}
	if len(tokens) == 0 {
		return nil, nil
	}
	recs, err := s.db.FindMany(ctx, adapter.Find{
		Model: ModelSession, Where: adapter.Where{{Field: "token", Op: adapter.In, Value: tokens}},
		Joins: withUser,
	})
	if err != nil {
		return nil, err
	}
	for _, rec := range recs {
		data, err := s.joined(rec)
		if err == nil {
			err = s.pass(ctx, data)
		}
		if IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	slices.SortFunc(out, func(a, b *SessionData) int {
		return cmp.Compare(slices.Index(tokens, a.Session.Token), slices.Index(tokens, b.Session.Token))
	})
	return out, nil
}

// ListSessions lists the sessions of a user that have not expired: oldest first, or
// by expiry when they are in a secondary storage.
func (s *Store) ListSessions(ctx context.Context, userID string) ([]*Session, error) {
	if s.rowsDecide() {
		order := oldestFirst
		if s.secondary != nil {
			order = soonestFirst
		}
		return findRows(ctx, s.sessionModel(), s.db, adapter.Find{Where: s.liveSessions(userID), Sort: order})
	}
	ended, err := s.endMark(ctx, userID)
	if err != nil {
		return nil, err
	}
	entries, _, err := s.sessionList(ctx, userID)
	if err != nil {
		return nil, err
	}
	var out []*Session
	for _, e := range entries {
		text, err := s.secondary.Get(ctx, e.token)
		if IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// One corrupt entry must not hide the others.
		data, err := s.parseSession(text)
		if err == nil && data.Session.UserID == userID && !ended.covers(&data.Session) {
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

// DeleteSession removes a session by token. An unknown token is not an error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	if s.secondary != nil {
		if err := s.deleteSecondarySession(ctx, token); err != nil {
			return err
		}
		if !s.rowsDecide() {
			return nil
		}
	}
	return deleteRows(ctx, s, s.sessionModel(), adapter.By("token", token))
}

// DeleteSessions removes all sessions of a user. It also ends the user's pending
// single-use values (DeleteVerificationsOf), such as a link that changes the address,
// because they were begun in those sessions.
func (s *Store) DeleteSessions(ctx context.Context, userID string) error {
	return s.deleteSessions(ctx, userID, "")
}

// DeleteOtherSessions is DeleteSessions, but keeps the session of a token.
func (s *Store) DeleteOtherSessions(ctx context.Context, userID, token string) error {
	return s.deleteSessions(ctx, userID, token)
}

func (s *Store) deleteSessions(ctx context.Context, userID, keep string) error {
	return s.Tx(ctx, func(ctx context.Context) error {
		if err := s.DeleteVerificationsOf(ctx, userID); err != nil {
			return err
		}
		if err := s.endSecondarySessions(ctx, userID, keep); err != nil || !s.rowsDecide() {
			return err
		}
		w := adapter.By("userId", userID)
		if keep != "" {
			w = append(w, adapter.Cond{Field: "token", Op: adapter.Ne, Value: keep})
		}
		return deleteRows(ctx, s, s.sessionModel(), w)
	})
}

// The secondary storage holds, as Better Auth 1.6 writes them: under the token
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
	if IsNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	v, err := wire.Parse([]byte(text), listLimits)
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
	made := row
	err := s.Tx(ctx, func(ctx context.Context) error {
		// The user's row is locked until the session is listed with a copy of it: a change
		// of the user comes before, and is in the copy, or after, and finds the session.
		// The lock comes first, because a session's row locks the user as well.
		rec, err := s.a.Lock(ctx, ModelUser, row.UserID)
		if err != nil {
			return err
		}
		u, err := s.a.userOf(rec)
		if err != nil {
			return err
		}
		switch {
		case s.a.opts.Session.StoreInDatabase:
			if rec, err = s.db.Create(ctx, ModelSession, row.record()); err != nil {
				return err
			}
			if made, err = s.a.sessionOf(rec); err != nil {
				return err
			}
		case row.ID == "":
			made = row.clone()
			if made.ID, err = s.a.newID(ModelSession); err != nil {
				return err
			}
		}
		// The storage has no transactions. It is written when nothing can refuse the
		// session any more, and before the locks are released, so that the next call
		// that ends the user's sessions finds it. When the commit itself fails, nobody
		// has the token.
		return beforeCommit(ctx, func(ctx context.Context) error { return s.listSession(ctx, made, u) })
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// listSession writes a session, and then its entry in the user's list.
func (s *Store) listSession(ctx context.Context, row *Session, u *User) error {
	if err := s.putSession(ctx, row, u); err != nil {
		return err
	}
	err := s.changeSessionList(ctx, row.UserID, func(list []sessionEntry) []sessionEntry {
		return append(list, sessionEntry{row.Token, row.ExpiresAt.UnixMilli()})
	})
	if err != nil {
		// Nobody has the token yet. The failure may be the end of the context.
		return both(err, s.secondary.Delete(context.WithoutCancel(ctx), row.Token))
	}
	return nil
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
		if IsNotFound(err) {
			return nil, ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		data, err := s.parseSession(old)
		if err != nil {
			return nil, ErrNotFound
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
	text, err := s.secondary.Get(ctx, token)
	if IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := s.parseSession(text)
	if err != nil || data.Session.Token != token {
		return nil // no session: the key of another value, which somebody names as a token
	}
	if err := s.secondary.Delete(ctx, token); err != nil {
		return err
	}
	if !s.rowsDecide() { // otherwise the rows count
		s.a.observeSessions(ctx, 0, 1)
	}
	return s.changeSessionList(ctx, data.Session.UserID, func(list []sessionEntry) []sessionEntry {
		return slices.DeleteFunc(list, func(e sessionEntry) bool { return e.token == token })
	})
}

// endSecondarySessions ends a user's sessions in the secondary storage, but for one.
// Before the commit it notes the time: no session made earlier is found from then on,
// even if the list is lost. When the time cannot be noted, nothing is committed. The
// sessions themselves are removed after the commit, with one write of the list.
func (s *Store) endSecondarySessions(ctx context.Context, userID, keep string) error {
	if s.secondary == nil {
		return nil
	}
	mark := sessionEnd{at: s.a.Now().UnixMilli()}
	if keep != "" {
		mark.keep = secret.SHA256URL(keep)
	}
	tokens := map[string]bool{}
	// The caller's own session, even if the list has been lost.
	if c, ok := CtxFrom(ctx); ok && c.session != nil && c.session.User.ID == userID {
		tokens[c.session.Session.Token] = true
	}
	if s.rowsDecide() {
		rows, err := s.db.FindMany(ctx, adapter.Find{Model: ModelSession, Where: adapter.By("userId", userID), Select: []string{"token"}})
		if err != nil {
			return err
		}
		for _, rec := range rows {
			if token, ok := rec["token"].(string); ok {
				tokens[token] = true
			}
		}
	}
	err := beforeCommit(ctx, func(ctx context.Context) error {
		entries, _, err := s.sessionList(ctx, userID)
		if err != nil {
			return err
		}
		for _, e := range entries {
			tokens[e.token] = true
		}
		delete(tokens, keep)
		return s.secondary.Set(ctx, sessionsEnded+secret.SHA256URL(userID), mark.String(), max(endedFor, 2*s.a.cfg.expiresIn))
	})
	if err != nil {
		return err
	}
	// This is queued before the transaction lists any session that it makes later, so
	// the tokens are the earlier ones.
	return AfterCommit(ctx, func(ctx context.Context) error {
		for token := range tokens {
			if err := s.secondary.Delete(ctx, token); err != nil {
				return err
			}
		}
		if !s.rowsDecide() {
			s.a.observeSessions(ctx, 0, int64(len(tokens)))
		}
		return s.changeSessionList(ctx, userID, func(list []sessionEntry) []sessionEntry {
			return slices.DeleteFunc(list, func(e sessionEntry) bool { return tokens[e.token] })
		})
	})
}

// sessionsEnded is the key, with a hash of the user's id, of a sessionEnd.
const sessionsEnded = "sessions-ended-"

// sessionEnd notes when the sessions of a user were ended, and the token that was
// exempt.
type sessionEnd struct {
	at   int64  // milliseconds since the epoch; 0 when none were
	keep string // hash of the token
}

func (e sessionEnd) String() string {
	text := strconv.FormatInt(e.at, 10)
	if e.keep != "" {
		text += " " + e.keep
	}
	return text
}

func (e sessionEnd) covers(row *Session) bool {
	return row.CreatedAt.UnixMilli() < e.at && (e.keep == "" || e.keep != secret.SHA256URL(row.Token))
}

func (s *Store) endMark(ctx context.Context, userID string) (sessionEnd, error) {
	text, err := s.secondary.Get(ctx, sessionsEnded+secret.SHA256URL(userID))
	if isNotFound(err) {
		return sessionEnd{}, nil
	}
	if err != nil {
		return sessionEnd{}, err
	}
	at, keep, _ := strings.Cut(text, " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return sessionEnd{at: s.a.Now().UnixMilli()}, nil // unreadable: all earlier sessions count as ended
	}
	return sessionEnd{ms, keep}, nil
}

func (s *Store) sessionEnded(ctx context.Context, row *Session) (bool, error) {
	mark, err := s.endMark(ctx, row.UserID)
	return mark.covers(row), err
}

// refreshUserSessions updates the copies of a changed user beside its sessions.
func (s *Store) refreshUserSessions(ctx context.Context, u *User) error {
	// The user's row is still locked here: of two changes, the copies must show the
	// later one.
	return beforeCommit(ctx, func(ctx context.Context) error {
		entries, _, err := s.sessionList(ctx, u.ID)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := s.refreshSession(ctx, e.token, u); err != nil {
				return err
			}
		}
		return nil
	})
}

// refreshSession updates the user beside one session, and tries again when the session
// was written meanwhile. A session that is gone stays gone.
func (s *Store) refreshSession(ctx context.Context, token string, u *User) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		old, err := s.secondary.Get(ctx, token)
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := s.parseSession(old)
		if err != nil {
			return nil
		}
		ttl := data.Session.ExpiresAt.Sub(s.a.Now()).Truncate(time.Second)
		if ttl < time.Second {
			return nil
		}
		done, err := s.secondary.CompareAndSwap(ctx, token, old, s.sessionText(&data.Session, u), ttl)
		if err != nil || done {
			return err
		}
	}
}
