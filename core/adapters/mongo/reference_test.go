package mongo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/schema"
)

// fleet refers with every rule, also from a column that cannot be null.
func fleet(t *testing.T) *schema.Schema {
	t.Helper()
	to := func(onDelete string) *schema.Reference { return &schema.Reference{Model: "ship", OnDelete: onDelete} }
	s, err := schema.New(schema.IDString, []schema.Table{
		{Model: "ship"},
		{Model: "crew", Fields: []schema.Field{{Name: "shipId", Type: schema.String, References: to("cascade")}}},
		{Model: "log", Fields: []schema.Field{{Name: "shipId", Type: schema.String, Optional: true, References: to("set null")}}},
		{Model: "port", Fields: []schema.Field{{Name: "shipId", Type: schema.String, References: to("set null")}}},
		{Model: "mooring", Fields: []schema.Field{
			{Name: "shipId", Type: schema.String, References: to("restrict")},
			{Name: "crewId", Type: schema.String, Optional: true, References: &schema.Reference{Model: "crew"}},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for _, replicaSet := range []bool{true, false} {
		t.Run(fmt.Sprintf("replica set %v", replicaSet), func(t *testing.T) {
			t.Parallel()
			a := migrated(t, double(t, replicaSet).database(t), fleet(t), mongo.Options{})
			for _, id := range []string{"a", "b"} {
				create(t, a, "ship", adapter.Record{"id": id})
				create(t, a, "crew", adapter.Record{"id": "c" + id, "shipId": id})
				create(t, a, "log", adapter.Record{"id": "l" + id, "shipId": id})
			}
			create(t, a, "port", adapter.Record{"id": "p", "shipId": "b"})
			create(t, a, "mooring", adapter.Record{"id": "held", "shipId": "a"})

			for ship, why := range map[string]string{"a": "restrict", "b": "a column that cannot be null"} {
				if err := a.Delete(t.Context(), "ship", adapter.By("id", ship)); !errors.Is(err, mongo.ErrReference) {
					t.Errorf("%s: got the error %v, want %v", why, err, mongo.ErrReference)
				}
			}
			wantRows(t, a, "ship", 2)
			wantRows(t, a, "crew", 2)
			if n := must[int64](t)(a.Count(t.Context(), "log", adapter.By("shipId", nil))); n != 0 {
				t.Errorf("%d logs lost their ship", n)
			}

			// A cascade that removes the row under "restrict" as well does not prevent
			// the deletion.
			if _, err := a.Update(t.Context(), "mooring", adapter.By("id", "held"), adapter.Record{"crewId": "ca"}); err != nil {
				t.Fatal(err)
			}
			if err := a.Delete(t.Context(), "ship", adapter.By("id", "a")); err != nil {
				t.Fatal(err)
			}
			wantRows(t, a, "ship", 1)
			wantRows(t, a, "crew", 1)
			wantRows(t, a, "mooring", 0)
			wantRows(t, a, "log", 2)
		})
	}
}

func TestErrorsHoldNoValues(t *testing.T) {
	t.Parallel()
	a := migrated(t, double(t, true).database(t), fleet(t), mongo.Options{})
	create(t, a, "ship", adapter.Record{"id": "secret-value"})
	_, unique := a.Create(t.Context(), "ship", adapter.Record{"id": "secret-value"})
	_, dangling := a.Create(t.Context(), "crew", adapter.Record{"id": "c", "shipId": "other-secret-value"})
	for want, err := range map[error]error{adapter.ErrUnique: unique, mongo.ErrReference: dangling} {
		if !errors.Is(err, want) || strings.Contains(err.Error(), "secret-value") {
			t.Errorf("got the error %v, want %v without the value", err, want)
		}
	}
}

func TestIncrementAtTheEdges(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "counter", Fields: []schema.Field{
		{Name: "n", Type: schema.Number, Optional: true}, {Name: "hits", Type: schema.Number},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := migrated(t, double(t, true).database(t), s, mongo.Options{})
	create(t, a, "counter", adapter.Record{"id": "null", "n": nil, "hits": int64(1<<31 - 1)})
	create(t, a, "counter", adapter.Record{"id": "absent", "hits": int64(1<<63 - 1)})
	for _, id := range []string{"null", "absent"} {
		if _, err := a.Increment(t.Context(), "counter", adapter.By("id", id), "n", 1, nil); !errors.Is(err, adapter.ErrBadValue) {
			t.Errorf("%s: got the error %v, want %v", id, err, adapter.ErrBadValue)
		}
	}
	if _, err := a.Increment(t.Context(), "counter", adapter.By("id", "nobody"), "n", 1, nil); !errors.Is(err, adapter.ErrNotFound) {
		t.Errorf("no row: %v", err)
	}
	if _, err := a.Increment(t.Context(), "counter", adapter.By("id", "absent"), "hits", 1, nil); !errors.Is(err, adapter.ErrBadValue) {
		t.Errorf("beyond 64 bits: %v", err)
	}
	rec, err := a.Increment(t.Context(), "counter", adapter.By("id", "null"), "hits", 1, nil)
	if err != nil || rec["hits"] != int64(1<<31) {
		t.Errorf("beyond 32 bits: %v, %v", rec, err)
	}
	if _, err := a.Increment(t.Context(), "counter", adapter.By("id", "null"), "hits", 1, adapter.Record{"hits": int64(1)}); !errors.Is(err, adapter.ErrBadValue) {
		t.Errorf("incremented and set: %v", err)
	}
}
