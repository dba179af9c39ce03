package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
)

// secondary opens an Auth with a secondary storage in memory.
func secondary(t testing.TB, change func(*core.Options)) (*authtest.Env, *storage.Memory) {
	t.Helper()
	var kv *storage.Memory
	e := open(t, func(e *authtest.Env, o *core.Options) {
		kv = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = kv
		if change != nil {
			change(o)
		}
	})
	return e, kv
}

func has(t testing.TB, kv storage.Storage, key string) bool {
	t.Helper()
	_, err := kv.Get(context.Background(), key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSecondarySessions(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"alone", "with the database", "preserving"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			e, kv := secondary(t, func(o *core.Options) {
				o.Session.StoreInDatabase, o.Session.PreserveInDatabase = mode != "alone", mode == "preserving"
				o.User.DeleteUser.Enabled = true
			})
			inDatabase := func() int {
				if mode == "alone" {
					if _, err := e.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelSession}); !errors.Is(err, adapter.ErrUnknownModel) {
						t.Errorf("the database has a session table: %v", err)
					}
					return -1
				}
				return len(rows(t, e, core.ModelSession))
			}
			wantRows := func(n int) {
				t.Helper()
				if got := inDatabase(); got != -1 && got != n {
					t.Errorf("%d rows in the database, want %d", got, n)
				}
			}
			c := join(t, e, ada)
			wantRows(1)

			// The layout is that of Better Auth 1.6.
			var stored struct{ Session, User map[string]any }
			text, err := kv.Get(t.Context(), tokenOf(c))
			if err != nil || json.Unmarshal([]byte(text), &stored) != nil || stored.Session["token"] != tokenOf(c) || stored.User["email"] != ada || stored.Session["id"] == "" {
				t.Fatalf("%s %v", text, err)
			}
			id := stored.User["id"].(string)
			var list []struct {
				Token     string
				ExpiresAt int64
			}
			text, err = kv.Get(t.Context(), "active-sessions-"+id)
			if err != nil || json.Unmarshal([]byte(text), &list) != nil || len(list) != 1 || list[0].Token != tokenOf(c) || list[0].ExpiresAt != authtest.Start.Add(7*24*time.Hour).UnixMilli() {
				t.Fatalf("%s %v", text, err)
			}
			wantSignedIn(t, c, true)

			// Listing and revoking.
			b, d := login(t, e, ada), login(t, e, ada)
			if n := strings.Count(c.Get("/list-sessions").Want(t, 200, "").Body, `"token"`); n != 3 {
				t.Errorf("%d sessions are listed", n)
			}
			c.Post("/revoke-session", object{"token": tokenOf(b)}).Want(t, 200, "")
			wantSignedIn(t, b, false)
			if has(t, kv, tokenOf(b)) {
				t.Error("the revoked session is still in the storage")
			}
			if mode == "preserving" {
				wantRows(3)
			} else {
				wantRows(2)
			}
			c.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
			wantSignedIn(t, d, false)
			wantSignedIn(t, c, true)

			// A changed user shows at once, in every session.
			other := login(t, e, ada)
			c.Post("/update-user", object{"name": "Changed"}).Want(t, 200, "")
			if got := other.Get("/get-session").JSON("user", "name"); got != "Changed" {
				t.Errorf("the other session shows %s", got)
			}
			other.Post("/sign-out", object{}).Want(t, 200, "")

			// A refresh moves both entries on.
			e.Clock.Add(25 * time.Hour)
			wantSignedIn(t, c, true)
			text, _ = kv.Get(t.Context(), "active-sessions-"+id)
			if want := fmt.Sprint(e.Clock.Now().Add(7 * 24 * time.Hour).UnixMilli()); !strings.Contains(text, want) || strings.Count(text, "token") != 1 {
				t.Errorf("the list is %s, want one entry until %s", text, want)
			}
			// A session that the storage lost is found in the database, unless rows of
			// revoked sessions are kept.
			if err := kv.Delete(t.Context(), tokenOf(c)); err != nil {
				t.Fatal(err)
			}
			if got := signedIn(t, c.Copy()); got != (mode == "with the database") {
				t.Errorf("signed in without the storage: %v", got)
			}
			c = login(t, e, ada)
			c.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
			if has(t, kv, tokenOf(c)) || signedIn(t, c) {
				t.Error("a session outlives its user")
			}
			wantRows(0)
		})
	}
}

