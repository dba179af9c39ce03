package outbound

import (
	"fmt"
	"log/slog"
)

// Format prints the method. Address, header and body may hold tokens.
func (r Request) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "outbound.Request{Method: %q, [redacted]}", r.Method)
}

// LogValue logs the method.
func (r Request) LogValue() slog.Value { return slog.GroupValue(slog.String("method", r.Method)) }

// Format prints the status.
func (r Response) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "outbound.Response{Status: %d, [redacted]}", r.Status)
}

// LogValue logs the status.
func (r Response) LogValue() slog.Value { return slog.GroupValue(slog.Int("status", r.Status)) }
