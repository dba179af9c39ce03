package onetimetoken

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds tokens prints and logs without them.

// Format prints the name of the type.
func (t TokenReply) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenReply) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
