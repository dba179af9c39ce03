package ratelimit_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/ratelimit"
)

const startMS = int64(1_767_323_045_000)

func row(key string, count, last int64) adapter.Record {
	return adapter.Record{"key": key, "count": count, "lastRequest": last}
}

func TestDatabaseStatements(t *testing.T) {
	t.Parallel()
	rule := ratelimit.Rule{Window: 10 * time.Second, Max: 3}
	tests := []struct {
		name string
		rows []adapter.Record
		want ratelimit.Decision
		left adapter.Record
		log  []string
	}{
		{"new key", nil, ratelimit.Decision{Allowed: true}, row("k", 1, startMS), []string{"increment", "find", "create"}},
		{"below the limit", []adapter.Record{row("k", 2, startMS-9999)}, ratelimit.Decision{Allowed: true}, row("k", 3, startMS), []string{"increment"}},
		{"at the limit", []adapter.Record{row("k", 3, startMS-9000)}, ratelimit.Decision{RetryAfter: time.Second}, row("k", 3, startMS-9000), []string{"increment", "find"}},
		{"over the limit", []adapter.Record{row("k", 9, startMS-1)}, ratelimit.Decision{RetryAfter: 10 * time.Second}, row("k", 9, startMS-1), []string{"increment", "find"}},
		{"window over", []adapter.Record{row("k", 3, startMS-10_000)}, ratelimit.Decision{Allowed: true}, row("k", 1, startMS), []string{"increment", "find", "update"}},
		{"window over, below the limit", []adapter.Record{row("k", 1, startMS-10_000)}, ratelimit.Decision{Allowed: true}, row("k", 1, startMS), []string{"increment", "find", "update"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := &table{rows: append(tt.rows, row("other", 3, startMS))}
			got := take(t, ratelimit.NewDatabase(db, nil), "k", rule, time.UnixMilli(startMS))
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
			if !reflect.DeepEqual(db.log, tt.log) {
				t.Errorf("statements %v, want %v", db.log, tt.log)
			}
			for _, r := range db.rows {
				want := tt.left
				if r["key"] == "other" {
					want = row("other", 3, startMS)
				}
				if !reflect.DeepEqual(r, want) {
					t.Errorf("row %v, want %v", r, want)
				}
			}
		})
	}
}

// TestDatabaseInterleavings lets another process act between two statements.
func TestDatabaseInterleavings(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(startMS)
	tests := []struct {
		name  string
		rows  []adapter.Record
		at    string // statement before which the other process acts, once
		other []adapter.Record
		want  bool
		count int64
	}{
		{"RL-07 created with room left", nil, "create", []adapter.Record{row("k", 1, startMS)}, true, 2},
		{"RL-07 created and used up", nil, "create", []adapter.Record{row("k", 3, startMS)}, false, 3},
		{"RL-07 reset with room left", []adapter.Record{row("k", 3, startMS-10_000)}, "update", []adapter.Record{row("k", 1, startMS)}, true, 2},
		{"RL-07 reset and used up", []adapter.Record{row("k", 3, startMS-10_000)}, "update", []adapter.Record{row("k", 3, startMS)}, false, 3},
		{"RL-07 removed before it is read", []adapter.Record{row("k", 3, startMS-20_000)}, "find", nil, true, 1},
		{"RL-07 removed before it is reset", []adapter.Record{row("k", 3, startMS-20_000)}, "update", nil, true, 1},
		{"RL-07 reset before it is read", []adapter.Record{row("k", 3, startMS-10_000)}, "find", []adapter.Record{row("k", 1, startMS)}, true, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := &table{rows: tt.rows}
			acted := false
			db.before = func(statement string) error {
				if statement == tt.at && !acted {
					acted, db.rows = true, tt.other
				}
				return nil
			}
			d := take(t, ratelimit.NewDatabase(db, nil), "k", ratelimit.Rule{Window: 10 * time.Second, Max: 3}, now)
			if d.Allowed != tt.want || !acted {
				t.Errorf("admitted %v, want %v (statements %v)", d.Allowed, tt.want, db.log)
			}
			if len(db.rows) != 1 || db.rows[0]["count"] != tt.count {
				t.Errorf("rows %v, want one with count %d", db.rows, tt.count)
			}
		})
	}
}

