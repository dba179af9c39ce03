package sqlslots

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// server is a database server that writes down its statements.
type server struct {
	texts   []string
	refuses string // a statement with this text fails
	made    int
	removed int
}

func (s *server) Connect(context.Context) (driver.Conn, error) { return conn{s}, nil }
func (s *server) Driver() driver.Driver                        { return nil }

type conn struct{ *server }

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
func (conn) Close() error                        { return nil }

func (c conn) ExecContext(_ context.Context, text string, _ []driver.NamedValue) (driver.Result, error) {
	c.texts = append(c.texts, text)
	if c.refuses != "" && strings.Contains(text, c.refuses) {
		return nil, errors.New("refused")
	}
	return driver.RowsAffected(0), nil
}

// opened is an adapter.Database that opens nothing.
type opened struct{}

func (opened) Open(*schema.Schema) (adapter.Adapter, error) { return nil, nil }

func (s *server) slots(d sqlcodec.Dialect, free int) *Slots {
	return &Slots{Dialect: d, Free: free, Make: func() (*Slot, error) {
		s.made++
		return &Slot{Pool: sql.OpenDB(s), Adapter: opened{}, Remove: func(context.Context) error { s.removed++; return nil }}, nil
	}}
}

func tables(t *testing.T, ids schema.IDKind, names ...string) *schema.Schema {
	t.Helper()
	list := []schema.Table{{Model: "user"}}
	for _, name := range names {
		list = append(list, schema.Table{Model: name, Fields: []schema.Field{{Name: "userId", Type: schema.String, References: &schema.Reference{Model: "user"}}}})
	}
	s, err := schema.New(ids, list, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHandsOn(t *testing.T) {
	t.Parallel()
	small, large := tables(t, "", "pet"), tables(t, "", "pet", "toy")
	for _, c := range []struct {
		name          string
		users         []*schema.Schema // one after the other
		free          int
		made, removed int
	}{
		{"the same tables", []*schema.Schema{small, small, small}, 0, 1, 0},
		{"other tables", []*schema.Schema{small, large, small, large}, 0, 2, 0},
		{"no place for two", []*schema.Schema{small, large, small}, 1, 3, 2},
		{"ids that count on", []*schema.Schema{tables(t, schema.IDSerial), tables(t, schema.IDSerial)}, 0, 2, 2},
	} {
		srv := &server{}
		slots := srv.slots(sqlcodec.Postgres, c.free)
		for _, s := range c.users {
			l := slots.Lease()
			if _, err := l.Open(s); err != nil {
				t.Fatal(err)
			}
			if err := l.End(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if srv.made != c.made || srv.removed != c.removed {
			t.Errorf("%s: made %d, removed %d; want %d, %d", c.name, srv.made, srv.removed, c.made, c.removed)
		}
		if err := slots.Close(t.Context()); err != nil || srv.removed != srv.made {
			t.Errorf("%s: closed with %d of %d removed, %v", c.name, srv.removed, srv.made, err)
		}
	}
}

func TestEmpties(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[sqlcodec.Dialect][]string{
		sqlcodec.Postgres: {`DELETE FROM "pet"`, `DELETE FROM "user"`},
		sqlcodec.MySQL:    {"DELETE FROM `pet`", "DELETE FROM `user`"},
	} {
		srv := &server{}
		l := srv.slots(dialect, 0).Lease()
		if _, err := l.Open(tables(t, "", "pet")); err != nil {
			t.Fatal(err)
		}
		if err := l.End(t.Context()); err != nil || !slices.Equal(srv.texts, want) {
			t.Errorf("%q, %v", srv.texts, err)
		}
	}
}

func TestKeepsNothingDirty(t *testing.T) {
	t.Parallel()
	s := tables(t, "", "pet")
	for name, use := range map[string]func(srv *server, l *Lease){
		"spoilt":              func(_ *server, l *Lease) { l.Spoil() },
		"cannot be emptied":   func(srv *server, _ *Lease) { srv.refuses = "pet" },
		"opened with another": func(_ *server, l *Lease) { _, _ = l.Open(tables(t, "", "toy")) },
	} {
		srv := &server{}
		slots := srv.slots(sqlcodec.Postgres, 0)
		l := slots.Lease()
		if _, err := l.Open(s); err != nil {
			t.Fatal(err)
		}
		use(srv, l)
		if err := l.End(t.Context()); (err != nil) != (srv.refuses != "") {
			t.Errorf("%s: %v", name, err)
		}
		if srv.removed != 1 || len(slots.free) != 0 {
			t.Errorf("%s: removed %d, %d are free", name, srv.removed, len(slots.free))
		}
	}
	srv := &server{}
	if err := srv.slots(sqlcodec.Postgres, 0).Lease().End(t.Context()); err != nil || srv.made != 0 {
		t.Errorf("never opened: made %d, %v", srv.made, err)
	}
}
