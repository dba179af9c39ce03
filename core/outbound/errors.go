package outbound

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
)

// Reason says in one word why a request got no usable answer. It is safe to
// show to the user who supplied the URL.
type Reason string

// The reasons.
const (
	// ReasonInvalidURL: the URL is malformed or relative, has a scheme or port
	// that is not allowed, or contains a user name.
	ReasonInvalidURL Reason = "invalid_url"
	// ReasonPrivateHost: the host is an address, or resolves to one, that is not on
	// the public internet.
	ReasonPrivateHost Reason = "private_host"
	// ReasonRedirect: too many redirects, or one that must not be followed.
	ReasonRedirect Reason = "redirect_refused"
	// ReasonUnreachable: no such host, no connection, or no valid certificate.
	ReasonUnreachable Reason = "unreachable"
	// ReasonTimeout: the whole exchange took too long.
	ReasonTimeout Reason = "timeout"
	// ReasonTooLarge: the body is longer than allowed, before or after decompression.
	ReasonTooLarge Reason = "too_large"
	// ReasonBadResponse: the answer is not HTTP, has an unexpected status or media
	// type, or is not the expected JSON.
	ReasonBadResponse Reason = "bad_response"
)

var sentences = map[Reason]string{
	ReasonInvalidURL:  "the URL is not allowed",
	ReasonPrivateHost: "the host is not on the public internet",
	ReasonRedirect:    "the host redirects to where the request must not go",
	ReasonUnreachable: "the host could not be reached",
	ReasonTimeout:     "the host did not answer in time",
	ReasonTooLarge:    "the answer is too large",
	ReasonBadResponse: "the answer cannot be used",
}

// Error is the failure of an outgoing request. Its text contains neither the URL
// nor an address, so it may be shown to the user who supplied the host. The log
// value contains the cause, for operators.
type Error struct {
	Reason Reason
	// Status is the answer's status when it is the cause of ReasonBadResponse,
	// otherwise 0.
	Status int
	cause  error
}

func (e *Error) Error() string { return "outbound: " + sentences[e.Reason] }

// Unwrap returns the cause, whose text may contain addresses.
func (e *Error) Unwrap() error { return e.cause }

// Timeout reports whether the cause was a timeout, as net.Error does.
func (e *Error) Timeout() bool { return e.Reason == ReasonTimeout }

// LogValue logs the reason, the status and the cause.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("reason", string(e.Reason))}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
	}
	return slog.GroupValue(attrs...)
}

// ReasonOf returns the reason of an error of this package's clients and
// functions, and "" for any other error.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return classify(err).Reason
	}
	return ""
}

func fail(r Reason, cause string) *Error { return &Error{Reason: r, cause: errors.New(cause)} }

// classify makes an Error of whatever net/http returns, without the URL that
// *url.Error puts into its text.
func classify(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	for {
		u, ok := errors.AsType[*url.Error](err)
		if !ok {
			break
		}
		if u.Timeout() {
			return &Error{Reason: ReasonTimeout, cause: u.Err}
		}
		err = u.Err
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Reason: ReasonTimeout, cause: err}
	}
	return &Error{Reason: ReasonUnreachable, cause: err}
}
