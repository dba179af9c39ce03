package entadapter

import (
	"context"
	"math"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// quote quotes a name as ent's builder does. The builder gets every name quoted,
// because it takes some plain ones, such as ALLOWED, for keywords.
func (s *store) quote(name string) string {
	if s.name == dialect.Postgres {
		return `"` + name + `"`
	}
	return "`" + name + "`"
}

// columns lists columns that are read by their place in the row.
func (s *store) columns(prefix string, cols []*column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		before, after := s.codec.Around(c)
		out[i] = before + prefix + "." + c.Quoted + after
	}
	return out
}

func (s *store) build() *entsql.DialectBuilder { return entsql.Dialect(s.name) }

// query begins a query of a table: all columns of its rows that match.
func (s *store) query(t *table, w adapter.Where) (*entsql.Selector, error) {
	where, err := s.where(t, w)
	if err != nil {
		return nil, err
	}
	sel := s.build().Select(s.reads[t]...).From(entsql.Table(t.Quoted))
	if where != nil {
		sel.Where(where)
	}
	return sel, nil
}

// page limits a query; 0 is no limit.
func (s *store) page(sel *entsql.Selector, limit, offset int) {
	if limit > 0 {
		sel.Limit(limit)
	}
	if offset <= 0 {
		return
	}
	sel.Offset(offset)
	switch {
	case limit > 0:
	case s.codec == sqlcodec.SQLite: // OFFSET needs a LIMIT there
		sel.Limit(-1)
	case s.codec == sqlcodec.MySQL:
		sel.Limit(math.MaxInt)
	}
}

// locked locks the rows of a query where the database can.
func (s *store) locked(sel *entsql.Selector) *entsql.Selector {
	if s.codec != sqlcodec.SQLite {
		sel.ForUpdate()
	}
	return sel
}

// sort orders a query; nulls come before all other values. Where there are none, PostgreSQL is
// not told, because it would then use no index.
func (s *store) sort(sel *entsql.Selector, t *table, keys []adapter.Sort) error {
	for _, k := range keys {
		c, err := t.Column(k.Field)
		if err != nil {
			return err
		}
		text := c.Full
		if k.Desc {
			text += " DESC"
		}
		switch {
		case s.codec != sqlcodec.Postgres || !t.Nullable(c):
		case k.Desc:
			text += " NULLS LAST"
		default:
			text += " NULLS FIRST"
		}
		sel.OrderExpr(entsql.Raw(text))
	}
	return nil
}

// set gives an UPDATE its values, in the schema's order and not the map's.
func (s *store) set(u *entsql.UpdateBuilder, t *table, set adapter.Record) error {
	if err := t.Check(set); err != nil {
		return err
	}
	for _, c := range t.Columns {
		v, ok := set[c.Name]
		if !ok {
			continue
		}
		arg, err := s.codec.Encode(t, c, v)
		if err != nil {
			return err
		}
		u.Set(c.Quoted, arg)
	}
	return nil
}

// returning is an INSERT or DELETE with a RETURNING clause, which ent's builders lack for
// MariaDB, and for DELETE everywhere.
type returning struct {
	entsql.Querier
	columns []string
	limit   string // a clause before it, or ""
}

// Query implements sql.Querier.
func (r returning) Query() (string, []any) {
	text, args := r.Querier.Query()
	return text + r.limit + " RETURNING " + strings.Join(r.columns, ", "), args
}

// Err is the builder's.
func (r returning) Err() error {
	if q, ok := r.Querier.(interface{ Err() error }); ok {
		return q.Err()
	}
	return nil
}

// returns reports whether INSERT and DELETE take RETURNING.
func (s *store) returns(ctx context.Context) bool {
	return s.server.Returns(s.codec, func(query string) (version string, err error) {
		err = s.on(ctx, func(conn dialect.ExecQuerier) error {
			var rows entsql.Rows
			if err := conn.Query(ctx, query, []any{}, &rows); err != nil {
				return err
			}
			_, err = sqlcodec.ReadOne(rows, []any{&version})
			return err
		})
		return version, err
	})
}
