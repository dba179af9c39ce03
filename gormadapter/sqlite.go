package gormadapter

import (
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/internal/sqlitedsn"
)

// SQLite opens a file, which is created if it does not exist, or ":memory:" for
// a database that ends with the handle. It needs no cgo.
//
// Files are kept in WAL mode with synchronous=NORMAL: readers never wait, a
// commit survives a crash of the process, and the last commits may be lost when
// the machine loses power. Foreign keys are enforced. Transactions take the
// write lock when they begin, and wait up to ten seconds for it, so that two of
// them never fail each other half-way. A new file, and the files that SQLite keeps beside
// it, can be read and written by their owner only (0600).
//
// The handle is an ordinary *gorm.DB for the application's own models too. Its
// logger is silent; set db.Logger to log the application's own statements.
//
// Beside its pool the handle opens a few connections that only read. Lookups by a
// unique key, such as that of a request's session, use them outside of transactions.
// Closing the pool (*sql.DB.Close) closes them.
func SQLite(path string) (*gorm.DB, error) {
	dsn, size, err := sqlitedsn.New(path)
	if err != nil {
		return nil, fmt.Errorf("gormadapter: %w", err)
	}
	if err := sqlitedsn.Create(path); err != nil {
		return nil, fmt.Errorf("gormadapter: %w", err)
	}
	own, err := newReaders(dsn, size)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(own)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	if path == ":memory:" {
		own = nil // another connection would be another database
	}
	g, err := gorm.Open(&sqliteDialector{conn: db, immediate: true, readers: own}, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return g, nil
}

// FromSQLite makes a GORM handle from a *sql.DB that the application opened with
// a pure-Go driver, for example to choose its own pragmas. Give it busy_timeout
// and foreign_keys pragmas.
func FromSQLite(db *sql.DB) (*gorm.DB, error) {
	return gorm.Open(&sqliteDialector{conn: db}, &gorm.Config{Logger: logger.Discard})
}
