package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// note is a row of a plugin's table, of every type.
type note struct {
	core.Row
	Title   string          `row:"title"`
	Text    *string         `row:"text"`
	Pages   int64           `row:"pages"`
	Score   *float64        `row:"score"`
	Open    bool            `row:"open"`
	Tags    []string        `row:"tags"`
	Ranks   []float64       `row:"ranks"`
	Meta    json.RawMessage `row:"meta"` // a JSON field
	Raw     json.RawMessage `row:"raw"`  // JSON in a text
	Made    time.Time       `row:"made"`
	Read    *time.Time      `row:"read"`
	Secret  string          `row:"secret"`
	Sibling *string         `row:"sibling,optional"` // in no table here
}

func (n *note) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, n) }

// notes is a plugin with such a table, and a route that takes its added fields.
type notes struct {
	tables []schema.Table
	extend []schema.Table
	init   func(a *core.Auth) error
	add    *core.Op[addNote, *note]
	table  *core.Table[note]
}

type addNote struct {
	Title           string `json:"title" zod:"min=1"`
	validate.Fields `fields:"note"`
	Data            *noteData `json:"data"`
}

type noteData struct {
	validate.Fields `fields:"note,partial"`
	Text            *string `json:"text"`
}

func (n *notes) ID() string { return "notes" }

func (n *notes) Manifest() core.Manifest {
	if n.tables == nil {
		n.tables = []schema.Table{{Model: "note", Fields: []schema.Field{
			{Name: "title", Type: schema.String}, {Name: "text", Type: schema.String, Optional: true}, {Name: "pages", Type: schema.Number},
			{Name: "score", Type: schema.Number, Optional: true}, {Name: "open", Type: schema.Boolean}, {Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "ranks", Type: schema.NumberArray, Optional: true}, {Name: "meta", Type: schema.JSON, Optional: true},
			{Name: "raw", Type: schema.String, Optional: true}, {Name: "made", Type: schema.Date, Default: schema.Now},
			{Name: "read", Type: schema.Date, Optional: true}, {Name: "secret", Type: schema.String, Hidden: true},
		}}}
		n.extend = []schema.Table{{Model: "note", Fields: []schema.Field{
			{Name: "color", Type: schema.String, Validate: func(v any) (any, error) {
				if v == "none" {
					return nil, errors.New("no color")
				}
				return v, nil
			}},
			{Name: "size", Type: schema.Number, Optional: true}, {Name: "hidden", Type: schema.String, Optional: true, Hidden: true, Default: schema.Value("h")},
			{Name: "own", Type: schema.String, Optional: true, NoInput: true}, {Name: "state", Type: schema.String, Default: schema.Value("new")},
			{Name: "due", Type: schema.Date, Optional: true}, {Name: "list", Type: schema.StringArray, Optional: true}, {Name: "any", Type: schema.JSON, Optional: true},
		}}}
	}
	n.add = core.Post("addNote", "/notes/add", func(c *core.Ctx, in *addNote) (*note, error) {
		extra, err := c.Auth.ParseInput("note", in.Values, false)
		if err != nil {
			return nil, err
		}
		row := &note{Title: in.Title, Secret: "s", Row: core.Row{Extra: extra}}
		if in.Data != nil {
			row.Text = in.Data.Text
			if in.Data.Values != nil {
				extra["size"] = int64(in.Data.Values.Len())
			}
		}
		return n.table.Create(c, row)
	})
	return core.Manifest{Tables: n.tables, Extend: n.extend, Operations: []core.Operation{n.add}, Init: func(_ context.Context, a *core.Auth) error {
		if n.init != nil {
			return n.init(a)
		}
		var err error
		n.table, err = core.TableOf[note](a, "note")
		return err
	}}
}

