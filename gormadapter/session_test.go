package gormadapter

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC)

func addUser(t testing.TB, a adapter.Adapter, id string) {
	t.Helper()
	_, err := a.Create(t.Context(), "user", adapter.Record{
		"id": id, "name": "Ada", "email": id + "@example.com", "emailVerified": true,
		"createdAt": noon, "updatedAt": noon, "tags": []string{"a", "<b>"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func addSession(t testing.TB, a adapter.Adapter, id, userID string) {
	t.Helper()
	_, err := a.Create(t.Context(), "session", adapter.Record{
		"id": id, "token": "token-" + id, "userId": userID, "expiresAt": noon.Add(time.Hour),
		"createdAt": noon, "updatedAt": noon, "ipAddress": "", "userAgent": "test",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bySession is the lookup of every request.
func bySession(token string) adapter.Find {
	return adapter.Find{
		Model: "session", Where: adapter.By("token", token),
		Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}},
	}
}

func TestSessionJoinsItsUser(t *testing.T) {
	t.Parallel()
	a := migrated(t, file(t), authSchema(t, ""))
	addUser(t, a, "u1")
	addSession(t, a, "s1", "u1")
	rec, err := a.FindOne(t.Context(), bySession("token-s1"))
	if err != nil {
		t.Fatal(err)
	}
	user, _ := rec["user"].(adapter.Record)
	if rec["id"] != "s1" || rec["expiresAt"] != noon.Add(time.Hour) || user["emailVerified"] != true || user["banned"] != nil ||
		fmt.Sprint(user["tags"]) != "[a <b>]" {
		t.Fatalf("session = %#v", rec)
	}
	if _, err := a.FindOne(t.Context(), bySession("Token-s1")); !errors.Is(err, adapter.ErrNotFound) {
		t.Fatalf("another token: %v", err)
	}
}

// scannedAllocations is the most that reading a session with its user may allocate:
// a third of it is the driver's, the rest are the values.
const scannedAllocations = 32

func TestSessionAllocations(t *testing.T) {
	// Not parallel: AllocsPerRun counts for the whole process.
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	a := migrated(t, file(t), authSchema(t, ""))
	addUser(t, a, "u1")
	addSession(t, a, "s1", "u1")
	q := bySession("token-s1")
	got := testing.AllocsPerRun(500, func() {
		if err := adapter.Scan(t.Context(), a, q, func(_, _ string, _ any) {}); err != nil {
			t.Fatal(err)
		}
	})
	if got > scannedAllocations {
		t.Errorf("a session makes %.0f allocations, at most %d are meant", got, scannedAllocations)
	}
	t.Logf("%.0f allocations", got)
}

func BenchmarkSession(b *testing.B) {
	a := migrated(b, file(b), authSchema(b, ""))
	for i := range 1000 {
		id := fmt.Sprintf("%032d", i)
		addUser(b, a, id)
		addSession(b, a, id, id)
	}
	ctx := b.Context()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := a.FindOne(ctx, bySession("token-"+fmt.Sprintf("%032d", i%1000))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSessionParallel(b *testing.B) {
	a := migrated(b, file(b), authSchema(b, ""))
	addUser(b, a, "u1")
	addSession(b, a, "s1", "u1")
	ctx := b.Context()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.FindOne(ctx, bySession("token-s1")); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCreateSession(b *testing.B) {
	a := migrated(b, file(b), authSchema(b, ""))
	addUser(b, a, "u1")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		addSession(b, a, fmt.Sprint(i), "u1")
	}
}

func BenchmarkTransaction(b *testing.B) {
	a := migrated(b, file(b), authSchema(b, ""))
	for i := 0; b.Loop(); i++ {
		err := a.Tx(b.Context(), func(ctx context.Context) error {
			_, err := a.Create(ctx, "user", newUser(fmt.Sprint(i)))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
