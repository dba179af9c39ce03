package entadapter

import (
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
	"github.com/advantch/kernia-go/internal/sqltx"
)

var (
	// ErrDialect is returned (wrapped) by Open for a database that this module does not
	// support.
	ErrDialect = errors.New("entadapter: the database is none of sqlite3, postgres and mysql")
	// ErrForeignKey is returned (wrapped) when a write names a row that does not
	// exist, or removes one that others need.
	ErrForeignKey = sqlcodec.ErrForeignKey
)

// New makes a database from an ent client's driver: an *sql.Driver of
// entgo.io/ent/dialect/sql, or a driver that wraps one. Statements go through
// the wrapper, except through ent's DebugDriver, which is bypassed because it
// would print tokens and password hashes. Several adapters may be opened from
// one Database.
func New(drv dialect.Driver) adapter.Database {
	drv = quiet(drv)
	return &database{driver: drv, begins: begins(drv), gate: sqltx.NewGate(), maxWait: sqltx.MaxWait}
}

// quiet removes ent's debug drivers.
func quiet(drv dialect.Driver) dialect.Driver {
	for {
		debug, ok := drv.(*dialect.DebugDriver)
		if !ok {
			return drv
		}
		drv = debug.Driver
	}
}

// database is what adapters of one driver share. Its address identifies the
// transactions that belong to it.
type database struct {
	driver  dialect.Driver
	begins  bool          // its transactions are its own, and not the application's
	gate    sqltx.Gate    // SQLite: one writer of this process at a time
	maxWait time.Duration // SQLite: for the turn and the lock together
	server  sqlcodec.Server
}

// Open compiles the schema for the dialect of the driver. It sends nothing. The
// returned adapter is also an adapter.Migrator and an adapter.Advisor.
func (d *database) Open(s *schema.Schema) (adapter.Adapter, error) {
	if d.driver == nil {
		return nil, errors.New("entadapter: there is no driver")
	}
	st := &store{database: d}
	switch name := d.driver.Dialect(); name {
	case dialect.SQLite:
		st.codec = sqlcodec.SQLite
	case dialect.Postgres:
		st.codec = sqlcodec.Postgres
	case dialect.MySQL:
		st.codec = sqlcodec.MySQL
	default:
		return nil, fmt.Errorf("%w: %q", ErrDialect, name)
	}
	st.name = d.driver.Dialect()
	st.Tables = sqlcodec.CompileAll(s, st.quote)
	st.reads = make(map[*table][]string, len(st.Tables))
	for _, t := range st.Tables {
		st.reads[t] = st.columns(t.Quoted, t.Columns)
	}
	if tables := s.Tables(); len(tables) > 0 {
		st.first = st.Tables[tables[0].Model]
	}
	st.migration = sqlmigrate.New(st.codec, s)
	st.errors = sqlcodec.Reporter{Package: "entadapter", Dialect: st.codec}
	return st, nil
}

type (
	column = sqlcodec.Column
	table  = sqlcodec.Table
)

// store is the adapter of one schema.
type store struct {
	*database
	sqlcodec.Tables
	codec     sqlcodec.Dialect
	name      string // ent's name of the dialect
	reads     map[*table][]string
	first     *table // of the schema; nil when it is empty
	migration *sqlmigrate.Migration
	errors    sqlcodec.Reporter
}

// Name returns "ent-" and the dialect, for example "ent-sqlite".
func (s *store) Name() string { return "ent-" + string(s.codec) }

// Capabilities: everything is supported.
func (s *store) Capabilities() adapter.Capabilities {
	return adapter.Capabilities{Note: s.codec.Note()}
}

func (s *store) wrap(op, subject string, err error) error {
	return s.errors.Wrap(op, subject, err, ErrNoTransaction)
}

func (s *store) fail(op string, t *table, err error) error { return s.wrap(op, t.Model, err) }
