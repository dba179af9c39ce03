package anonymous

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold tokens print and log without them.

// Format prints the name of the type.
func (r SignInReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r SignInReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (l Link) Format(f fmt.State, _ rune) { core.Redact(f, l) }

// LogValue logs the name of the type.
func (l Link) LogValue() slog.Value { return core.Redacted(l) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
