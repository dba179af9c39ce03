package verify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options says which credentials a Verifier accepts. A kind that is nil is not accepted.
type Options struct {
	Tokens  *Tokens  // Authorization: Bearer <JSON Web Token>
	APIKeys *APIKeys // x-api-key
	Cookies *Cookies // session cookies with a cookie cache
	// Logger gets a warning, at most once a minute, while a credential cannot be checked.
	// Default slog.Default.
	Logger *slog.Logger
}

// Verifier finds out who sends a request. It is safe for concurrent use.
type Verifier struct {
	o      Options
	warned atomic.Int64 // when an outage was logged last, in Unix seconds
}

// New makes a Verifier. It fails when no kind of credential is accepted.
func New(o Options) (*Verifier, error) {
	if o.Tokens == nil && o.APIKeys == nil && o.Cookies == nil {
		return nil, errors.New("verify: Options are empty: set Tokens, APIKeys or Cookies")
	}
	return &Verifier{o: o}, nil
}

// Caller is the sender of a request. Exactly one of Token, APIKey and Session is set.
type Caller struct {
	UserID  string // the sub of a Token
	Token   *Token
	APIKey  *APIKey
	Session *Session
}

// Header gives the values of a request's header, whatever the case of its name.
// http.Header is one.
type Header interface{ Values(name string) []string }

// Caller finds out who sends a request with these headers. The first kind of credential
// that the request has decides: a token, then an API key, then the cookies. An invalid
// token is refused, whatever else there is. The error is an *Error, with ReasonMissing when
// there is no credential, or ErrUnavailable.
func (v *Verifier) Caller(ctx context.Context, h Header) (*Caller, error) {
	c, err := v.caller(ctx, h)
	if errors.Is(err, ErrUnavailable) && ctx.Err() == nil {
		v.warn(ctx, err)
	}
	return c, err
}

// warn logs an outage, which callers see as a 503 without a reason.
func (v *Verifier) warn(ctx context.Context, err error) {
	now, last := time.Now().Unix(), v.warned.Load()
	if now-last < 60 || !v.warned.CompareAndSwap(last, now) {
		return
	}
	log := v.o.Logger
	if log == nil {
		log = slog.Default()
	}
	log.WarnContext(ctx, err.Error())
}

func (v *Verifier) caller(ctx context.Context, h Header) (*Caller, error) {
	if v.o.Tokens != nil {
		values := h.Values("Authorization")
		if len(values) > 1 {
			return nil, refuse(ReasonMalformed)
		}
		if len(values) == 1 {
			if scheme, token, _ := strings.Cut(values[0], " "); strings.EqualFold(scheme, "Bearer") {
				t, err := v.o.Tokens.Verify(ctx, strings.TrimSpace(token))
				if err != nil {
					return nil, err
				}
				return &Caller{UserID: t.Subject, Token: t}, nil
			}
		}
	}
	if v.o.APIKeys != nil {
		values := h.Values(v.o.APIKeys.o.Header)
		if len(values) > 1 {
			return nil, refuse(ReasonMalformed)
		}
		if len(values) == 1 {
			k, err := v.o.APIKeys.Verify(ctx, values[0])
			if err != nil {
				return nil, err
			}
			return &Caller{UserID: k.UserID, APIKey: k}, nil
		}
	}
	if v.o.Cookies != nil {
		s, err := v.o.Cookies.Session(strings.Join(h.Values("Cookie"), "; "))
		if err != nil {
			return nil, err
		}
		return &Caller{UserID: s.UserID, Session: s}, nil
	}
	return nil, refuse(ReasonMissing)
}

type callerKey struct{}

// WithCaller returns a context in which From finds a caller.
func WithCaller(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From returns the caller of the request that a context belongs to, behind Middleware.
func From(ctx context.Context) (*Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(*Caller)
	return c, ok && c != nil
}

// Middleware passes requests with a valid credential on to next, with the Caller in their
// context. It answers all other requests as Answer says.
//
// Browsers send cookies with requests of other sites too. When cookies are accepted and
// something changes, put http.CrossOriginProtection around the handler as well.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := v.Caller(r.Context(), r.Header)
		if err != nil {
			status, body := Answer(err)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			w.WriteHeader(status)
			_, _ = w.Write(body) // the client may be gone
			return
		}
		next.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), c)))
	})
}

// Answer is the answer to a request whose caller could not be found: 503 for
// ErrUnavailable, and otherwise 401, with a body of the form that the authentication
// server's errors have. The body does not say why a credential was refused.
func Answer(err error) (status int, body []byte) {
	if ReasonOf(err) == "" {
		return http.StatusServiceUnavailable, []byte(`{"message":"Service Unavailable","code":"SERVICE_UNAVAILABLE"}`)
	}
	return http.StatusUnauthorized, []byte(`{"message":"Unauthorized","code":"UNAUTHORIZED"}`)
}
