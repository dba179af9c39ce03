package otp

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Format prints the name of the type.
func (t Try) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t Try) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (c *Codes) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c *Codes) LogValue() slog.Value { return core.Redacted(c) }
