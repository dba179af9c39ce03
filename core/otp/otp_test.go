package otp_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// places are where verification values live.
var places = []string{"database", "storage", "both"}

func start(t *testing.T, place string, db adapter.Database) *authtest.Env {
	t.Helper()
	e := authtest.NewEnv(t)
	o := e.Options()
	if db != nil {
		o.Database = db
	}
	if place != "database" {
		o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
	}
	o.Verification.StoreInDatabase = place == "both"
	return e.Open(o)
}

func codes(t *testing.T, e *authtest.Env, o otp.Options) *otp.Codes {
	t.Helper()
	c, err := otp.New(e.Auth, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reversed(_ context.Context, s string) (string, error) {
	out := []byte{}
	for i := len(s) - 1; i >= 0; i-- {
		out = append(out, s[i])
	}
	return string(out), nil
}

func palindrome(s string) bool {
	back, _ := reversed(context.Background(), s)
	return back == s
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		for name, o := range map[string]otp.Options{
			"default": {}, "plain": {Store: otp.Plain}, "hashed": {Store: otp.Hashed}, "encrypted": {Store: otp.Encrypted},
			"own hash": {Hash: reversed}, "own encryption": {Encrypt: reversed, Decrypt: reversed, Store: otp.Hashed},
		} {
			t.Run(place+" "+name, func(t *testing.T) {
				t.Parallel()
				e := start(t, place, nil)
				c, ctx := codes(t, e, o), t.Context()
				code, err := c.Make()
				if err != nil || len(code) != 6 || strings.Trim(code, "0123456789") != "" {
					t.Fatalf("%q, %v", code, err)
				}
				for palindrome(code) { // one that the application's own hash would keep as it is
					if code, err = c.Make(); err != nil {
						t.Fatal(err)
					}
				}
				want := func(doing string, got, want error) {
					t.Helper()
					if !errors.Is(got, want) {
						t.Fatalf("%s: %v, want %v", doing, got, want)
					}
				}
				keep := func() {
					t.Helper()
					want("keep", c.Keep(ctx, "sign-in-otp-a@b.c", code), nil)
				}
				check := func(code string) error { return c.Check(ctx, "sign-in-otp-a@b.c", code) }
				want("no code", check(code), otp.ErrNone)
				keep()
				if v, err := e.Auth.Store().FindVerification(ctx, "sign-in-otp-a@b.c"); err != nil || strings.Contains(v.Value, code) != (o.Store == otp.Plain) {
					t.Errorf("kept as %v, %v", v, err)
				}
				want("right", check(code), nil)
				want("used", check(code), otp.ErrNone)

				keep()
				for range 3 {
					want("wrong", check("none"), otp.ErrWrong)
				}
				want("too often", check(code), otp.ErrTooManyAttempts)
				want("removed", check(code), otp.ErrExpired)

				keep()
				want("wrong", check(""), otp.ErrWrong)
				keep() // has its attempts again
				for range 5 {
					want("tested", c.Test(ctx, "sign-in-otp-a@b.c", code), nil)
				}
				want("tested wrong", c.Test(ctx, "sign-in-otp-a@b.c", "x"), otp.ErrWrong)
				want("wrong", check("x"), otp.ErrWrong)
				e.Clock.Add(5*time.Minute - time.Second)
				want("last", check(code), nil)

				keep()
				for range 5 {
					try, err := c.Try(ctx, "sign-in-otp-a@b.c")
					want("try", err, nil)
					want("undo", try.Undo(ctx), nil)
				}
				first, err := c.Try(ctx, "sign-in-otp-a@b.c")
				want("first", err, nil)
				want("second", check("x"), otp.ErrWrong)
				want("too late to undo", first.Undo(ctx), nil)
				want("third", check("x"), otp.ErrWrong)
				want("too often", check(code), otp.ErrTooManyAttempts)

				keep()
				e.Clock.Add(5 * time.Minute)
				want("expired", check(code), otp.ErrExpired)
			})
		}
	}
}

// TestReuse: a code that is sent again keeps its counted attempts, or every mail would
// allow three more guesses at one code.
func TestReuse(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			e := start(t, place, nil)
			c, ctx := codes(t, e, otp.Options{}), t.Context()
			if _, err := c.Reuse(ctx, "id"); !errors.Is(err, otp.ErrExpired) {
				t.Error(err)
			}
			if err := c.Keep(ctx, "id", "123456"); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := c.Check(ctx, "id", "0"); !errors.Is(err, otp.ErrWrong) {
					t.Error(err)
				}
			}
			e.Clock.Add(4 * time.Minute)
			for range 2 {
				if code, err := c.Reuse(ctx, "id"); err != nil || code != "123456" {
					t.Errorf("%q, %v", code, err)
				}
			}
			e.Clock.Add(4 * time.Minute)
			if err := c.Check(ctx, "id", "0"); !errors.Is(err, otp.ErrWrong) {
				t.Error(err)
			}
			if code, err := c.Reuse(ctx, "id"); !errors.Is(err, otp.ErrExpired) {
				t.Errorf("a spent code was given out again: %q, %v", code, err)
			}
			if err := c.Check(ctx, "id", "123456"); !errors.Is(err, otp.ErrTooManyAttempts) {
				t.Error(err)
			}
			hashed := codes(t, e, otp.Options{Store: otp.Hashed})
			if err := hashed.Keep(ctx, "id", "123456"); err != nil {
				t.Fatal(err)
			}
			if _, err := hashed.Read(ctx, "id"); !errors.Is(err, otp.ErrHashed) || !errors.Is(err, otp.ErrExpired) {
				t.Error(err)
			}
			if err := hashed.Check(ctx, "id", "123456"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestParallelGuesses: of fifty guesses at once no more are compared than the code
// allows.
func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			e := start(t, place, nil)
			var compared atomic.Int64
			c := codes(t, e, otp.Options{AllowedAttempts: 4, Hash: func(_ context.Context, code string) (string, error) {
				compared.Add(1)
				return code, nil
			}})
			if err := c.Keep(t.Context(), "id", "123456"); err != nil {
				t.Fatal(err)
			}
			compared.Store(0)
			together(func(int) {
				err := c.Check(context.Background(), "id", "654321")
				if !errors.Is(err, otp.ErrWrong) && !errors.Is(err, otp.ErrTooManyAttempts) && !errors.Is(err, otp.ErrExpired) {
					t.Error(err)
				}
			})
			if n := compared.Load(); n != 4 {
				t.Errorf("%d guesses were compared, want 4", n)
			}
		})
	}
}

