package schema

// Dialect is a kind of SQL database, for generators of SQL and of models.
type Dialect string

// The dialects: SQLite 3.35 or later, PostgreSQL 13 or later, and MySQL 8 or
// MariaDB 10.5 or later.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql"
)
