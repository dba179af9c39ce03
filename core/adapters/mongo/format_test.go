package mongo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC)

func user(id string) adapter.Record {
	return adapter.Record{"id": id, "name": "Ada", "email": id + "@example.com", "emailVerified": false, "createdAt": noon, "updatedAt": noon}
}

func session(id, userID string) adapter.Record {
	return adapter.Record{"id": id, "token": "token-" + id, "userId": userID, "expiresAt": noon, "createdAt": noon, "updatedAt": noon}
}

// bySession is the lookup of every request.
func bySession(token string) adapter.Find {
	return adapter.Find{
		Model: "session", Where: adapter.By("token", token),
		Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}},
	}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func create(t testing.TB, a adapter.Adapter, model string, rec adapter.Record) adapter.Record {
	t.Helper()
	return must[adapter.Record](t)(a.Create(t.Context(), model, rec))
}

// types shows a document's fields with their BSON types.
func types(t *testing.T, doc bson.Raw) string {
	t.Helper()
	elements, err := doc.Elements()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(elements))
	for i, e := range elements {
		out[i] = fmt.Sprint(e.Key(), ":", e.Value().Type)
	}
	return strings.Join(out, " ")
}

func TestStoredTypes(t *testing.T) {
	t.Parallel()
	const oid, other = "6b04bb4b28186351d0fed8ad", "IptwG5W3GD58DkGmsCrduLLKitU5cYbs"
	const uuid = "0b0e7f3c-58a1-4b0e-9c5e-0a4f6d1f0001"
	d := double(t, true)
	for name, c := range map[string]struct {
		ids     schema.IDKind
		options mongo.Options
		id      string
		want    string // of the ids
	}{
		"24 hexadecimal digits":       {schema.IDString, mongo.Options{}, oid, "objectID"},
		"32 letters and digits":       {schema.IDString, mongo.Options{}, other, "string"},
		"upper case":                  {schema.IDString, mongo.Options{}, strings.ToUpper(oid), "string"},
		"a UUID among strings":        {schema.IDString, mongo.Options{}, uuid, "string"},
		"string ids":                  {schema.IDString, mongo.Options{StringIDs: true}, oid, "string"},
		"UUIDs":                       {schema.IDUUID, mongo.Options{}, uuid, "binary"},
		"UUIDs kept as strings":       {schema.IDUUID, mongo.Options{StringIDs: true}, uuid, "string"},
		"serial keys":                 {schema.IDSerial, mongo.Options{}, "", "64-bit integer"},
		"a serial key that was given": {schema.IDSerial, mongo.Options{}, "17", "64-bit integer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := d.database(t)
			s := adaptertest.Schema()
			s.IDs = c.ids
			a := migrated(t, db, s, c.options)
			rec := user("x")
			rec["id"] = c.id
			if c.id == "" {
				delete(rec, "id")
			}
			id := create(t, a, "user", rec)["id"].(string)
			if c.id != "" && id != c.id {
				t.Errorf("the id %s came back as %s", c.id, id)
			}
			thing := adapter.Record{
				"id": id, "title": "t", "rank": int64(1), "ratio": 1.5, "big": int64(1) << 40, "done": true, "at": noon, "note": nil,
				"meta": json.RawMessage(`{"a":1}`), "tags": []string{"a"}, "scores": []float64{1, 2.5}, "ownerId": id,
			}
			create(t, a, "thing", thing)
			doc := must[bson.Raw](t)(db.Collection("thing").FindOne(t.Context(), bson.D{}).Raw())
			want := "_id:" + c.want + " title:string note:null rank:32-bit integer ratio:double big:64-bit integer done:boolean at:UTC datetime" +
				" meta:string tags:array scores:array ownerId:" + c.want
			if got := types(t, doc); got != want {
				t.Errorf("stored\n%s, want\n%s", got, want)
			}
			if raw := doc.Lookup("meta").StringValue(); raw != `{"a":1}` {
				t.Errorf("JSON is stored as %s", raw)
			}
			got := must[adapter.Record](t)(a.FindOne(t.Context(), adapter.Find{
				Model: "thing", Where: adapter.By("ownerId", id).And("id", id), Joins: []adapter.Join{{Model: "user", From: "ownerId", To: "id", One: true}},
			}))
			if owner, _ := got["user"].(adapter.Record); got["ownerId"] != id || owner["id"] != id {
				t.Errorf("read %v", got)
			}
		})
	}
}

