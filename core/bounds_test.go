package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

// TestMissingFieldIsNamed has a required field that no client may set, and a hook that
// could fill it and does not.
func TestMissingFieldIsNamed(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.User.Fields = []schema.Field{{Name: "tenant", Type: schema.String, NoInput: true}}
		o.Store.User.BeforeCreate = func(context.Context, *core.User) error { return nil }
	})
	a := e.Client().Post("/sign-up/email", object{"name": "Ada", "email": ada, "password": passphrase}).Want(t, 400, "MISSING_FIELD")
	if a.JSON("message") != "tenant is required" {
		t.Error(a.Body)
	}
}

// TestBoundsOfFields counts characters as MySQL does: code points.
func TestBoundsOfFields(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{
		{Model: "user", Fields: []schema.Field{{Name: "slug", Type: schema.String, Unique: true}}},
		{Model: "thing", Fields: []schema.Field{
			{Name: "text", Type: schema.String}, {Name: "sorted", Type: schema.String, Sortable: true}, {Name: "indexed", Type: schema.String, Index: true},
			{Name: "inKey", Type: schema.String}, {Name: "number", Type: schema.Number, Index: true},
			{Name: "ownerId", Type: schema.String, Index: true, References: &schema.Reference{Model: "user"}},
			{Name: "ownerSlug", Type: schema.String, References: &schema.Reference{Model: "user", Field: "slug"}},
		}, Unique: [][]string{{"ownerId", "inKey"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := s.Table("thing")
	for name, want := range map[string]int{"text": 0, "sorted": 255, "indexed": 255, "inKey": 255, "number": 0, "ownerId": 0, "ownerSlug": 255, "id": 0} {
		f, _ := table.Field(name)
		if got := table.MaxLength(f); got != want {
			t.Errorf("%s has %d characters, want %d", name, got, want)
		}
	}
	e := open(t, nil)
	if err := e.Auth.CheckFields(core.ModelUser, map[string]any{"name": strings.Repeat("😀", 255), "image": strings.Repeat("x", 10000), "nope": 1}); err != nil {
		t.Error(err)
	}
	if err := e.Auth.CheckFields(core.ModelUser, map[string]any{"name": strings.Repeat("😀", 256)}); err == nil {
		t.Error("256 characters were taken")
	}
}

// withoutTransactions is a database such as a standalone MongoDB server.
type withoutTransactions struct{ adapter.Database }

func (d withoutTransactions) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := d.Database.Open(s)
	return noTx{a}, err
}

type noTx struct{ adapter.Adapter }

func (noTx) Capabilities() adapter.Capabilities {
	return adapter.Capabilities{NoTx: true, Note: "standalone"}
}

func TestNewWarnsOfADatabaseWithoutTransactions(t *testing.T) {
	t.Parallel()
	for _, without := range []bool{false, true} {
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			if without {
				o.Database = withoutTransactions{memory.New()}
			}
		})
		if got := strings.Contains(e.Log.String(), "for development only"); got != without {
			t.Errorf("without transactions %v, warned %v: %s", without, got, e.Log.String())
		}
	}
}

// TestNamesAreOneLine has names that would break a line of a mail or a log, or change
// the direction of the text beside them.
func TestNamesAreOneLine(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := join(t, e, ada)
	for _, name := range []string{"a\r\nBcc: eve@example.com", "a\nb", "a\tb", "a\x1b[2J", "a\x7f", "a\u0085b", "a\u2028b", "a\u2029", "\u202eada", "\u2066ada"} {
		e.Client().Post("/sign-up/email", object{"name": name, "email": "new@example.com", "password": passphrase}).Want(t, 400, "VALIDATION_ERROR")
		c.Post("/update-user", object{"name": name}).Want(t, 400, "VALIDATION_ERROR")
	}
	for _, name := range []string{"Ada Lovelace", "Zoë", "Zoe\u0308", "山田 太郎", "עדה", "\u200fעדה\u200e", "👩\u200d💻", ""} {
		c.Post("/update-user", object{"name": name}).Want(t, 200, "")
	}
}

// TestImagesAreBounded: one user cannot fill the answers that list users.
func TestImagesAreBounded(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int{0: 65536, 10: 10, -1: 1 << 17} {
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.User.MaxImage = most })
		c := join(t, e, ada)
		c.Post("/update-user", object{"image": strings.Repeat("x", want)}).Want(t, 200, "")
		if most >= 0 {
			c.Post("/update-user", object{"image": strings.Repeat("x", want+1)}).Want(t, 400, "VALIDATION_ERROR")
			e.Client().Post("/sign-up/email", object{"name": "Eve", "email": "eve@example.com", "password": passphrase, "image": strings.Repeat("x", want+1)}).
				Want(t, 400, "VALIDATION_ERROR")
		}
	}
}
