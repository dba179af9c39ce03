package oauth

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold tokens, codes or secrets print and log without them.

// Format prints the name of the type.
func (i IDToken) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i IDToken) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (i Identity) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i Identity) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (d Finished) Format(f fmt.State, _ rune) { core.Redact(f, d) }

// LogValue logs the name of the type.
func (d Finished) LogValue() slog.Value { return core.Redacted(d) }

// Format prints the name of the type.
func (s Started) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s Started) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (d Departure) Format(f fmt.State, _ rune) { core.Redact(f, d) }

// LogValue logs the name of the type.
func (d Departure) LogValue() slog.Value { return core.Redacted(d) }

// Format prints the name of the type.
func (r Redemption) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r Redemption) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (e *Engine) Format(f fmt.State, _ rune) { core.Redact(f, e) }

// LogValue logs the name of the type.
func (e *Engine) LogValue() slog.Value { return core.Redacted(e) }