func TestReadsWhatBetterAuthStores(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	var docs map[string]json.RawMessage
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/betterauth.json")), &docs); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"user", "account", "session"} {
		var doc bson.D
		if err := bson.UnmarshalExtJSON(docs[model], false, &doc); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection(model).InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	a := migrated(t, db, adaptertest.Schema(), mongo.Options{})
	rec := must[adapter.Record](t)(a.FindOne(t.Context(), bySession("8SElKyyHA0QF9WHq97iVZ4pc72UV39EQ")))
	owner, _ := rec["user"].(adapter.Record)
	created := time.Date(2026, 11, 23, 22, 16, 43, 962e6, time.UTC)
	if rec["id"] != "6b04bb4b28186351d0fed8af" || rec["userId"] != "6b04bb4b28186351d0fed8ad" || owner["email"] != "ada@example.com" ||
		owner["createdAt"] != created || owner["emailVerified"] != false {
		t.Errorf("session = %v", rec)
	}
	if image, ok := owner["image"]; !ok || image != nil {
		t.Errorf("an absent field is %v, %v", image, ok)
	}
	id := owner["id"]
	w := adapter.By("userId", id).And("image", nil)
	if n := must[int64](t)(a.Count(t.Context(), "user", adapter.By("id", id).And("image", nil))); n != 1 {
		t.Errorf("%d users have no image, want 1", n)
	}
	if _, err := a.Count(t.Context(), "account", w); !errors.Is(err, adapter.ErrUnknownField) {
		t.Errorf("an unknown field: %v", err)
	}
	if n := must[int64](t)(a.Count(t.Context(), "account", adapter.By("userId", id).And("accountId", id))); n != 1 {
		t.Errorf("%d accounts, want 1", n)
	}
	if err := a.Delete(t.Context(), "user", adapter.By("id", id)); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"session", "account"} {
		if n := must[int64](t)(a.Count(t.Context(), model, nil)); n != 0 {
			t.Errorf("%d rows of %s are left", n, model)
		}
	}
}

func TestReadsWhatOthersStore(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	a := migrated(t, db, adaptertest.Schema(), mongo.Options{})
	insert := func(doc bson.D) {
		t.Helper()
		if _, err := db.Collection("thing").InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	oid := bson.NewObjectID()
	insert(bson.D{
		{Key: "_id", Value: "a"}, {Key: "title", Value: oid}, {Key: "rank", Value: 3.0}, {Key: "scores", Value: bson.A{int32(1), int64(2), 0.5}},
		{Key: "meta", Value: bson.D{{Key: "a", Value: bson.A{int32(1), "b"}}}}, {Key: "tags", Value: bson.Undefined{}}, {Key: "stranger", Value: 1},
	})
	rec := must[adapter.Record](t)(a.FindOne(t.Context(), adapter.Find{Model: "thing", Where: adapter.By("id", "a")}))
	if rec["title"] != oid.Hex() || rec["rank"] != int64(3) || fmt.Sprint(rec["scores"]) != "[1 2 0.5]" ||
		string(rec["meta"].(json.RawMessage)) != `{"a":[1,"b"]}` || rec["tags"] != nil {
		t.Errorf("%v", rec)
	}
	if _, ok := rec["stranger"]; ok {
		t.Error("a field that the schema does not know is in the record")
	}
	for i, doc := range []bson.D{
		{{Key: "done", Value: "secret-value"}}, {{Key: "at", Value: "secret-value"}}, {{Key: "rank", Value: "secret-value"}},
		{{Key: "title", Value: bson.D{}}}, {{Key: "tags", Value: bson.A{"secret-value", 1}}}, {{Key: "meta", Value: "secret-value"}},
	} {
		id := fmt.Sprint("bad", i)
		insert(append(bson.D{{Key: "_id", Value: id}}, doc...))
		_, err := a.FindOne(t.Context(), adapter.Find{Model: "thing", Where: adapter.By("id", id)})
		if err == nil || strings.Contains(err.Error(), "secret-value") {
			t.Errorf("%v: %v", doc, err)
		}
	}
}

func TestNewIDIsAnObjectID(t *testing.T) {
	t.Parallel()
	first, second := must[string](t)(mongo.NewID("user")), must[string](t)(mongo.NewID("user"))
	if _, err := bson.ObjectIDFromHex(first); err != nil || first == second {
		t.Errorf("%q, %q, %v", first, second, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "user", Fields: []schema.Field{{Name: "legacy", Column: "_id", Type: schema.String}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := double(t, true).database(t)
	if _, err := mongo.New(db, mongo.Options{}).Open(s); err == nil {
		t.Error("a second column _id was taken")
	}
	lost := must[*driver.Client](t)(driver.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50")))
	defer lost.Disconnect(t.Context())
	if _, err := mongo.New(lost.Database("x"), mongo.Options{}).Open(adaptertest.Schema()); err == nil {
		t.Error("a server that does not answer was taken")
	}
	if _, err := mongo.New(nil, mongo.Options{}).Open(s); err == nil {
		t.Error("no database was taken")
	}
	if _, err := mongo.New(db, mongo.Options{}).Open(nil); err == nil {
		t.Error("no schema was taken")
	}
}
