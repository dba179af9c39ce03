package adaptertest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

var errStop = errors.New("stop")

// tx runs fn in a transaction and returns its error; a deadlock ends the case.
func (e *env) tx(fn func(ctx context.Context) error) error {
	e.Helper()
	return e.returns(func() error { return e.a.Tx(e.ctx, fn) })
}

// add creates a thing and returns the error only: transactions end by returning it.
func (e *env) add(ctx context.Context, id string) error {
	_, err := e.a.Create(ctx, "thing", newThing(id, adapter.Record{"code": "code-" + id, "rank": int64(0)}))
	return err
}

// caught runs fn and returns what it panicked with.
func caught(fn func()) (value any) {
	defer func() { value = recover() }()
	fn()
	return nil
}

func txCases() []testCase {
	return []testCase{
		{name: "commit", run: func(e *env) {
			e.ok(e.tx(func(ctx context.Context) error {
				return errors.Join(e.add(ctx, "a"), e.add(ctx, "b"))
			}))
			e.ids(adapter.Find{Model: "thing"}, "a", "b")
		}},
		{name: "an error rolls back and is returned", needs: transactions, run: func(e *env) {
			seedThings(e)
			err := e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "x"); err != nil {
					return err
				}
				if _, err := e.a.Update(ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": "changed", "code": "moved"}); err != nil {
					return err
				}
				if _, err := e.a.Increment(ctx, "thing", adapter.By("id", "b"), "rank", 10, nil); err != nil {
					return err
				}
				if _, err := e.a.ConsumeOne(ctx, "thing", adapter.By("id", "c")); err != nil {
					return err
				}
				if err := e.a.Delete(ctx, "thing", adapter.By("id", "d")); err != nil {
					return err
				}
				return errStop
			})
			e.refused(err, errStop)
			e.ids(adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: "id"}}}, "a", "b", "c", "d")
			e.has(e.one("thing", adapter.By("code", "k1")), adapter.Record{"id": "a", "title": "Alpha"})
			e.has(e.one("thing", adapter.By("id", "b")), adapter.Record{"rank": int64(2)})
			e.count("thing", adapter.By("code", "moved"), 0)
			e.ok(e.add(e.ctx, "x")) // its unique key is free again
		}},
		{name: "a panic rolls back and goes on", needs: transactions, run: func(e *env) {
			value := caught(func() {
				_ = e.a.Tx(e.ctx, func(ctx context.Context) error {
					if err := e.add(ctx, "a"); err != nil {
						return err
					}
					panic("boom")
				})
			})
			if value != "boom" {
				e.Fatalf("the panic became %v", value)
			}
			e.count("thing", nil, 0)
			e.ok(e.tx(func(ctx context.Context) error { return e.add(ctx, "a") }))
			e.present("thing", "a")
		}},
		{name: "cascades roll back", needs: transactions, run: func(e *env) {
			seedJoins(e)
			e.create("thing", newThing("a", adapter.Record{"ownerId": "u1"}))
			e.refused(e.tx(func(ctx context.Context) error {
				if err := e.a.Delete(ctx, "user", adapter.By("id", "u1")); err != nil {
					return err
				}
				return errStop
			}), errStop)
			e.ids(adapter.Find{Model: "session", Where: adapter.By("userId", "u1")}, "s1", "s2")
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"ownerId": "u1"})
			e.has(e.one("session", adapter.By("token", "token-s1")), adapter.Record{"id": "s1"})
		}},
		{name: "reads inside see the writes", run: func(e *env) {
			seedThings(e)
			e.ok(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "x"); err != nil {
					return err
				}
				if _, err := e.a.UpdateMany(ctx, "thing", adapter.By("done", true), adapter.Record{"note": "in"}); err != nil {
					return err
				}
				if _, err := e.a.FindOne(ctx, adapter.Find{Model: "thing", Where: adapter.By("code", "code-x")}); err != nil {
					return err
				}
				rows, err := e.a.FindMany(ctx, adapter.Find{Model: "thing", Where: adapter.By("note", "in")})
				if err != nil || len(rows) != 2 {
					return errors.Join(errors.New("the update is not seen"), err)
				}
				n, err := e.a.Count(ctx, "thing", nil)
				if err != nil || n != 5 {
					return errors.Join(errors.New("the row is not counted"), err)
				}
				return nil
			}))
		}},
		{name: "a statement that fails inside can be the end of it", needs: transactions, run: func(e *env) {
			e.ok(e.add(e.ctx, "a"))
			e.refused(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "b"); err != nil {
					return err
				}
				return e.add(ctx, "a")
			}), adapter.ErrUnique)
			e.ids(adapter.Find{Model: "thing"}, "a")
		}},
		{name: "nested commit", run: func(e *env) {
			e.ok(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "a"); err != nil {
					return err
				}
				return e.a.Tx(ctx, func(ctx context.Context) error { return e.add(ctx, "b") })
			}))
			e.ids(adapter.Find{Model: "thing"}, "a", "b")
		}},
		{name: "nested rollback undoes its own writes only", needs: savepoints, run: func(e *env) {
			e.ok(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "a"); err != nil {
					return err
				}
				err := e.a.Tx(ctx, func(ctx context.Context) error {
					if err := e.add(ctx, "b"); err != nil {
						return err
					}
					if _, err := e.a.Update(ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": "changed"}); err != nil {
						return err
					}
					return errStop
				})
				if !errors.Is(err, errStop) {
					return errors.Join(errors.New("the nested error is lost"), err)
				}
				return e.add(ctx, "c")
			}))
			e.ids(adapter.Find{Model: "thing"}, "a", "c")
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"title": "Thing a"})
		}},
		{name: "nested commit in a rollback is undone", needs: transactions, run: func(e *env) {
			e.refused(e.tx(func(ctx context.Context) error {
				if err := e.a.Tx(ctx, func(ctx context.Context) error { return e.add(ctx, "a") }); err != nil {
					return err
				}
				return errStop
			}), errStop)
			e.count("thing", nil, 0)
		}},
		{name: "nested panic that is recovered undoes its own writes only", needs: savepoints, run: func(e *env) {
			e.ok(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "a"); err != nil {
					return err
				}
				value := caught(func() {
					_ = e.a.Tx(ctx, func(ctx context.Context) error {
						if err := e.add(ctx, "b"); err != nil {
							return err
						}
						panic("boom")
					})
				})
				if value != "boom" {
					return errors.New("the panic is lost")
				}
				return e.add(ctx, "c")
			}))
			e.ids(adapter.Find{Model: "thing"}, "a", "c")
		}},
		{name: "three levels and siblings", needs: savepoints, run: func(e *env) {
			e.ok(e.tx(func(ctx context.Context) error {
				err := e.a.Tx(ctx, func(ctx context.Context) error {
					if err := e.add(ctx, "b"); err != nil {
						return err
					}
					_ = e.a.Tx(ctx, func(ctx context.Context) error {
						if err := e.add(ctx, "c"); err != nil {
							return err
						}
						return errStop
					})
					return e.add(ctx, "d")
				})
				if err != nil {
					return err
				}
				_ = e.a.Tx(ctx, func(ctx context.Context) error {
					if err := e.add(ctx, "e"); err != nil {
						return err
					}
					return errStop
				})
				return e.a.Tx(ctx, func(ctx context.Context) error { return e.add(ctx, "f") })
			}))
			e.ids(adapter.Find{Model: "thing"}, "b", "d", "f")
		}},
		{name: "a failed statement in a nested transaction leaves the outer one usable", needs: savepoints, run: func(e *env) {
			e.ok(e.add(e.ctx, "a"))
			e.ok(e.tx(func(ctx context.Context) error {
				err := e.a.Tx(ctx, func(ctx context.Context) error { return e.add(ctx, "a") })
				if !errors.Is(err, adapter.ErrUnique) {
					return errors.Join(errors.New("want ErrUnique"), err)
				}
				return e.add(ctx, "b")
			}))
			e.ids(adapter.Find{Model: "thing"}, "a", "b")
		}},
		{name: "a context used after its transaction", run: func(e *env) {
			var kept context.Context
			e.ok(e.tx(func(ctx context.Context) error {
				kept = ctx
				return e.add(ctx, "a")
			}))
			// An error is fine, and so is a write on its own; a lost write is not.
			if err := e.returns(func() error { return e.add(kept, "b") }); err == nil {
				e.present("thing", "b")
			} else {
				e.absent("thing", "b")
			}
			e.ok(e.tx(func(ctx context.Context) error { return e.add(ctx, "c") }))
			e.present("thing", "c")
		}},
		{name: "a context cancelled inside rolls back", needs: transactions, run: func(e *env) {
			ctx, cancel := context.WithCancel(e.ctx)
			defer cancel()
			err := e.returns(func() error {
				return e.a.Tx(ctx, func(ctx context.Context) error {
					if err := e.add(ctx, "a"); err != nil {
						return err
					}
					cancel()
					return nil
				})
			})
			if err == nil {
				e.Fatal("the transaction says that it is committed")
			}
			e.absent("thing", "a")
			e.ok(e.add(e.ctx, "a"))
		}},
		{name: "RACE-16 two transactions in crossed order both commit", needs: transactions, run: func(e *env) {
			e.ok(errors.Join(e.add(e.ctx, "a"), e.add(e.ctx, "b")))
			// Each transaction has written one row and wants the other's: the database
			// has to end one of them, and the adapter runs it again.
			var met [2]atomic.Bool
			arrived := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
			order := [2][2]string{{"a", "b"}, {"b", "a"}}
			errs := make(chan error, 2)
			for i, rows := range order {
				go func() {
					errs <- e.a.Tx(e.ctx, func(ctx context.Context) error {
						for n, id := range rows {
							if _, err := e.a.Increment(ctx, "thing", adapter.By("id", id), "rank", 1, nil); err != nil {
								return err
							}
							if n == 0 && !met[i].Swap(true) {
								close(arrived[i])
								waitFor(arrived[1-i])
							}
						}
						return nil
					})
				}()
			}
			e.ok(e.returns(func() error { return errors.Join(<-errs, <-errs) }))
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(2)})
			e.has(e.one("thing", adapter.By("id", "b")), adapter.Record{"rank": int64(2)})
		}},
		{name: "RACE-16 a transaction against a deletion of many rows", needs: transactions, run: func(e *env) {
			seedThings(e)
			sweep := make(chan error, 1)
			begun := make(chan struct{})
			first := true
			e.ok(e.tx(func(ctx context.Context) error {
				for _, id := range []string{"d", "c"} {
					if _, err := e.a.UpdateMany(ctx, "thing", adapter.By("id", id), adapter.Record{"title": "x"}); err != nil {
						return err
					}
				}
				if first {
					first = false
					go func() {
						n, err := e.a.DeleteMany(e.ctx, "thing", adapter.Where{{Field: "rank", Op: adapter.Gte, Value: int64(0)}})
						if err == nil && n == 0 {
							err = errors.New("nothing was removed")
						}
						sweep <- err
					}()
					waitFor(begun) // until the deletion waits for this transaction
				}
				_, err := e.a.UpdateMany(ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": "x"})
				return err
			}))
			e.ok(e.returns(func() error { return <-sweep }))
			e.count("thing", adapter.Where{{Field: "rank", Op: adapter.Gte, Value: int64(0)}}, 0)
		}},
		{name: "a transaction that fails for another reason runs once", run: func(e *env) {
			runs := 0
			e.refused(e.tx(func(ctx context.Context) error {
				runs++
				return errors.Join(errStop, e.add(ctx, "a"))
			}), errStop)
			if runs != 1 {
				e.Fatalf("it ran %d times", runs)
			}
		}},
		{name: "RACE-16 every operation inside reuses the transaction", run: func(e *env) {
			e.create("user", newUser("u1"))
			e.ok(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "a"); err != nil {
					return err
				}
				for _, step := range e.everyOperation("a") {
					if err := step.run(ctx); err != nil {
						return errors.Join(errors.New(step.name), err)
					}
				}
				return nil
			}))
			e.absent("thing", "a")
		}},
		{name: "RACE-16 deep nesting does not deadlock", run: func(e *env) {
			var level func(ctx context.Context, n int) error
			level = func(ctx context.Context, n int) error {
				if n == 0 {
					return e.add(ctx, "a")
				}
				return e.a.Tx(ctx, func(ctx context.Context) error {
					if _, err := e.a.Count(ctx, "thing", nil); err != nil {
						return err
					}
					return level(ctx, n-1)
				})
			}
			e.ok(e.returns(func() error { return level(e.ctx, 10) }))
			e.present("thing", "a")
		}},
		{name: "RACE-16 an operation beside a transaction does not outlive its deadline", needs: transactions, run: func(e *env) {
			e.ok(e.tx(func(ctx context.Context) error {
				if err := e.add(ctx, "a"); err != nil {
					return err
				}
				// Without the transaction's context the call waits, fails or sees
				// nothing.
				beside, cancel := context.WithTimeout(e.ctx, 50*time.Millisecond)
				defer cancel()
				rec, err := e.a.FindOne(beside, adapter.Find{Model: "thing", Where: adapter.By("id", "a")})
				if err == nil {
					return errors.Join(errors.New("a row was seen before its commit"), errors.New(show(rec)))
				}
				return nil
			}))
			e.present("thing", "a")
		}},
	}
}