// A token is whatever the caller writes. It must not name another entry of the storage, such
// as a counter of the rate limit or the time at which all sessions of a user ended.
func TestTokensNameNoOtherEntry(t *testing.T) {
	t.Parallel()
	var kv *storage.Memory
	e := authtest.New(t, func(e *authtest.Env, o *core.Options) {
		kv = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = kv
	}, emailpassword.New(emailpassword.Options{}), bearer.New(bearer.Options{}))
	c := e.Client()
	user := c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "").JSON("user", "id")
	if err := e.Auth.Store().DeleteOtherSessions(t.Context(), user, strings.Split(c.Cookie("better-auth.session_token"), ".")[0]); err != nil {
		t.Fatal(err)
	}
	keys := []string{"192.0.2.1|/sign-in/email", "active-sessions-" + user, "sessions-ended-" + secret.SHA256URL(user), "verification:some"}
	for _, key := range []string{keys[0], keys[3]} {
		if err := kv.Set(t.Context(), key, "{}", time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range keys {
		t.Run("INJ-09 "+key[:12], func(t *testing.T) {
			e.Client().Post("/sign-out", map[string]any{}, core.HeaderField{Name: "authorization", Value: "Bearer " + key})
			if !has(t, kv, key) {
				t.Error("the sign-out of nobody has removed it")
			}
			if err := e.Auth.Store().DeleteSession(t.Context(), key); err != nil || !has(t, kv, key) {
				t.Errorf("removed as a session, %v", err)
			}
		})
	}
	c.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	if c.Get("/get-session").Body != "null" {
		t.Error("the own session stays")
	}
}

func TestSecondarySessionsRace(t *testing.T) {
	t.Parallel()
	e, kv := secondary(t, nil)
	join(t, e, ada)
	var wg sync.WaitGroup
	clients := make([]*authtest.Client, 20)
	for i := range clients {
		wg.Go(func() { clients[i] = login(t, e, ada) })
	}
	wg.Wait()
	if n := strings.Count(clients[0].Get("/list-sessions").Want(t, 200, "").Body, `"token"`); n != 21 {
		t.Errorf("%d sessions are listed, want 21", n)
	}
	for _, c := range clients {
		wg.Go(func() { c.Post("/sign-out", object{}).Want(t, 200, "") })
	}
	wg.Wait()
	if n := kv.Len(); n != 2 { // the first session and its list
		t.Errorf("%d keys are left", n)
	}
}

func TestSecondarySessionExpires(t *testing.T) {
	t.Parallel()
	e, kv := secondary(t, func(o *core.Options) { o.Session.DisableRefresh = true })
	c := join(t, e, ada)
	token := tokenOf(c)
	e.Clock.Add(7*24*time.Hour - time.Second)
	wantSignedIn(t, c, true)
	e.Clock.Add(time.Second)
	wantSignedIn(t, c, false)
	if has(t, kv, token) {
		t.Error("an expired session is still there")
	}
}

func TestIdentifierStorage(t *testing.T) {
	t.Parallel()
	custom := func(s string) (string, error) { return "c:" + strings.ToUpper(s), nil }
	for name, tc := range map[string]struct {
		o      core.IdentifierStorage
		compat core.Compat
		id     string
		want   string
	}{
		"hashed by default":       {core.IdentifierStorage{}, core.CompatKernia, "reset-password:x", secret.SHA256URL("reset-password:x")},
		"plain for Better Auth":   {core.IdentifierStorage{}, core.CompatBetterAuth, "reset-password:x", "reset-password:x"},
		"plain":                   {core.IdentifierStorage{Mode: "plain"}, core.CompatKernia, "x", "x"},
		"hashed":                  {core.IdentifierStorage{Mode: "hashed"}, core.CompatBetterAuth, "x", secret.SHA256URL("x")},
		"custom":                  {core.IdentifierStorage{Mode: "custom", Hash: custom}, core.CompatKernia, "x", "c:X"},
		"an override":             {core.IdentifierStorage{Mode: "hashed", Overrides: []core.IdentifierOverride{{Prefix: "otp-", IdentifierStorage: core.IdentifierStorage{Mode: "plain"}}}}, 0, "otp-x", "otp-x"},
		"no override":             {core.IdentifierStorage{Mode: "hashed", Overrides: []core.IdentifierOverride{{Prefix: "otp-", IdentifierStorage: core.IdentifierStorage{Mode: "plain"}}}}, 0, "x-otp-", secret.SHA256URL("x-otp-")},
		"the first override wins": {core.IdentifierStorage{Mode: "hashed", Overrides: []core.IdentifierOverride{{Prefix: "o", IdentifierStorage: core.IdentifierStorage{Mode: "custom", Hash: custom}}, {Prefix: "otp-", IdentifierStorage: core.IdentifierStorage{Mode: "plain"}}}}, 0, "otp-x", "c:OTP-X"},
	} {
		for _, where := range []string{"database", "storage", "both"} {
			t.Run(name+", "+where, func(t *testing.T) {
				t.Parallel()
				var kv *storage.Memory
				e := open(t, func(e *authtest.Env, o *core.Options) {
					o.Verification.StoreIdentifier, o.Compat = tc.o, tc.compat
					if where != "database" {
						kv = storage.NewMemory(e.Clock.Now)
						o.SecondaryStorage = kv
					}
					o.Verification.StoreInDatabase = where == "both"
				})
				store, ctx := e.Auth.Store(), t.Context()
				v, err := store.CreateVerification(ctx, tc.id, "value", e.Auth.Now().Add(time.Minute))
				if err != nil || v.Identifier != tc.want {
					t.Fatalf("%v %v", v, err)
				}
				if where != "storage" {
					if got := row(t, e, core.ModelVerification)["identifier"]; got != tc.want {
						t.Errorf("the row has %v", got)
					}
				}
				if kv != nil && !has(t, kv, "verification:"+tc.want) {
					t.Error("the storage lacks the key")
				}
				found, err := store.FindVerification(ctx, tc.id)
				if err != nil || found.Value != "value" {
					t.Fatalf("%v %v", found, err)
				}
				won, err := store.ConsumeVerification(ctx, tc.id)
				if err != nil || won.Value != "value" {
					t.Fatalf("%v %v", won, err)
				}
				if _, err := store.ConsumeVerification(ctx, tc.id); !errors.Is(err, adapter.ErrNotFound) {
					t.Errorf("consumed twice: %v", err)
				}
				if _, err := store.FindVerification(ctx, tc.id); !errors.Is(err, adapter.ErrNotFound) {
					t.Errorf("found after use: %v", err)
				}
			})
		}
	}
	t.Run("a hash function that fails", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Verification.StoreIdentifier = core.IdentifierStorage{Mode: "custom", Hash: func(string) (string, error) { return "", errDatabase }}
		})
		join(t, e, ada)
		e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 500, "INTERNAL_SERVER_ERROR")
		if len(e.Mails()) != 0 {
			t.Error("a mail was sent")
		}
	})
	t.Run("values stored plain before hashing was on", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		now := e.Auth.Now()
		_, err := e.Auth.DB().Create(t.Context(), core.ModelVerification, adapter.Record{"identifier": "old", "value": "v", "expiresAt": now.Add(time.Hour), "createdAt": now})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := e.Auth.Store().ConsumeVerification(t.Context(), "old"); err != nil || v.Value != "v" {
			t.Errorf("%v %v", v, err)
		}
	})
}

