package admin

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds passwords or tokens prints and logs without them.

// Format prints the name of the type.
func (in CreateUserInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in CreateUserInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (in SetPasswordInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in SetPasswordInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (in RevokeSessionInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in RevokeSessionInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (s SessionsReply) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SessionsReply) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
