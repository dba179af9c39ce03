package twofactor

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold passwords, tokens, codes or secrets print and log without them.

// Format prints the name of the type.
func (v VerifyBackupCodeInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyBackupCodeInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (b BackupCodesReply) Format(f fmt.State, _ rune) { core.Redact(f, b) }

// LogValue logs the name of the type.
func (b BackupCodesReply) LogValue() slog.Value { return core.Redacted(b) }

// Format prints the name of the type.
func (p PasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p PasswordInput) LogValue() slog.Value { return core.Redacted(p) }

// Format prints the name of the type.
func (e EnableInput) Format(f fmt.State, _ rune) { core.Redact(f, e) }

// LogValue logs the name of the type.
func (e EnableInput) LogValue() slog.Value { return core.Redacted(e) }

// Format prints the name of the type.
func (e EnableReply) Format(f fmt.State, _ rune) { core.Redact(f, e) }

// LogValue logs the name of the type.
func (e EnableReply) LogValue() slog.Value { return core.Redacted(e) }

// Format prints the name of the type.
func (m Message) Format(f fmt.State, _ rune) { core.Redact(f, m) }

// LogValue logs the name of the type.
func (m Message) LogValue() slog.Value { return core.Redacted(m) }

// Format prints the name of the type.
func (g GenerateTOTPInput) Format(f fmt.State, _ rune) { core.Redact(f, g) }

// LogValue logs the name of the type.
func (g GenerateTOTPInput) LogValue() slog.Value { return core.Redacted(g) }

// Format prints the name of the type.
func (c CodeReply) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CodeReply) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (u URIReply) Format(f fmt.State, _ rune) { core.Redact(f, u) }

// LogValue logs the name of the type.
func (u URIReply) LogValue() slog.Value { return core.Redacted(u) }

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (v VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyReply) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
