package sqltest

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// ForeignLock has another process hold the write lock of a SQLite file while several
// clients want to write. wait is how long the adapter waits altogether. lock takes the
// lock and returns what gives it back.
func ForeignLock(t *testing.T, db adapter.Database, wait time.Duration, lock func() (release func())) {
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = db }, emailpassword.New(emailpassword.Options{}))
	release := lock()
	began := time.Now()
	var wg sync.WaitGroup
	for _, name := range []string{"ada", "eve", "bob", "cy"} {
		wg.Go(func() {
			in := map[string]string{"name": name, "email": name + "@example.com", "password": "correct horse"}
			a := e.Client().Post("/sign-up/email", in).Want(t, 503, "SERVER_BUSY")
			if a.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
	wg.Wait()
	// The waits that follow one another would take four times as long.
	if took := time.Since(began); took > 3*wait {
		t.Errorf("the answers took %v, although each waits %v at most", took, wait)
	}
	release()
	e.Client().Post("/sign-up/email", map[string]string{"name": "A", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
}

// PrivateFiles checks that nobody but its owner can read a SQLite file which has been
// made at path and written, nor those beside it.
func PrivateFiles(t *testing.T, path string) {
	t.Helper()
	n := 0
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Error(err)
			continue
		}
		n++
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has the mode %v", path[strings.LastIndexByte(path, '/')+1:]+suffix, mode)
		}
	}
	if n != 3 {
		t.Errorf("%d files", n)
	}
}
