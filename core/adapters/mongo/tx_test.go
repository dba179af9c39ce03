package mongo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

var errStop = errors.New("stop")

func wantRows(t *testing.T, a adapter.Adapter, model string, want int64) {
	t.Helper()
	if n := must[int64](t)(a.Count(context.Background(), model, nil)); n != want {
		t.Errorf("%d rows of %s, want %d", n, model, want)
	}
}

func TestTransactionsAreDetected(t *testing.T) {
	t.Parallel()
	for _, replicaSet := range []bool{true, false} {
		db := double(t, replicaSet).database(t)
		for option, noTx := range map[mongo.Transactions]bool{mongo.Detect: !replicaSet, mongo.On: false, mongo.Off: true} {
			a := must[adapter.Adapter](t)(mongo.New(db, mongo.Options{Transactions: option}).Open(adaptertest.Schema()))
			if c := a.Capabilities(); c.NoTx != noTx || !c.NoNested || c.NoFold || c.NoReference {
				t.Errorf("replica set %v, option %d: %+v", replicaSet, option, c)
			}
		}
	}
}

func TestALostTransactionRunsAgain(t *testing.T) {
	t.Parallel()
	a := migrated(t, double(t, true).database(t), adaptertest.Schema(), mongo.Options{})
	create(t, a, "thing", adapter.Record{"id": "a", "title": "t", "rank": int64(0)})
	runs := 0
	err := a.Tx(t.Context(), func(ctx context.Context) error {
		runs++
		// The first time the row changes after it was read.
		rec, err := a.FindOne(ctx, adapter.Find{Model: "thing", Where: adapter.By("id", "a")})
		if err != nil {
			return err
		}
		if runs == 1 {
			if _, err := a.Update(t.Context(), "thing", adapter.By("id", "a"), adapter.Record{"rank": int64(10)}); err != nil {
				return err
			}
		}
		rank, _ := rec["rank"].(int64)
		_, err = a.Update(ctx, "thing", adapter.By("id", "a"), adapter.Record{"rank": rank + 1})
		if runs == 1 && err == nil {
			t.Error("the lost update was not noticed")
		}
		return errors.Join(err, ctx.Err())
	})
	rec := must[adapter.Record](t)(a.FindOne(t.Context(), adapter.Find{Model: "thing", Where: adapter.By("id", "a")}))
	if err != nil || runs != 2 || rec["rank"] != int64(11) {
		t.Errorf("%v after %d runs, rank %v; want 2 runs and 11", err, runs, rec["rank"])
	}
}

// TestARowIsLockedByAnUpdateThatChangesNothing: core locks a row this way.
func TestARowIsLockedByAnUpdateThatChangesNothing(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	a := migrated(t, db, adaptertest.Schema(), mongo.Options{})
	for name, lock := range map[string]func(ctx context.Context, id string) error{
		"update": func(ctx context.Context, id string) error {
			_, err := a.Update(ctx, "thing", adapter.By("id", id), adapter.Record{"title": "t"})
			return err
		},
		"empty update": func(ctx context.Context, id string) error {
			_, err := a.Update(ctx, "thing", adapter.By("id", id), adapter.Record{})
			return err
		},
		"increment by nothing": func(ctx context.Context, id string) error {
			_, err := a.Increment(ctx, "thing", adapter.By("id", id), "rank", 0, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			create(t, a, "thing", adapter.Record{"id": name, "title": "t", "rank": int64(0)})
			before := must[bson.Raw](t)(db.Collection("thing").FindOne(t.Context(), bson.D{{Key: "_id", Value: name}}).Raw())
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				if err := lock(ctx, name); err != nil {
					return err
				}
				// Another transaction cannot take the row now.
				sess := must[*driver.Session](t)(db.Client().StartSession())
				defer sess.EndSession(t.Context())
				if err := sess.StartTransaction(); err != nil {
					return err
				}
				_, err := db.Collection("thing").UpdateByID(driver.NewSessionContext(t.Context(), sess), name, bson.D{{Key: "$set", Value: bson.D{{Key: "title", Value: "other"}}}})
				var labeled driver.LabeledError
				if !errors.As(err, &labeled) || !labeled.HasErrorLabel("TransientTransactionError") {
					t.Errorf("the row is not locked: %v", err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			after := must[bson.Raw](t)(db.Collection("thing").FindOne(t.Context(), bson.D{{Key: "_id", Value: name}}).Raw())
			if before.String() != after.String() {
				t.Errorf("the lock changed %s to %s", before, after)
			}
		})
	}
}

func TestAPartIsNeverCommitted(t *testing.T) {
	t.Parallel()
	d := double(t, true)
	for name, c := range map[string]struct {
		run  func(t *testing.T, ctx context.Context, a adapter.Adapter) error
		want error
	}{
		"after a nested transaction that wrote and failed": {func(t *testing.T, ctx context.Context, a adapter.Adapter) error {
			err := a.Tx(ctx, func(ctx context.Context) error {
				create2(ctx, t, a, "u2")
				return errStop
			})
			if !errors.Is(err, errStop) {
				t.Errorf("nested: %v", err)
			}
			return nil
		}, errStop},
		"after a nested panic": {func(t *testing.T, ctx context.Context, a adapter.Adapter) error {
			defer func() { recover() }()
			return a.Tx(ctx, func(ctx context.Context) error {
				create2(ctx, t, a, "u2")
				panic("boom")
			})
		}, nil},
		"after a unique violation that was swallowed": {func(t *testing.T, ctx context.Context, a adapter.Adapter) error {
			if _, err := a.Create(ctx, "user", user("u1")); !errors.Is(err, adapter.ErrUnique) {
				t.Errorf("the same user again: %v", err)
			}
			if _, err := a.Count(ctx, "user", nil); !errors.Is(err, mongo.ErrTxDone) || !errors.Is(err, adapter.ErrUnique) {
				t.Errorf("the transaction goes on: %v", err)
			}
			return nil
		}, adapter.ErrUnique},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := migrated(t, d.database(t), adaptertest.Schema(), mongo.Options{})
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				create2(ctx, t, a, "u1")
				return c.run(t, ctx, a)
			})
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got the error %v, want %v", err, c.want)
			}
			wantRows(t, a, "user", 0)
		})
	}
}

