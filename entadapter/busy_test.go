package entadapter

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/advantch/kernia-go/internal/sqltest"
)

func TestForeignLockIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	db := New(sqliteAt(t, path)).(*database)
	db.maxWait = 2 * time.Second
	other := sqliteAt(t, path)
	sqltest.ForeignLock(t, db, db.maxWait, func() func() {
		tx, err := other.Tx(t.Context()) // with the lock
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	migrated(t, sqliteAt(t, path), sqltest.Schema(t))
	sqltest.PrivateFiles(t, path)
}
