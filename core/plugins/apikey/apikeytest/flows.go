// Package apikeytest has the flows of the plugin for flowtest.Run.
package apikeytest

import (
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "a life of API keys", Run: life},
			{Name: "KEY-11 keys end with their user", Run: owner},
			{Name: "uses and limits of API keys", Run: uses},
			{Name: "KEY-08 permissions of API keys", Run: permissions},
			{Name: "KEY-04 INJ-08 API keys that are no text", Run: noText},
		},
		Races: []flowtest.Flow{
			{Name: "KEY-05 RACE-04 uses of one API key, in two processes", Run: raceUses},
			{Name: "KEY-06 the rate limit of one API key, in two processes", Run: raceLimit},
			{Name: "KEY-05 KEY-06 a refill and a new window of one API key", Run: raceBoth},
			{Name: "KEY-07 uses of an API key against its end", Run: raceEnd},
		},
		Faults: []flowtest.Request{
			{Name: "an API key is made", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("POST", "/api-key/create", flowtest.Body{"name": "a"})
			}},
			{Name: "an API key is changed", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := flowtest.SignUp(s, e, flowtest.Email)
				id := c.Post("/api-key/create", flowtest.Body{}).Want(s, 200, "").JSON("id")
				return c, flowtest.Send("POST", "/api-key/update", flowtest.Body{"keyId": id, "enabled": false})
			}},
			{Name: "an API key is deleted", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := flowtest.SignUp(s, e, flowtest.Email)
				id := c.Post("/api-key/create", flowtest.Body{}).Want(s, 200, "").JSON("id")
				return c, flowtest.Send("POST", "/api-key/delete", flowtest.Body{"keyId": id})
			}},
			{Name: "a session of an API key", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				key := flowtest.SignUp(s, e, flowtest.Email).Post("/api-key/create", flowtest.Body{}).Want(s, 200, "").JSON("key")
				return e.Client(), func(c *authtest.Client) *authtest.Answer {
					return c.Get("/get-session", core.HeaderField{Name: "X-Api-Key", Value: key})
				}
			}},
		},
	}
}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true}}}))
}

func plugin(s *flowtest.T, e *authtest.Env) *apikey.Plugin {
	s.Helper()
	p, ok := apikey.From(e.Auth)
	if !ok {
		s.Fatal("the plugin is not installed")
	}
	return p
}

// start signs Ada up and returns her id.
func start(s *flowtest.T) (*authtest.Env, *authtest.Client, string) {
	s.Helper()
	e := s.Start(with)
	c := flowtest.SignUp(s, e, flowtest.Email)
	return e, c, userID(s, e)
}

func userID(s *flowtest.T, e *authtest.Env) string {
	s.Helper()
	u, err := e.Auth.Store().FindUserByEmail(s.Context(), flowtest.Email)
	if err != nil {
		s.Fatal(err)
	}
	return u.ID
}

func create(s *flowtest.T, e *authtest.Env, in apikey.CreateInput) apikey.Created {
	s.Helper()
	made, err := plugin(s, e).Create.Call(s.Context(), &in)
	if err != nil {
		s.Fatal(err)
	}
	return made
}

// verify returns the code of a refusal, "ok" for a good key.
func verify(s *flowtest.T, p *apikey.Plugin, key string) string {
	s.Helper()
	reply, err := p.Verify.Call(s.Context(), &apikey.VerifyInput{Key: key})
	switch {
	case err != nil:
		return err.Error()
	case reply.Error != nil:
		return reply.Error.Code
	}
	return "ok"
}

func want(s *flowtest.T, e *authtest.Env, key string, codes ...string) {
	s.Helper()
	for i, code := range codes {
		if got := verify(s, plugin(s, e), key); got != code {
			s.Fatalf("verification %d: %s, want %s", i+1, got, code)
		}
	}
}