func TestDatabaseFailure(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(startMS)
	stale := []adapter.Record{row("k", 3, startMS-100_000)}
	for statement, rows := range map[string][]adapter.Record{"increment": nil, "find": nil, "create": nil, "update": stale} {
		t.Run("RL-10 "+statement+" fails", func(t *testing.T) {
			t.Parallel()
			db := &table{rows: rows, before: func(s string) error {
				if s == statement {
					return errDown
				}
				return nil
			}}
			d, err := ratelimit.NewDatabase(db, nil).Take(t.Context(), "k", minute, now)
			if !errors.Is(err, errDown) || d.Allowed {
				t.Errorf("%+v, %v, want the error and no admission", d, err)
			}
		})
	}
	t.Run("RL-10 endless contention", func(t *testing.T) {
		t.Parallel()
		db := &table{before: func(s string) error {
			if s == "create" {
				return fmt.Errorf("insert: %w", adapter.ErrUnique)
			}
			return nil
		}}
		d, err := ratelimit.NewDatabase(db, nil).Take(t.Context(), "k", minute, now)
		if !errors.Is(err, ratelimit.ErrContended) || d.Allowed {
			t.Errorf("%+v, %v, want ErrContended", d, err)
		}
	})
	t.Run("RL-10 row is damaged", func(t *testing.T) {
		t.Parallel()
		db := &table{rows: []adapter.Record{{"key": "k", "count": int64(3), "lastRequest": int64(0)}}}
		db.before = func(s string) error {
			if s == "find" {
				db.rows[0]["count"] = nil
			}
			return nil
		}
		d, err := ratelimit.NewDatabase(db, nil).Take(t.Context(), "k", minute, now)
		if !errors.Is(err, adapter.ErrBadValue) || d.Allowed {
			t.Errorf("%+v, %v, want ErrBadValue", d, err)
		}
	})
}

func TestDatabaseIDs(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(startMS)
	tests := []struct {
		name  string
		newID func() (string, error)
		want  any
		err   error
	}{
		{"made here", func() (string, error) { return "id1", nil }, "id1", nil},
		{"made by the database", func() (string, error) { return "", nil }, nil, nil},
		{"no generator", nil, nil, nil},
		{"generator fails", func() (string, error) { return "", errDown }, nil, errDown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := &table{}
			d, err := ratelimit.NewDatabase(db, tt.newID).Take(t.Context(), "k", minute, now)
			if !errors.Is(err, tt.err) || d.Allowed != (tt.err == nil) {
				t.Fatalf("%+v, %v, want error %v", d, err, tt.err)
			}
			if err == nil && db.rows[0]["id"] != tt.want {
				t.Errorf("id %v, want %v", db.rows[0]["id"], tt.want)
			}
		})
	}
}

func TestDatabaseCleanup(t *testing.T) {
	t.Parallel()
	t.Run("DOS-09 idle rows go", func(t *testing.T) {
		t.Parallel()
		db := &table{rows: []adapter.Record{
			row("idle", 1, startMS-60_001), row("edge", 1, startMS-60_000), row("busy", 1, startMS),
		}}
		n, err := ratelimit.NewDatabase(db, nil).Cleanup(t.Context(), time.UnixMilli(startMS).Add(-time.Minute))
		if err != nil || n != 1 || len(db.rows) != 2 || db.rows[0]["key"] != "edge" {
			t.Errorf("removed %d, %v, left %v, want only the idle row gone", n, err, db.rows)
		}
	})
	t.Run("DOS-09 failure is reported", func(t *testing.T) {
		t.Parallel()
		db := &table{before: func(string) error { return errDown }}
		if _, err := ratelimit.NewDatabase(db, nil).Cleanup(t.Context(), time.UnixMilli(startMS)); !errors.Is(err, errDown) {
			t.Errorf("%v, want %v", err, errDown)
		}
	})
}
