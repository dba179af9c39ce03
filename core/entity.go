package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// Extra holds the fields that plugins and the application added to a row, by
// logical name. Values have the Go types listed at schema.Type.
type Extra map[string]any

// Field is a typed handle on an added field: declared once by its owner and used
// both in the schema and in code.
type Field[T any] struct{ Name string }

// Of reads the field. It reports false when the field is absent or null.
func (f Field[T]) Of(e Extra) (T, bool) {
	v, ok := e[f.Name].(T)
	return v, ok
}

// Set writes the field.
func (f Field[T]) Set(e *Extra, v T) {
	if *e == nil {
		*e = Extra{}
	}
	(*e)[f.Name] = v
}

// User is a row of the user table.
type User struct {
	ID            string
	Name          string
	Email         string
	EmailVerified bool
	Image         *string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Extra         Extra

	shape *shape
}

// Session is a row of the session table.
type Session struct {
	ID        string
	ExpiresAt time.Time
	Token     string
	CreatedAt time.Time
	UpdatedAt time.Time
	IPAddress *string
	UserAgent *string
	UserID    string
	Extra     Extra

	shape *shape
}

// Account is a row of the account table: one way in which a user signs in.
type Account struct {
	ID                    string
	AccountID             string
	ProviderID            string // "credential" for e-mail and password
	UserID                string
	AccessToken           *string
	RefreshToken          *string
	IDToken               *string
	AccessTokenExpiresAt  *time.Time
	RefreshTokenExpiresAt *time.Time
	Scope                 *string
	Password              *string // hash
	CreatedAt             time.Time
	UpdatedAt             time.Time
	Extra                 Extra

	shape *shape
}

// Verification is a row of the verification table: a single-use value.
type Verification struct {
	ID         string
	Identifier string // as stored, so possibly hashed
	Value      string
	ExpiresAt  time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Extra      Extra
}

// SessionData is a session with its user: what get-session answers.
type SessionData struct {
	Session Session
	User    User
}

// shape is the compiled output form of a table: its fields in memberOrder, those
// that are Hidden left out.
type shape struct {
	table  *schema.Table
	order  []string // all members, hidden ones too
	fields []shapeField
	hidden bool // some field is Hidden
}

type shapeField struct {
	name string
	key  string // `"name":`
	typ  schema.Type
}

func newShape(t *schema.Table, first ...string) *shape {
	s := &shape{table: t, order: memberOrder(t, first...)}
	for _, name := range s.order {
		f, _ := t.Field(name)
		if f == nil || f.Hidden {
			s.hidden = true
			continue
		}
		s.fields = append(s.fields, shapeField{name, string(wire.AppendString(nil, name)) + ":", f.Type})
	}
	return s
}

// plainUser and plainSession shape rows that no Auth has loaded.
var (
	plainUser    = mustShape(userTable())
	plainSession = mustShape(sessionTable())
	plainAccount = mustShape(accountTable())
)

func mustShape(t schema.Table) *shape { return newShape(&t) }

func (s *shape) or(plain *shape) *shape {
	if s == nil {
		return plain
	}
	return s
}

// row gives a shape the values of one row.
type row interface {
	// appendField appends a fixed field, or reports that name is none.
	appendField(dst []byte, name string) ([]byte, bool)
	extra() Extra
}

func (s *shape) append(dst []byte, r row, skip string) []byte {
	dst = append(dst, '{')
	first := true
	for i := range s.fields {
		f := &s.fields[i]
		if f.name == skip && skip != "" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, f.key...)
		var ok bool
		if dst, ok = r.appendField(dst, f.name); !ok {
			dst = appendAny(dst, r.extra()[f.name])
		}
	}
	return append(dst, '}')
}

// appendAny appends a record value as JSON.
func appendAny(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return wire.AppendString(dst, v)
	case bool:
		return appendBool(dst, v)
	case int64:
		return wire.AppendNumber(dst, float64(v))
	case int:
		return wire.AppendNumber(dst, float64(v))
	case float64:
		return wire.AppendNumber(dst, v)
	case time.Time:
		return wire.AppendTime(dst, v)
	case json.RawMessage:
		return appendStored(dst, v)
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = wire.AppendString(dst, s)
		}
		return append(dst, ']')
	case []float64:
		dst = append(dst, '[')
		for i, n := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = wire.AppendNumber(dst, n)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// appendStored appends JSON of a row as JSON.parse and JSON.stringify would pass it
