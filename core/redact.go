package core

import (
	"fmt"
	"io"
	"log/slog"
)

// Values that hold secrets print and log without them, with every verb: a row or the
// options in a message must not put tokens into a log. JSON is the wire form and stays
// as it is.

// Redact is the Format of a type of a plugin that holds secrets: it prints the name of
// the type, whatever the verb.
//
//	func (in SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }
//	func (in SignInInput) LogValue() slog.Value       { return core.Redacted(in) }
func Redact(f fmt.State, v any) { fmt.Fprintf(f, "%T{[redacted]}", v) }

// Redacted is the LogValue of such a type.
func Redacted(v any) slog.Value { return slog.StringValue(fmt.Sprintf("%T{[redacted]}", v)) }

// Format prints the name of the type.
func (r PasswordReply) Format(f fmt.State, _ rune) { Redact(f, r) }

// LogValue logs the name of the type.
func (r PasswordReply) LogValue() slog.Value { return Redacted(r) }

// Format prints the name of the type.
func (s SignUpReply) Format(f fmt.State, _ rune) { Redact(f, s) }

// LogValue logs the name of the type.
func (s SignUpReply) LogValue() slog.Value { return Redacted(s) }

// Format prints the name of the type.
func (a Arrival) Format(f fmt.State, _ rune) { Redact(f, a) }

// LogValue logs the name of the type.
func (a Arrival) LogValue() slog.Value { return Redacted(a) }

// Format prints the name of the type.
func (s PasswordSignIn) Format(f fmt.State, _ rune) { Redact(f, s) }

// LogValue logs the name of the type.
func (s PasswordSignIn) LogValue() slog.Value { return Redacted(s) }

// Format prints the ids.
func (s Session) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Session{ID: %q, UserID: %q, [redacted]}", s.ID, s.UserID)
}

// LogValue logs the ids.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", s.ID), slog.String("userId", s.UserID))
}

// Format prints the ids.
func (d SessionData) Format(f fmt.State, verb rune) {
	d.Session.Format(f, verb)
}

// LogValue logs the ids.
func (d SessionData) LogValue() slog.Value { return d.Session.LogValue() }

// Format prints the ids and the provider.
func (a Account) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Account{ID: %q, UserID: %q, ProviderID: %q, [redacted]}", a.ID, a.UserID, a.ProviderID)
}

// LogValue logs the ids and the provider.
func (a Account) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", a.ID), slog.String("userId", a.UserID), slog.String("providerId", a.ProviderID))
}

// Format prints the id.
func (v Verification) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Verification{ID: %q, [redacted]}", v.ID)
}

// LogValue logs the id.
func (v Verification) LogValue() slog.Value { return slog.GroupValue(slog.String("id", v.ID)) }

// Format prints whom the mail is for.
func (m Mail) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Mail{UserID: %q, [redacted]}", userID(m.User))
}

// LogValue logs whom the mail is for.
func (m Mail) LogValue() slog.Value { return slog.GroupValue(slog.String("userId", userID(m.User))) }

// Format prints whom the mail is for.
func (m ChangeEmailMail) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.ChangeEmailMail{UserID: %q, [redacted]}", userID(m.User))
}

// LogValue logs whom the mail is for.
func (m ChangeEmailMail) LogValue() slog.Value {
	return slog.GroupValue(slog.String("userId", userID(m.User)))
}

func userID(u *User) string {
	if u == nil {
		return ""
	}
	return u.ID
}

// Format prints the base URL.
func (o Options) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Options{BaseURL: %q, [redacted]}", o.BaseURL)
}

// LogValue logs the base URL.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.String("baseURL", o.BaseURL))
}

// Format prints a name only.
func (a *Auth) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "core.Auth{[redacted]}") }

// LogValue logs a name only.
func (a *Auth) LogValue() slog.Value { return slog.StringValue("core.Auth{[redacted]}") }

// Format prints the method. The path may hold a token.
func (r Request) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Request{Method: %q, [redacted]}", r.Method)
}

// LogValue logs the method.
func (r Request) LogValue() slog.Value { return slog.GroupValue(slog.String("method", r.Method)) }

// Format prints the status.
func (r Response) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.Response{Status: %d, [redacted]}", r.Status)
}

