package sso

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	var d documents
	var asked atomic.Int64
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	key := documentKey{address: "https://idp.example"}
	fetch := func(context.Context) (*document, error) {
		asked.Add(1)
		return &document{Issuer: "https://idp.example"}, nil
	}
	want := func(what string, n int64) {
		t.Helper()
		if got := asked.Load(); got != n {
			t.Fatalf("%s: asked %d times, want %d", what, got, n)
		}
	}
	// Fifty at once wait for one, although the first of them gives up.
	begun, release := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := d.get(ctx, key, now, func(ctx context.Context) (*document, error) {
			close(begun)
			<-release
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return fetch(ctx)
		})
		first <- err
	}()
	<-begun
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Fatalf("the first one got %v", err)
	}
	var waiting sync.WaitGroup
	for range 50 {
		waiting.Go(func() {
			if doc, err := d.get(t.Context(), key, now, fetch); err != nil || doc.Issuer == "" {
				t.Errorf("got %v, %v", doc, err)
			}
		})
	}
	close(release)
	waiting.Wait()
	want("fifty at once", 1)
	at = at.Add(documentLife - time.Second)
	_, _ = d.get(t.Context(), key, now, fetch)
	want("within its life", 1)
	at = at.Add(2 * time.Second)
	_, _ = d.get(t.Context(), key, now, fetch)
	want("after it", 2)
	_, _ = d.get(t.Context(), documentKey{key.address, true}, now, fetch)
	want("of the application, by another client", 3)

	failing := documentKey{address: "https://down.example"}
	for range 2 {
		if _, err := d.get(t.Context(), failing, now, func(context.Context) (*document, error) { asked.Add(1); return nil, errors.New("down") }); err == nil {
			t.Fatal("no error")
		}
	}
	want("a failure is not kept", 5)
	if _, err := d.get(t.Context(), failing, now, func(context.Context) (*document, error) { panic("x") }); err == nil {
		t.Fatal("no error after a panic")
	}
}

func TestEvictOne(t *testing.T) {
	t.Parallel()
	m := map[int]bool{}
	for i := range 10 {
		evict(m, 5)
		m[i] = true
		if len(m) != min(i+1, 5) {
			t.Fatalf("%d are kept after %d", len(m), i+1)
		}
	}
	if !m[9] {
		t.Fatal("the newest is gone")
	}
}
