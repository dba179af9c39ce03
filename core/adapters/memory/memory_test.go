package memory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

var _ adapter.Database = (*memory.DB)(nil)

func open(t testing.TB, db *memory.DB, s *schema.Schema) adapter.Adapter {
	t.Helper()
	a, err := db.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func oneTable(t testing.TB, fields ...schema.Field) *schema.Schema {
	t.Helper()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "person", Name: "people", Fields: fields}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustCreate(t testing.TB, a adapter.Adapter, model string, rec adapter.Record) {
	t.Helper()
	if _, err := a.Create(context.Background(), model, rec); err != nil {
		t.Fatal(err)
	}
}

func TestAdaptersOfOneDatabaseShareRows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := memory.New()
	old := open(t, db, oneTable(t, schema.Field{Name: "email", Column: "mail", Type: schema.String}))
	mustCreate(t, old, "person", adapter.Record{"id": "1", "email": "a@example.com"})
	wider := open(t, db, oneTable(t,
		schema.Field{Name: "nick", Type: schema.String, Optional: true, Unique: true},
		schema.Field{Name: "address", Column: "mail", Type: schema.String, Unique: true},
	))
	rec, err := wider.FindOne(ctx, adapter.Find{Model: "person", Where: adapter.By("address", "a@example.com")})
	if err != nil || rec["id"] != "1" || rec["nick"] != nil {
		t.Fatal(rec, err)
	}
	if _, err := wider.Update(ctx, "person", adapter.By("id", "1"), adapter.Record{"nick": "ada"}); err != nil {
		t.Fatal(err)
	}
	rec, err = old.FindOne(ctx, adapter.Find{Model: "person", Where: adapter.By("id", "1")})
	if err != nil || len(rec) != 2 {
		t.Fatal(rec, err)
	}
	// The unique key of the second schema holds for the first as well.
	if _, err := old.Create(ctx, "person", adapter.Record{"id": "2", "email": "a@example.com"}); !errors.Is(err, adapter.ErrUnique) {
		t.Fatal(err)
	}
	// They share transactions, too.
	stop := errors.New("stop")
	err = old.Tx(ctx, func(ctx context.Context) error {
		if err := wider.Delete(ctx, "person", adapter.By("id", "1")); err != nil {
			return err
		}
		return stop
	})
	if n, _ := old.Count(ctx, "person", nil); !errors.Is(err, stop) || n != 1 {
		t.Fatal(n, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	db := memory.New()
	a := open(t, db, oneTable(t, schema.Field{Name: "email", Type: schema.String}))
	mustCreate(t, a, "person", adapter.Record{"id": "1", "email": "same"})
	mustCreate(t, a, "person", adapter.Record{"id": "2", "email": "same"})
	if _, err := db.Open(oneTable(t, schema.Field{Name: "email", Type: schema.Number})); err == nil {
		t.Error("a column of another type")
	}
	if _, err := db.Open(oneTable(t, schema.Field{Name: "email", Type: schema.String, Unique: true})); !errors.Is(err, adapter.ErrUnique) {
		t.Errorf("a unique key that the rows break: %v", err)
	}
	if _, err := db.Open(nil); err == nil {
		t.Error("no schema")
	}
	mustCreate(t, a, "person", adapter.Record{"id": "3", "email": "same"})
}

func TestStringsAreCopied(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a := open(t, memory.New(), oneTable(t, schema.Field{Name: "email", Type: schema.String, Unique: true}))
	buf := []byte("ada@example.com")
	shared := unsafe.String(&buf[0], len(buf)) // as a server that reuses its buffers would
	mustCreate(t, a, "person", adapter.Record{"id": "1", "email": shared})
	copy(buf, "eve@example.com")
	rec, err := a.FindOne(ctx, adapter.Find{Model: "person", Where: adapter.By("email", "ada@example.com")})
	if err != nil || rec["email"] != "ada@example.com" {
		t.Fatal(rec, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := memory.New()
	a := open(t, db, adaptertest.Schema())
	now := time.Now()
	_, err := a.Create(ctx, "session", adapter.Record{"id": "s", "token": "t", "userId": "none", "expiresAt": now, "createdAt": now, "updatedAt": now})
	if !errors.Is(err, memory.ErrReference) {
		t.Errorf("got %v, want ErrReference", err)
	}
	var kept context.Context
	if err := a.Tx(ctx, func(ctx context.Context) error { kept = ctx; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Count(kept, "thing", nil); !errors.Is(err, memory.ErrTxDone) {
		t.Errorf("got %v, want ErrTxDone", err)
	}
	if err := a.Tx(kept, func(context.Context) error { return nil }); !errors.Is(err, memory.ErrTxDone) {
		t.Errorf("got %v, want ErrTxDone", err)
	}
	for _, id := range []any{"", nil, 1, "a\x00"} {
		if _, err := a.Create(ctx, "thing", adapter.Record{"id": id, "title": "x"}); !errors.Is(err, adapter.ErrBadValue) {
			t.Errorf("id %v: got %v, want ErrBadValue", id, err)
		}
	}
	mustCreate(t, a, "thing", adapter.Record{"id": "x", "title": "x", "big": int64(1<<63 - 1)})
	for _, field := range []string{"big", "rank"} { // the first would overflow, the second is null
		if _, err := a.Increment(ctx, "thing", adapter.By("id", "x"), field, 1, nil); !errors.Is(err, adapter.ErrBadValue) {
			t.Errorf("%s: got %v, want ErrBadValue", field, err)
		}
	}
	if _, err := a.Update(ctx, "thing", adapter.By("id", "x"), adapter.Record{"id": "y"}); !errors.Is(err, adapter.ErrBadValue) {
		t.Errorf("a new id: got %v, want ErrBadValue", err)
	}
}

func TestTransactionsOfTwoDatabasesAreApart(t *testing.T) {
	t.Parallel()
	a, b := open(t, memory.New(), adaptertest.Schema()), open(t, memory.New(), adaptertest.Schema())
	stop := errors.New("stop")
	err := a.Tx(context.Background(), func(ctx context.Context) error {
		if _, err := b.Create(ctx, "thing", adapter.Record{"id": "1", "title": "kept"}); err != nil {
			return err
		}
		return stop
	})
	if n, _ := b.Count(context.Background(), "thing", nil); !errors.Is(err, stop) || n != 1 {
		t.Fatal(n, err)
	}
}

func TestOneTransactionInManyGoroutines(t *testing.T) {
	t.Parallel()
	a := open(t, memory.New(), adaptertest.Schema())
	err := a.Tx(context.Background(), func(ctx context.Context) error {
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = a.Create(ctx, "thing", adapter.Record{"id": fmt.Sprint(i), "title": "x"})
				_, _ = a.FindMany(ctx, adapter.Find{Model: "thing"})
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	if n, _ := a.Count(context.Background(), "thing", nil); err != nil || n != 20 {
		t.Fatal(n, err)
	}
}

func TestSortIsStable(t *testing.T) {
	t.Parallel()
	a := open(t, memory.New(), adaptertest.Schema())
	var want []string
	for i := range 30 {
		id := fmt.Sprint(i)
		want = append(want, id)
		mustCreate(t, a, "thing", adapter.Record{"id": id, "title": "same"})
	}
	rows, err := a.FindMany(context.Background(), adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: "title", Desc: true}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, r["id"].(string))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatal(got)
	}
}

func BenchmarkSessionWithUser(b *testing.B) {
	ctx := context.Background()
	a := open(b, memory.New(), adaptertest.Schema())
	now := time.Now()
	for i := range 10_000 {
		id := fmt.Sprint(i)
		mustCreate(b, a, "user", adapter.Record{"id": id, "name": id, "email": id, "emailVerified": true, "createdAt": now, "updatedAt": now})
		mustCreate(b, a, "session", adapter.Record{"id": id, "token": "token" + id, "userId": id, "expiresAt": now, "createdAt": now, "updatedAt": now})
	}
	q := adapter.Find{
		Model: "session", Where: adapter.By("token", "token777"),
		Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.FindOne(ctx, q); err != nil {
			b.Fatal(err)
		}
	}
}
