package gormadapter

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// defaultJoinLimit is how many rows a join of many attaches when it does not say.
const defaultJoinLimit = 100

// join is a checked adapter.Join.
type join struct {
	as     string
	from   *column
	to     *table
	key    *column // column of the joined table
	one    bool
	limit  int
	inline bool   // part of the base statement
	alias  string // of the joined table, when inline
	at     int    // index of its first cell, when inline
}

func (s *store) joins(t *table, q adapter.Find) ([]join, error) {
	if len(q.Joins) == 0 {
		return nil, nil
	}
	out := make([]join, len(q.Joins))
	for i, in := range q.Joins {
		to, err := s.table(in.Model)
		if err != nil {
			return nil, err
		}
		from, err := t.column(in.From)
		if err != nil {
			return nil, err
		}
		key, err := to.column(in.To)
		if err != nil {
			return nil, err
		}
		if from.id != key.id && s.dialect.name() == "postgres" && (from.id > textID || key.id > textID) {
			return nil, fmt.Errorf("%w: %s.%s and %s.%s have different types", adapter.ErrBadValue, t.model, from.name, to.model, key.name)
		}
		if strings.HasSuffix(string(key.typ), "[]") || key.typ == schema.JSON || from.typ != key.typ {
			return nil, fmt.Errorf("%w: %s.%s and %s.%s cannot be joined", adapter.ErrBadValue, t.model, from.name, to.model, key.name)
		}
		j := join{as: in.As, from: from, to: to, key: key, one: in.One, limit: in.Limit}
		if j.as == "" {
			j.as = in.Model
		}
		if j.limit <= 0 {
			j.limit = defaultJoinLimit
		}
		// A join on a column that is not unique could double rows of the base.
		j.inline = in.One && (key == to.id || key.unique)
		if j.inline {
			j.alias = "j" + strconv.Itoa(i)
		}
		if in.One {
			j.limit = 1
		}
		out[i] = j
	}
	return out, nil
}

// withKeys adds the columns that the separate joins need to those selected, and
// returns which ones have to be taken out of the records again.
func withKeys(base []*column, joins []join) (cols, hidden []*column) {
	cols = base
	for i := range joins {
		if joins[i].inline || contains(cols, joins[i].from) {
			continue
		}
		hidden = append(hidden, joins[i].from)
		cols = append(cols[:len(cols):len(cols)], joins[i].from)
	}
	return cols, hidden
}

func inline(joins []join) bool {
	for i := range joins {
		if !joins[i].inline {
			return false
		}
	}
	return true
}

func contains(cols []*column, c *column) bool {
	for _, have := range cols {
		if have == c {
			return true
		}
	}
	return false
}

func (b *builder) join(j *join) {
	b.WriteString(" LEFT JOIN ")
	b.WriteString(j.to.quoted)
	b.WriteString(" AS ")
	b.WriteString(j.alias)
	b.WriteString(" ON ")
	b.WriteString(j.alias)
	b.WriteByte('.')
	b.WriteString(j.key.quoted)
	b.WriteString(" = ")
	b.WriteString(j.from.full)
}

// record makes the joined record of an inline join; nil when no row was joined.
func (j *join) record(cells []cell) any {
	own := cells[j.at : j.at+len(j.to.columns)]
	if own[0].value == nil { // the id
		return nil
	}
	rec := make(adapter.Record, len(own))
	fill(rec, own)
	return rec
}

// joinChunk is how many base rows one statement of a separate join serves.
const joinChunk = 500

// attach runs a join of its own statement for the rows of the base.
func (s *store) attach(ctx context.Context, base []adapter.Record, j *join) error {
	found := map[any][]adapter.Record{}
	keys := make([]any, 0, len(base))
	for _, rec := range base {
		key := rec[j.from.name]
		if key == nil {
			continue
		}
		if _, ok := found[key]; !ok {
			found[key] = []adapter.Record{}
			keys = append(keys, key)
		}
	}
	for len(keys) > 0 {
		n := min(len(keys), joinChunk)
		if err := s.fetch(ctx, j, keys[:n], found); err != nil {
			return err
		}
		keys = keys[n:]
	}
	seen := map[any]bool{}
	for _, rec := range base {
		key := rec[j.from.name]
		rows := found[key]
		if seen[key] {
			rows = copies(rows) // records belong to the caller, one by one
		}
		seen[key] = true
		switch {
		case !j.one && rows == nil:
			rec[j.as] = []adapter.Record{}
		case !j.one:
			rec[j.as] = rows
		case len(rows) == 0:
			rec[j.as] = nil
		default:
			rec[j.as] = rows[0]
		}
	}
	return nil
}

func copies(rows []adapter.Record) []adapter.Record {
	out := make([]adapter.Record, len(rows))
	for i, rec := range rows {
		out[i] = make(adapter.Record, len(rec))
		for k, v := range rec {
			out[i][k] = v
		}
	}
	return out
}

// fetch reads the joined rows of some keys, at most the join's limit for each.
func (s *store) fetch(ctx context.Context, j *join, keys []any, found map[any][]adapter.Record) error {
	t := j.to
	b := s.build()
	if len(keys) == 1 {
		b.WriteString("SELECT ")
		b.read(t.quoted, t.columns)
		b.WriteString(" FROM ")
		b.WriteString(t.quoted)
		b.where(t, adapter.By(j.key.name, keys[0]))
		b.store.dialect.limit(b, j.limit, 0)
	} else {
		// The window counts the rows of each key, so that the limit is applied
		// by the database and not after reading everything.
		b.WriteString("SELECT ")
		b.read("r", t.columns)
		b.WriteString(" FROM (SELECT ")
		b.WriteString(t.quoted)
		b.WriteString(".*, row_number() OVER (PARTITION BY ")
		b.WriteString(j.key.full)
		b.WriteString(") AS kernia_row FROM ")
		b.WriteString(t.quoted)
		b.where(t, adapter.Where{{Field: j.key.name, Op: adapter.In, Value: keys}})
		b.WriteString(") AS r WHERE kernia_row <= ")
		b.bind(int64(j.limit))
	}
	cells := make([]cell, len(t.columns))
	for i, c := range t.columns {
		cells[i].col = c
	}
	err := s.rows(ctx, b, cells, func() error {
		rec := make(adapter.Record, len(cells))
		fill(rec, cells)
		key := rec[j.key.name]
		found[key] = append(found[key], rec)
		return nil
	})
	return s.fail("find", t, err)
}
