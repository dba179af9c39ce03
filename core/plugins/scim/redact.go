package scim

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold tokens or personal data print and log without them.

// Format prints the name of the type.
func (t TokenReply) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenReply) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (e TokenEvent) Format(f fmt.State, _ rune) { core.Redact(f, e) }

// LogValue logs the name of the type.
func (e TokenEvent) LogValue() slog.Value { return core.Redacted(e) }

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (c StaticConnection) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c StaticConnection) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (r Provider) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r Provider) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r Provisioned) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r Provisioned) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
