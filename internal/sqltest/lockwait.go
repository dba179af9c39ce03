package sqltest

import (
	"database/sql"
	"testing"
	"time"
)

// lockWaits counts the transactions that wait for a lock in the current database.
var lockWaits = map[string]string{
	"postgres": `SELECT count(*) FROM pg_stat_activity AS s WHERE s.wait_event_type = 'Lock' AND EXISTS (SELECT 1 FROM pg_locks AS l
		JOIN pg_class AS t ON t.oid = l.relation JOIN pg_namespace AS n ON n.oid = t.relnamespace
		WHERE l.pid = s.pid AND n.nspname = current_schema())`,
	"mysql": `SELECT count(*) FROM information_schema.innodb_trx AS t JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
		WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()`,
}

// between is how often a server is asked. InnoDB shows what it showed before to anybody
// who asks within a tenth of a second.
const between = 150 * time.Millisecond

// AwaitLockWait returns when a transaction of the database waits for a lock, after a
// minute at most. It may be called from any goroutine: a failure is an error of the
// test, after which it returns.
func AwaitLockWait(t testing.TB, pool *sql.DB, dialect string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var n int
		if err := pool.QueryRowContext(t.Context(), lockWaits[dialect]).Scan(&n); err != nil {
			t.Errorf("who waits for a lock: %v", err)
			return
		}
		if n > 0 {
			return
		}
		<-time.After(between)
	}
	t.Error("nobody waits for a lock")
}
