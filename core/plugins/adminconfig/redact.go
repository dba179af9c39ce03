package adminconfig

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds secrets prints and logs without them.

// Format prints the name of the type.
func (in SetInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in SetInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (c EmailClient) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the id and the kind.
func (c EmailClient) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", c.ID), slog.String("kind", c.Kind))
}

// Format prints the name of the type.
func (s StripeConfig) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s StripeConfig) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