// LogValue logs the status.
func (r Response) LogValue() slog.Value { return slog.GroupValue(slog.Int("status", r.Status)) }

// Format prints the name.
func (h HeaderField) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "core.HeaderField{Name: %q, [redacted]}", h.Name)
}

// LogValue logs the name.
func (h HeaderField) LogValue() slog.Value { return slog.GroupValue(slog.String("name", h.Name)) }

// Format prints the name of the type.
func (f Fields) Format(s fmt.State, _ rune) { Redact(s, f) }

// LogValue logs the name of the type.
func (f Fields) LogValue() slog.Value { return Redacted(f) }

// Format prints the name of the type.
func (c *Ctx) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "core.Ctx{[redacted]}") }

// LogValue logs the name of the type.
func (c *Ctx) LogValue() slog.Value { return slog.StringValue("core.Ctx{[redacted]}") }

// Format prints the name of the type.
func (c Credential) Format(f fmt.State, _ rune) { Redact(f, c) }

// LogValue logs the name of the type.
func (c Credential) LogValue() slog.Value { return Redacted(c) }

// Format prints the name of the type.
func (v VerifyEmailInput) Format(f fmt.State, _ rune) { Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyEmailInput) LogValue() slog.Value { return Redacted(v) }

// Format prints the name of the type.
func (r RevokeSessionInput) Format(f fmt.State, _ rune) { Redact(f, r) }

// LogValue logs the name of the type.
func (r RevokeSessionInput) LogValue() slog.Value { return Redacted(r) }

// Format prints the name of the type.
func (d DeleteUserInput) Format(f fmt.State, _ rune) { Redact(f, d) }

// LogValue logs the name of the type.
func (d DeleteUserInput) LogValue() slog.Value { return Redacted(d) }

// Format prints the name of the type.
func (d DeleteUserCallbackInput) Format(f fmt.State, _ rune) { Redact(f, d) }

// LogValue logs the name of the type.
func (d DeleteUserCallbackInput) LogValue() slog.Value { return Redacted(d) }

// Format prints the name of the type.
func (r Raw) Format(f fmt.State, _ rune) { Redact(f, r) }

// LogValue logs the name of the type.
func (r Raw) LogValue() slog.Value { return Redacted(r) }

// Format prints the name of the type.
func (u UpdateSessionReply) Format(f fmt.State, _ rune) { Redact(f, u) }

// LogValue logs the name of the type.
func (u UpdateSessionReply) LogValue() slog.Value { return Redacted(u) }

// Format prints the name of the type.
func (i Invocation) Format(f fmt.State, _ rune) { Redact(f, i) }

// LogValue logs the name of the type.
func (i Invocation) LogValue() slog.Value { return Redacted(i) }

// What reaches the Auth by a pointer prints no more than its type: with a verb that does
// not fit pointers, fmt would print what they point to, the options included.

// Format prints the name of the type.
func (s *Store) Format(f fmt.State, _ rune) { Redact(f, s) }

// LogValue logs the name of the type.
func (s *Store) LogValue() slog.Value { return Redacted(s) }

// Format prints the name of the type.
func (t *Table[R]) Format(f fmt.State, _ rune) { Redact(f, t) }

// LogValue logs the name of the type.
func (t *Table[R]) LogValue() slog.Value { return Redacted(t) }

// Format prints the name of the type.
func (o *Op[I, O]) Format(f fmt.State, _ rune) { Redact(f, o) }

// LogValue logs the name of the type.
func (o *Op[I, O]) LogValue() slog.Value { return Redacted(o) }

// Format prints the name of the type.
func (s SignIn) Format(f fmt.State, _ rune) { Redact(f, s) }

// LogValue logs the name of the type.
func (s SignIn) LogValue() slog.Value { return Redacted(s) }

// Format prints the name of the type.
func (s SessionReply) Format(f fmt.State, _ rune) { Redact(f, s) }

// LogValue logs the name of the type.
func (s SessionReply) LogValue() slog.Value { return Redacted(s) }

// Format prints the name of the type.
func (a *API) Format(f fmt.State, _ rune) { Redact(f, a) }

// LogValue logs the name of the type.
func (a *API) LogValue() slog.Value { return Redacted(a) }