func create2(ctx context.Context, t *testing.T, a adapter.Adapter, id string) {
	t.Helper()
	if _, err := a.Create(ctx, "user", user(id)); err != nil {
		t.Error(err)
	}
}

func TestANestedTransactionThatWroteNothingMayFail(t *testing.T) {
	t.Parallel()
	a := migrated(t, double(t, true).database(t), adaptertest.Schema(), mongo.Options{})
	err := a.Tx(t.Context(), func(ctx context.Context) error {
		err := a.Tx(ctx, func(ctx context.Context) error {
			_, err := a.ConsumeOne(ctx, "user", adapter.By("id", "nobody"))
			return err
		})
		if !errors.Is(err, adapter.ErrNotFound) {
			t.Errorf("nested: %v", err)
		}
		create2(ctx, t, a, "u1")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, a, "user", 1)
}

func TestAContextAfterItsTransaction(t *testing.T) {
	t.Parallel()
	a := migrated(t, double(t, true).database(t), adaptertest.Schema(), mongo.Options{})
	var kept context.Context
	if err := a.Tx(t.Context(), func(ctx context.Context) error { kept = ctx; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(kept, "user", user("u1")); !errors.Is(err, mongo.ErrTxDone) {
		t.Errorf("an operation: %v", err)
	}
	if err := a.Tx(kept, func(context.Context) error { return nil }); !errors.Is(err, mongo.ErrTxDone) {
		t.Errorf("a nested transaction: %v", err)
	}
	wantRows(t, a, "user", 0)
}

// TestTheApplicationsRows: the application's rows are written together with Kernia's,
// in a transaction of either.
func TestTheApplicationsRows(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	a := migrated(t, db, adaptertest.Schema(), mongo.Options{})
	invoices := db.Collection("invoice")
	count := func() int64 {
		return must[int64](t)(invoices.CountDocuments(t.Context(), bson.D{}))
	}
	err := a.Tx(t.Context(), func(ctx context.Context) error {
		create2(ctx, t, a, "u1")
		if _, err := invoices.InsertOne(ctx, bson.D{{Key: "_id", Value: 1}}); err != nil {
			return err
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	wantRows(t, a, "user", 0)
	if n := count(); n != 0 {
		t.Errorf("%d invoices after a rollback", n)
	}
	for commit, want := range []int64{0, 1} {
		sess := must[*driver.Session](t)(db.Client().StartSession())
		if err := sess.StartTransaction(); err != nil {
			t.Fatal(err)
		}
		ctx := driver.NewSessionContext(t.Context(), sess)
		if _, err := invoices.InsertOne(ctx, bson.D{{Key: "_id", Value: 2}}); err != nil {
			t.Fatal(err)
		}
		if err := a.Tx(ctx, func(ctx context.Context) error { create2(ctx, t, a, "u2"); return nil }); err != nil {
			t.Fatal(err)
		}
		if commit == 1 {
			err = sess.CommitTransaction(t.Context())
		} else {
			err = sess.AbortTransaction(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		sess.EndSession(t.Context())
		wantRows(t, a, "user", want)
		if n := count(); n != want {
			t.Errorf("%d invoices, want %d", n, want)
		}
	}
}

func TestSerialIDsAreMadeOutsideTheTransaction(t *testing.T) {
	t.Parallel()
	s := adaptertest.Schema()
	s.IDs = schema.IDSerial
	a := migrated(t, double(t, true).database(t), s, mongo.Options{})
	add := func(ctx context.Context, id any) (string, error) {
		rec := user(strings.Repeat("x", len(t.Name())))
		rec["id"] = id
		rec["email"] = must[string](t)(mongo.NewID("")) + "@example.com"
		out, err := a.Create(ctx, "user", rec)
		got, _ := out["id"].(string)
		return got, err
	}
	err := a.Tx(t.Context(), func(ctx context.Context) error {
		_, err := add(ctx, nil)
		return errors.Join(err, errStop)
	})
	if !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	for _, step := range []struct {
		given any
		want  string
	}{{nil, "2"}, {"40", "40"}, {nil, "41"}, {"7", "7"}, {nil, "42"}} {
		if got, err := add(t.Context(), step.given); err != nil || got != step.want {
			t.Errorf("the id is %s, want %s (%v)", got, step.want, err)
		}
	}
}
