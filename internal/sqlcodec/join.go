package sqlcodec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// joinChunk is how many base rows one statement of a separate join serves.
const joinChunk = 500

// Join is a checked adapter.Join.
type Join struct {
	As     string
	From   *Column
	To     *Table
	Key    *Column // column of the joined table
	One    bool
	Limit  int    // rows for each row of the base
	Inline bool   // part of the base statement
	Alias  string // of the joined table, when inline
	At     int    // index of its first cell, when inline
}

// Joins is a query's joins.
type Joins []Join

// Joins checks the joins of a query on the table t.
func (d Dialect) Joins(ts Tables, t *Table, in []adapter.Join) (Joins, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make(Joins, len(in))
	for i := range in {
		j, err := d.join(ts, t, in[i])
		if err != nil {
			return nil, err
		}
		if j.Inline {
			j.Alias = "j" + strconv.Itoa(i)
		}
		out[i] = j
	}
	return out, nil
}

func (d Dialect) join(ts Tables, t *Table, in adapter.Join) (Join, error) {
	to, err := ts.Table(in.Model)
	if err != nil {
		return Join{}, err
	}
	from, err := t.Column(in.From)
	if err != nil {
		return Join{}, err
	}
	key, err := to.Column(in.To)
	if err != nil {
		return Join{}, err
	}
	if from.ID != key.ID && d == Postgres && (from.Numbered() || key.Numbered()) {
		return Join{}, fmt.Errorf("%w: %s.%s and %s.%s have different types", adapter.ErrBadValue, t.Model, from.Name, to.Model, key.Name)
	}
	if strings.HasSuffix(string(key.Type), "[]") || key.Type == schema.JSON || from.Type != key.Type {
		return Join{}, fmt.Errorf("%w: %s.%s and %s.%s cannot be joined", adapter.ErrBadValue, t.Model, from.Name, to.Model, key.Name)
	}
	filled := in.WithDefaults()
	j := Join{As: filled.As, From: from, To: to, Key: key, One: in.One, Limit: filled.Limit}
	// A join on a column that is not unique could double rows of the base.
	j.Inline = in.One && (key == to.ID || key.Unique)
	return j, nil
}

// Inline reports whether all joins are part of the base statement.
func (js Joins) Inline() bool {
	for i := range js {
		if !js[i].Inline {
			return false
		}
	}
	return true
}

// Row is the row that the statement of a query reads: the columns of the base, then
// those of each inline join.
type Row struct {
	Base  []*Column
	Joins Joins
	Cells []Cell

	hidden []*Column // read only for the separate joins
	dest   []any     // the cells, for Scan
}

// Row determines the row that a query reads. Columns that the separate joins need are
// added to the selected ones, and Finish removes them from the records.
func (js Joins) Row(selected []*Column) *Row {
	r := &Row{Base: selected, Joins: js}
	for i := range js {
		if from := js[i].From; !js[i].Inline && !contains(r.Base, from) {
			r.hidden = append(r.hidden, from)
			r.Base = append(r.Base[:len(r.Base):len(r.Base)], from)
		}
	}
	lists := [][]*Column{r.Base}
	width := len(r.Base)
	for i := range js {
		if j := &js[i]; j.Inline {
			j.At = width
			width += len(j.To.Columns)
			lists = append(lists, j.To.Columns)
		}
	}
	r.Cells = Cells(lists...)
	r.dest = destinations(r.Cells)
	return r
}

// Again returns a row of the same layout with cells of its own.
func (r *Row) Again() *Row {
	again := *r
	again.Cells = make([]Cell, len(r.Cells))
	for i := range again.Cells {
		again.Cells[i].Col = r.Cells[i].Col
	}
	again.dest = destinations(again.Cells)
	return &again
}

// Dest returns the destinations of the columns for Scan.
func (r *Row) Dest() []any { return r.dest }

// Forget removes the values of the row that was scanned last, so that a row which waits
// for its next use keeps none of them.
func (r *Row) Forget() {
	for i := range r.Cells {
		r.Cells[i].Value = nil
	}
}

func contains(cols []*Column, c *Column) bool {
	for _, have := range cols {
		if have == c {
			return true
		}
	}
	return false
}

// Record makes the record of the row that was scanned last.
func (r *Row) Record() adapter.Record {
	rec := make(adapter.Record, len(r.Base)+len(r.Joins))
	Fill(rec, r.Cells[:len(r.Base)])
	for i := range r.Joins {
		if j := &r.Joins[i]; j.Inline {
			rec[j.As] = j.record(r.Cells)
		}
	}
	return rec
}

// Pass is Record without the map: it passes the fields of the base to set, and those of
// the inline joins under their As.
func (r *Row) Pass(set func(as, field string, value any)) {
	for i := range r.Cells[:len(r.Base)] {
		c := &r.Cells[i]
		set("", c.Col.Name, c.Value)
	}
	for i := range r.Joins {
		j := &r.Joins[i]
		own := j.cells(r.Cells)
		for i := range own {
			set(j.As, own[i].Col.Name, own[i].Value)
		}
	}
}

// cells are those of the joined row, none when no row was joined or the join is not
// inline.
func (j *Join) cells(all []Cell) []Cell {
	if !j.Inline || all[j.At].Value == nil { // the id
		return nil
	}
	return all[j.At : j.At+len(j.To.Columns)]
}

// record makes the joined record of an inline join; nil when no row was joined.
func (j *Join) record(cells []Cell) any {
	own := j.cells(cells)
	if own == nil {
		return nil
	}
	rec := make(adapter.Record, len(own))
	Fill(rec, own)
	return rec
}

// Finish attaches the separate joins to the rows of the base. fetch reads the
// rows of a join whose key is one of keys, at most the join's limit for each key.
func (r *Row) Finish(base []adapter.Record, fetch func(j *Join, keys []any, each func(adapter.Record)) error) error {
	for i := range r.Joins {
		if j := &r.Joins[i]; !j.Inline {
			if err := j.attach(base, fetch); err != nil {
				return err
			}
		}
	}
	for _, rec := range base {
		for _, c := range r.hidden {
			delete(rec, c.Name)
		}
	}
	return nil
}

func (j *Join) attach(base []adapter.Record, fetch func(j *Join, keys []any, each func(adapter.Record)) error) error {
	found := map[any][]adapter.Record{}
	keys := make([]any, 0, len(base))
	for _, rec := range base {
		key := rec[j.From.Name]
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
		err := fetch(j, keys[:n], func(rec adapter.Record) {
			key := rec[j.Key.Name]
			found[key] = append(found[key], rec)
		})
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	seen := map[any]bool{}
	for _, rec := range base {
		key := rec[j.From.Name]
		rows := found[key]
		if seen[key] {
			rows = copies(rows) // records belong to the caller, one by one
		}
		seen[key] = true
		switch {
		case !j.One && rows == nil:
			rec[j.As] = []adapter.Record{}
		case !j.One:
			rec[j.As] = rows
		case len(rows) == 0:
			rec[j.As] = nil
		default:
			rec[j.As] = rows[0]
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
