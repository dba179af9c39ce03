package gormadapter

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	process "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltest"
)

// TestPgBouncer runs the suites through PgBouncer in transaction mode, where two
// transactions of one client may run on two connections of the server. docs/operations.md
// says what the DSN must have.
func TestPgBouncer(t *testing.T) {
	if os.Getenv("KERNIA_SOAK") == "" {
		t.Skip("the suites through PgBouncer take minutes: KERNIA_SOAK=1 runs them")
	}
	dsn := servers[0].dsn(t)
	program, err := process.LookPath("pgbouncer")
	if err != nil {
		t.Skip("PgBouncer was not tested: it is not installed")
	}
	bouncer := startPgBouncer(t, program, dsn)
	for _, mode := range []string{"exec", "cache_describe", "simple_protocol"} {
		open := func(t *testing.T) func(t *testing.T) adapter.Database {
			return sqltest.Shared(t, sqlcodec.Postgres, func(t testing.TB) (*sql.DB, adapter.Database) {
				db := bouncer.database(t, mode)
				pool, err := db.DB()
				if err != nil {
					t.Fatal(err)
				}
				return pool, New(db)
			})
		}
		t.Run(mode, func(t *testing.T) {
			database := open(t)
			adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter { return migrate(t, database(t), s) })
		})
		if mode == "exec" {
			t.Run("flows", func(t *testing.T) { flowtest.Run(t, open(t)) })
		}
	}
}

type pgBouncer struct {
	dsn     string // of the server behind
	address string
	user    string
}

// startPgBouncer runs PgBouncer in front of a server until the test ends.
func startPgBouncer(t *testing.T, program, dsn string) *pgBouncer {
	t.Helper()
	server, err := url.Parse(dsn)
	if err != nil || server.Host == "" {
		t.Skip("PgBouncer was not tested: KERNIA_TEST_POSTGRES_DSN is no URL")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	folder, err := os.MkdirTemp("", "pgbouncer") // not t.TempDir: another user has to read it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	password, _ := server.User.Password()
	if password != "" {
		password = " password=" + password
	}
	at := server.Port()
	if at == "" {
		at = "5432"
	}
	file := filepath.Join(folder, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s%s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 1000
server_idle_timeout = 2
server_check_query = select 1
ignore_startup_parameters = extra_float_digits
`, server.Hostname(), at, server.User.Username(), password, port)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // of a test server
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // likewise
		t.Fatal(err)
	}
	args := []string{file}
	if os.Getuid() == 0 {
		args = []string{"-u", "nobody", file} // it refuses to be root
	}
	command := process.Command(program, args...) //nolint:gosec,noctx // ended below, after its clients
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // at once
		_ = command.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for end := time.Now().Add(20 * time.Second); ; { //nolint:forbidigo // a process tells by nothing else
		c, err := net.DialTimeout("tcp", address, time.Second) //nolint:noctx // has a limit
		if err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(end) { //nolint:forbidigo // likewise
			t.Fatalf("PgBouncer does not listen: %s", said.String())
		}
	}
	return &pgBouncer{dsn, address, server.User.Username()}
}

// database opens a database of the test's own: PgBouncer passes no search_path on.
func (b *pgBouncer) database(t testing.TB, mode string) *gorm.DB {
	t.Helper()
	admin := connect(t, gormpostgres.Open(b.dsn))
	name := scratchName()
	run(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	return connect(t, gormpostgres.Open("postgres://"+b.user+"@"+b.address+"/"+name+"?sslmode=disable&default_query_exec_mode="+mode))
}
