package idtoken

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core/internal/jwk"
)

// ErrNoKeys is returned while a provider's keys cannot be fetched and none are
// cached.
var ErrNoKeys = errors.New("idtoken: the provider's keys cannot be fetched now")

// KeysOptions are the options of NewKeys.
type KeysOptions struct {
	// MaxAge is how long fetched keys are used before they are fetched again. Keys that
	// are older are used as long as the provider does not answer. Default one hour, at
	// least one minute.
	MaxAge time.Duration
	// Clock returns the time. Default: Options.Clock of the server whose call needs the
	// keys, or time.Now outside of a call.
	Clock func() time.Time
}

// Keys is a provider's key set. It is fetched when it is first needed, when it is older
// than MaxAge, and when a token names a key that is not in it. It is fetched at most
// once a minute, also when fetching fails. Callers that need it at the same time share
// one request. A caller that goes away does not end the request. It is safe for
// concurrent use.
type Keys struct{ remote *jwk.Remote }

// NewKeys describes the key set at a URL. Nothing is fetched.
func NewKeys(jwksURL string, o KeysOptions) (*Keys, error) {
	if err := jwk.CheckURL(jwksURL); err != nil {
		return nil, errors.New("idtoken: " + err.Error())
	}
	return &Keys{jwk.NewRemote(jwksURL, o.MaxAge, o.Clock)}, nil
}

// find returns the public key that verifies a token's signature. kid may be "" when
// the set has one key for the algorithm.
func (k *Keys) find(ctx context.Context, c *http.Client, kid, alg string) (any, error) {
	public, err := k.remote.Find(ctx, c, kid, alg)
	switch {
	case errors.Is(err, jwk.ErrNoKeys):
		return nil, ErrNoKeys
	case errors.Is(err, jwk.ErrUnknownKey):
		return nil, refuse(ReasonKey)
	}
	return public, err
}
