package phonenumber

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold passwords, tokens or codes print and log without them.

// Format prints the name of the type.
func (s SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SignInReply) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInReply) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (c ConsumeInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c ConsumeInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (v VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyReply) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (r ResetInput) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r ResetInput) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (m Message) Format(f fmt.State, _ rune) { core.Redact(f, m) }

// LogValue logs the name of the type.
func (m Message) LogValue() slog.Value { return core.Redacted(m) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
