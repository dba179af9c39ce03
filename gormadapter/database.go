package gormadapter

import (
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ErrDialect is returned (wrapped) by Open for a database this module does not speak.
var ErrDialect = errors.New("gormadapter: the database is none of sqlite, postgres and mysql")

// New makes a database of the application's own GORM handle. The handle is used
// as it is and never changed; its logger is not called. Several adapters may be
// opened from one Database.
func New(db *gorm.DB) adapter.Database {
	d := &database{gorm: db, gate: make(chan struct{}, 1)}
	if db != nil && db.Statement != nil {
		d.pool = db.Statement.ConnPool
	}
	return d
}

// database is what adapters of one GORM handle share. Its address identifies
// the transactions that belong to it.
type database struct {
	gorm  *gorm.DB
	pool  gorm.ConnPool
	gate  chan struct{} // SQLite: one writer of this process at a time
	stmts stmtCache
}

// Open compiles the schema for the dialect of the database. It sends nothing.
// The returned adapter is also an adapter.Migrator and an Advisor.
func (d *database) Open(s *schema.Schema) (adapter.Adapter, error) {
	if d.pool == nil {
		return nil, errors.New("gormadapter: the GORM handle is not open")
	}
	dialect, err := dialectOf(d.gorm, s.IDs)
	if err != nil {
		return nil, err
	}
	st := &store{database: d, dialect: dialect, schema: s, tables: make(map[string]*table, len(s.Tables()))}
	for _, t := range s.Tables() {
		st.tables[t.Model] = compile(d.gorm, s, t)
	}
	if db, ok := d.pool.(*sql.DB); ok && dialect.prepares() {
		d.stmts.use(db)
	}
	if own, ok := d.gorm.Dialector.(*sqliteDialector); ok {
		st.immediate = own.immediate
	}
	return st, nil
}

// store is the adapter of one schema.
type store struct {
	*database
	dialect   dialect
	schema    *schema.Schema
	tables    map[string]*table
	immediate bool // SQLite: a transaction takes the write lock when it begins
}

// Name returns "gorm-" and the dialect, for example "gorm-sqlite".
func (s *store) Name() string { return "gorm-" + s.dialect.name() }

// Capabilities: everything is supported.
func (s *store) Capabilities() adapter.Capabilities {
	return adapter.Capabilities{Note: s.dialect.note()}
}

func (s *store) table(model string) (*table, error) {
	t, ok := s.tables[model]
	if !ok {
		return nil, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	return t, nil
}
