package gormadapter

import (
	"context"
	"database/sql/driver"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// question determines the text of a statement that reads one row by the value of a
// unique column, perhaps with one joined row.
type question struct {
	model, field string
	join         adapter.Join // zero: none
}

// lookup is such a statement. Every request without a valid cookie cache reads its
// session with one, so text and layout are determined once.
type lookup struct {
	table  *table
	key    *column
	text   string
	packed string // the same with a packed row, or ""
	binds  int    // how many placeholders the value has
	row    *sqlcodec.Row
	used   sync.Pool // of *reading
}

// reading is the room for one use of a lookup.
type reading struct {
	row   *sqlcodec.Row
	args  []any
	named []driver.NamedValue // the same for a reader
	text  string              // of a packed row
	dest  [1]any              // &text
}

// lookups are the statements of a store by their questions, which come from the
// program and not from requests. The map is replaced, never changed.
type lookups struct {
	known atomic.Pointer[map[question]*lookup]
	mu    sync.Mutex // of those that add to it
}

// lookup returns the statement of a query, or nil for another kind of query and for an
// invalid one.
func (s *store) lookup(q *adapter.Find) *lookup {
	if len(q.Where) != 1 || len(q.Select) > 0 || len(q.Sort) > 0 || len(q.Joins) > 1 || q.Offset != 0 {
		return nil
	}
	c := &q.Where[0]
	if c.Value == nil || c.Or || c.Fold || c.Op != "" && c.Op != adapter.Eq {
		return nil
	}
	asked := question{model: q.Model, field: c.Field}
	if len(q.Joins) == 1 {
		asked.join = q.Joins[0]
	}
	known := s.lookups.known.Load()
	if known != nil {
		if l, ok := (*known)[asked]; ok {
			return l
		}
		if len(*known) >= maxStatements {
			return nil
		}
	}
	l := s.compile(q)
	if l == nil {
		return nil
	}
	s.lookups.mu.Lock()
	defer s.lookups.mu.Unlock()
	added := map[question]*lookup{asked: l}
	if known := s.lookups.known.Load(); known != nil {
		maps.Copy(added, *known)
	}
	s.lookups.known.Store(&added)
	return l
}

func (s *store) compile(q *adapter.Find) *lookup {
	t, err := s.Table(q.Model)
	if err != nil || !t.One(q.Where) {
		return nil
	}
	one := *q
	one.Limit = 0 // a unique column is limit enough
	b, row, err := s.selects(t, one, (*builder).columns)
	if err != nil || b.err != nil || !b.quick {
		return nil
	}
	key, err := t.Column(q.Where[0].Field)
	if err != nil {
		return nil
	}
	l := &lookup{table: t, key: key, text: b.String(), binds: len(b.args), row: row}
	// json_array is certain in SQLite only when this package has chosen the driver.
	if s.immediate && row.Packable() {
		if b, _, err := s.selects(t, one, (*builder).packed); err == nil && b.err == nil {
			l.packed = b.String()
		}
	}
	return l
}

// find reads the row and passes it to take, which must not keep it. ok is false when the
// column cannot have the value; the general code then handles the query.
func (l *lookup) find(ctx context.Context, s *store, value any, take func(row *sqlcodec.Row)) (ok bool, err error) {
	arg, err := s.dialect.Encode(l.table, l.key, value)
	if err != nil {
		return false, nil
	}
	r, _ := l.used.Get().(*reading)
	if r == nil {
		r = &reading{row: l.row.Again(), args: make([]any, l.binds), named: make([]driver.NamedValue, l.binds)}
		r.dest[0] = &r.text
	}
	for i := range r.args {
		r.args[i] = arg
		r.named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	found, done := l.quick(ctx, s, r)
	if !done {
		err = s.reads(ctx, true, func(ctx context.Context, t *tx) (err error) {
			found, err = l.read(ctx, s, t, r)
			return err
		})
	}
	switch {
	case err != nil:
		// A driver whose call was cancelled may still hold the arguments, so they are
		// not used again.
		return true, s.fail("find", l.table, err)
	case !found:
		err = adapter.ErrNotFound
	default:
		take(r.row)
	}
	r.row.Forget()
	r.text = ""
	clear(r.args)
	clear(r.named)
	l.used.Put(r)
	return true, err
}

// quick reads the row through a reader and reports whether that was done. In a
// transaction, after any failure, and for a row that is not to be read as one text, read
// does it.
func (l *lookup) quick(ctx context.Context, s *store, r *reading) (found, done bool) {
	if l.packed == "" || s.readers == nil || s.carried(ctx) != nil || ctx.Err() != nil {
		return false, false
	}
	one := s.readers.take(ctx)
	if one == nil {
		return false, false
	}
	text, found, err := one.read(l, r.named)
	s.readers.give(one, err != nil)
	return found, err == nil && (!found || r.row.Unpack(text))
}

// read reads the row as one text where that is possible. Values that do not fit into it,
// and its failures, are those of the columns.
func (l *lookup) read(ctx context.Context, s *store, t *tx, r *reading) (found bool, err error) {
	if l.packed != "" {
		rows, err := s.ask(ctx, t, l.packed, r.args)
		if err == nil {
			found, err = sqlcodec.ReadOne(rows, r.dest[:])
		}
		if err == nil && (!found || r.row.Unpack(r.text)) {
			return found, nil
		}
	}
	rows, err := s.ask(ctx, t, l.text, r.args)
	if err != nil {
		return false, err
	}
	return sqlcodec.ReadOne(rows, r.row.Dest())
}