func life(s *flowtest.T) {
	e, c, _ := start(s)
	a := c.Post("/api-key/create", flowtest.Body{"name": "laptop", "prefix": "my_", "expiresIn": 2 * 86400}).Want(s, 200, "")
	key, id := a.JSON("key"), a.JSON("id")
	e.Clock.Add(time.Second)
	c.Post("/api-key/create", flowtest.Body{"name": "phone"}).Want(s, 200, "")
	want(s, e, key, "ok")
	if a := c.Get("/api-key/list?sortBy=createdAt&sortDirection=desc&limit=1").Want(s, 200, ""); a.JSON("total") != "2" || a.JSON("limit") != "1" {
		s.Errorf("%s", a.Body)
	}
	if a := c.Get("/api-key/get?id="+id).Want(s, 200, ""); a.JSON("requestCount") != "1" || a.JSON("lastRequest") == "null" {
		s.Errorf("%s", a.Body)
	}
	c.Post("/api-key/update", flowtest.Body{"keyId": id, "enabled": false, "expiresIn": nil}).Want(s, 200, "")
	want(s, e, key, "KEY_DISABLED")
	c.Post("/api-key/update", flowtest.Body{"keyId": id, "enabled": true}).Want(s, 200, "")
	if a := e.Client().Get("/get-session", core.HeaderField{Name: "X-Api-Key", Value: key}).Want(s, 200, ""); a.JSON("user", "email") != flowtest.Email {
		s.Errorf("%s", a.Body)
	}
	c.Post("/api-key/delete", flowtest.Body{"keyId": id}).Want(s, 200, "")
	want(s, e, key, "INVALID_API_KEY")
	flowtest.WantRows(s, e, apikey.Model, 1)
}

func owner(s *flowtest.T) {
	e, c, id := start(s)
	key := c.Post("/api-key/create", flowtest.Body{}).Want(s, 200, "").JSON("key")
	if err := e.Auth.Store().DeleteUser(s.Context(), id); err != nil {
		s.Fatal(err)
	}
	want(s, e, key, "INVALID_API_KEY")
	flowtest.WantRows(s, e, apikey.Model, 0)
}

func uses(s *flowtest.T) {
	e, _, id := start(s)
	k := create(s, e, apikey.CreateInput{UserID: &id, Remaining: new(int64(2)), RateLimitEnabled: new(false)})
	want(s, e, k.Plain, "ok", "ok", "USAGE_EXCEEDED", "INVALID_API_KEY")
	k = create(s, e, apikey.CreateInput{UserID: &id, RateLimitMax: new(int64(2)), RateLimitTimeWindow: new(int64(60_000))})
	want(s, e, k.Plain, "ok", "ok", "RATE_LIMITED")
	e.Clock.Add(time.Minute + time.Millisecond)
	want(s, e, k.Plain, "ok", "ok", "RATE_LIMITED")
	k = create(s, e, apikey.CreateInput{UserID: &id, Remaining: new(int64(1)), RefillAmount: new(int64(2)), RefillInterval: new(int64(60_000))})
	want(s, e, k.Plain, "ok", "USAGE_EXCEEDED")
	e.Clock.Add(time.Minute + time.Millisecond)
	want(s, e, k.Plain, "ok", "ok", "USAGE_EXCEEDED")
	k = create(s, e, apikey.CreateInput{UserID: &id, ExpiresIn: new(86400.0)})
	want(s, e, k.Plain, "ok")
	e.Clock.Add(24 * time.Hour)
	want(s, e, k.Plain, "KEY_EXPIRED", "INVALID_API_KEY")
}

// The write of a use is conditional on what the key allows.
func permissions(s *flowtest.T) {
	e, _, id := start(s)
	long := map[string][]string{"files": {"read"}, "Files": {strings.Repeat("w", 300)}, "é😀'%_": {"\\\""}}
	k := create(s, e, apikey.CreateInput{UserID: &id, Permissions: long})
	for i, tc := range []struct {
		asked map[string][]string
		want  bool
	}{
		{map[string][]string{"files": {"read"}}, true}, {long, true}, {nil, true}, {map[string][]string{"files": {"Read"}}, false}, {map[string][]string{"files": {"write"}}, false},
	} {
		reply, err := plugin(s, e).Verify.Call(s.Context(), &apikey.VerifyInput{Key: k.Plain, Permissions: tc.asked})
		if err != nil || reply.Valid != tc.want {
			s.Errorf("verification %d: %v, %v", i+1, reply.Valid, err)
		}
	}
	if _, err := plugin(s, e).Update.Call(s.Context(), &apikey.UpdateInput{KeyID: k.ID, UserID: &id, Permissions: map[string][]string{"files": {}}}); err != nil {
		s.Fatal(err)
	}
	if reply, err := plugin(s, e).Verify.Call(s.Context(), &apikey.VerifyInput{Key: k.Plain, Permissions: long}); err != nil || reply.Valid {
		s.Errorf("after the change: %v, %v", reply.Valid, err)
	}
}

