package emailpassword

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold passwords, tokens, codes or secrets print and log without them.

// Format prints the name of the type.
func (s SignUpInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignUpInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (c ChangePasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c ChangePasswordInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (c ChangePasswordReply) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c ChangePasswordReply) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (v VerifyPasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyPasswordInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (s SetPasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SetPasswordInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (r ResetCallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r ResetCallbackInput) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r ResetPasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r ResetPasswordInput) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
