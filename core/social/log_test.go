package social_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/schema"
)

// logged checks that the log has each text.
func logged(t *testing.T, e *authtest.Env, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(e.Log.String(), text) {
			t.Errorf("the log lacks %q:\n%s", text, e.Log)
		}
	}
}

// A refusal that an operator can mend is in the log, with what to change.
func TestLogSaysWhatToDo(t *testing.T) {
	t.Parallel()
	t.Run("the error of a provider, with the callback to register", func(t *testing.T) {
		s := open(t, nil, nil)
		c := s.Client()
		state := begin(t, c, "/sign-in/social", map[string]any{}).Get("state")
		c.Get("/callback/acme?error=redirect_uri_mismatch&error_description=unknown+callback&state=" + state)
		logged(t, s.Env, "redirect_uri_mismatch", "unknown callback", "http://localhost:3000/api/auth/callback/acme")
	})
	t.Run("a user who cancels is no warning", func(t *testing.T) {
		s := open(t, nil, nil)
		c := s.Client()
		state := begin(t, c, "/sign-in/social", map[string]any{}).Get("state")
		c.Get("/callback/acme?error=access_denied&state=" + state)
		if strings.Contains(s.Log.String(), "sent the browser back with an error") {
			t.Errorf("%s", s.Log)
		}
	})
	t.Run("account_not_linked", func(t *testing.T) {
		s := open(t, nil, nil)
		s.Client().Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
		if _, q := s.signIn(t, s.Client(), ada); q.Get("error") != "account_not_linked" {
			t.Fatalf("%v", q)
		}
		logged(t, s.Env, "account_not_linked", "has not verified it here")
		unverified := ada
		unverified.EmailVerified = false
		s.signIn(t, s.Client(), unverified)
		logged(t, s.Env, "the provider has not verified it")
	})
	t.Run("signup_disabled", func(t *testing.T) {
		s := open(t, nil, func(c *oauth.Config) { c.DisableSignUp = true })
		s.signIn(t, s.Client(), ada)
		logged(t, s.Env, "signup_disabled", "DisableSignUp")
	})
	t.Run("a link", func(t *testing.T) {
		s := open(t, nil, nil)
		c := s.Client()
		c.Post("/sign-up/email", map[string]any{"name": "Bob", "email": "bob@example.com", "password": "correct horse"}).Want(t, 200, "")
		s.callback(c, begin(t, c, "/link-social", map[string]any{}).Get("state"), ada)
		logged(t, s.Env, "email_doesn't_match", "AllowDifferentEmails")
	})
	t.Run("a mapped field that is not declared", func(t *testing.T) {
		s := open(t, nil, func(c *oauth.Config) {
			c.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) {
				return map[string]any{"companny": "Engines", "name": "Ada"}, nil
			}
		})
		s.signIn(t, s.Client(), ada)
		logged(t, s.Env, `"field":"companny"`)
		if strings.Contains(s.Log.String(), `"field":"name"`) {
			t.Errorf("%s", s.Log)
		}
	})
	t.Run("a mapped value of the wrong type", func(t *testing.T) {
		s := open(t, func(o *core.Options) {
			o.User.Fields = []schema.Field{{Name: "company", Type: schema.String, Optional: true}}
		}, func(c *oauth.Config) {
			c.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) {
				return map[string]any{"company": 5}, nil
			}
		})
		if to, q := s.signIn(t, s.Client(), ada); to != "/sorry" || q.Get("error") != "unable_to_create_user" {
			t.Errorf("%s %v", to, q)
		}
		logged(t, s.Env, "Go type of its field", "company")
	})
	t.Run("a mapped value of the wrong type, with an id_token", func(t *testing.T) {
		s := open(t, func(o *core.Options) {
			o.User.Fields = []schema.Field{{Name: "company", Type: schema.String, Optional: true}}
		}, func(c *oauth.Config) {
			c.VerifyIDToken = func(context.Context, *http.Client, *oauth2.Provider, string, string) (oauth2.Claims, error) {
				return oauth2.Claims{"sub": "1001"}, nil
			}
			c.Profile = func(context.Context, *http.Client, *oauth2.Provider, oauth2.ProfileRequest) (*oauth2.Profile, error) {
				return &oauth2.Profile{ID: "1001", Name: "Ada", Email: ada.Email, EmailVerified: true}, nil
			}
			c.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) {
				return map[string]any{"company": 5}, nil
			}
		})
		a := s.Client().Post("/sign-in/social", map[string]any{"provider": "acme", "idToken": map[string]any{"token": "a.b.c"}})
		a.Want(t, 401, "OAUTH_LINK_ERROR")
		if !strings.Contains(a.Body, "unable to create user") {
			t.Errorf("%s", a.Body)
		}
		logged(t, s.Env, "Go type of its field", "company")
	})
	t.Run("a mapped value of the wrong type, for a known user", func(t *testing.T) {
		wrong := false
		s := open(t, func(o *core.Options) {
			o.User.Fields = []schema.Field{{Name: "company", Type: schema.String, Optional: true}}
		}, func(c *oauth.Config) {
			c.OverrideUserInfo = true
			c.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) {
				if wrong {
					return map[string]any{"company": true, "name": 7}, nil
				}
				return nil, nil
			}
		})
		if to, q := s.signIn(t, s.Client(), ada); to != "/welcome" {
			t.Fatalf("%s %v", to, q)
		}
		wrong = true
		c := s.Client()
		if to, q := s.signIn(t, c, ada); to != "/sorry" || q.Get("error") != "unable_to_create_user" {
			t.Errorf("%s %v", to, q)
		}
		logged(t, s.Env, "Go type of its field", "company", "MapProfile must return a string", "the field name has a int")
		if c.Get("/get-session").Body != "null" {
			t.Error("there is a session")
		}
	})
	t.Run("the plugin is missing", func(t *testing.T) {
		e := authtest.New(t, func(*authtest.Env, *core.Options) {})
		for range 2 {
			e.Client().Post("/sign-in/social", map[string]any{"provider": "google"}).Want(t, 404, "NOT_FOUND")
		}
		logged(t, e, `"plugin":"social"`)
		if n := strings.Count(e.Log.String(), "is not installed"); n != 1 {
			t.Errorf("logged %d times", n)
		}
	})
}
