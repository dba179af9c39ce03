package gormadapter

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
		tx := other.Begin() // with the lock
		if tx.Error != nil {
			t.Fatal(tx.Error)
		}
		return func() { tx.Rollback() }
	})
}

func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	migrated(t, sqliteAt(t, path), authSchema(t, ""))
	sqltest.PrivateFiles(t, path)
}
