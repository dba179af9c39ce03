package verify

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core/internal/jwk"
	"github.com/advantch/kernia-go/core/outbound"
)

// KeySource finds the public key that verifies a token's signature, by the kid of the
// token's header and its algorithm. kid may be "". It fails with ErrUnknownKey, or with
// another error while it cannot tell.
type KeySource interface {
	Key(ctx context.Context, kid, alg string) (crypto.PublicKey, error)
}

// RemoteOptions configures NewRemoteKeys.
type RemoteOptions struct {
	// URL is the https address of a JWK set. An address on this machine may use http.
	URL string
	// FromUser says that a user has supplied the URL. It is then fetched by a guarded
	// client, which reaches the public internet and what Guard allows (outbound.New).
	FromUser bool
	// Guard configures the guarded client.
	Guard outbound.Options
	// Client fetches a URL that is not from a user. Default outbound.Default.
	Client *http.Client
	// MaxAge is how long fetched keys are used before they are fetched again. Keys that
	// are older are used as long as the server does not answer. Default one hour, at
	// least one minute.
	MaxAge time.Duration
	// Clock returns the time. Default time.Now.
	Clock func() time.Time
}

// remote is a key set at an address.
type remote struct {
	set    *jwk.Remote
	client *http.Client
}

// NewRemoteKeys returns the key set at an address. The set is fetched when it is first
// needed, when it is older than MaxAge, and when a token names a key that is not in it.
// It is fetched at most once a minute, also while fetching fails. Its size is bounded.
// Many callers share one request. An error says which option to change.
func NewRemoteKeys(o RemoteOptions) (KeySource, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.FromUser {
		if o.Client != nil {
			return nil, errors.New("verify: RemoteOptions.Client is not used for a URL from a user: configure Guard")
		}
		guarded, err := outbound.New(o.Guard)
		if err != nil {
			return nil, fmt.Errorf("verify: RemoteOptions.Guard: %w", err)
		}
		if _, err := guarded.CheckURL(o.URL); err != nil {
			return nil, fmt.Errorf("verify: RemoteOptions.URL: %w", err)
		}
		o.Client = guarded.Client
	} else if err := jwk.CheckURL(o.URL); err != nil {
		return nil, fmt.Errorf("verify: RemoteOptions.URL: %w", err)
	}
	if o.Client == nil {
		o.Client = outbound.Default()
	}
	return &remote{jwk.NewRemote(o.URL, o.MaxAge, o.Clock), o.Client}, nil
}

func (r *remote) Key(ctx context.Context, kid, alg string) (crypto.PublicKey, error) {
	key, err := r.set.Find(ctx, r.client, kid, alg)
	if errors.Is(err, jwk.ErrUnknownKey) {
		return nil, ErrUnknownKey
	}
	return key, err
}

// static is a key set that never changes.
type static []jwk.Key

// NewStaticKeys returns the keys of a JWK set, {"keys":[…]}, which do not change. Keys
// that cannot verify signatures are left out. It fails when none is left.
func NewStaticKeys(jwks []byte) (KeySource, error) {
	keys, err := jwk.ParseSet(jwks)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return static(keys), nil
}

func (s static) Key(_ context.Context, kid, alg string) (crypto.PublicKey, error) {
	key := jwk.Lookup(s, kid, alg)
	if key == nil {
		return nil, ErrUnknownKey
	}
	return key, nil
}
