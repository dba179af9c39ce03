package siwe

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold signatures or tokens print and log without them.

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (v VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyReply) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (p Proof) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p Proof) LogValue() slog.Value { return core.Redacted(p) }

// Format prints the name of the type.
func (s ContractSignature) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s ContractSignature) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
