package sqlmigrate

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/sqlcodec"
	"github.com/advantch/kernia-go/core/sqltx"
)

// Conn is a connection, a pool or a transaction, as an adapter reaches it.
type Conn interface {
	// Exec runs a statement without arguments.
	Exec(ctx context.Context, text string) error
	// Query runs a query without arguments.
	Query(ctx context.Context, text string) (sqlcodec.Rows, error)
}

// Migration makes and changes the tables of one schema.
type Migration struct {
	dialect dialect
	schema  *schema.Schema
}

// New makes the migration of a schema for one kind of database.
func New(d sqlcodec.Dialect, s *schema.Schema) *Migration {
	m := &Migration{schema: s, dialect: sqlite{ids: s.IDs}}
	switch d {
	case sqlcodec.Postgres:
		m.dialect = postgres{ids: s.IDs}
	case sqlcodec.MySQL:
		m.dialect = mysql{ids: s.IDs}
	}
	return m
}

// Plan compares the schema with the database. plan holds tables and columns that
// are missing and the indexes that belong to them. A table that is there already
// is only given columns, so the plan for a database of Better Auth's is empty.
// advice lists indexes that such tables lack and nothing depends on.
func (m *Migration) Plan(ctx context.Context, conn Conn) (plan, advice []adapter.Change, err error) {
	have, err := inspect(ctx, conn, m.dialect)
	if err != nil {
		return nil, nil, err
	}
	plan, advice = m.compare(have)
	return plan, advice, nil
}

// compare lists what the schema needs besides what a database has.
func (m *Migration) compare(have *found) (plan, advice []adapter.Change) {
	collation := have.binary
	for _, t := range m.schema.Tables() {
		if c := have.collation[strings.ToLower(t.Name)]; c != "" {
			collation = c
			break
		}
	}
	var last []adapter.Change // indexes, after all tables and columns
	for _, t := range m.schema.Tables() {
		if !have.hasTable(t.Name) {
			plan = append(plan, adapter.Change{Table: t.Name, Kind: "create table", SQL: m.createTable(t, collation)})
			for _, x := range indexes(t) {
				last = append(last, adapter.Change{Table: t.Name, Kind: "create index", SQL: m.createIndex(x)})
			}
			continue
		}
		added := map[string]bool{}
		for i := range t.Fields {
			f := &t.Fields[i]
			if have.hasColumn(t.Name, f.Column) {
				continue
			}
			added[f.Name] = true
			text, unique := m.addColumn(t, f)
			plan = append(plan, adapter.Change{Table: t.Name, Kind: "add column", SQL: text})
			if unique && !f.Index { // an indexed one gets the same index below
				x := index{table: t, fields: []*schema.Field{f}, unique: true}
				last = append(last, adapter.Change{Table: t.Name, Kind: "create index", SQL: m.createIndex(x)})
			}
		}
		for _, x := range indexes(t) {
			change := adapter.Change{Table: t.Name, Kind: "create index", SQL: m.createIndex(x)}
			switch {
			case hasAny(added, x.fields):
				last = append(last, change)
			case !have.covers(t.Name, x.columns()):
				advice = append(advice, change)
			}
		}
	}
	return append(plan, last...), advice
}

func hasAny(added map[string]bool, fields []*schema.Field) bool {
	for _, f := range fields {
		if added[f.Name] {
			return true
		}
	}
	return false
}

// Apply runs the plan in the caller's transaction, after the migrations of other
// processes.
func (m *Migration) Apply(ctx context.Context, conn Conn) (err error) {
	if err := exec(ctx, conn, m.dialect.lock()); err != nil {
		return err
	}
	defer func() {
		if end := exec(context.WithoutCancel(ctx), conn, m.dialect.unlock()); end != nil {
			err = errors.Join(err, end)
		}
	}()
	plan, _, err := m.Plan(ctx, conn)
	if err != nil {
		return err
	}
	for _, c := range plan {
		if err := conn.Exec(ctx, c.SQL); err != nil {
			return err
		}
	}
	return nil
}

// Migrate applies the plan on one connection of the pool. Two processes that
// start at the same time do it one after the other, and the second finds nothing
// to do. On SQLite and PostgreSQL it is one transaction; MySQL commits every
// statement on its own.
func (m *Migration) Migrate(ctx context.Context, db *sql.DB) error {
	pooled, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer pooled.Close()
	conn := single{pooled}
	if m.dialect.begin() == "" {
		return m.Apply(ctx, conn)
	}
	if err := conn.Exec(ctx, m.dialect.begin()); err != nil {
		return err
	}
	apply := func() error { return m.Apply(ctx, conn) }
	return sqltx.Run(ctx, ending{conn, context.WithoutCancel(ctx)}, apply, func(err error) error { return err })
}

func exec(ctx context.Context, conn Conn, text string) error {
	if text == "" {
		return nil
	}
	return conn.Exec(ctx, text)
}

// single is one connection of a pool.
type single struct{ conn *sql.Conn }

// Exec implements Conn.
func (c single) Exec(ctx context.Context, text string) error {
	_, err := c.conn.ExecContext(ctx, text)
	return err
}

// Query implements Conn.
func (c single) Query(ctx context.Context, text string) (sqlcodec.Rows, error) {
	return c.conn.QueryContext(ctx, text)
}

// ending ends the transaction of a connection. It was begun by a statement, so
// that SQLite could be told to take the write lock.
type ending struct {
	conn single
	ctx  context.Context
}

// Commit implements sqltx.Ender.
func (e ending) Commit() error {
	err := e.conn.Exec(e.ctx, "COMMIT")
	if err != nil {
		_ = e.Rollback() // the commit's error is the one that matters
	}
	return err
}

// Rollback implements sqltx.Ender.
func (e ending) Rollback() error { return e.conn.Exec(e.ctx, "ROLLBACK") }
