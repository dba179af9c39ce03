package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// byID is a database of a server, which gives rows in the order of their ids where
// nobody asks for another one. Its instances make ids that grow, so that rows come in
// the order in which they were made, as they do in the reference's SQLite. A server on
// its own gives them in the order in which they lie there: on PostgreSQL that depends
// on what it has cleaned up meanwhile.
type byID struct{ adapter.Database }

// inOrder says how an instance with o makes ids. Ids that do not grow leave the rows
// to the server's order.
func (db byID) inOrder(o *core.Options) {
	switch {
	case o.IDs.New == nil && o.IDs.Kind == "":
		o.IDs.New = growingIDs()
	case o.IDs.New != nil || o.IDs.Kind != schema.IDSerial:
		o.Database = db.Database
	}
}

// growingIDs makes ids of the usual form, each greater than the one before.
func growingIDs() func(model string) (string, error) {
	var n atomic.Int64
	return func(string) (string, error) {
		id, err := secret.ID(randomness)
		if err != nil {
			return "", err
		}
		head := fmt.Sprintf("%08d", n.Add(1))
		return head + id[len(head):], nil
	}
}

// Open implements adapter.Database.
func (db byID) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := db.Database.Open(s)
	if err != nil {
		return nil, err
	}
	m, ok := a.(adapter.Migrator)
	if !ok {
		return nil, fmt.Errorf("the adapter %s makes no tables", a.Name())
	}
	return sorted{a, m}, nil
}

// sorted is an adapter with an order of rows.
type sorted struct {
	adapter.Adapter
	adapter.Migrator
}

// lastByID sorts by the id what is equal in everything else.
func lastByID(q adapter.Find) adapter.Find {
	q.Sort = append(slices.Clip(q.Sort), adapter.Sort{Field: "id"})
	return q
}

// FindOne implements adapter.Adapter.
func (s sorted) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	rec, err := s.Adapter.FindOne(ctx, lastByID(q))
	if err == nil {
		sortJoins(q, rec)
	}
	return rec, err
}

// FindMany implements adapter.Adapter.
func (s sorted) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	rows, err := s.Adapter.FindMany(ctx, lastByID(q))
	for _, rec := range rows {
		sortJoins(q, rec)
	}
	return rows, err
}

func sortJoins(q adapter.Find, rec adapter.Record) {
	for _, j := range q.Joins {
		if rows, ok := rec[j.WithDefaults().As].([]adapter.Record); ok {
			slices.SortStableFunc(rows, func(a, b adapter.Record) int {
				x, _ := a["id"].(string)
				y, _ := b["id"].(string)
				return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)) // serial ids are numbers
			})
		}
	}
}
