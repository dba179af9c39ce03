package electron

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// What holds codes, verifiers and tokens prints and logs without them.

// Format prints the name of the type.
func (in TokenInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in TokenInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (r TokenReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r TokenReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (in TransferInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in TransferInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (r TransferReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r TransferReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (in ProxyInput) Format(f fmt.State, _ rune) { core.Redact(f, in) }

// LogValue logs the name of the type.
func (in ProxyInput) LogValue() slog.Value { return core.Redacted(in) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
