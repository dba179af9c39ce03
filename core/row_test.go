package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
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

func (n *notes) Manifest(core.Env) (core.Manifest, error) {
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
		extra, err := c.Auth().ParseInput("note", in.Values, false)
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
	}}, nil
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
	if text := string(core.AppendRow(nil, got)); text != want {
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

// letter is a row that no test binds to a table.
type letter struct {
	core.Row
	Title string          `row:"title"`
	Body  json.RawMessage `row:"body,json"`
	Other *string         `row:"other,optional"`
}

// TestAppendRowWithoutTable: a row that the application has made up.
func TestAppendRowWithoutTable(t *testing.T) {
	t.Parallel()
	n := &letter{Title: "T", Body: json.RawMessage(`{"b":1}`), Row: core.Row{Extra: core.Extra{"z": "1", "a": true}}}
	const want = `{"title":"T","body":{"b":1},"a":true,"z":"1"}`
	if got := string(core.AppendRow(nil, n)); got != want {
		t.Errorf("%s", got)
	}
	n.ID, n.Body = "x", json.RawMessage("no JSON")
	if got := string(core.AppendRow(nil, n, core.RowMember{Name: "id", Value: []byte("1")})); got != `{"title":"T","body":null,"a":true,"z":"1","id":1}` {
		t.Errorf("%s", got)
	}
	if got := string(core.AppendRow(nil, (*letter)(nil))); got != "null" {
		t.Errorf("%s", got)
	}
}

// TestHiddenFieldsStay: a Hidden field is neither in an answer nor in the output of
// encoding/json, whatever value holds the row.
func TestHiddenFieldsStay(t *testing.T) {
	t.Parallel()
	p := &notes{}
	authtest.New(t, nil, p)
	const secret = "hunter2"
	made := &note{Title: "T", Secret: secret, Row: core.Row{Extra: core.Extra{"color": "red", "hidden": secret}}}
	row, err := p.table.Create(t.Context(), made)
	if err != nil {
		t.Fatal(err)
	}
	changed := *row
	changed.Title = "changed"
	type holder struct {
		Note note   `json:"note"`
		Open string `json:"open"`
	}
	for name, v := range map[string]any{
		"a row": row, "its value": *row, "a list": []*note{row}, "values": []note{*row}, "a copy": &changed, "a struct": holder{Note: *row},
		"a pointer to a struct": &holder{Note: *row}, "a map": map[string]any{"n": *row}, "of its own": made, "moved": &struct{ core.Row }{row.Row},
	} {
		text, err := json.Marshal(v)
		if strings.Contains(string(text), secret) || err == nil && name != "a row" && name != "a list" {
			t.Errorf("%s: %s, %v", name, text, err)
		}
		if err != nil && !strings.Contains(err.Error(), "core.AppendRow") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, v := range map[string]any{"a row": row, "a copy": &changed, "a value": *row, "of its own": made, "a list": []*note{row, made}} {
		enc, err := wire.EncoderFor(reflect.TypeOf(v))
		if err != nil {
			t.Fatal(err)
		}
		if text := string(enc.Append(nil, v)); strings.Contains(text, secret) || !strings.Contains(text, `"title":`) {
			t.Errorf("%s: %s", name, text)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "row", *row, "copy", changed)
	if strings.Contains(log.String(), secret) {
		t.Error(log.String())
	}
}

// TestMarshalRow: encoding/json writes what clients see.
func TestMarshalRow(t *testing.T) {
	t.Parallel()
	p := &notes{}
	authtest.New(t, nil, p)
	row, err := p.table.Create(t.Context(), &note{Title: "T", Row: core.Row{Extra: core.Extra{"color": "red"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := string(core.AppendRow(nil, row))
	wantText := func(v any, want string) {
		t.Helper()
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	wantText(row, want)
	wantText(map[string]any{"list": []*note{row, nil}}, `{"list":[`+want+`,null]}`)
	changed := *row
	changed.Title = "U"
	wantText(p.table.Bind(&changed), strings.Replace(want, `"T"`, `"U"`, 1))
	wantText(row, want)
	wantText(json.RawMessage(core.AppendRow(nil, row)), want)
	wantText(struct{ *note }{row}, want)
}

// TestRowEncoder: an answer is written by a plan that is compiled at the start.
func TestRowEncoder(t *testing.T) {
	t.Parallel()
	type list struct {
		Notes []*note `json:"notes"`
		Last  note    `json:"last"`
	}
	p := &notes{}
	authtest.New(t, nil, p)
	row, err := p.table.Create(t.Context(), &note{Title: "T", Row: core.Row{Extra: core.Extra{"color": "red"}}})
	if err != nil {
		t.Fatal(err)
	}
	enc, err := wire.EncoderFor(reflect.TypeFor[list]())
	if err != nil {
		t.Fatal(err)
	}
	one := string(core.AppendRow(nil, row))
	v := &list{[]*note{row, nil}, *row}
	if got := string(enc.Append(nil, v)); got != `{"notes":[`+one+`,null],"last":`+one+`}` {
		t.Errorf("%s", got)
	}
	type lost struct {
		note
		Author string
	}
	type left struct {
		note
		Author string `row:"-"`
	}
	type behind struct {
		*note
		Author string
	}
	for want, typ := range map[string]reflect.Type{
		"the field Author": reflect.TypeFor[lost](), "embedded *": reflect.TypeFor[behind](), "which no row holds": reflect.TypeFor[badType](),
		`option "jsno"`: reflect.TypeFor[struct {
			core.Row
			A string `row:"a,jsno"`
		}](),
	} {
		if _, err := wire.EncoderFor(typ); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", typ, err, want)
		}
	}
	if _, err := wire.EncoderFor(reflect.TypeFor[left]()); err != nil {
		t.Error(err)
	}
}

func TestRowEncoderDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	p := &notes{}
	authtest.New(t, nil, p)
	row, err := p.table.Create(t.Context(), &note{Title: "T", Tags: []string{"a"}, Row: core.Row{Extra: core.Extra{"color": "red"}}})
	if err != nil {
		t.Fatal(err)
	}
	enc, err := wire.EncoderFor(reflect.TypeFor[*note]())
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = enc.Append(buf[:0], row) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// TestOpenAPIRow: the document describes an answer that is a row by its table.
func TestOpenAPIRow(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, &notes{})
	text := string(e.Auth.OpenAPI())
	if !strings.Contains(text, `"schema":{"$ref":"#/components/schemas/Note"}`) || strings.Contains(text, `"secret"`) {
		t.Error(text)
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
