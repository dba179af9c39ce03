package gormadapter

import (
	"context"
	"strings"

	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// builder writes one statement and its arguments.
type builder struct {
	strings.Builder
	store *store
	args  []any
	err   error
	quick bool // reads one row by a unique key
	locks bool // locks the rows that it reads
}

func (s *store) build() *builder {
	b := &builder{store: s, args: make([]any, 0, 8)}
	b.Grow(768)
	return b
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// bind writes a placeholder for an argument that needs no encoding.
func (b *builder) bind(v any) {
	b.args = append(b.args, v)
	b.store.dialect.placeholder(&b.Builder, len(b.args))
}

// value writes a placeholder for a value of a column.
func (b *builder) value(t *table, c *column, v any) {
	arg, err := b.store.dialect.Encode(t, c, v)
	if err != nil {
		b.fail(err)
	}
	b.bind(arg)
}

// read writes a list of columns to be scanned; prefix is the quoted name or
// alias of the table.
func (b *builder) read(prefix string, cols []*column) {
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.store.dialect.read(&b.Builder, prefix, c)
	}
}

// names writes a list of columns.
func (b *builder) names(prefix string, cols []*column) {
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(prefix)
		b.WriteByte('.')
		b.WriteString(c.Quoted)
	}
}

// returning writes RETURNING with all columns.
func (b *builder) returning(t *table) {
	b.WriteString(" RETURNING ")
	b.read(t.Quoted, t.Columns)
	b.locks = true
}

// returns reports whether INSERT and DELETE take RETURNING.
func (s *store) returns(ctx context.Context) bool {
	return s.server.Returns(s.dialect.Dialect, func(query string) (version string, err error) {
		err = s.reads(ctx, false, func(ctx context.Context, t *tx) error {
			rows, err := s.ask(ctx, t, query, nil)
			if err != nil {
				return err
			}
			_, err = sqlcodec.ReadOne(rows, []any{&version})
			return err
		})
		return version, err
	})
}
