package redis_test

import (
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// Uses of API keys are exact on two servers with one Redis, where the keys are in Redis
// alone and where it has copies.
func TestAPIKeyRaces(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		for name, cf := range map[string]apikey.Config{
			"in Redis":        {SecondaryStorage: true},
			"copied to Redis": {SecondaryStorage: true, FallbackToDatabase: true},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := memory.New()
				var both [2]*apikey.Plugin
				var envs [2]*authtest.Env
				opts := srv.opts()
				for i := range both {
					e := authtest.NewEnv(t)
					both[i] = apikey.New(apikey.Options{Configs: []apikey.Config{cf}})
					o := e.Options(emailpassword.New(emailpassword.Options{}), both[i])
					o.Database, o.SecondaryStorage = db, redis.New(srv.client(t), opts)
					o.BackgroundTimeout = time.Minute
					if i == 0 {
						envs[i] = e.Open(o)
					} else {
						o.Clock = envs[0].Clock.Now
						envs[i] = e.Reopen(o)
					}
				}
				envs[0].Client().Post("/sign-up/email", object{"name": "Ada", "email": ada, "password": passphrase}).Want(t, 200, "")
				u, err := envs[0].Auth.Store().FindUserByEmail(t.Context(), ada)
				if err != nil {
					t.Fatal(err)
				}
				make := func(in apikey.CreateInput) apikey.Created {
					in.UserID = &u.ID
					k, err := both[0].Create.Call(t.Context(), &in)
					if err != nil {
						t.Fatal(err)
					}
					return k
				}
				use := func(i int, key string, asked map[string][]string) string {
					reply, err := both[i%2].Verify.Call(t.Context(), &apikey.VerifyInput{Key: key, Permissions: asked})
					switch {
					case err != nil:
						return err.Error()
					case reply.Error != nil:
						return reply.Error.Code
					}
					return "ok"
				}
				crowd := func(f func(i int) string) map[string]int {
					var mu sync.Mutex
					var wg sync.WaitGroup
					got := map[string]int{}
					for i := range 50 {
						wg.Go(func() {
							code := f(i)
							mu.Lock()
							defer mu.Unlock()
							got[code]++
						})
					}
					wg.Wait()
					return got
				}
				k := make(apikey.CreateInput{Remaining: new(int64(20)), RateLimitEnabled: new(false)})
				if got := crowd(func(i int) string { return use(i, k.Plain, nil) }); got["ok"] != 20 || got["USAGE_EXCEEDED"]+got["INVALID_API_KEY"] != 30 {
					t.Errorf("KEY-05 RACE-10 %v", got)
				}
				k = make(apikey.CreateInput{RateLimitMax: new(int64(20)), RateLimitTimeWindow: new(int64(60_000))})
				for range 2 {
					if got := crowd(func(i int) string { return use(i, k.Plain, nil) }); got["ok"] != 20 || got["RATE_LIMITED"] != 30 {
						t.Errorf("KEY-06 RACE-10 %v", got)
					}
					envs[0].Clock.Add(time.Minute + time.Millisecond)
				}
				k = make(apikey.CreateInput{
					Remaining: new(int64(0)), RefillAmount: new(int64(30)), RefillInterval: new(int64(1000)), RateLimitMax: new(int64(40)), RateLimitTimeWindow: new(int64(60_000)),
				})
				envs[0].Clock.Add(2 * time.Second)
				if got := crowd(func(i int) string { return use(i, k.Plain, nil) }); got["ok"] != 30 || got["USAGE_EXCEEDED"] != 20 {
					t.Errorf("RACE-10 a refill: %v", got)
				}
				files := map[string][]string{"files": {"read"}}
				k = make(apikey.CreateInput{RateLimitEnabled: new(false), Permissions: files})
				got := crowd(func(i int) string {
					if i != 25 {
						return use(i, k.Plain, files)
					}
					if _, err := both[1].Update.Call(t.Context(), &apikey.UpdateInput{KeyID: k.ID, UserID: &u.ID, Permissions: map[string][]string{"files": {}}}); err != nil {
						return err.Error()
					}
					if code := use(i, k.Plain, files); code != "KEY_NOT_FOUND" {
						return "after the change: " + code
					}
					return "changed"
				})
				if got["changed"] != 1 || got["ok"]+got["KEY_NOT_FOUND"] != 49 {
					t.Errorf("KEY-07 %v", got)
				}
				for i := range 4 {
					if code := use(i, k.Plain, files); code != "KEY_NOT_FOUND" {
						t.Errorf("KEY-07 a permission that was taken away still counts: %s", code)
					}
				}
			})
		}
	})
}
