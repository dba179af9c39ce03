package auditlog

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