// TestParallelUse: one of fifty callers with a right code wins.
func TestParallelUse(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			e := start(t, place, nil)
			c := codes(t, e, otp.Options{AllowedAttempts: 1000})
			if err := c.Keep(t.Context(), "id", "123456"); err != nil {
				t.Fatal(err)
			}
			var won atomic.Int64
			together(func(int) {
				switch err := c.Check(context.Background(), "id", "123456"); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, otp.ErrExpired):
					t.Error(err)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%d have used the code", won.Load())
			}
		})
	}
}

func together(fn func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range 50 {
		wg.Go(func() { <-gate; fn(i) })
	}
	close(gate)
	wg.Wait()
}

// TestLostTransaction: an attempt in a transaction that the database runs again counts
// once, and finds the code that it has used up.
func TestLostTransaction(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			db := flowtest.NewFaulty(memory.New())
			e := start(t, place, db)
			c := codes(t, e, otp.Options{AllowedAttempts: 2})
			if err := c.Keep(t.Context(), "id", "123456"); err != nil {
				t.Fatal(err)
			}
			check := func(code string) error {
				var answer error
				db.Lose()
				err := e.Auth.Store().Tx(t.Context(), func(ctx context.Context) error {
					answer = c.Check(ctx, "id", code)
					if answer != nil && !errors.Is(answer, otp.ErrWrong) && !errors.Is(answer, otp.ErrExpired) {
						return answer
					}
					// A statement that can lose after the code was compared.
					_, err := e.Auth.DB().Count(ctx, core.ModelUser, nil)
					return err
				})
				if db.Heal() == 0 {
					t.Error("nothing was lost")
				}
				if err != nil {
					t.Fatal(err)
				}
				return answer
			}
			if err := check("0"); !errors.Is(err, otp.ErrWrong) {
				t.Error(err)
			}
			if err := check("123456"); err != nil {
				t.Error(err)
			}
			if err := check("123456"); !errors.Is(err, otp.ErrExpired) {
				t.Error(err)
			}
		})
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	e := start(t, "database", nil)
	for want, o := range map[string]otp.Options{
		"Digits is 3": {Digits: 3}, "Digits is 13": {Digits: 13}, "TTL is 1ms": {TTL: time.Millisecond}, "AllowedAttempts is -1": {AllowedAttempts: -1},
		`Store "bag"`: {Store: "bag"}, "or neither": {Decrypt: reversed}, "not both": {Hash: reversed, Encrypt: reversed, Decrypt: reversed},
	} {
		if _, err := otp.New(e.Auth, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestExpiredAndMissing: the first caller after the expiry is told of it, also when that
// call is the one that removes expired values.
func TestExpiredAndMissing(t *testing.T) {
	t.Parallel()
	e := start(t, "database", nil)
	c, ctx := codes(t, e, otp.Options{}), t.Context()
	if err := c.Keep(ctx, "id", "123456"); err != nil {
		t.Fatal(err)
	}
	e.Clock.Add(24 * time.Hour)
	if err := c.Check(ctx, "id", "123456"); !errors.Is(err, otp.ErrExpired) || errors.Is(err, otp.ErrNone) {
		t.Error(err)
	}
	if err := c.Check(ctx, "id", "123456"); !errors.Is(err, otp.ErrNone) {
		t.Error(err)
	}
}

// TestRightCodeUnderAttack: whoever has given the right code keeps it while others use up
// its attempts.
func TestRightCodeUnderAttack(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			e := start(t, place, nil)
			c, ctx := codes(t, e, otp.Options{}), t.Context()
			if err := c.Keep(ctx, "id", "123456"); err != nil {
				t.Fatal(err)
			}
			try, err := c.Try(ctx, "id")
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []error{otp.ErrWrong, otp.ErrWrong, otp.ErrTooManyAttempts, otp.ErrNone, otp.ErrNone} {
				if err := c.Check(ctx, "id", "0"); !errors.Is(err, want) {
					t.Errorf("attempt %d: %v, want %v", i+2, err, want)
				}
			}
			if ok, err := try.Match(ctx, "123456"); !ok || err != nil {
				t.Error(ok, err)
			}
			if err := try.Use(ctx); err != nil {
				t.Error(err)
			}
			if err := try.Use(ctx); !errors.Is(err, otp.ErrNone) {
				t.Error(err)
			}
		})
	}
}