func TestTable(t *testing.T) {
	t.Parallel()
	p := &notes{}
	e := authtest.New(t, nil, p)
	ctx := t.Context()
	full := &note{
		Title: "T", Text: new(string), Pages: 5, Score: ptr(2.5), Open: true, Tags: []string{"a"}, Ranks: []float64{1, 2.5},
		Meta: json.RawMessage(`{"b":1,"a":2}`), Raw: json.RawMessage(`{"x":1}`), Read: ptr(e.Auth.Now()), Secret: "s",
		Row: core.Row{ID: "chosen", Extra: core.Extra{"color": "red", "hidden": "h", "size": int64(3)}},
	}
	got, err := p.table.Create(ctx, full)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"title":"T","text":"","pages":5,"score":2.5,"open":true,"tags":["a"],"ranks":[1,2.5],"meta":{"b":1,"a":2},"raw":"{\"x\":1}",` +
		`"made":"2026-01-01T00:00:00.000Z","read":"2026-01-01T00:00:00.000Z","color":"red","size":3,"own":null,"state":"new","due":null,"list":null,"any":null,"id":"chosen"}`
	if text := string(got.AppendJSON(nil)); text != want {
		t.Errorf("got\n%s, want\n%s", text, want)
	}
	if got.Secret != "s" || got.Extra["hidden"] != "h" || string(got.Raw) != `{"x":1}` {
		t.Errorf("%+v", got)
	}
	got.Title = "changed"
	text := string(core.AppendRow(nil, got, core.RowMember{Name: "raw", Value: []byte(`{"x":1}`)}, core.RowMember{Name: "text"},
		core.RowMember{Name: "more", Value: []byte("[1]")}, core.RowMember{Name: "never"}))
	if !strings.HasPrefix(text, `{"title":"changed","pages":5`) || !strings.Contains(text, `"raw":{"x":1},`) || !strings.HasSuffix(text, `"id":"chosen","more":[1]}`) || strings.Contains(text, "never") {
		t.Errorf("%s", text)
	}

	empty, err := p.table.Create(ctx, &note{Title: "E", Row: core.Row{Extra: core.Extra{"color": "blue"}}})
	if err != nil {
		t.Fatal(err)
	}
	if empty.Text != nil || empty.Score != nil || empty.Tags != nil || empty.Meta != nil || !empty.Made.Equal(e.Auth.Now()) || empty.ID == "" {
		t.Errorf("%+v", empty)
	}
	if found, err := p.table.Find(ctx, adapter.By("title", "E")); err != nil || found.ID != empty.ID {
		t.Errorf("%+v, %v", found, err)
	}
	for _, id := range []string{"", "nobody"} {
		if _, err := p.table.FindID(ctx, id); !errors.Is(err, adapter.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	rows, err := p.table.List(ctx, adapter.Find{Sort: []adapter.Sort{{Field: "title"}}})
	if err != nil || len(rows) != 2 || rows[0].Title != "E" {
		t.Errorf("%v, %v", rows, err)
	}
	if n, err := p.table.Count(ctx, adapter.By("open", true)); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	changed, err := p.table.Update(ctx, adapter.By("id", empty.ID).And("pages", int64(0)), adapter.Record{"pages": int64(7)})
	if err != nil || changed.Pages != 7 {
		t.Errorf("%+v, %v", changed, err)
	}
	if _, err := p.table.Update(ctx, adapter.By("id", empty.ID).And("pages", int64(0)), adapter.Record{"pages": int64(8)}); !errors.Is(err, adapter.ErrNotFound) {
		t.Errorf("a guarded update went through: %v", err)
	}
	if won, err := p.table.Consume(ctx, adapter.By("id", empty.ID)); err != nil || won.Title != "E" {
		t.Errorf("%+v, %v", won, err)
	}
	if _, err := p.table.Consume(ctx, adapter.By("id", empty.ID)); !errors.Is(err, adapter.ErrNotFound) {
		t.Errorf("consumed twice: %v", err)
	}
	if n, err := p.table.Delete(ctx, adapter.By("title", "T")); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if p.table.Model() != "note" {
		t.Error(p.table.Model())
	}
}

func ptr[T any](v T) *T { return &v }

// TestAppendRowWithoutTable: a row that the application has made up.
func TestAppendRowWithoutTable(t *testing.T) {
	t.Parallel()
	n := &note{Title: "T", Row: core.Row{Extra: core.Extra{"z": "1", "a": true}}}
	got := string(n.AppendJSON(nil))
	if !strings.HasPrefix(got, `{"title":"T","text":null,"pages":0,`) || !strings.HasSuffix(got, `"secret":"","a":true,"z":"1"}`) || !json.Valid([]byte(got)) {
		t.Errorf("%s", got)
	}
	if got := string(core.AppendRow(nil, (*note)(nil))); got != "null" {
		t.Errorf("%s", got)
	}
}

type badType struct {
	core.Row
	Title chan int `row:"title"`
}

type noField struct {
	core.Row
	Title string `row:"heading"`
}

type misfit struct {
	core.Row
	Pages string `row:"pages"`
}

type noRow struct{ Title string }

func TestTableMistakes(t *testing.T) {
	t.Parallel()
	for want, bind := range map[string]func(a *core.Auth) error{
		"which no row holds": func(a *core.Auth) error { _, err := core.TableOf[badType](a, "note"); return err },
		`"heading", which`:   func(a *core.Auth) error { _, err := core.TableOf[noField](a, "note"); return err },
		`does not fit a num`: func(a *core.Auth) error { _, err := core.TableOf[misfit](a, "note"); return err },
		"embed core.Row":     func(a *core.Auth) error { _, err := core.TableOf[noRow](a, "note"); return err },
		`no table "letter"`:  func(a *core.Auth) error { _, err := core.TableOf[note](a, "letter"); return err },
	} {
		_, err := core.New(authtest.NewEnv(t).Options(&notes{init: bind}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	p := &notes{}
	e := authtest.New(t, nil, p)
	ctx := t.Context()
	row, err := p.table.Create(ctx, &note{Title: "T", Row: core.Row{Extra: core.Extra{"color": "red"}}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := e.Auth.Store().Tx(ctx, func(ctx context.Context) error {
				locked, err := p.table.Lock(ctx, row.ID)
				if err != nil {
					return err
				}
				_, err = p.table.Update(ctx, adapter.By("id", row.ID), adapter.Record{"pages": locked.Pages + 1})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := p.table.FindID(ctx, row.ID); err != nil || got.Pages != 20 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, id := range []string{"", "nobody"} {
		if _, err := e.Auth.Lock(ctx, "note", id); !errors.Is(err, adapter.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := e.Auth.Lock(ctx, "letter", "x"); !errors.Is(err, adapter.ErrUnknownModel) {
		t.Error(err)
	}
}

func TestInputWithAddedFields(t *testing.T) {
	t.Parallel()
	p := &notes{}
	e := authtest.New(t, nil, p)
	c := e.Client()
	for body, want := range map[string]string{
		`{}`:                        "[body.title] Invalid input: expected string, received undefined; [body.color] Invalid input: expected string, received undefined",
		`{"title":"T","color":5}`:   "[body.color] Invalid input: expected string, received number",
		`{"title":"","color":null}`: "[body.title] Too small: expected string to have >=1 characters; [body.color] Invalid input: expected string, received null",
		`{"title":"T","color":"c","size":"x","due":"soon","list":["a",5],"state":1}`: "[body.size] Invalid input: expected number, received string; [body.state] Invalid input: expected string, received number; " +
			"[body.due] Invalid input: expected date, received string; [body.list.1] Invalid input: expected string, received number",
		`{"title":"T","color":"c","list":"x","data":{"size":"x","text":5}}`: "[body.list] Invalid input: expected array, received string; [body.data.size] Invalid input: expected number, received string; [body.data.text] Invalid input: expected string, received number",
		`{"title":"T","color":"none"}`:                                      "no color",
	} {
		if a := c.Post("/notes/add", body).Want(t, 400, "VALIDATION_ERROR"); a.JSON("message") != want {
			t.Errorf("%s\n got %s\nwant %s", body, a.JSON("message"), want)
		}
	}
	a := c.Post("/notes/add", `{"title":"T","color":"c","own":"mine","unknown":1,"due":"2026-02-03T04:05:06.000Z","list":["a"],"any":{"x":[1]},"data":{"size":1,"color":"x","text":"t"}}`).Want(t, 200, "")
	if a.JSON("own") != "null" || a.JSON("state") != "new" || a.JSON("due") != "2026-02-03T04:05:06.000Z" || a.JSON("any") != `{"x":[1]}` || a.JSON("size") != "2" || a.JSON("text") != "t" {
		t.Errorf("%s", a.Body)
	}
	// A call from Go carries them as well.
	in := &addNote{Title: "T", Data: &noteData{Text: ptr("t")}}
	in.Values, in.Data.Values = wireObject(t, `{"color":"c"}`), wireObject(t, `{"size":1}`)
	got, err := p.add.Call(t.Context(), in)
	if err != nil || got.Extra["color"] != "c" || *got.Text != "t" || got.Extra["size"] != int64(1) {
		t.Errorf("%+v, %v", got, err)
	}
}

func wireObject(t *testing.T, text string) *wire.Object {
	t.Helper()
	v, err := wire.Parse([]byte(text), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := v.Obj()
	return o
}
