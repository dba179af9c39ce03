package gormadapter

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// TestCauseIsKept asks databases that cannot be reached or used. The error must give
// the reason and must not contain the password of the DSN.
func TestCauseIsKept(t *testing.T) {
	t.Parallel()
	postgres := func(dsn string) gorm.Dialector {
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return gormpostgres.New(gormpostgres.Config{Conn: db})
	}
	mysql := func(dsn string) gorm.Dialector {
		return gormmysql.New(gormmysql.Config{DSN: dsn, SkipInitializeWithVersion: true})
	}
	for _, c := range []struct {
		name   string
		open   gorm.Dialector
		server string // the one that has to be there
		want   string
	}{
		{"postgres refused", postgres("postgres://ada:canary@127.0.0.1:1/app?sslmode=disable"), "", "connection refused"},
		{"postgres unknown host", postgres("postgres://ada:canary@nowhere.invalid:5432/app?sslmode=disable"), "", "lookup nowhere.invalid"},
		{"mysql refused", mysql("ada:canary@tcp(127.0.0.1:1)/app"), "", "connection refused"},
		{"mysql unknown host", mysql("ada:canary@tcp(nowhere.invalid:3306)/app"), "", "lookup nowhere.invalid"},
		{"postgres no database", postgres("postgres://postgres:canary@127.0.0.1:5432/kernia_nowhere?sslmode=disable"), "postgres", "3D000"},
		{"postgres no role", postgres("postgres://kernia_nobody:canary@127.0.0.1:5432/postgres?sslmode=disable"), "postgres", "28000"},
		{"postgres TLS", postgres("postgres://postgres:canary@127.0.0.1:5432/postgres?sslmode=verify-full"), "postgres", "certificate|refused TLS"},
		{"mysql no database", mysql("root@tcp(127.0.0.1:3306)/kernia_nowhere"), "mysql", "Error 1049"},
		{"mysql no account", mysql("kernia_nobody:canary@tcp(127.0.0.1:3306)/test"), "mysql", "Error 1045"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range servers {
				if s.name == c.server && !strings.Contains(s.dsn(t), "127.0.0.1:") {
					t.Skip("wrong accounts were not tried: the server of the DSN is not at 127.0.0.1")
				}
			}
			db, err := gorm.Open(c.open, &gorm.Config{Logger: logger.Discard, DisableAutomaticPing: true})
			if err != nil {
				t.Fatal(err)
			}
			a := open(t, db, authSchema(t, ""))
			_, found := a.FindOne(t.Context(), bySession("x"))
			tx := a.Tx(t.Context(), func(context.Context) error { return nil })
			for _, err := range []error{found, tx} {
				if err == nil || !slices.ContainsFunc(strings.Split(c.want, "|"), func(want string) bool { return strings.Contains(err.Error(), want) }) ||
					strings.Contains(err.Error(), "canary") {
					t.Errorf("the error is %v, want %q in it", err, c.want)
				}
			}
		})
	}
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		_, err := open(t, db, authSchema(t, "")).FindOne(t.Context(), bySession("x"))
		if err == nil || !strings.Contains(err.Error(), "call auth.Migrate") || !strings.Contains(err.Error(), "session") {
			t.Error(err)
		}
	})
}
