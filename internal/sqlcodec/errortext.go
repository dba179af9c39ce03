package sqlcodec

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// callMigrate follows the text about a table or column that is not there.
const callMigrate = " (call auth.Migrate, or make the tables with your own migrations)"

// safeText is the part of an error that may be shown. It says why the database could
// not be reached or used, and holds no value of a row, no password and no DSN. Text
// that is not known to be harmless is left out.
func (d Dialect) safeText(err error) string {
	var column *columnError
	if errors.As(err, &column) {
		return column.text
	}
	if text := d.serverText(err); text != "" {
		return text
	}
	if text := transportText(err); text != "" {
		return text
	}
	return "the connection or the driver failed"
}

// serverText is the database's own text when that names only tables, columns, accounts
// and databases, and otherwise its code. It is "" for an error of another source.
func (d Dialect) serverText(err error) string {
	switch d {
	case SQLite:
		return sqliteText(err)
	case Postgres:
		return postgresText(err)
	}
	return mysqlText(err)
}

// sqliteText names tables and columns, never values.
func sqliteText(err error) string {
	var e interface{ Code() int }
	if !errors.As(err, &e) {
		return ""
	}
	text := fmt.Sprint(e)
	if strings.Contains(text, "no such table") || strings.Contains(text, "no such column") || strings.Contains(text, "has no column named") {
		text += callMigrate
	}
	return text
}

// postgresClasses are the classes of codes whose texts hold no value of a row:
// connections, roles, databases, schemas, read-only transactions, unknown names and
// rights, resources, states and the operator. Classes 22 and 23 repeat values.
var postgresClasses = []string{"08", "25", "28", "3D", "3F", "42", "53", "55", "57"}

func postgresText(err error) string {
	state := sqlState(err)
	if len(state) < 2 {
		return ""
	}
	text := "SQLSTATE " + state
	for _, class := range postgresClasses {
		if state[:2] == class {
			var e interface{ SQLState() string }
			errors.As(err, &e)
			text = fmt.Sprint(e)
			if !strings.Contains(text, state) {
				text += " (SQLSTATE " + state + ")"
			}
		}
	}
	if state == "42P01" || state == "42703" {
		text += callMigrate
	}
	return text
}

// mysqlTexts are the numbers of errors whose texts hold no value of a row: accounts,
// hosts, databases, tables, columns, rights, limits and read-only servers.
var mysqlTexts = []string{
	"1040", "1044", "1045", "1046", "1049", "1053", "1054", "1129", "1130", "1142", "1143", "1146", "1154", "1203",
	"1226", "1227", "1251", "1290", "1698", "1792", "1820", "1862", "3118", "3159", "4151",
}

func mysqlText(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error()
		number, _, ok := strings.Cut(strings.TrimPrefix(text, "Error "), " ")
		if !ok || !strings.HasPrefix(text, "Error ") {
			continue
		}
		number = strings.TrimSuffix(number, ":")
		for _, known := range mysqlTexts {
			if number == known {
				if number == "1146" || number == "1054" {
					text += callMigrate
				}
				return text
			}
		}
		code, _, _ := strings.Cut(text, ":")
		return code // "Error 1366 (22007)"
	}
	return ""
}

// plainErrors have a text of their own that is always the same.
var plainErrors = []error{
	context.Canceled, context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.ErrUnexpectedEOF, io.EOF,
}

// plainTexts are the beginnings of drivers' own errors that have no exported values or
// types. At most the name of a method follows in such a text.
var plainTexts = []string{
	"invalid connection", "sql: database is closed", "TLS requested but server does not support TLS",
	"tls error: server refused TLS connection", "server refused TLS connection", "pq: SSL is not enabled on the server",
	"this user requires", "this authentication plugin is not supported", "unknown auth plugin", "could not use requested auth plugin",
	"server does not support", "conn closed", "busy buffer", "malformed packet", "commands out of sync", "closed pool",
}

// transportText is why a server could not be reached: the dialled address and the
// failure, an unknown host, a certificate. Drivers wrap these in texts that repeat
// parts of the DSN.
func transportText(err error) string {
	var parts []string
	add := func(text string) {
		for _, p := range parts {
			if strings.Contains(p, text) {
				return
			}
		}
		parts = append(parts, text)
	}
	walk(err, func(err error) {
		switch e := err.(type) {
		case *net.OpError, *net.DNSError, *tls.CertificateVerificationError, tls.RecordHeaderError, tls.AlertError,
			x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, x509.SystemRootsError:
			add(e.Error())
			return
		}
		for _, plain := range plainErrors {
			if err == plain {
				add(err.Error())
			}
		}
		text := err.Error()
		for _, plain := range plainTexts {
			if strings.HasPrefix(text, plain) {
				add(text)
			}
		}
	})
	return strings.Join(parts, ": ")
}

// walk calls visit for an error and everything that it wraps.
func walk(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			walk(err, visit)
		}
	}
}
