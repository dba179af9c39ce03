package oauthprovider

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold secrets, tokens or codes print and log without them.

// Format prints the name of the type.
func (c Client) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Client) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (c ConsentInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c ConsentInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (c ContinueInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c ContinueInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (a AuthorizeInput) Format(f fmt.State, _ rune) { core.Redact(f, a) }

// LogValue logs the name of the type.
func (a AuthorizeInput) LogValue() slog.Value { return core.Redacted(a) }

// Format prints the name of the type.
func (i UserInfoInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i UserInfoInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (i EndSessionInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i EndSessionInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (i PreloginInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i PreloginInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (i FormPostInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i FormPostInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }

// Format prints the name of the type.
func (r clientRow) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r clientRow) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r refreshRow) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r refreshRow) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r assertionRow) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r assertionRow) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r accessRow) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r accessRow) LogValue() slog.Value { return core.Redacted(r) }
