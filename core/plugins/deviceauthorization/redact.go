package deviceauthorization

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold codes or tokens print and log without them.

// Format prints the name of the type.
func (r CodeReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r CodeReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (t TokenInput) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenInput) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (t TokenReply) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenReply) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (v VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyReply) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (d DecideInput) Format(f fmt.State, _ rune) { core.Redact(f, d) }

// LogValue logs the name of the type.
func (d DecideInput) LogValue() slog.Value { return core.Redacted(d) }

// Format prints the name of the type.
func (d deviceCode) Format(f fmt.State, _ rune) { core.Redact(f, d) }

// LogValue logs the name of the type.
func (d deviceCode) LogValue() slog.Value { return core.Redacted(d) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
