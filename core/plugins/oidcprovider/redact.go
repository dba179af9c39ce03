package oidcprovider

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold secrets, tokens or codes print and log without them.

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
