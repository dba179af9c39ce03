package gormadapter

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"

	"modernc.org/sqlite" // the driver needs no C compiler
)

// readers are connections to a SQLite file beside those of its pool, for lookups alone.
// What database/sql does for a statement costs some 15 % of such a lookup: it binds the
// statement to a connection, watches who uses it, and copies arguments and values. A
// reader has its statements to itself.
//
// It is the connector of the pool as well, which closes it at its own end.
type readers struct {
	driver.Connector // makes the connections of the pool
	own              driver.Connector
	most             int // readers

	mu     sync.Mutex
	idle   []*reader
	count  int // idle ones and those in use
	closed bool
}

// newReaders makes the connector of a file, and room for some readers. They cannot write.
func newReaders(dsn string, most int) (*readers, error) {
	pool, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	own, err := sqlite.NewConnector(dsn + "&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	return &readers{Connector: pool, own: own, most: most}, nil
}

// Close implements io.Closer for sql.DB.Close. Readers in use close themselves.
func (r *readers) Close() error {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.closed = nil, true
	r.count -= len(idle)
	r.mu.Unlock()
	var failed error
	for _, one := range idle {
		failed = errors.Join(failed, one.close())
	}
	return failed
}

// take returns a reader for give, or nil when there is none: all are in use, the database
// is closed, or no connection can be opened.
func (r *readers) take(ctx context.Context) *reader {
	r.mu.Lock()
	if n := len(r.idle); n > 0 {
		one := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return one
	}
	if r.closed || r.count >= r.most {
		r.mu.Unlock()
		return nil
	}
	r.count++
	r.mu.Unlock()
	conn, err := r.own.Connect(ctx)
	if err != nil {
		r.mu.Lock()
		r.count--
		r.mu.Unlock()
		return nil // the pool will say why
	}
	return &reader{conn: conn, stmts: map[*lookup]driver.StmtQueryContext{}}
}

// give takes a reader back. After an error it is closed, as a pool would do.
func (r *readers) give(one *reader, failed bool) {
	r.mu.Lock()
	keep := !failed && !r.closed
	if keep {
		r.idle = append(r.idle, one)
	} else {
		r.count--
	}
	r.mu.Unlock()
	if !keep {
		_ = one.close()
	}
}

// reader is a connection with its statements. Between two lookups it holds neither a
// transaction nor a lock, so it sees every commit, also those of other processes.
type reader struct {
	conn  driver.Conn
	stmts map[*lookup]driver.StmtQueryContext
	dest  [1]driver.Value
}

// read runs a packed lookup. It cannot be cancelled: in WAL mode it waits for no lock.
func (r *reader) read(l *lookup, args []driver.NamedValue) (text string, found bool, err error) {
	stmt, err := r.prepared(l)
	if err != nil {
		return "", false, err
	}
	rows, err := stmt.QueryContext(context.Background(), args)
	if err != nil {
		return "", false, err
	}
	switch err = rows.Next(r.dest[:]); {
	case errors.Is(err, io.EOF):
		err = nil
	case err == nil:
		if text, found = r.dest[0].(string); !found {
			err = fmt.Errorf("gormadapter: a packed row is a %T", r.dest[0])
		}
	}
	r.dest[0] = nil
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	return text, found, err
}

func (r *reader) prepared(l *lookup) (driver.StmtQueryContext, error) {
	if stmt, ok := r.stmts[l]; ok {
		return stmt, nil
	}
	if len(r.stmts) >= maxStatements {
		return nil, errors.New("gormadapter: a reader has too many statements")
	}
	conn, ok := r.conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("gormadapter: the driver cannot prepare")
	}
	made, err := conn.PrepareContext(context.Background(), l.packed)
	if err != nil {
		return nil, err
	}
	stmt, ok := made.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.Join(errors.New("gormadapter: the driver cannot query"), made.Close())
	}
	r.stmts[l] = stmt
	return stmt, nil
}

func (r *reader) close() error {
	var failed error
	for _, stmt := range r.stmts {
		if s, ok := stmt.(driver.Stmt); ok {
			failed = errors.Join(failed, s.Close())
		}
	}
	return errors.Join(failed, r.conn.Close())
}
