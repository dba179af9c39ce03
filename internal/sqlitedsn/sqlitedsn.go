// Package sqlitedsn writes the data source name with which Kernia opens SQLite
// through the pure-Go driver modernc.org/sqlite.
package sqlitedsn

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"strings"
)

// New returns the data source name of a file, or of ":memory:", and how many
// connections its pool should have.
//
// Files are kept in WAL mode with synchronous=NORMAL: readers never wait, a
// commit survives a crash of the process, and the last ones may be lost when
// the machine loses power. Foreign keys are enforced. Transactions take the
// write lock as they begin, and wait up to ten seconds for it, so that two of
// them never fail each other half-way.
func New(path string) (dsn string, conns int, err error) {
	if path == "" || strings.IndexByte(path, 0) >= 0 {
		return "", 0, errors.New(`SQLite needs a file path or ":memory:"`)
	}
	memory := path == ":memory:"
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
		// Every connection would be a database of its own.
		return "file::memory:?" + q.Encode(), 1, nil
	}
	// The path of a file: URI is percent-encoded; ? and # would end it.
	u := url.URL{Path: strings.ReplaceAll(path, `\`, "/")}
	// More connections than processors help only readers that wait for the disk.
	return "file:" + u.EscapedPath() + "?" + q.Encode(), max(4, 2*runtime.GOMAXPROCS(0)), nil
}

// Create makes the file of a database, unless it is there or path is ":memory:", with
// the mode 0600: it will hold password hashes and tokens. SQLite gives the files that
// it keeps beside it the same mode. A file that is there keeps its own.
func Create(path string) error {
	if path == ":memory:" {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // SQLite reports all other problems
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
