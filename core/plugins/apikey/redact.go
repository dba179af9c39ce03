package apikey

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold keys print and log without them.

// Format prints the name of the type.
func (k Key) Format(f fmt.State, _ rune) { core.Redact(f, k) }

// LogValue logs the name of the type.
func (k Key) LogValue() slog.Value { return core.Redacted(k) }

// Format prints the name of the type.
func (c Created) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Created) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (s Shown) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s Shown) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (in VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in VerifyInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (r VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r VerifyReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r ListReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r ListReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
