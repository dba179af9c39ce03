package gormadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// sqliteDialector is GORM's view of SQLite for handles made by this package.
// gorm.io/driver/sqlite would work, but it imports a cgo driver besides the one used
// here, and a C compiler would build that into every binary.
type sqliteDialector struct {
	conn      *sql.DB
	immediate bool
	readers   *readers
}

// Name implements gorm.Dialector.
func (*sqliteDialector) Name() string { return "sqlite" }

// Initialize implements gorm.Dialector.
func (d *sqliteDialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.conn
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	db.ClauseBuilders["LIMIT"] = buildLimit
	// SQLite locks the whole file and has no FOR UPDATE.
	db.ClauseBuilders["FOR"] = func(c clause.Clause, b clause.Builder) {
		if _, lock := c.Expression.(clause.Locking); !lock {
			c.Build(b)
		}
	}
	return d.conn.PingContext(context.Background())
}

func buildLimit(c clause.Clause, b clause.Builder) {
	l, ok := c.Expression.(clause.Limit)
	if !ok {
		return
	}
	n := -1 // OFFSET needs a LIMIT
	if l.Limit != nil && *l.Limit >= 0 {
		n = *l.Limit
	}
	if n >= 0 || l.Offset > 0 {
		b.WriteString("LIMIT " + strconv.Itoa(n))
	}
	if l.Offset > 0 {
		b.WriteString(" OFFSET " + strconv.Itoa(l.Offset))
	}
}

// DataTypeOf implements gorm.Dialector.
func (*sqliteDialector) DataTypeOf(f *schema.Field) string {
	switch f.DataType {
	case schema.Bool:
		return "numeric"
	case schema.Int, schema.Uint:
		if f.AutoIncrement {
			return "integer PRIMARY KEY AUTOINCREMENT"
		}
		return "integer"
	case schema.Float:
		return "real"
	case schema.String:
		return "text"
	case schema.Time:
		return "datetime"
	case schema.Bytes:
		return "blob"
	}
	return string(f.DataType)
}

// DefaultValueOf implements gorm.Dialector.
func (*sqliteDialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"} // SQLite has no DEFAULT in VALUES
}

// BindVarTo implements gorm.Dialector.
func (*sqliteDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { w.WriteByte('?') }

// QuoteTo implements gorm.Dialector: each part of a dotted name gets quotes.
func (*sqliteDialector) QuoteTo(w clause.Writer, name string) {
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			w.WriteByte('.')
		}
		part = strings.Trim(part, "`\"")
		w.WriteString(`"` + strings.ReplaceAll(part, `"`, `""`) + `"`)
	}
}

// Explain implements gorm.Dialector.
func (*sqliteDialector) Explain(text string, vars ...any) string {
	return logger.ExplainSQL(text, nil, `'`, vars...)
}

// SavePoint implements gorm.SavePointerDialectorInterface.
func (*sqliteDialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

// RollbackTo implements gorm.SavePointerDialectorInterface.
func (*sqliteDialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + name).Error
}

// Translate implements gorm.ErrorTranslator, for handles with TranslateError.
func (*sqliteDialector) Translate(err error) error {
	const check = 275 // https://sqlite.org/rescode.html#constraint_check
	var e interface{ Code() int }
	switch kind := sqlcodec.SQLite.Kind(err); {
	case errors.Is(kind, adapter.ErrUnique):
		return gorm.ErrDuplicatedKey
	case errors.Is(kind, sqlcodec.ErrForeignKey):
		return gorm.ErrForeignKeyViolated
	case errors.As(err, &e) && e.Code() == check:
		return gorm.ErrCheckConstraintViolated
	}
	return err
}

// Migrator implements gorm.Dialector.
func (d *sqliteDialector) Migrator(db *gorm.DB) gorm.Migrator {
	return sqliteMigrator{migrator.Migrator{Config: migrator.Config{
		DB: db, Dialector: d, CreateIndexAfterCreateTable: true,
	}}}
}

// sqliteMigrator serves AutoMigrate for the application's own models. It creates
// tables, columns and indexes. It refuses changes for which SQLite must rewrite a
// table, with an error that says so.
type sqliteMigrator struct{ migrator.Migrator }

func (m sqliteMigrator) has(query string, args ...any) bool {
	var n int64
	err := m.DB.Raw("SELECT count(*) FROM "+query, args...).Row().Scan(&n)
	return err == nil && n > 0 // GORM's interface returns no error
}

// CurrentDatabase implements gorm.Migrator.
func (m sqliteMigrator) CurrentDatabase() string { return "main" }

