package gormadapter

import (
	"database/sql"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
	"github.com/advantch/kernia-go/internal/sqltx"
)

// ErrDialect is returned (wrapped) by Open for a database that this module does not
// support.
var ErrDialect = errors.New("gormadapter: the database is none of sqlite, postgres and mysql")

// New makes a database from the application's own GORM handle. The handle is
// never changed and its logger is not called. Several adapters may be opened
// from one Database.
func New(db *gorm.DB) adapter.Database {
	d := &database{gorm: db, gate: sqltx.NewGate(), maxWait: sqltx.MaxWait}
	if db != nil && db.Statement != nil {
		d.pool = db.Statement.ConnPool
		switch d.pool.(type) {
		case gorm.TxBeginner, gorm.ConnPoolBeginner:
		default:
			d.joined = true
		}
	}
	return d
}

// database is what adapters of one GORM handle share. Its address identifies
// the transactions that belong to it.
type database struct {
	gorm    *gorm.DB
	pool    gorm.ConnPool
	joined  bool          // pool is a transaction of the application
	gate    sqltx.Gate    // SQLite: one writer of this process at a time
	maxWait time.Duration // SQLite: for the turn and the lock together
	stmts   stmtCache
	server  sqlcodec.Server
}

// Open compiles the schema for the dialect of the database. It sends nothing.
// The returned adapter is also an adapter.Migrator and an adapter.Advisor.
func (d *database) Open(s *schema.Schema) (adapter.Adapter, error) {
	if d.pool == nil {
		return nil, errors.New("gormadapter: the GORM handle is not open")
	}
	dialect, err := dialectOf(d.gorm)
	if err != nil {
		return nil, err
	}
	st := &store{
		database: d, dialect: dialect, schema: s, Tables: sqlcodec.CompileAll(s, quoter(d.gorm)), migration: sqlmigrate.New(dialect.Dialect, s),
		errors: sqlcodec.Reporter{Package: "gormadapter", Dialect: dialect.Dialect, Translate: translator(d.gorm)},
	}
	if db, ok := d.pool.(*sql.DB); ok && dialect.prepares {
		d.stmts.use(db)
	}
	if own, ok := d.gorm.Dialector.(*sqliteDialector); ok {
		st.immediate = own.immediate
		if own.readers != nil && d.pool == gorm.ConnPool(own.conn) { // not when a pool of the application watches its statements
			st.readers = own.readers
		}
	}
	return st, nil
}

// store is the adapter of one schema.
type store struct {
	*database
	sqlcodec.Tables
	dialect   dialect
	schema    *schema.Schema
	migration *sqlmigrate.Migration
	errors    sqlcodec.Reporter
	lookups   lookups
	readers   *readers // of a file that SQLite has opened, or nil
	immediate bool     // SQLite: a transaction takes the write lock when it begins
}

// Name returns "gorm-" and the dialect, for example "gorm-sqlite".
func (s *store) Name() string { return "gorm-" + string(s.dialect.Dialect) }

// Capabilities: everything is supported.
func (s *store) Capabilities() adapter.Capabilities {
	return adapter.Capabilities{Note: s.dialect.Note()}
}
