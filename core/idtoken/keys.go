package idtoken

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/outbound"
)

const (
	// minInterval is the least time between two requests for one key set.
	minInterval  = time.Minute
	fetchTimeout = 10 * time.Second
	maxKeySet    = 512 << 10 // bytes
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
	// Clock returns the time. Default time.Now.
	Clock func() time.Time
}

// Keys is a provider's key set. It is fetched when it is first needed, when it is older
// than MaxAge, and when a token names a key that is not in it. It is fetched at most
// once a minute, also when fetching fails. Callers that need it at the same time share
// one request. A caller that goes away does not end the request. It is safe for
// concurrent use.
type Keys struct {
	url    string
	maxAge time.Duration
	now    func() time.Time

	mu      sync.Mutex
	keys    []key
	fetched time.Time // when keys came
	asked   time.Time // when the last request was sent
	running chan struct{}
}

// NewKeys describes the key set at a URL. Nothing is fetched.
func NewKeys(jwksURL string, o KeysOptions) (*Keys, error) {
	u, err := url.Parse(jwksURL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && onThisMachine(u)) {
		return nil, errors.New("idtoken: the URL of the keys must be an absolute https URL")
	}
	if o.MaxAge <= 0 {
		o.MaxAge = time.Hour
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Keys{url: jwksURL, maxAge: max(o.MaxAge, minInterval), now: o.Clock}, nil
}

// onThisMachine finds providers that run beside the application, in development.
func onThisMachine(u *url.URL) bool {
	h := u.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

// find returns the public key that verifies a token's signature. kid may be "" when
// the set has one key for the algorithm.
func (k *Keys) find(ctx context.Context, c *http.Client, kid, alg string) (any, error) {
	for {
		k.mu.Lock()
		public := k.lookup(kid, alg)
		now := k.now()
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
			return nil, refuse(ReasonKey)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mayAsk holds for a clock that was set back too.
func (k *Keys) mayAsk(now time.Time) bool {
	since := now.Sub(k.asked)
	return k.asked.IsZero() || since >= minInterval || since < 0
}

func (k *Keys) lookup(kid, alg string) any {
	var found any
	for _, one := range k.keys {
		if !one.fits(alg) || kid != "" && one.id != kid {
			continue
		}
		if found != nil {
			return nil // without a kid it is not known which
		}
		found = one.public
	}
	return found
}

// fetch asks the provider once. When that fails, the keys stay as they are.
func (k *Keys) fetch(ctx context.Context, c *http.Client, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var keys []key
	defer func() {
		_ = recover() // of a client's transport; it must not end the process or leave callers waiting
		k.mu.Lock()
		if keys != nil {
			k.keys, k.fetched = keys, k.now()
		}
		k.running = nil
		k.mu.Unlock()
		close(done)
	}()
	res, err := outbound.Fetch(ctx, c, outbound.Request{URL: k.url, Header: http.Header{"Accept": {"application/json"}}, MaxBody: maxKeySet})
	if err != nil || res.Status != http.StatusOK {
		return
	}
	if parsed, err := parseKeys(res.Body); err == nil {
		keys = parsed
	}
}
