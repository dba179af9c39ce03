package username

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold passwords or secrets print and log without them.

// Format prints the name of the type.
func (s SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
