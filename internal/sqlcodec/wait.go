package sqlcodec

import "errors"

// Waited reports whether a lock was not given in the time that the server allows for
// it. The statement has changed nothing then.
func (d Dialect) Waited(err error) bool {
	switch {
	case err == nil:
		return false
	case d == Postgres:
		return sqlState(err) == "55P03"
	case d == MySQL:
		return mysqlNumber(err, "1205")
	}
	var e interface{ Code() int }
	return errors.As(err, &e) && (e.Code()&0xff == 5 || e.Code()&0xff == 6) // SQLITE_BUSY, SQLITE_LOCKED
}

// LostRead reports whether a query outside a transaction lost to another one and is
// likely to succeed when it runs again. On PostgreSQL that includes a wait which the
// account's own lock_timeout ended; on MySQL such waits are too long to repeat.
func (d Dialect) LostRead(err error) bool {
	return d.Lost(err) || d == Postgres && d.Waited(err)
}
