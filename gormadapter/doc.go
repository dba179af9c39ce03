// Package gormadapter keeps Kernia's rows in the SQL database behind a
// *gorm.DB: SQLite (without cgo), PostgreSQL, MySQL and MariaDB.
//
// The adapter uses GORM's connection pool, quoting, transactions and error
// translation. It writes the statements itself, because the tables are known
// only at run time and each operation must be one statement. GORM's callbacks,
// naming, soft deletes and logger therefore never see a row of Kernia's tables,
// a token or a password hash.
//
// Tables, columns and stored formats are those of Better Auth's own
// migrations, so both servers can share one database.
package gormadapter
