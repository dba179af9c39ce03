// Package entadapter keeps Kernia's rows in the SQL database behind an ent
// client: SQLite (without cgo), PostgreSQL, MySQL and MariaDB. It uses the
// client's dialect.Driver, so that Kernia and the application share one
// connection pool and, if the application wants it, one transaction. No code is
// generated: ent's SQL builder makes one statement for each operation from
// Kernia's schema.
//
// Tables, columns and stored formats are those of Better Auth's own migrations
// and of the other SQL adapters, so they can all share one database. For this
// reason Migrate does not use ent's migration engine (dialect/sql/schema). That
// engine writes different definitions (other types, named foreign keys apart
// from their columns, unique keys as separate indexes), so its tables would
// differ from Better Auth's, and existing tables would look outdated to it. An
// application can still use ent's engine for its own tables, because that engine
// drops no table it does not know. To use ent's engine for Kernia's tables too,
// write their schema with Schema.
package entadapter
