package oauthproxy

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold secrets and profiles print and log without them.

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (c CallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CallbackInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
