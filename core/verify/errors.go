package verify

import (
	"context"
	"errors"
	"fmt"
)

// Reason says in one word why a credential was refused.
type Reason string

// The reasons.
const (
	// ReasonMissing: there is no credential of an accepted kind.
	ReasonMissing Reason = "missing"
	// ReasonMalformed: the credential is no signed token, is too long, or has ambiguous
	// JSON.
	ReasonMalformed Reason = "malformed"
	// ReasonType: the token is of another kind, by its header typ.
	ReasonType Reason = "type"
	// ReasonAlgorithm: the algorithm is not among those that are accepted.
	ReasonAlgorithm Reason = "algorithm"
	// ReasonKey: no key has the token's kid.
	ReasonKey Reason = "key"
	// ReasonSignature: the signature is another key's, or the cookie another server's.
	ReasonSignature Reason = "signature"
	// ReasonIssuer: iss is missing or another server's.
	ReasonIssuer Reason = "issuer"
	// ReasonAudience: aud is missing or another service's.
	ReasonAudience Reason = "audience"
	// ReasonExpired: the credential has expired.
	ReasonExpired Reason = "expired"
	// ReasonTime: exp is missing, or the token is not valid yet.
	ReasonTime Reason = "time"
	// ReasonBound: the token is bound to a key (cnf), whose proof nobody checks here.
	ReasonBound Reason = "bound"
	// ReasonSubject: sub is missing or too long.
	ReasonSubject Reason = "subject"
	// ReasonSession: the cookie cache is absent, has expired, or is of another session or
	// version.
	ReasonSession Reason = "session"
	// ReasonAPIKey: the server does not accept the API key.
	ReasonAPIKey Reason = "api-key"
)

// Error is the refusal of a credential. It contains nothing of the credential.
type Error struct{ Reason Reason }

func (e *Error) Error() string { return "verify: the credential is refused: " + string(e.Reason) }

func refuse(r Reason) error { return &Error{r} }

// ReasonOf returns why a credential was refused, or "" for another error and for nil.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// ErrUnavailable says that a credential cannot be checked now, because the server or its
// keys cannot be reached. It is not a refusal: answer 503, and not 401.
var ErrUnavailable = errors.New("verify: the credential cannot be checked now")

// ErrUnknownKey is the error of a KeySource that has no such key.
var ErrUnknownKey = errors.New("verify: there is no such key")

// unavailable says what did not work, and hides the cause, which may name addresses of the
// network.
func unavailable(what string, cause error) error {
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, cause)
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, what)
}
