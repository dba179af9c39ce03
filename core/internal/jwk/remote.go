package jwk

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/internal/clock"
	"github.com/advantch/kernia-go/core/outbound"
)

const (
	// MinInterval is the least time between two requests for one key set.
	MinInterval  = time.Minute
	fetchTimeout = 10 * time.Second
	maxKeySet    = 512 << 10 // bytes
)

// The errors of Find, besides that of its context.
var (
	// ErrNoKeys says that the keys cannot be fetched and none are cached.
	ErrNoKeys = errors.New("jwk: the keys cannot be fetched now")
	// ErrUnknownKey says that no key of the set verifies the token.
	ErrUnknownKey = errors.New("jwk: no key of the set has this kid and algorithm")
)

// CheckURL refuses an address that is no absolute https URL. Servers that run beside the
// application, in development, may be named by http.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && onThisMachine(u)) {
		return errors.New("the URL of the keys must be an absolute https URL")
	}
	return nil
}

// Remote is a key set at an address. It is fetched when it is first needed, when it is
// older than its greatest age, and when a token names a key that is not in it; but at
// most once a minute, whatever tokens name and also when fetching fails. Many callers
// share one request, which a caller that goes away does not end. It is safe for
// concurrent use.
type Remote struct {
	url    string
	maxAge time.Duration
	now    func() time.Time // nil: the clock of the context

	mu      sync.Mutex
	keys    []Key
	fetched time.Time // when keys came
	asked   time.Time // when the last request was sent
	running chan struct{}
}

// NewRemote describes the key set at an address that CheckURL accepts. Nothing is
// fetched. maxAge is at least MinInterval, and an hour when it is not positive. Without now,
// the time is that of the context (package clock).
func NewRemote(address string, maxAge time.Duration, now func() time.Time) *Remote {
	if maxAge <= 0 {
		maxAge = time.Hour
	}
	return &Remote{url: address, maxAge: max(maxAge, MinInterval), now: now}
}

func onThisMachine(u *url.URL) bool {
	h := u.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

// Find returns the public key that verifies a token's signature. kid may be "" when
// the set has one key for the algorithm.
func (k *Remote) Find(ctx context.Context, c *http.Client, kid, alg string) (crypto.PublicKey, error) {
	for {
		k.mu.Lock()
		public := Lookup(k.keys, kid, alg)
		now := clock.Now(ctx, k.now)
		stale := k.fetched.IsZero() || now.Sub(k.fetched) >= k.maxAge
		wait := k.running
		if wait == nil && (public == nil || stale) && k.mayAsk(now) {
			k.asked = now
			wait = make(chan struct{})
			k.running = wait
			go k.fetch(context.WithoutCancel(ctx), c, wait)
		}
		none := k.fetched.IsZero()
		k.mu.Unlock()
		switch {
		case public != nil && (wait == nil || !stale):
			return public, nil
		case wait == nil && none:
			return nil, ErrNoKeys
		case wait == nil:
			return nil, ErrUnknownKey
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mayAsk holds for a clock that was set back too.
func (k *Remote) mayAsk(now time.Time) bool {
	since := now.Sub(k.asked)
	return k.asked.IsZero() || since >= MinInterval || since < 0
}

// Lookup returns the key for a token's kid and algorithm, or nil. kid may be "" when one
// key alone fits the algorithm.
func Lookup(keys []Key, kid, alg string) crypto.PublicKey {
	var found crypto.PublicKey
	for _, one := range keys {
		if !one.Fits(alg) || kid != "" && one.ID != kid {
			continue
		}
		if found != nil {
			return nil // without a kid it is not known which
		}
		found = one.Public
	}
	return found
}

// fetch asks once. When that fails, the keys stay as they are.
func (k *Remote) fetch(ctx context.Context, c *http.Client, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var keys []Key
	defer func() {
		_ = recover() // of a client's transport; it must not end the process or leave callers waiting
		k.mu.Lock()
		if keys != nil {
			k.keys, k.fetched = keys, clock.Now(ctx, k.now)
		}
		k.running = nil
		k.mu.Unlock()
		close(done)
	}()
	res, err := outbound.Fetch(ctx, c, outbound.Request{URL: k.url, Header: http.Header{"Accept": {"application/json"}}, MaxBody: maxKeySet})
	if err != nil || res.Status != http.StatusOK {
		return
	}
	if parsed, err := ParseSet(res.Body); err == nil {
		keys = parsed
	}
}