func TestVerificationValues(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"database", "storage", "both"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(e *authtest.Env, o *core.Options) {
				if where != "database" {
					o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
				o.Verification.StoreInDatabase = where == "both"
				o.Verification.Fields = []schema.Field{{Name: "attempts", Type: schema.Number, Optional: true}}
			})
			store, ctx := e.Auth.Store(), t.Context()
			make := func(id string, ttl time.Duration) {
				t.Helper()
				if _, err := store.CreateVerification(ctx, id, "value of "+id, e.Auth.Now().Add(ttl)); err != nil {
					t.Fatal(err)
				}
			}
			// Expiry: a value is good until its time and not at it.
			make("a", time.Minute)
			e.Clock.Add(time.Minute - time.Millisecond)
			if v, err := store.FindVerification(ctx, "a"); err != nil || !v.ExpiresAt.After(e.Auth.Now()) {
				t.Errorf("before: %v %v", v, err)
			}
			e.Clock.Add(time.Millisecond)
			if _, err := store.ConsumeVerification(ctx, "a"); !errors.Is(err, adapter.ErrNotFound) {
				t.Errorf("an expired value was consumed: %v", err)
			}
			// The newest value of an identifier counts, and using it up ends the older
			// ones.
			make("b", time.Minute)
			e.Clock.Add(time.Second)
			if _, err := store.CreateVerification(ctx, "b", "newer", e.Auth.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if v, err := store.ConsumeVerification(ctx, "b"); err != nil || v.Value != "newer" {
				t.Errorf("%v %v", v, err)
			}
			if v, err := store.ConsumeVerification(ctx, "b"); !errors.Is(err, adapter.ErrNotFound) {
				t.Errorf("an older one is left: %v %v", v, err)
			}
			// Deleting.
			make("c", time.Minute)
			if err := store.DeleteVerification(ctx, "c"); err != nil {
				t.Fatal(err)
			}
			if _, err := store.FindVerification(ctx, "c"); !errors.Is(err, adapter.ErrNotFound) {
				t.Errorf("%v", err)
			}
			// One of many callers wins.
			make("d", time.Minute)
			var wg sync.WaitGroup
			var mu sync.Mutex
			won := 0
			for range 50 {
				wg.Go(func() {
					if _, err := store.ConsumeVerification(ctx, "d"); err == nil {
						mu.Lock()
						won++
						mu.Unlock()
					} else if !errors.Is(err, adapter.ErrNotFound) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won != 1 {
				t.Errorf("%d callers won", won)
			}
			// The whole flow over HTTP.
			c := join(t, e, ada)
			c.Post("/request-password-reset", object{"email": ada, "redirectTo": "/r"}).Want(t, 200, "")
			token := e.LastMail().Token
			if target, q := c.Get("/reset-password/"+token+"?callbackURL=/r").Want(t, 302, "").Location(); q.Get("token") != token {
				t.Errorf("redirected to %s", target)
			}
			c.Post("/reset-password", object{"token": token, "newPassword": "a new passphrase"}).Want(t, 200, "")
			c.Post("/reset-password", object{"token": token, "newPassword": "a new passphrase"}).Want(t, 400, "INVALID_TOKEN")
			c.Post("/sign-in/email", object{"email": ada, "password": "a new passphrase"}).Want(t, 200, "")
		})
	}
}

// TestStorageOfBetterAuth reads what a Better Auth 1.6 server left in a shared
// storage.
func TestStorageOfBetterAuth(t *testing.T) {
	t.Parallel()
	e, kv := secondary(t, func(o *core.Options) { o.Compat = core.CompatBetterAuth })
	u, err := e.Auth.Store().CreateUser(t.Context(), core.User{Name: "U", Email: ada})
	if err != nil {
		t.Fatal(err)
	}
	const token = "CmQKknmJVHdv3bTnKmbjdWMrICFoLUge"
	put := func(key, value string) {
		t.Helper()
		if err := kv.Set(t.Context(), key, value, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	put(token, `{"session":{"id":"s1","ipAddress":"","userAgent":"","expiresAt":"2026-01-08T00:00:00.000Z","userId":"`+u.ID+`","token":"`+token+`","createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"},`+
		`"user":{"name":"U","email":"`+ada+`","emailVerified":false,"image":null,"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z","id":"`+u.ID+`"}}`)
	put("active-sessions-"+u.ID, `[{"token":"`+token+`","expiresAt":1767830400000}]`)
	put("verification:reset-password:abc", `{"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z","value":"`+u.ID+`","identifier":"reset-password:abc","expiresAt":"2026-01-01T01:00:00.000Z"}`)
	c := bearing(e, tokenCookie+"="+token+"."+strings.ReplaceAll(e.Auth.Keys().Sign(token), "=", "%3D"))
	if a := c.Get("/get-session").Want(t, 200, ""); a.JSON("user", "email") != ada || a.JSON("session", "id") != "s1" {
		t.Errorf("%s", a.Body)
	}
	mustContain(t, c.Get("/list-sessions").Want(t, 200, "").Body, token)
	e.Client().Post("/reset-password", object{"token": "abc", "newPassword": "a new passphrase"}).Want(t, 200, "")
	e.Client().Post("/sign-in/email", object{"email": ada, "password": "a new passphrase"}).Want(t, 200, "")
}
