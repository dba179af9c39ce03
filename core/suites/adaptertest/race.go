package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
)

const crowd = 50

// together calls fn from many goroutines that start at once and returns their
// errors by number.
func together(e *env, fn func(i int) error) []error {
	e.Helper()
	errs := make([]error, crowd)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	e.ok(e.returns(func() error { wg.Wait(); return nil }))
	return errs
}

// winners counts the calls without error and expects want from all others.
func winners(e *env, errs []error, want error) int {
	e.Helper()
	n := 0
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, want):
			e.Fatalf("a loser got the error %v, want %v", err, want)
		}
	}
	return n
}

func raceCases() []testCase {
	expect := func(e *env, got, want int) {
		e.Helper()
		if got != want {
			e.Fatalf("%d winners, want %d", got, want)
		}
	}
	return []testCase{
		{name: "RACE-15 consumeOne has one winner", run: func(e *env) {
			e.create("verification", newVerification("v1", "reset"))
			errs := together(e, func(int) error {
				_, err := e.a.ConsumeOne(e.ctx, "verification", adapter.By("identifier", "reset").And("value", "v-v1"))
				return err
			})
			expect(e, winners(e, errs, adapter.ErrNotFound), 1)
			e.count("verification", nil, 0)
		}},
		{name: "RACE-15 consumeOne gives each row once", run: func(e *env) {
			for i := range 10 {
				e.create("verification", newVerification(fmt.Sprint(i), "code"))
			}
			var mu sync.Mutex
			seen := map[any]int{}
			errs := together(e, func(int) error {
				rec, err := e.a.ConsumeOne(e.ctx, "verification", adapter.By("identifier", "code"))
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					seen[rec["id"]]++
				}
				return err
			})
			// A database may answer "not found" to a caller that lost its row to
			// another one although rows were left. So fewer than 10 is allowed, but
			// never none and never a row twice.
			n := winners(e, errs, adapter.ErrNotFound)
			if n < 1 || n > 10 || len(seen) != n {
				e.Fatalf("%d winners of %d rows", n, len(seen))
			}
			e.count("verification", nil, int64(10-n))
		}},
		{name: "RACE-15 increments add up", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"rank": int64(0)}))
			errs := together(e, func(int) error {
				_, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "rank", 1, nil)
				return err
			})
			expect(e, winners(e, errs, nil), crowd)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(crowd)})
		}},
		{name: "RACE-15 each increment returns its own count", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"rank": int64(0)}))
			var mu sync.Mutex
			seen := map[any]int{}
			errs := together(e, func(int) error {
				rec, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "rank", 1, nil)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					seen[rec["rank"]]++
				}
				return err
			})
			expect(e, winners(e, errs, nil), crowd)
			if len(seen) != crowd {
				e.Fatalf("%d calls returned %d different counts", crowd, len(seen))
			}
		}},
		{name: "RACE-15 a guarded increment never passes its limit", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"rank": int64(0)}))
			guard := adapter.Where{{Field: "id", Value: "a"}, {Field: "rank", Op: adapter.Lt, Value: int64(10)}}
			errs := together(e, func(int) error {
				rec, err := e.a.Increment(e.ctx, "thing", guard, "rank", 1, nil)
				if n, _ := rec["rank"].(int64); err == nil && (n < 1 || n > 10) {
					return fmt.Errorf("the count is %d", n)
				}
				return err
			})
			expect(e, winners(e, errs, adapter.ErrNotFound), 10)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(10)})
		}},
		{name: "RACE-15 a guarded decrement never goes below nothing", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"big": int64(7)}))
			guard := adapter.Where{{Field: "id", Value: "a"}, {Field: "big", Op: adapter.Gt, Value: int64(0)}}
			errs := together(e, func(int) error {
				_, err := e.a.Increment(e.ctx, "thing", guard, "big", -1, nil)
				return err
			})
			expect(e, winners(e, errs, adapter.ErrNotFound), 7)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"big": int64(0)})
		}},
		{name: "RACE-15 a guarded update has one winner", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"note": "open"}))
			errs := together(e, func(i int) error {
				_, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a").And("note", "open"), adapter.Record{"note": "taken", "rank": int64(i)})
				return err
			})
			expect(e, winners(e, errs, adapter.ErrNotFound), 1)
			for i, err := range errs {
				if err == nil {
					e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"note": "taken", "rank": int64(i)})
				}
			}
		}},
		{name: "RACE-15 a guarded updateMany counts once", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"note": "open"}))
			errs := together(e, func(int) error {
				n, err := e.a.UpdateMany(e.ctx, "thing", adapter.By("id", "a").And("note", "open"), adapter.Record{"note": "taken"})
				if err == nil && n == 0 {
					return adapter.ErrNotFound
				}
				return err
			})
			expect(e, winners(e, errs, adapter.ErrNotFound), 1)
		}},
		{name: "RACE-15 deleteMany counts each row once", run: func(e *env) {
			e.create("thing", newThing("a", nil))
			errs := together(e, func(int) error {
				n, err := e.a.DeleteMany(e.ctx, "thing", adapter.By("id", "a"))
				if err == nil && n == 0 {
					return adapter.ErrNotFound
				}
				return err
			})
			expect(e, winners(e, errs, adapter.ErrNotFound), 1)
		}},
		{name: "RACE-01 a unique key has one winner", run: func(e *env) {
			errs := together(e, func(i int) error {
				rec := newUser(fmt.Sprint(i))
				rec["email"] = "same@example.com"
				_, err := e.a.Create(e.ctx, "user", rec)
				return err
			})
			expect(e, winners(e, errs, adapter.ErrUnique), 1)
			e.count("user", nil, 1)
		}},
		{name: "RACE-01 a composite unique key has one winner", schema: pairs, run: func(e *env) {
			errs := together(e, func(i int) error {
				_, err := e.a.Create(e.ctx, "member", member(fmt.Sprint(i), "o1", "u1"))
				return err
			})
			expect(e, winners(e, errs, adapter.ErrUnique), 1)
		}},
		{name: "RACE-15 transactions side by side add up", needs: transactions, run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"rank": int64(0)}))
			errs := together(e, func(i int) error {
				err := e.a.Tx(e.ctx, func(ctx context.Context) error {
					if _, err := e.a.Increment(ctx, "thing", adapter.By("id", "a"), "rank", 1, nil); err != nil {
						return err
					}
					if err := e.add(ctx, fmt.Sprint("row", i)); err != nil {
						return err
					}
					if i%2 == 1 {
						return errStop
					}
					return nil
				})
				return err
			})
			expect(e, winners(e, errs, errStop), crowd/2)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(crowd / 2)})
			e.count("thing", nil, crowd/2+1)
		}},
		{name: "RACE-15 reads and writes side by side", run: func(e *env) {
			seedJoins(e)
			errs := together(e, func(i int) error {
				id := fmt.Sprint("x", i)
				if _, err := e.a.Create(e.ctx, "session", newSession(id, "u1")); err != nil {
					return err
				}
				if _, err := e.a.FindMany(e.ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}}); err != nil {
					return err
				}
				if _, err := e.a.Update(e.ctx, "session", adapter.By("token", "token-"+id), adapter.Record{"userAgent": id}); err != nil {
					return err
				}
				rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("id", id)})
				if err != nil || rec["userAgent"] != id {
					return errors.Join(errors.New("the update is not seen"), err)
				}
				return e.a.Delete(e.ctx, "session", adapter.By("id", id))
			})
			expect(e, winners(e, errs, nil), crowd)
			e.count("session", nil, 3)
		}},
	}
}
