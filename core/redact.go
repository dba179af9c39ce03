package core

import (
	"fmt"
	"io"
	"log/slog"
)

// Values that hold secrets print without them, whatever the verb, and log without
// them: a row or the options in a message must not put tokens into a log. JSON is
// the wire form and is not touched.

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
