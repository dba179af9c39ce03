package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// readyLimit bounds a check of readiness, and readyLife is how long its result holds:
// whoever asks all the time costs the database one read a second.
const (
	readyLimit = 2 * time.Second
	readyLife  = time.Second
)

// readiness is the result of the last check, which all callers share.
type readiness struct {
	draining atomic.Bool
	limit    time.Duration // readyLimit, or less in a test

	mu      sync.Mutex
	at      time.Time // of the result; zero: none yet
	err     error
	running chan struct{} // closed when the check that runs has ended; nil: none runs
}

var (
	errDraining = errors.New("core: the server is shutting down")
	errReadSlow = errors.New("core: the database or the secondary storage did not answer in time")
)

// CheckReady reads from the database and the secondary storage, and returns nil if both
// have answered within two seconds. It reads the table of users, so it fails before
// Migrate too. A result holds for a second, and one check runs at a time, so asking
// often costs nothing. After Drain or Close it always fails.
//
// The error is an *Error with status 503 and code NOT_READY. What is wrong is in the
// log, once for each outage, and in Cause, which is not sent. CheckReady is a Guard, so a
// route for a balancer is
//
//	router.GET("/ready", kernia.Require(auth.CheckReady), func(c *gin.Context) { c.Status(http.StatusNoContent) })
//
// or nethttp.Ready(auth). GET /ok below the base path asks nothing: it says that the
// process is alive. A RateLimit.Custom is not asked.
func (a *Auth) CheckReady(ctx context.Context) error {
	r := &a.readiness
	if r.draining.Load() {
		return notReady(errDraining)
	}
	r.mu.Lock()
	if age := a.Now().Sub(r.at); r.running == nil && !r.at.IsZero() && 0 <= age && age < readyLife {
		defer r.mu.Unlock()
		return notReady(r.err)
	}
	if r.running == nil {
		r.running = make(chan struct{})
		// The check belongs to no caller: one that goes away does not end it for the others.
		go a.checkReady(context.WithoutCancel(ctx), r.running)
	}
	running := r.running
	r.mu.Unlock()
	// A driver may not heed its context.
	late := time.NewTimer(r.limit + r.limit/4)
	defer late.Stop()
	select {
	case <-running:
		if r.draining.Load() { // meanwhile
			return notReady(errDraining)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		return notReady(r.err)
	case <-late.C:
		return notReady(errReadSlow)
	case <-ctx.Done():
		return notReady(ctx.Err())
	}
}

// Drain makes CheckReady fail from now on, and nothing else. Call it when the process has
// been told to end, and keep serving until the balancer has noticed; then shut the HTTP
// server down, and Close.
func (a *Auth) Drain() { a.readiness.draining.Store(true) }

// notReady wraps what is wrong, if something is.
func notReady(err error) error {
	if err == nil {
		return nil
	}
	e := Fail(http.StatusServiceUnavailable, CodeNotReady)
	e.Cause = err
	return e
}

func (a *Auth) checkReady(ctx context.Context, running chan struct{}) {
	r := &a.readiness
	limited, cancel := context.WithTimeout(ctx, r.limit)
	err := a.askStores(limited)
	cancel()
	r.mu.Lock()
	first, before := r.at.IsZero(), r.err
	r.at, r.err, r.running = a.Now(), err, nil
	r.mu.Unlock()
	close(running)
	switch {
	case err != nil && (first || before == nil):
		a.logError(ctx, "the server is not ready", err)
	case err == nil && before != nil:
		a.log.LogAttrs(ctx, slog.LevelInfo, "the server is ready again")
	}
}

// askStores reads something that is not there.
func (a *Auth) askStores(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			a.logPanic(ctx, "a check of readiness", r)
			err = errPanicked
		}
	}()
	if _, err := a.db.Adapter.FindOne(ctx, adapter.Find{
		Model: ModelUser, Where: adapter.Where{{Field: "email", Value: ""}}, Select: []string{"id"},
	}); err != nil && !IsNotFound(err) {
		return fmt.Errorf("core: the database does not answer: %w", err)
	}
	if s := a.opts.SecondaryStorage; s != nil {
		if _, err := s.Get(ctx, "ready"); err != nil && !IsNotFound(err) {
			return fmt.Errorf("core: the secondary storage does not answer: %w", err)
		}
	}
	return nil
}
