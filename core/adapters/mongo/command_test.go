package mongo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

func names(commands []bson.Raw) []string {
	out := []string{}
	for _, c := range commands {
		out = append(out, c.Index(0).Key())
	}
	return out
}

func TestOneCommandEach(t *testing.T) {
	t.Parallel()
	d := double(t, true)
	a := migrated(t, d.database(t), adaptertest.Schema(), mongo.Options{})
	ctx := t.Context()
	create(t, a, "user", user("u1"))
	create(t, a, "session", session("s1", "u1"))
	create(t, a, "session", session("s2", "u1"))
	create(t, a, "thing", adapter.Record{"id": "a", "title": "t", "rank": int64(1)})
	d.commands.take()
	for _, c := range []struct {
		name string
		want string
		run  func() error
	}{
		{"get-session", "aggregate", func() error { _, err := a.FindOne(ctx, bySession("token-s1")); return err }},
		{"find one", "find", func() error {
			_, err := a.FindOne(ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u1")})
			return err
		}},
		{"user with sessions and accounts", "aggregate", func() error {
			_, err := a.FindMany(ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}, {Model: "account", From: "id", To: "userId"}}})
			return err
		}},
		{"count", "aggregate", func() error { _, err := a.Count(ctx, "user", nil); return err }},
		{"create", "insert", func() error {
			_, err := a.Create(ctx, "verification", adapter.Record{"id": "v", "identifier": "i", "value": "v", "expiresAt": noon, "createdAt": noon, "updatedAt": noon})
			return err
		}},
		{"create with a reference", "aggregate insert", func() error { _, err := a.Create(ctx, "session", session("s3", "u1")); return err }},
		{"update", "findAndModify", func() error {
			_, err := a.Update(ctx, "session", adapter.By("id", "s1"), adapter.Record{"userAgent": "x"})
			return err
		}},
		{"updateMany", "update", func() error {
			_, err := a.UpdateMany(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"userAgent": "y"})
			return err
		}},
		{"increment", "findAndModify", func() error { _, err := a.Increment(ctx, "thing", adapter.By("id", "a"), "rank", 1, nil); return err }},
		{"consume", "findAndModify", func() error { _, err := a.ConsumeOne(ctx, "verification", adapter.By("identifier", "i")); return err }},
		{"delete", "delete", func() error { return a.Delete(ctx, "session", adapter.By("id", "s1")) }},
		{"deleteMany", "delete", func() error { _, err := a.DeleteMany(ctx, "session", adapter.By("userId", "u1")); return err }},
		{"INJ-02 unknown field", "", func() error {
			if _, err := a.Count(ctx, "user", adapter.By("nope", "x")); !errors.Is(err, adapter.ErrUnknownField) {
				return errors.Join(errors.New("an unknown field was taken"), err)
			}
			return nil
		}},
		{"INJ-08 NUL", "", func() error {
			if _, err := a.Count(ctx, "user", adapter.By("id", "a\x00")); !errors.Is(err, adapter.ErrBadValue) {
				return errors.Join(errors.New("NUL was taken"), err)
			}
			return nil
		}},
	} {
		if err := c.run(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := strings.Join(names(d.commands.take()), " "); got != c.want {
			t.Errorf("%s sent %q, want %q", c.name, got, c.want)
		}
	}
}

// TestGetSessionIsOneCommand counts over the whole server.
func TestGetSessionIsOneCommand(t *testing.T) {
	t.Parallel()
	d := double(t, true)
	e := authtest.NewEnv(t)
	o := e.Options(emailpassword.New(emailpassword.Options{}))
	o.Database = mongo.New(d.database(t), mongo.Options{})
	o.IDs.New = mongo.NewID
	e.Open(o)
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	d.commands.take()
	answer := c.Get("/get-session").Want(t, 200, "")
	if id := answer.JSON("user", "id"); len(strings.Trim(id, `"`)) != 24 {
		t.Errorf("the user's id is %s, want an ObjectId", id)
	}
	if got := names(d.commands.take()); !slices.Equal(got, []string{"aggregate"}) {
		t.Errorf("get-session sent %q", got)
	}
}

// TestValuesAreWrapped checks the filters themselves: below a column there is always an
// operator, and a value is never a document.
func TestValuesAreWrapped(t *testing.T) {
	t.Parallel()
	d := double(t, true)
	a := migrated(t, d.database(t), adaptertest.Schema(), mongo.Options{})
	d.commands.take()
	for _, hostile := range []string{"$ne", `{"$ne":null}`, "$where", "$gt", "", ".", "a.b"} {
		for _, op := range []adapter.Op{"", adapter.Eq, adapter.Ne, adapter.Lt, adapter.Gte, adapter.Contains, adapter.StartsWith, adapter.EndsWith} {
			for _, fold := range []bool{false, true} {
				w := adapter.Where{{Field: "title", Op: op, Value: hostile, Fold: fold}}
				if _, err := a.FindMany(t.Context(), adapter.Find{Model: "thing", Where: w}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	sent := d.commands.take()
	if len(sent) != 7*8*2 {
		t.Fatalf("%d commands", len(sent))
	}
	for _, c := range sent {
		filter := c.Lookup("filter").Document()
		ops, ok := filter.Lookup("title").DocumentOK()
		if !ok {
			t.Fatalf("INJ-03 the value is not wrapped: %s", filter)
		}
		op := ops.Index(0)
		if !slices.Contains([]string{"$eq", "$nin", "$lt", "$gte", "$regex"}, op.Key()) || op.Value().Type == bson.TypeEmbeddedDocument {
			t.Errorf("INJ-03 filter %s", filter)
		}
	}
}
