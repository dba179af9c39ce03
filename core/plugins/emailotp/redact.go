package emailotp

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold codes, passwords or tokens print and log without them.

// Format prints the name of the type.
func (m Message) Format(f fmt.State, _ rune) { core.Redact(f, m) }

// LogValue logs the name of the type.
func (m Message) LogValue() slog.Value { return core.Redacted(m) }

// Format prints the name of the type.
func (c Code) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Code) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (g GetReply) Format(f fmt.State, _ rune) { core.Redact(f, g) }

// LogValue logs the name of the type.
func (g GetReply) LogValue() slog.Value { return core.Redacted(g) }

// Format prints the name of the type.
func (in CheckInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in CheckInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (in VerifyEmailInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in VerifyEmailInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (r VerifyEmailReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r VerifyEmailReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (in SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in SignInInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (r SignInReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r SignInReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (in ResetPasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in ResetPasswordInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (in RequestEmailChangeInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in RequestEmailChangeInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (in ChangeEmailInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in ChangeEmailInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
