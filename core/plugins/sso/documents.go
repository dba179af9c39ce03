package sso

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// documents keeps discovery documents for a while, for providers whose endpoints are not stored.
// Anybody may begin a sign-in, so not each one asks the issuer, and of many at once one does. The zero
// value is ready.
type documents struct {
	mu   sync.Mutex
	kept map[documentKey]*keptDocument
}

type documentKey struct {
	address       string
	ofApplication bool
}

type keptDocument struct {
	done  chan struct{} // closed when the others are set
	doc   *document
	err   error
	until time.Time
}

const (
	documentLife = 5 * time.Minute
	maxDocuments = 1000
)

// get returns a document that is kept, or the one that fetch returns. A failure is kept for nobody but
// those who wait for it. A caller whose context ends stops waiting; the fetch goes on.
func (d *documents) get(ctx context.Context, key documentKey, now func() time.Time, fetch func(ctx context.Context) (*document, error)) (*document, error) {
	d.mu.Lock()
	one := d.kept[key]
	if one != nil && !one.fresh(now()) {
		one = nil
	}
	if one == nil {
		one = &keptDocument{done: make(chan struct{})}
		if d.kept == nil {
			d.kept = map[documentKey]*keptDocument{}
		}
		evict(d.kept, maxDocuments)
		d.kept[key] = one
		go d.fill(context.WithoutCancel(ctx), key, one, now, fetch)
	}
	d.mu.Unlock()
	select {
	case <-one.done:
		return one.doc, one.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *documents) fill(ctx context.Context, key documentKey, one *keptDocument, now func() time.Time, fetch func(ctx context.Context) (*document, error)) {
	defer func() {
		if r := recover(); r != nil {
			one.doc, one.err = nil, fmt.Errorf("sso: discovery panicked: %v", r)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if one.until = now().Add(documentLife); one.err != nil && d.kept[key] == one {
			delete(d.kept, key)
		}
		close(one.done)
	}()
	one.doc, one.err = fetch(ctx)
}

// fresh reports whether a document is on its way or still good.
func (k *keptDocument) fresh(now time.Time) bool {
	select {
	case <-k.done:
		return now.Before(k.until)
	default:
		return true
	}
}

// evict makes room for one more by removing one, whichever: whoever fills a map on purpose makes the
// others pay for one each time, not for all at once.
func evict[K comparable, V any](m map[K]V, most int) {
	if len(m) < most {
		return
	}
	for k := range m {
		delete(m, k)
		return
	}
}
