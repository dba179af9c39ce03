package magiclink

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds tokens prints and logs without them.

// Format prints the name of the type.
func (m Message) Format(f fmt.State, _ rune) { core.Redact(f, m) }

// LogValue logs the name of the type.
func (m Message) LogValue() slog.Value { return core.Redacted(m) }

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (v VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyReply) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
