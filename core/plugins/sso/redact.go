package sso

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold secrets, codes, assertions or personal data print and log without them.

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (o OIDCConfig) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o OIDCConfig) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (s SAMLConfig) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLConfig) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLPeer) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLPeer) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (d DefaultProvider) Format(f fmt.State, _ rune) { core.Redact(f, d) }

// LogValue logs the name of the type.
func (d DefaultProvider) LogValue() slog.Value { return core.Redacted(d) }

// Format prints the name of the type.
func (k ClientKey) Format(f fmt.State, _ rune) { core.Redact(f, k) }

// LogValue logs the name of the type.
func (k ClientKey) LogValue() slog.Value { return core.Redacted(k) }

// Format prints the name of the type.
func (a Arrival) Format(f fmt.State, _ rune) { core.Redact(f, a) }

// LogValue logs the name of the type.
func (a Arrival) LogValue() slog.Value { return core.Redacted(a) }

// Format prints the name of the type.
func (r RegisterInput) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r RegisterInput) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (o OIDCInput) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o OIDCInput) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (s SAMLInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (i IDPInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i IDPInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (s SPInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SPInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (u UpdateInput) Format(f fmt.State, _ rune) { core.Redact(f, u) }

// LogValue logs the name of the type.
func (u UpdateInput) LogValue() slog.Value { return core.Redacted(u) }

// Format prints the name of the type.
func (o OIDCUpdate) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o OIDCUpdate) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (s SAMLUpdate) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLUpdate) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (i IDPUpdate) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i IDPUpdate) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (r RegisterReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r RegisterReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r Row) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r Row) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (c CallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CallbackInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (s SharedCallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SharedCallbackInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (a AssertionInput) Format(f fmt.State, _ rune) { core.Redact(f, a) }

// LogValue logs the name of the type.
func (a AssertionInput) LogValue() slog.Value { return core.Redacted(a) }

// Format prints the name of the type.
func (a AssertionPageInput) Format(f fmt.State, _ rune) { core.Redact(f, a) }

// LogValue logs the name of the type.
func (a AssertionPageInput) LogValue() slog.Value { return core.Redacted(a) }

// Format prints the name of the type.
func (s SAMLCallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLCallbackInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLCallbackBody) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLCallbackBody) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (l LogoutMessageInput) Format(f fmt.State, _ rune) { core.Redact(f, l) }

// LogValue logs the name of the type.
func (l LogoutMessageInput) LogValue() slog.Value { return core.Redacted(l) }

// Format prints the name of the type.
func (l LogoutMessageBody) Format(f fmt.State, _ rune) { core.Redact(f, l) }

// LogValue logs the name of the type.
func (l LogoutMessageBody) LogValue() slog.Value { return core.Redacted(l) }

// Format prints the name of the type.
func (s SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SignInReply) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInReply) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (d DomainTokenReply) Format(f fmt.State, _ rune) { core.Redact(f, d) }

// LogValue logs the name of the type.
func (d DomainTokenReply) LogValue() slog.Value { return core.Redacted(d) }

// Format prints the name of the type.
func (s SAMLServiceProvider) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLServiceProvider) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLConnection) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLConnection) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLReceived) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLReceived) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLRequest) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLRequest) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLMessage) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLMessage) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLField) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLField) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLAssertion) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLAssertion) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SAMLLogout) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SAMLLogout) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
