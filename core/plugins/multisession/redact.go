package multisession

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds tokens prints and logs without them.

// Format prints the name of the type.
func (in TokenInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in TokenInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
