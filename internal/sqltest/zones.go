package sqltest

import (
	"database/sql"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// Zones are those that a driver may have been told.
var Zones = []string{"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Local", "UTC"}

// gaps are moments whose UTC clock reading does not exist, or exists twice, in some
// zone: in Shanghai, New York, London, Berlin and Sydney.
var gaps = []time.Time{
	time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2026, 3, 8, 2, 30, 0, 1e6, time.UTC), time.Date(2026, 11, 1, 1, 30, 0, 0, time.UTC), // New York
	time.Date(2026, 3, 29, 1, 30, 0, 999e6, time.UTC), time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC), // London, Berlin
	time.Date(2026, 10, 4, 2, 30, 0, 0, time.UTC), // Sydney
	time.Date(1940, 6, 1, 0, 30, 0, 0, time.UTC),  // Shanghai
	time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
}

// zones writes dates through a connection of one zone and reads them through those of
// all, from columns as Migrate makes them and from PostgreSQL's without a zone.
func zones(t *testing.T, d Database) {
	s := Schema(t)
	migrated(t, d.Adapter, s)
	open := func() map[string]adapter.Adapter {
		out := map[string]adapter.Adapter{}
		for name, db := range d.Zones(t) {
			a, err := db.Open(s)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = a
		}
		return out
	}
	n := 0
	check := func(all map[string]adapter.Adapter) {
		for wrote, writer := range all {
			for _, at := range gaps {
				n++
				id := "u" + string(rune('A'+n/26/26)) + string(rune('a'+n/26%26)) + string(rune('a'+n%26))
				created, err := writer.Create(t.Context(), "user", user(id, at))
				if err != nil {
					t.Fatalf("%s writes %v: %v", wrote, at, err)
				}
				if got := created["createdAt"].(time.Time); !got.Equal(at) {
					t.Errorf("%s writes %v and gets %v back", wrote, at, got)
				}
				for read, reader := range all {
					rec, err := reader.FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("id", id).And("createdAt", at)})
					if err != nil {
						t.Errorf("%s wrote %v, %s: %v", wrote, at, read, err)
						continue
					}
					if got := rec["createdAt"].(time.Time); !got.Equal(at) || got.Location() != time.UTC {
						t.Errorf("%s wrote %v, %s reads %v", wrote, at, read, got)
					}
				}
			}
		}
	}
	check(open())
	if d.Dialect == "postgres" {
		// As tables that Drizzle or Prisma made have it.
		alter(t, d.Pool, `ALTER TABLE "user" ALTER COLUMN "createdAt" TYPE timestamp USING "createdAt" AT TIME ZONE 'UTC'`)
		check(open()) // a statement that is prepared already keeps the types of its values
	}
}

func alter(t testing.TB, pool *sql.DB, text string) {
	t.Helper()
	if _, err := pool.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}
