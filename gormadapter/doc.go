// Package gormadapter keeps Kernia's rows in the SQL database behind a
// *gorm.DB: SQLite (without cgo), PostgreSQL, MySQL and MariaDB.
//
// GORM lends its connection pool, its dialect's quoting, its transactions and
// its error translation. The statements themselves are written here, because
// the tables are known only at run time and each operation has to be one
// statement. GORM's callbacks, naming, soft deletes and logger therefore never
// see a row of Kernia's tables, nor a token or a password hash.
//
// Tables, columns and stored formats are those of Better Auth's own
// migrations, so both servers can share one database.
package gormadapter
