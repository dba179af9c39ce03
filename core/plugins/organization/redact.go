package organization

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Format prints the name of the type.
func (t TeamLimitRequest) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TeamLimitRequest) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