// A million codes: all digits come equally often in every place. 8 bits taken modulo 10
// would give 366 here.
func TestOTP09(t *testing.T) {
	t.Parallel()
	t.Run("OTP-09 a million draws", func(t *testing.T) {
		t.Parallel()
		const draws, digits = 1_000_000, 6 // a million codes are as many as 20 bits hold, rounded
		codes, err := otp.New(authtest.New(t, nil).Auth, otp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var single [digits][10]int // by place
		var pairs [100]int         // the first two
		for range draws {
			code, err := codes.Make()
			if err != nil || len(code) != digits {
				t.Fatalf("%q, %v", code, err)
			}
			for i := range digits {
				single[i][code[i]-'0']++
			}
			pairs[10*(code[0]-'0')+code[1]-'0']++
		}
		chi := func(counts []int) (sum float64) {
			expected := float64(draws) / float64(len(counts))
			for _, n := range counts {
				sum += (float64(n) - expected) * (float64(n) - expected) / expected
			}
			return sum
		}
		for i := range single {
			if x := chi(single[i][:]); x > 55 { // 9 degrees of freedom: one in ten million
				t.Errorf("place %d: chi-square %.1f of %v", i+1, x, single[i])
			}
		}
		if x := chi(pairs[:]); x > 190 { // 99 degrees of freedom
			t.Errorf("pairs: chi-square %.1f of %v", x, pairs)
		}
	})
}
