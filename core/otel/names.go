package otel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/password"
)

// The attributes that the semantic conventions have no name for. The first three are those
// of Better Auth 1.6, which begin with "better_auth" there.
const (
	keyOperation = attribute.Key("kernia.operation_id")
	keyHook      = attribute.Key("kernia.hook.type")
	keyContext   = attribute.Key("kernia.context")

	keyModel   = attribute.Key("kernia.model")
	keyCode    = attribute.Key("kernia.error.code")
	keyTask    = attribute.Key("kernia.task")
	keyEvent   = attribute.Key("kernia.event.type")
	keyMethod  = attribute.Key("kernia.sign_in.method")
	keyOutcome = attribute.Key("kernia.sign_in.outcome")
)

// other stands for a value that is not known, as in the semantic conventions.
const other = "_OTHER"

// names are values that attributes may have. What is not among them is written as other:
// it could come from a request.
type names struct {
	mu    sync.RWMutex
	known map[string]bool
	room  int // for names that are learned
}

func newNames(room int, known ...string) *names {
	n := &names{known: map[string]bool{}, room: room}
	n.declare(known...)
	return n
}

// declare adds names.
func (n *names) declare(known ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range known {
		n.known[name] = true
	}
}

// of returns a name, or other.
func (n *names) of(name string) string {
	n.mu.RLock()
	known := n.known[name]
	n.mu.RUnlock()
	if known {
		return name
	}
	return other
}

// learn is of for a name that becomes known while there is room.
func (n *names) learn(name string) string {
	if n.of(name) == name {
		return name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= n.room {
		return other
	}
	n.known[name] = true
	return name
}

// methods are the methods of HTTP that the semantic conventions know.
var methods = newNames(0, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace)

// undeclared are codes of core that are in no list of error codes: those of refusals, and
// of flows with providers that failed.
var undeclared = []string{
	"UNSUPPORTED_MEDIA_TYPE", "provider_error",
	"please_restart_the_process", "state_mismatch", "state_not_found", "issuer_mismatch", "issuer_missing", "no_code", "invalid_code",
	"unable_to_get_user_info", "email_not_found", "account_not_linked", "signup_disabled", "unable_to_create_user",
	"unable_to_create_session", "unable_to_link_account", "email_doesn't_match", "account_already_linked_to_different_user",
	"oauth_provider_not_found",
	// RFC 6749 and RFC 8628
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
	"authorization_pending", "slow_down", "access_denied", "expired_token",
}

// answer is the status and code of an error that is an answer.
func (o *observer) answer(err error) (status int, code string) {
	if e, ok := errors.AsType[*core.Error](err); ok {
		if e.Code == "" && e.Status < 400 {
			return e.Status, ""
		}
		return e.Status, o.codes.of(e.Code)
	}
	return http.StatusInternalServerError, core.CodeInternal.Code
}

// kind names an error without its text, which may hold anything.
func kind(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, password.ErrBusy), errors.Is(err, adapter.ErrBusy):
		return "busy"
	case errors.Is(err, adapter.ErrUnique):
		return "unique"
	case errors.Is(err, adapter.ErrBadValue):
		return "bad_value"
	case errors.Is(err, core.ErrAbort):
		return "abort"
	}
	if e, ok := errors.AsType[*outbound.Error](err); ok {
		return string(e.Reason)
	}
	return fmt.Sprintf("%T", err)
}

// system is db.system.name of an adapter.
func system(name string) string {
	_, dialect, found := strings.Cut(name, "-")
	if !found {
		dialect = name
	}
	if dialect == "postgres" {
		return "postgresql"
	}
	return dialect
}

// source is what a plugin, or the application, is called in kernia.context.
func source(plugin, none string) string {
	if plugin == "" {
		return none
	}
	return "plugin:" + plugin
}

// host is server.address of an outgoing request: the name of a host that the
// application configures. Addresses, and hosts that users supply, have none.
func (o *observer) host(name string, guarded bool) string {
	if guarded {
		return ""
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	return o.hosts.learn(strings.ToLower(name))
}