// A header can hold bytes that a database takes for no text.
func noText(s *flowtest.T) {
	e := s.Start(func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.Plugins = append(o.Plugins, apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true, DisableHashing: true}}}))
	})
	key := flowtest.SignUp(s, e, flowtest.Email).Post("/api-key/create", flowtest.Body{}).Want(s, 200, "").JSON("key")
	for _, other := range []string{"\xff" + key, key + "\x00", key + " ", key + "😀", strings.ToUpper(key)} {
		e.Client().Get("/get-session", core.HeaderField{Name: "X-Api-Key", Value: other}).Want(s, 401, "INVALID_API_KEY")
	}
	e.Client().Get("/get-session", core.HeaderField{Name: "X-Api-Key", Value: key}).Want(s, 200, "")
}

// two starts a server, and a second one on the same rows.
func two(s *flowtest.T) (e *authtest.Env, both [2]*apikey.Plugin, id string) {
	s.Helper()
	var db adapter.Database
	e = s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		with(e, o, p)
		db = o.Database
	})
	flowtest.SignUp(s, e, flowtest.Email)
	second := authtest.NewEnv(s.T)
	o := second.Options(emailpassword.New(emailpassword.Options{}))
	with(second, &o, nil)
	o.Database, o.Clock = db, e.Clock.Now
	second.Reopen(o)
	return e, [2]*apikey.Plugin{plugin(s, e), plugin(s, second)}, userID(s, e)
}

// tally counts the answers of a crowd that uses a key on two servers.
func tally(s *flowtest.T, both [2]*apikey.Plugin, key string) map[string]int {
	s.Helper()
	var mu sync.Mutex
	got := map[string]int{}
	// Callers of one process go together, so they cannot wait for each other.
	s.Together(func(i int) {
		code := verify(s, both[i%2], key)
		mu.Lock()
		defer mu.Unlock()
		got[code]++
	})
	return got
}

func raceUses(s *flowtest.T) {
	e, both, id := two(s)
	k := create(s, e, apikey.CreateInput{UserID: &id, Remaining: new(int64(20)), RateLimitEnabled: new(false)})
	if got := tally(s, both, k.Plain); got["ok"] != 20 || got["USAGE_EXCEEDED"]+got["INVALID_API_KEY"] != flowtest.Crowd-20 {
		s.Errorf("%v", got)
	}
}

func raceLimit(s *flowtest.T) {
	e, both, id := two(s)
	k := create(s, e, apikey.CreateInput{UserID: &id, RateLimitMax: new(int64(20)), RateLimitTimeWindow: new(int64(60_000))})
	for range 2 {
		if got := tally(s, both, k.Plain); got["ok"] != 20 || got["RATE_LIMITED"] != flowtest.Crowd-20 {
			s.Errorf("%v", got)
		}
		e.Clock.Add(time.Minute + time.Millisecond)
	}
}

func raceBoth(s *flowtest.T) {
	e, both, id := two(s)
	k := create(s, e, apikey.CreateInput{
		UserID: &id, Remaining: new(int64(0)), RefillAmount: new(int64(30)), RefillInterval: new(int64(1000)), RateLimitMax: new(int64(40)), RateLimitTimeWindow: new(int64(60_000)),
	})
	e.Clock.Add(2 * time.Second)
	if got := tally(s, both, k.Plain); got["ok"] != 30 || got["USAGE_EXCEEDED"] != flowtest.Crowd-30 {
		s.Errorf("%v", got)
	}
	e.Clock.Add(2 * time.Second)
	if got := tally(s, both, k.Plain); got["ok"] != 10 {
		s.Errorf("%v", got)
	}
}

func raceEnd(s *flowtest.T) {
	e, both, id := two(s)
	k := create(s, e, apikey.CreateInput{UserID: &id, RateLimitEnabled: new(false)})
	var mu sync.Mutex
	got := map[string]int{}
	// Callers of one process go together, so they cannot wait for each other.
	s.Together(func(i int) {
		code := "ended"
		if i == 0 {
			if _, err := both[0].Update.Call(s.Context(), &apikey.UpdateInput{KeyID: k.ID, UserID: &id, Enabled: new(false)}); err != nil {
				code = err.Error()
			}
		} else {
			code = verify(s, both[i%2], k.Plain)
		}
		mu.Lock()
		defer mu.Unlock()
		got[code]++
	})
	if got["ended"] != 1 || got["ok"]+got["KEY_DISABLED"] != flowtest.Crowd-1 {
		s.Errorf("%v", got)
	}
	want(s, e, k.Plain, "KEY_DISABLED")
}
