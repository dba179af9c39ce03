package sqlmigrate

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltx"
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
	codec   sqlcodec.Dialect
	dialect dialect
	schema  *schema.Schema
}

// New makes the migration of a schema for one kind of database.
func New(d sqlcodec.Dialect, s *schema.Schema) *Migration {
	m := &Migration{codec: d, schema: s, dialect: sqlite{ids: s.IDs}}
	switch d {
	case sqlcodec.Postgres:
		m.dialect = postgres{ids: s.IDs}
	case sqlcodec.MySQL:
		m.dialect = mysql{ids: s.IDs}
	}
	return m
}

// Apply runs the plan in the caller's transaction, after the migrations of other
// processes. It waits for other transactions as briefly as Migrate does. When it has
// waited in vain the caller decides; Patiently repeats it.
func (m *Migration) Apply(ctx context.Context, conn Conn) error {
	steps, err := m.pending(ctx, conn)
	if err != nil || len(steps) == 0 {
		return err
	}
	tell := tellerOf(ctx, steps)
	return m.restored(ctx, conn, func() error {
		return m.locked(ctx, conn, tell, untilOf(ctx), func() error {
			// Another process may have done it meanwhile.
			steps, err := m.pending(ctx, conn)
			if err != nil {
				return err
			}
			if err := m.duplicates(ctx, conn, steps); err != nil {
				return err
			}
			for _, s := range steps {
				for _, c := range s.changes {
					tell.begins(c)
					if err := conn.Exec(ctx, c.SQL); err != nil {
						return m.blocked(err)
					}
					tell.ended(c)
				}
			}
			return nil
		})
	})
}

// Migrate applies the plan on one connection of the pool, while other processes serve
// from the same tables. On SQLite it is one transaction. On PostgreSQL each table is
// made, and each column and index added, in a transaction of its own, and MySQL
// commits every statement: no transaction holds two tables that a reader may need. A
// statement that waits for a table gives way after less than a second, so that requests
// behind it go on. It runs again, for a minute at most or until shortly before the
// deadline of ctx. Two processes that start at the same time do it one after the other,
// and the second finds nothing to do.
func (m *Migration) Migrate(ctx context.Context, db *sql.DB) error {
	pooled, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer pooled.Close()
	conn := single{pooled}
	if m.dialect.whole() {
		return m.migrateWhole(ctx, conn)
	}
	steps, err := m.pending(ctx, conn)
	if err != nil || len(steps) == 0 {
		return err
	}
	if err := m.duplicates(ctx, conn, steps); err != nil {
		return err
	}
	until, tell := untilOf(ctx), tellerOf(ctx, steps)
	if m.dialect.begin() != "" {
		if m.none(steps) {
			steps = []step{{changes: changes(steps)}} // nobody waits for tables that do not exist
		}
		return m.inTurn(ctx, conn, steps, tell, until, func(s step) error { return m.transact(ctx, conn, tell, until, s) })
	}
	return m.restored(ctx, conn, func() error {
		return m.locked(ctx, conn, tell, until, func() error {
			return m.inTurn(ctx, conn, steps, tell, until, func(s step) error { return m.still(ctx, conn, tell, s) })
		})
	})
}

func (m *Migration) migrateWhole(ctx context.Context, conn single) error {
	steps, err := m.pending(ctx, conn)
	if err != nil || len(steps) == 0 {
		return err
	}
	tell := tellerOf(ctx, steps)
	begin := func() error {
		defer tell.waits(othersOfFile)()
		return m.blocked(conn.Exec(ctx, m.dialect.begin()))
	}
	// The driver waits by itself, for ten seconds unless the DSN says otherwise.
	if wait := adapter.MigrationOf(ctx).Wait; wait > 0 {
		err = m.patiently(ctx, tell, untilOf(ctx), begin)
	} else {
		err = begin()
	}
	if err != nil {
		return m.explain(ctx, conn, err)
	}
	return sqltx.Run(ctx, ending{conn, context.WithoutCancel(ctx)}, func() error { return m.Apply(ctx, conn) }, same)
}

// inTurn runs the steps one after the other, each until it does not have to give way.
func (m *Migration) inTurn(ctx context.Context, conn Conn, steps []step, tell *teller, until time.Time, one func(step) error) error {
	for _, s := range steps {
		err := m.patiently(ctx, tell, until, func() error { return one(s) })
		if err != nil && s.unique != nil && errors.Is(m.codec.Kind(err), adapter.ErrUnique) {
			// The duplicates came after the count.
			if found := m.duplicates(ctx, conn, []step{s}); found != nil {
				err = found
			}
		}
		if err != nil {
			return m.explain(ctx, conn, err)
		}
	}
	return nil
}

// none reports whether the steps make every table.
func (m *Migration) none(steps []step) bool {
	n := 0
	for _, s := range steps {
		if s.changes[0].Kind == "create table" {
			n++
		}
	}
	return n == len(m.schema.Tables())
}

// transact makes one step in a transaction.
func (m *Migration) transact(ctx context.Context, conn single, tell *teller, until time.Time, s step) error {
	if err := conn.Exec(ctx, m.dialect.begin()); err != nil {
		return err
	}
	still := func() error { return m.still(ctx, conn, tell, s) }
	return sqltx.Run(ctx, ending{conn, context.WithoutCancel(ctx)}, func() error { return m.locked(ctx, conn, tell, until, still) }, same)
}

// still runs the missing statements of a step.
func (m *Migration) still(ctx context.Context, conn Conn, tell *teller, s step) error {
	steps, advice, err := m.look(ctx, conn)
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, c := range append(changes(steps), advice...) {
		missing[c.SQL] = true
	}
	for _, c := range s.changes {
		if !missing[c.SQL] {
			tell.ended(c)
			continue
		}
		tell.begins(c)
		if err := conn.Exec(ctx, c.SQL); err != nil {
			return m.blocked(err)
		}
		tell.ended(c)
	}
	return nil
}

func exec(ctx context.Context, conn Conn, text string) error {
	if text == "" {
		return nil
	}
	return conn.Exec(ctx, text)
}

func same(err error) error { return err }

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

// ending ends the transaction of a connection. A statement began it, so that SQLite
// takes the write lock at once.
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