// on. Databases have their own ways to write it ({"a": [1, 2]}), and the signature of
// a cookie cache is over the one of JavaScript. What is no JSON is null.
func appendStored(dst []byte, raw json.RawMessage) []byte {
	if v, err := wire.Parse(raw, storedLimits); err == nil {
		return v.AppendJSON(dst)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return append(dst, "null"...)
	}
	return append(dst, compact.Bytes()...) // beyond the limits, or with NUL in a string
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func appendOptional(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	return wire.AppendString(dst, *s)
}

func (u *User) extra() Extra { return u.Extra }

func (u *User) appendField(dst []byte, name string) ([]byte, bool) {
	switch name {
	case "id":
		return wire.AppendString(dst, u.ID), true
	case "name":
		return wire.AppendString(dst, u.Name), true
	case "email":
		return wire.AppendString(dst, u.Email), true
	case "emailVerified":
		return appendBool(dst, u.EmailVerified), true
	case "image":
		return appendOptional(dst, u.Image), true
	case "createdAt":
		return wire.AppendTime(dst, u.CreatedAt), true
	case "updatedAt":
		return wire.AppendTime(dst, u.UpdatedAt), true
	}
	return dst, false
}

// AppendJSON appends the user as clients see it: schema order, hidden fields left out.
func (u *User) AppendJSON(dst []byte) []byte { return u.shape.or(plainUser).append(dst, u, "") }

// MarshalJSON is AppendJSON for encoding/json.
func (u User) MarshalJSON() ([]byte, error) { return u.AppendJSON(nil), nil }

func (s *Session) extra() Extra { return s.Extra }

func (s *Session) appendField(dst []byte, name string) ([]byte, bool) {
	switch name {
	case "id":
		return wire.AppendString(dst, s.ID), true
	case "expiresAt":
		return wire.AppendTime(dst, s.ExpiresAt), true
	case "token":
		return wire.AppendString(dst, s.Token), true
	case "createdAt":
		return wire.AppendTime(dst, s.CreatedAt), true
	case "updatedAt":
		return wire.AppendTime(dst, s.UpdatedAt), true
	case "ipAddress":
		return appendOptional(dst, s.IPAddress), true
	case "userAgent":
		return appendOptional(dst, s.UserAgent), true
	case "userId":
		return wire.AppendString(dst, s.UserID), true
	}
	return dst, false
}

// AppendJSON appends the session as clients see it.
func (s *Session) AppendJSON(dst []byte) []byte {
	return s.shape.or(plainSession).append(dst, s, "")
}

// MarshalJSON is AppendJSON for encoding/json. Note that it holds the token, as
// get-session does: send it only to its owner.
func (s Session) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON appends {"session":…,"user":…}.
func (d *SessionData) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"session":`...)
	dst = d.Session.AppendJSON(dst)
	dst = append(dst, `,"user":`...)
	dst = d.User.AppendJSON(dst)
	return append(dst, '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (d SessionData) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil), nil }

func (a *Account) extra() Extra { return a.Extra }

func (a *Account) appendField(dst []byte, name string) ([]byte, bool) {
	switch name {
	case "id":
		return wire.AppendString(dst, a.ID), true
	case "accountId":
		return wire.AppendString(dst, a.AccountID), true
	case "providerId":
		return wire.AppendString(dst, a.ProviderID), true
	case "userId":
		return wire.AppendString(dst, a.UserID), true
	case "scope":
		return appendOptional(dst, a.Scope), true
	case "createdAt":
		return wire.AppendTime(dst, a.CreatedAt), true
	case "updatedAt":
		return wire.AppendTime(dst, a.UpdatedAt), true
	}
	return dst, false
}

// AppendJSON appends the account without tokens and password hash.
func (a *Account) AppendJSON(dst []byte) []byte { return a.shape.or(plainAccount).append(dst, a, "") }

// MarshalJSON is AppendJSON for encoding/json.
func (a Account) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

// reader takes typed values out of a record; the first misfit is kept.
type reader struct {
	rec adapter.Record
	err error
}

func (r *reader) misfit(name string, v any) {
	if r.err == nil {
		r.err = fmt.Errorf("core: field %q has a value of type %T", name, v)
	}
}

func (r *reader) str(name string) string {
	switch v := r.rec[name].(type) {
	case string:
		return v
	case nil:
	default:
		r.misfit(name, v)
	}
	return ""
}

func (r *reader) optional(name string) *string {
	switch v := r.rec[name].(type) {
	case string:
		return &v
	case nil:
	default:
		r.misfit(name, v)
	}
	return nil
}

func (r *reader) boolean(name string) bool {
	switch v := r.rec[name].(type) {
	case bool:
		return v
	case nil:
	default:
		r.misfit(name, v)
	}
	return false
}

func (r *reader) time(name string) time.Time {
	switch v := r.rec[name].(type) {
	case time.Time:
		return v
	case nil:
	default:
		r.misfit(name, v)
	}
	return time.Time{}
}

func (r *reader) optionalTime(name string) *time.Time {
	switch v := r.rec[name].(type) {
	case time.Time:
		return &v
	case nil:
	default:
		r.misfit(name, v)
	}
	return nil
}

// rest collects the added fields. A table without added fields costs nothing.
func (r *reader) rest(t *schema.Table) Extra {
	added := t.Added()
	if len(added) == 0 {
		return nil
	}
	e := make(Extra, len(added))
	for i := range added {
		if v, ok := r.rec[added[i].Name]; ok {
			e[added[i].Name] = v
		}
	}
	return e
}

// UserOf makes a user of a record, for example one that a join has attached.
func (a *Auth) UserOf(rec adapter.Record) (*User, error) { return a.userOf(rec) }

func (a *Auth) userOf(rec adapter.Record) (*User, error) {
	r := reader{rec: rec}
	u := &User{
		ID: r.str("id"), Name: r.str("name"), Email: r.str("email"), EmailVerified: r.boolean("emailVerified"),
		Image: r.optional("image"), CreatedAt: r.time("createdAt"), UpdatedAt: r.time("updatedAt"),
		Extra: r.rest(a.shapes.user.table), shape: a.shapes.user,
	}
	return u, r.err
}

func (a *Auth) sessionOf(rec adapter.Record) (*Session, error) {
	r := reader{rec: rec}
	s := &Session{
		ID: r.str("id"), ExpiresAt: r.time("expiresAt"), Token: r.str("token"), CreatedAt: r.time("createdAt"),
		UpdatedAt: r.time("updatedAt"), IPAddress: r.optional("ipAddress"), UserAgent: r.optional("userAgent"),
		UserID: r.str("userId"), Extra: r.rest(a.shapes.session.table), shape: a.shapes.session,
	}
	return s, r.err
}

func (a *Auth) accountOf(rec adapter.Record) (*Account, error) {
	r := reader{rec: rec}
	acc := &Account{
		ID: r.str("id"), AccountID: r.str("accountId"), ProviderID: r.str("providerId"), UserID: r.str("userId"),
		AccessToken: r.optional("accessToken"), RefreshToken: r.optional("refreshToken"), IDToken: r.optional("idToken"),
		AccessTokenExpiresAt: r.optionalTime("accessTokenExpiresAt"), RefreshTokenExpiresAt: r.optionalTime("refreshTokenExpiresAt"),
		Scope: r.optional("scope"), Password: r.optional("password"), CreatedAt: r.time("createdAt"), UpdatedAt: r.time("updatedAt"),
		Extra: r.rest(a.shapes.account.table), shape: a.shapes.account,
	}
	return acc, r.err
}

func (a *Auth) verificationOf(rec adapter.Record) (*Verification, error) {
	r := reader{rec: rec}
	v := &Verification{
		ID: r.str("id"), Identifier: r.str("identifier"), Value: r.str("value"), ExpiresAt: r.time("expiresAt"),
		CreatedAt: r.time("createdAt"), UpdatedAt: r.time("updatedAt"),
		Extra: r.rest(a.shapes.verification.table),
	}
	return v, r.err
}

func optionalValue(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func optionalTimeValue(t *time.Time) any {
	if t == nil {
		return nil
	}
	return *t
}

func withExtra(rec adapter.Record, e Extra) adapter.Record {
	for k, v := range e {
		if _, fixed := rec[k]; !fixed {
			rec[k] = v
		}
	}
	return rec
}

func (u *User) record() adapter.Record {
	rec := adapter.Record{
		"name": u.Name, "email": u.Email, "emailVerified": u.EmailVerified, "image": optionalValue(u.Image),
		"createdAt": u.CreatedAt, "updatedAt": u.UpdatedAt,
	}
	if u.ID != "" {
		rec["id"] = u.ID
	}
	return withExtra(rec, u.Extra)
}

func (s *Session) record() adapter.Record {
	rec := adapter.Record{
		"expiresAt": s.ExpiresAt, "token": s.Token, "createdAt": s.CreatedAt, "updatedAt": s.UpdatedAt,
		"ipAddress": optionalValue(s.IPAddress), "userAgent": optionalValue(s.UserAgent), "userId": s.UserID,
	}
	if s.ID != "" {
		rec["id"] = s.ID
	}
	return withExtra(rec, s.Extra)
}

func (a *Account) record() adapter.Record {
	rec := adapter.Record{
		"accountId": a.AccountID, "providerId": a.ProviderID, "userId": a.UserID, "accessToken": optionalValue(a.AccessToken),
		"refreshToken": optionalValue(a.RefreshToken), "idToken": optionalValue(a.IDToken),
		"accessTokenExpiresAt": optionalTimeValue(a.AccessTokenExpiresAt), "refreshTokenExpiresAt": optionalTimeValue(a.RefreshTokenExpiresAt),
		"scope": optionalValue(a.Scope), "password": optionalValue(a.Password), "createdAt": a.CreatedAt, "updatedAt": a.UpdatedAt,
	}
	if a.ID != "" {
		rec["id"] = a.ID
	}
	return withExtra(rec, a.Extra)
}

func (v *Verification) record() adapter.Record {
	rec := adapter.Record{
		"identifier": v.Identifier, "value": v.Value, "expiresAt": v.ExpiresAt, "createdAt": v.CreatedAt, "updatedAt": v.UpdatedAt,
	}
	if v.ID != "" {
		rec["id"] = v.ID
	}
	return withExtra(rec, v.Extra)
}