// GetTables implements gorm.Migrator.
func (m sqliteMigrator) GetTables() (names []string, err error) {
	err = m.DB.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").Scan(&names).Error
	return names, err
}

// HasTable implements gorm.Migrator.
func (m sqliteMigrator) HasTable(value any) (ok bool) {
	m.RunWithValue(value, func(stmt *gorm.Statement) error {
		ok = m.has("sqlite_master WHERE type = 'table' AND name = ?", stmt.Table)
		return nil
	})
	return ok
}

// DropTable implements gorm.Migrator.
func (m sqliteMigrator) DropTable(values ...any) error {
	values = m.ReorderModels(values, false)
	for i := len(values) - 1; i >= 0; i-- {
		err := m.RunWithValue(values[i], func(stmt *gorm.Statement) error {
			return m.DB.Exec("DROP TABLE IF EXISTS ?", clause.Table{Name: stmt.Table}).Error
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// HasColumn implements gorm.Migrator.
func (m sqliteMigrator) HasColumn(value any, name string) (ok bool) {
	m.RunWithValue(value, func(stmt *gorm.Statement) error {
		if stmt.Schema != nil {
			if f := stmt.Schema.LookUpField(name); f != nil {
				name = f.DBName
			}
		}
		ok = m.has("pragma_table_info(?) WHERE name = ?", stmt.Table, name)
		return nil
	})
	return ok
}

// HasIndex implements gorm.Migrator.
func (m sqliteMigrator) HasIndex(value any, name string) (ok bool) {
	m.RunWithValue(value, func(stmt *gorm.Statement) error {
		if stmt.Schema != nil {
			if x := stmt.Schema.LookIndex(name); x != nil {
				name = x.Name
			}
		}
		ok = m.has("sqlite_master WHERE type = 'index' AND tbl_name = ? AND name = ?", stmt.Table, name)
		return nil
	})
	return ok
}

// DropIndex implements gorm.Migrator.
func (m sqliteMigrator) DropIndex(value any, name string) error {
	return m.RunWithValue(value, func(stmt *gorm.Statement) error {
		if stmt.Schema != nil {
			if x := stmt.Schema.LookIndex(name); x != nil {
				name = x.Name
			}
		}
		return m.DB.Exec("DROP INDEX ?", clause.Column{Name: name}).Error
	})
}

// HasConstraint implements gorm.Migrator. GORM names every constraint it makes.
func (m sqliteMigrator) HasConstraint(value any, name string) (ok bool) {
	m.RunWithValue(value, func(stmt *gorm.Statement) error {
		c, table := m.GuessConstraintInterfaceAndTable(stmt, name)
		if c != nil {
			name = c.GetName()
		}
		ok = m.has("sqlite_master WHERE type = 'table' AND name = ? AND instr(sql, ?) > 0", table, `CONSTRAINT "`+name+`"`)
		return nil
	})
	return ok
}

// ColumnTypes implements gorm.Migrator with names and types; a model that
// changed a column's null or default is left as it is.
func (m sqliteMigrator) ColumnTypes(value any) (out []gorm.ColumnType, err error) {
	err = m.RunWithValue(value, func(stmt *gorm.Statement) error {
		rows, err := m.DB.Raw("SELECT name, type FROM pragma_table_info(?)", stmt.Table).Rows()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c migrator.ColumnType
			if err := rows.Scan(&c.NameValue, &c.DataTypeValue); err != nil {
				return err
			}
			c.ColumnTypeValue = c.DataTypeValue
			c.SQLColumnType = &sql.ColumnType{}
			out = append(out, c)
		}
		return rows.Err()
	})
	return out, err
}

// MigrateColumn implements gorm.Migrator. Defaults are not compared.
func (m sqliteMigrator) MigrateColumn(value any, f *schema.Field, column gorm.ColumnType) error {
	plain := *f
	plain.HasDefaultValue = false
	return m.Migrator.MigrateColumn(value, &plain, column)
}

func cannot(what, name string) error {
	return fmt.Errorf("gormadapter: SQLite cannot %s %q without writing the table anew; do it in a migration of your own", what, name)
}

// AlterColumn implements gorm.Migrator by refusing.
func (m sqliteMigrator) AlterColumn(_ any, name string) error {
	return cannot("alter the column", name)
}

// CreateConstraint implements gorm.Migrator by refusing.
func (m sqliteMigrator) CreateConstraint(_ any, name string) error {
	return cannot("add the constraint", name)
}

// DropConstraint implements gorm.Migrator by refusing.
func (m sqliteMigrator) DropConstraint(_ any, name string) error {
	return cannot("drop the constraint", name)
}
