package expo

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds the state of a flow prints and logs without it.

// Format prints the name of the type.
func (in ProxyInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in ProxyInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
