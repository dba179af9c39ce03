package sqlmigrate

import (
	"context"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// Whom a migration waits for.
const (
	othersMigrate = "another process migrates this database"
	othersUse     = "other transactions use the tables all the time"
	othersOfFile  = "another process writes to the database file"
)

// instant is how long a wait is not worth a word.
const instant = 500 * time.Millisecond

// teller tells the progress of one migration.
type teller struct {
	mu    sync.Mutex
	tell  func(adapter.MigrationProgress)
	total int
	done  map[string]bool // statements, for a step may run again
}

func tellerOf(ctx context.Context, steps []step) *teller {
	return &teller{tell: adapter.MigrationOf(ctx).Progress, total: len(changes(steps)), done: map[string]bool{}}
}

func (t *teller) begins(c adapter.Change) { t.say(adapter.MigrationProgress{Change: c}) }

func (t *teller) ended(c adapter.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[c.SQL] = true
}

func (t *teller) waiting(what string) { t.say(adapter.MigrationProgress{Waiting: what}) }

// waits tells of a wait that takes longer than an instant. Call the result at its end.
func (t *teller) waits(what string) (end func()) {
	timer := time.AfterFunc(instant, func() { t.waiting(what) })
	return func() { timer.Stop() }
}

func (t *teller) say(p adapter.MigrationProgress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Done, p.Total = len(t.done), t.total
	t.tell(p)
}
