package apikey

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// use is one verification that takes part in a statement.
type use struct {
	asked access.Permissions

	key *Key       // as it is after the use
	who *core.User // its owner, where it was read
	err error

	turn chan struct{} // closed when the use is done, or when it is its turn to lead
	lead bool          // it leads; guarded by lines.mu until turn is closed
	gone bool          // its caller has left
}

// lines lets concurrent verifications of one key share a read and a write: the first
// caller goes alone, those that come meanwhile go together. A key that many use at once
// costs two statements for all of them, and in one process none of them is in the way of
// another.
type lines struct {
	mu sync.Mutex
	of map[line][]*use // those that wait; a key is there while somebody leads
}

// line names a key: a configuration, and the hash that its keys are found by.
type line struct{ config, hash string }

// maxTogether bounds how many verifications share a statement.
const maxTogether = 1000

// join runs work for u, alone or together with others of the same name. work sets the
// results of all of them.
func (l *lines) join(ctx context.Context, name line, u *use, work func(ctx context.Context, uses []*use)) error {
	if core.InTx(ctx) {
		// Others may wait for rows that this transaction has changed.
		work(ctx, []*use{u})
		return u.err
	}
	for {
		if err := l.once(ctx, name, u, work); err != nil {
			return err
		}
		if u.err == nil || ctx.Err() != nil || !ended(u.err) {
			return u.err
		}
		*u = use{asked: u.asked} // it was the leader's request that has ended
	}
}

func (l *lines) once(ctx context.Context, name line, u *use, work func(ctx context.Context, uses []*use)) error {
	u.turn = make(chan struct{})
	l.mu.Lock()
	waiting, busy := l.of[name]
	if !busy {
		if l.of == nil {
			l.of = map[line][]*use{}
		}
		l.of[name] = nil // others wait from here on
		l.mu.Unlock()
		// Requests that have arrived come in before the statement. Without it they would come
		// after it, one by one, where a driver computes instead of waiting.
		runtime.Gosched()
		l.mu.Lock()
	} else {
		l.of[name] = append(waiting, u)
		l.mu.Unlock()
		select {
		case <-u.turn:
		case <-ctx.Done():
			l.mu.Lock()
			u.gone = true
			leads := u.lead
			l.mu.Unlock()
			if leads {
				l.next(name)
			}
			return ctx.Err()
		}
		if !u.lead {
			return nil
		}
		runtime.Gosched()
		l.mu.Lock()
	}
	uses := []*use{u}
	rest := l.of[name]
	for len(rest) > 0 && len(uses) < maxTogether {
		if !rest[0].gone {
			uses = append(uses, rest[0])
		}
		rest = rest[1:]
	}
	l.of[name] = rest
	l.mu.Unlock()
	defer l.next(name)
	defer func() {
		for _, other := range uses[1:] {
			close(other.turn)
		}
	}()
	for _, one := range uses {
		one.err = errUnfinished // unless work says otherwise
	}
	work(ctx, uses)
	if ctx.Err() != nil {
		// The others have not ended: they try again.
		for _, other := range uses[1:] {
			if refused := (*core.Error)(nil); other.err != nil && !errors.As(other.err, &refused) {
				other.err = ctx.Err()
			}
		}
	}
	return nil
}

// next lets the first of those that wait lead.
func (l *lines) next(name line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for waiting := l.of[name]; len(waiting) > 0; waiting = waiting[1:] {
		if first := waiting[0]; !first.gone {
			l.of[name] = waiting[1:]
			first.lead = true
			close(first.turn)
			return
		}
	}
	delete(l.of, name)
}
