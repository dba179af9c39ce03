package oauthserver

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold tokens, codes or secrets print and log without them.

// Format prints the name of the type.
func (t TokenInput) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenInput) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (t TokenReply) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenReply) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (q TokenQuestion) Format(f fmt.State, _ rune) { core.Redact(f, q) }

// LogValue logs the name of the type.
func (q TokenQuestion) LogValue() slog.Value { return core.Redacted(q) }

// Format prints the name of the type.
func (r RedirectReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r RedirectReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (k Credentials) Format(f fmt.State, _ rune) { core.Redact(f, k) }

// LogValue logs the name of the type.
func (k Credentials) LogValue() slog.Value { return core.Redacted(k) }

// Format prints the name of the type.
func (a AccessToken) Format(f fmt.State, _ rune) { core.Redact(f, a) }

// LogValue logs the name of the type.
func (a AccessToken) LogValue() slog.Value { return core.Redacted(a) }

// Format prints the name of the type.
func (r RefreshToken) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r RefreshToken) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (c Claims) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Claims) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (c Client) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Client) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (q PageQuery) Format(f fmt.State, _ rune) { core.Redact(f, q) }

// LogValue logs the name of the type.
func (q PageQuery) LogValue() slog.Value { return core.Redacted(q) }

// Format prints the name of the type.
func (b Bearer) Format(f fmt.State, _ rune) { core.Redact(f, b) }

// LogValue logs the name of the type.
func (b Bearer) LogValue() slog.Value { return core.Redacted(b) }
