package entadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "modernc.org/sqlite" // the driver "sqlite", which needs no C compiler

	"github.com/advantch/kernia-go/internal/sqlitedsn"
)

// SQLite opens a file, which is created if it does not exist, or ":memory:" for
// a database that ends with the driver. It needs no cgo. The driver also serves
// the application's own client: ent.NewClient(ent.Driver(drv)).
//
// Files are kept in WAL mode with synchronous=NORMAL: readers never wait, a
// commit survives a crash of the process, and the last commits may be lost when
// the machine loses power. Foreign keys are enforced. Transactions take the
// write lock when they begin, and wait up to ten seconds for it, so that two of
// them never fail each other half-way. A new file, and the files that SQLite keeps beside
// it, can be read and written by their owner only (0600).
func SQLite(path string) (*entsql.Driver, error) {
	dsn, conns, err := sqlitedsn.New(path)
	if err != nil {
		return nil, fmt.Errorf("entadapter: %w", err)
	}
	if err := sqlitedsn.Create(path); err != nil {
		return nil, fmt.Errorf("entadapter: %w", err)
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.PingContext(context.Background()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return entsql.OpenDB(dialect.SQLite, db), nil
}
