package mongotest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func coll(t *testing.T, replicaSet bool) *driver.Collection {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(Start(t, replicaSet).URI()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return client.Database("test").Collection("rows")
}

func d(kv ...any) bson.D {
	out := bson.D{}
	for i := 0; i < len(kv); i += 2 {
		out = append(out, bson.E{Key: kv[i].(string), Value: kv[i+1]})
	}
	return out
}

func insert(t *testing.T, c *driver.Collection, docs ...any) {
	t.Helper()
	if _, err := c.InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, c *driver.Collection) (context.Context, *driver.Session) {
	t.Helper()
	sess, err := c.Database().Client().StartSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := sess.StartTransaction(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sess.EndSession(context.Background()) })
	return driver.NewSessionContext(t.Context(), sess), sess
}

func code(err error) int {
	var server driver.ServerError
	if errors.As(err, &server) && len(server.ErrorCodes()) > 0 {
		return server.ErrorCodes()[0]
	}
	return 0
}

func ids(t *testing.T, c *driver.Collection, filter bson.D) []string {
	t.Helper()
	cursor, err := c.Find(t.Context(), filter, options.Find().SetSort(d("_id", 1)).SetBatchSize(2))
	if err != nil {
		t.Fatalf("%v: %v", filter, err)
	}
	var docs []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(t.Context(), &docs); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, doc := range docs {
		out = append(out, doc.ID)
	}
	return out
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := coll(t, false)
	insert(t, c,
		d("_id", "absent"), d("_id", "null", "v", nil), d("_id", "one", "v", 1), d("_id", "two", "v", 2.0), d("_id", "text", "v", "2"),
		d("_id", "list", "v", bson.A{1, "x"}), d("_id", "yes", "v", true))
	for _, test := range []struct {
		filter bson.D
		want   []string
	}{
		{d("v", d("$eq", nil)), []string{"absent", "null"}},
		{d("v", d("$ne", nil)), []string{"list", "one", "text", "two", "yes"}},
		{d("v", d("$eq", int64(2))), []string{"two"}},
		{d("v", d("$gt", 0)), []string{"list", "one", "two"}},
		{d("v", d("$gte", "")), []string{"list", "text"}},
		{d("v", d("$in", bson.A{1, bson.Regex{Pattern: "^2"}})), []string{"list", "one", "text"}},
		{d("v", d("$nin", bson.A{1, nil})), []string{"text", "two", "yes"}},
		{d("v", d("$in", bson.A{})), []string{}},
		{d("v", d("$type", "number")), []string{"one", "two"}},
		{d("v", d("$exists", false)), []string{"absent"}},
		{d("$or", bson.A{d("v", 1), d("v", true)}), []string{"list", "one", "yes"}},
		{d("$and", bson.A{d("v", d("$gt", 0)), d("_id", "two")}), []string{"two"}},
	} {
		if got := ids(t, c, test.filter); !slices.Equal(got, test.want) {
			t.Errorf("%v gives %q, want %q", test.filter, got, test.want)
		}
	}
	for _, filter := range []bson.D{d("$where", "1"), d("v", d("$near", 1)), d("a.b", 1), d("$or", bson.A{}), d("v", d("$regex", bson.Regex{Pattern: "("}))} {
		if err := c.FindOne(t.Context(), filter).Err(); code(err) == 0 {
			t.Errorf("%v is no error but %v", filter, err)
		}
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	c := coll(t, false)
	insert(t, c, d("_id", "a", "n", int32(1<<31-1), "s", "x"))
	for _, test := range []struct {
		update bson.D
		code   int
		want   string
	}{
		{d("$inc", d("n", int32(1)), "$set", d("t", "y"), "$unset", d("s", 1)), 0, `{"_id": "a","n": {"$numberLong":"2147483648"},"t": "y"}`},
		{d("$max", d("n", 5)), 0, `{"_id": "a","n": {"$numberLong":"2147483648"},"t": "y"}`},
		{d("$inc", d("t", 1)), 14, ""},
		{d("$set", d("n", 1), "$inc", d("n", 1)), 40, ""},
		{d("$set", d("_id", "b")), 66, ""},
		{d("$inc", d("n", int64(1<<63-1))), codeBadValue, ""},
	} {
		var got bson.Raw
		err := c.FindOneAndUpdate(t.Context(), d("_id", "a"), test.update, options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&got)
		if code(err) != test.code || test.code == 0 && got.String() != test.want {
			t.Errorf("%v gives %s, %v", test.update, got, err)
		}
	}
}

func TestUniqueIndex(t *testing.T) {
	t.Parallel()
	c := coll(t, false)
	o := options.Index().SetUnique(true).SetPartialFilterExpression(d("k", d("$gte", "")))
	if _, err := c.Indexes().CreateOne(t.Context(), driver.IndexModel{Keys: d("k", 1), Options: o}); err != nil {
		t.Fatal(err)
	}
	insert(t, c, d("_id", "a", "k", "x"), d("_id", "b", "k", nil), d("_id", "c", "k", nil), d("_id", "d"))
	if _, err := c.InsertOne(t.Context(), d("_id", "e", "k", "x")); !driver.IsDuplicateKeyError(err) {
		t.Errorf("the same key: %v", err)
	}
	if _, err := c.InsertOne(t.Context(), d("_id", "a")); !driver.IsDuplicateKeyError(err) {
		t.Errorf("the same id: %v", err)
	}
	if _, err := c.UpdateOne(t.Context(), d("_id", "b"), d("$set", d("k", "x"))); !driver.IsDuplicateKeyError(err) {
		t.Errorf("an update to the same key: %v", err)
	}
}

func TestTransactionsConflict(t *testing.T) {
	t.Parallel()
	c := coll(t, true)
	insert(t, c, d("_id", "a", "n", 0))
	first, one := begin(t, c)
	second, _ := begin(t, c)
	add := d("$inc", d("n", 1))
	if n, err := c.CountDocuments(second, d()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	// An update that changes nothing is not a write.
	if _, err := c.UpdateByID(second, "a", d("$set", d("n", int32(0)))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UpdateByID(first, "a", add); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, c, d("n", 1)); len(got) != 0 {
		t.Errorf("seen before the commit: %q", got)
	}
	_, err := c.UpdateByID(second, "a", add)
	var labeled driver.LabeledError
	if code(err) != codeConflict || !errors.As(err, &labeled) || !labeled.HasErrorLabel("TransientTransactionError") {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := c.UpdateByID(second, "b", add); code(err) != codeNoTransaction {
		t.Errorf("after a conflict: %v", err)
	}
	// A write outside waits for the end of the transaction, longer than its client.
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.UpdateByID(brief, "a", d("$set", d("late", true))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write beside the transaction: %v", err)
	}
	done := make(chan error, 1)
	go func() { _, err := c.UpdateByID(t.Context(), "a", add); done <- err }()
	if err := one.CommitTransaction(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := ids(t, c, d("n", 2)); len(got) != 1 {
		t.Errorf("the writes did not add up")
	}
}

func TestAbortUndoes(t *testing.T) {
	t.Parallel()
	c := coll(t, true)
	insert(t, c, d("_id", "a", "n", 0), d("_id", "b"))
	ctx, sess := begin(t, c)
	if _, err := c.InsertOne(ctx, d("_id", "c")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteMany(ctx, d("_id", "b")); err != nil {
		t.Fatal(err)
	}
	if err := sess.AbortTransaction(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, c, d()); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the rows are %q", got)
	}
}

func TestStandaloneHasNoTransactions(t *testing.T) {
	t.Parallel()
	c := coll(t, false)
	ctx, _ := begin(t, c)
	if _, err := c.InsertOne(ctx, d("_id", "a")); err == nil {
		t.Error("a transaction began")
	}
}

func TestUnknownCommandsFail(t *testing.T) {
	t.Parallel()
	c := coll(t, false)
	if err := c.Database().RunCommand(t.Context(), d("mapReduce", "rows")).Err(); code(err) != codeUnknown {
		t.Errorf("got %v", err)
	}
	if _, err := c.Aggregate(t.Context(), bson.A{d("$out", "elsewhere")}); code(err) == 0 {
		t.Errorf("got %v", err)
	}
}

// FuzzMessage gives the parsers of the wire protocol bytes that no client sends.
func FuzzMessage(f *testing.F) {
	doc, err := bson.Marshal(d("ping", 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append([]byte{0, 0, 0, 0, 0}, doc...))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = parseMsg(body)
		_, _ = parseQuery(body)
	})
}
