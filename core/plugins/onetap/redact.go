package onetap

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold tokens print and log without them.

// Format prints the name of the type.
func (c CallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CallbackInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (c CallbackReply) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CallbackReply) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
