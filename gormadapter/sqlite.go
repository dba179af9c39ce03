package gormadapter

import (
	"database/sql"
	"errors"
	"net/url"
	"runtime"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // the driver "sqlite", which needs no C compiler
)

// SQLite opens a file, which is made when it is missing, or ":memory:" for a
// database of its own that ends with the handle. It needs no cgo.
//
// Files are kept in WAL mode with synchronous=NORMAL: readers never wait, a
// commit survives a crash of the process, and the last ones may be lost when
// the machine loses power. Foreign keys are enforced. Transactions take the
// write lock as they begin, and wait up to ten seconds for it, so that two of
// them never fail each other half-way.
//
// The handle is an ordinary *gorm.DB for the application's own models too. Its
// logger is silent; set db.Logger to hear of the application's own statements.
func SQLite(path string) (*gorm.DB, error) {
	if path == "" || strings.IndexByte(path, 0) >= 0 {
		return nil, errors.New(`gormadapter: SQLite needs a file path or ":memory:"`)
	}
	memory := path == ":memory:"
	db, err := sql.Open("sqlite", sqliteDSN(path, memory))
	if err != nil {
		return nil, err
	}
	// More connections than processors help only readers that wait for the disk.
	size := max(4, 2*runtime.GOMAXPROCS(0))
	if memory {
		size = 1 // every connection would be a database of its own
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	g, err := gorm.Open(&sqliteDialector{conn: db, immediate: true}, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		db.Close()
		return nil, err
	}
	return g, nil
}

// FromSQLite makes a GORM handle of a *sql.DB that the application opened with a
// pure-Go driver, for example to choose its own pragmas. Give it busy_timeout
// and foreign_keys pragmas.
func FromSQLite(db *sql.DB) (*gorm.DB, error) {
	return gorm.Open(&sqliteDialector{conn: db}, &gorm.Config{Logger: logger.Discard})
}

func sqliteDSN(path string, memory bool) string {
	q := url.Values{}
	// The wait comes first, so that it covers the change to WAL.
	q.Add("_pragma", "busy_timeout(10000)")
	q.Add("_pragma", "foreign_keys(1)")
	if !memory {
		q.Add("_pragma", "journal_mode(WAL)")
	}
	q.Add("_pragma", "synchronous(NORMAL)")
	q.Set("_txlock", "immediate")
	if memory {
		return "file::memory:?" + q.Encode()
	}
	// The path of a file: URI is percent-encoded; ? and # would end it.
	u := url.URL{Path: strings.ReplaceAll(path, `\`, "/")}
	return "file:" + u.EscapedPath() + "?" + q.Encode()
}