// waitFor waits, for a while, for a caller that may not arrive: where writers queue, it
// is waiting itself.
func waitFor(arrived <-chan struct{}) {
	timer := time.NewTimer(200 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-arrived:
	case <-timer.C:
	}
}

// operation is one call of the adapter.
type operation struct {
	name string
	run  func(ctx context.Context) error
}

// everyOperation calls each method once with a thing that exists; the last one
// removes it.
func (e *env) everyOperation(id string) []operation {
	w := adapter.By("id", id)
	return []operation{
		{"Create", func(ctx context.Context) error { return e.add(ctx, id+"-new") }},
		{"FindOne", func(ctx context.Context) error {
			_, err := e.a.FindOne(ctx, adapter.Find{Model: "thing", Where: w, Joins: []adapter.Join{
				{Model: "user", From: "ownerId", To: "id", One: true}, {Model: "session", From: "ownerId", To: "userId"},
			}})
			return err
		}},
		{"FindMany", func(ctx context.Context) error {
			_, err := e.a.FindMany(ctx, adapter.Find{Model: "thing", Where: w})
			return err
		}},
		{"Count", func(ctx context.Context) error { _, err := e.a.Count(ctx, "thing", w); return err }},
		{"Update", func(ctx context.Context) error {
			_, err := e.a.Update(ctx, "thing", w, adapter.Record{"title": "updated"})
			return err
		}},
		{"UpdateMany", func(ctx context.Context) error {
			_, err := e.a.UpdateMany(ctx, "thing", w, adapter.Record{"note": "updated"})
			return err
		}},
		{"Increment", func(ctx context.Context) error {
			_, err := e.a.Increment(ctx, "thing", w, "rank", 1, nil)
			return err
		}},
		{"Tx", func(ctx context.Context) error {
			return e.a.Tx(ctx, func(ctx context.Context) error {
				_, err := e.a.UpdateMany(ctx, "thing", w, adapter.Record{"note": "in a transaction"})
				return err
			})
		}},
		{"Delete", func(ctx context.Context) error { return e.a.Delete(ctx, "thing", adapter.By("id", id+"-new")) }},
		{"DeleteMany", func(ctx context.Context) error {
			_, err := e.a.DeleteMany(ctx, "thing", adapter.By("id", "nothing"))
			return err
		}},
		{"ConsumeOne", func(ctx context.Context) error { _, err := e.a.ConsumeOne(ctx, "thing", w); return err }},
	}
}
