// Package entadapter keeps Kernia's rows in the SQL database behind an ent
// client: SQLite (without cgo), PostgreSQL, MySQL and MariaDB. It takes the
// client's dialect.Driver, so that Kernia's rows and the application's share one
// connection pool and, where the application wants it, one transaction. No code
// is generated: statements are written by ent's SQL builder from Kernia's schema,
// one for each operation.
//
// Tables, columns and stored formats are those of Better Auth's own migrations
// and of the other SQL adapters, so they can all share one database. That is why
// ent's migration engine (dialect/sql/schema) is not used: it writes definitions
// of its own (other types, named foreign keys apart from their columns, unique
// keys as separate indexes), so its tables would differ from Better Auth's and
// the ones it finds would look outdated to it. Package sqlmigrate writes the
// definitions instead. An application that uses ent's engine for its own tables
// is not in the way, since that engine drops no table it does not know. One that
// wants ent's engine for Kernia's tables too writes their schema with Schema.
package entadapter
