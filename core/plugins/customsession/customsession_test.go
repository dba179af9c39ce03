package customsession_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/customsession"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/multisession"
)

type object = map[string]any

// shape is what the application answers.
type shape struct {
	Session *core.Session `json:"session"`
	User    *core.User    `json:"user"`
	Roles   []string      `json:"roles"`
}

func roles(_ context.Context, s *core.SessionData) (*shape, error) {
	return &shape{&s.Session, &s.User, []string{"editor"}}, nil
}

func open[T any](t *testing.T, f customsession.Func[T], o customsession.Options, change ...func(*core.Options)) (*authtest.Env, *authtest.Client) {
	e := authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		for _, f := range change {
			f(c)
		}
	}, emailpassword.New(emailpassword.Options{}), multisession.New(multisession.Options{}), customsession.New(f, o))
	c := e.Client()
	c.Post("/sign-up/email", object{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	return e, c
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*core.Options){
		"from the store": func(*core.Options) {},
		"from the cache": func(o *core.Options) { o.Session.CookieCache.Enabled = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, c := open(t, roles, customsession.Options{}, change)
			a := c.Get("/get-session").Want(t, 200, "")
			if a.JSON("roles") != `["editor"]` || a.JSON("user", "email") != "ada@example.com" || a.JSON("session", "token") == "" {
				t.Errorf("%s", a.Body)
			}
			if a := e.Client().Get("/get-session"); a.Body != "null" {
				t.Errorf("without a session: %s", a.Body)
			}
			// Go code reads the session as before, and the value by the plugin.
			data, err := e.Auth.GetSession(t.Context(), http.Header{"Cookie": {c.CookieHeader()}}, nil)
			if err != nil || data.User.Email != "ada@example.com" {
				t.Fatalf("%v, %v", data, err)
			}
			p, ok := customsession.From[*shape](e.Auth)
			if !ok {
				t.Fatal("not installed")
			}
			own, err := p.Of(t.Context(), data)
			if err != nil || own.Roles[0] != "editor" {
				t.Errorf("%v, %v", own, err)
			}
			if own, err := p.Of(t.Context(), nil); own != nil || err != nil {
				t.Errorf("no session: %v, %v", own, err)
			}
		})
	}
}

// The list of a browser's sessions is left alone unless the option says otherwise.
func TestDeviceSessions(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		_, c := open(t, roles, customsession.Options{ListDeviceSessions: all})
		a := c.Get("/multi-session/list-device-sessions").Want(t, 200, "")
		if got := strings.Contains(a.Body, `"roles":["editor"]`); got != all {
			t.Errorf("%v: %s", all, a.Body)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"of the application": {core.Fail(http.StatusForbidden, core.ErrorCode{Code: "SUSPENDED", Message: "Suspended"}), 403, "SUSPENDED"},
		"of anything else":   {errors.New("the address of the role server"), 500, "INTERNAL_SERVER_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, browser := open(t, func(context.Context, *core.SessionData) (*shape, error) { return nil, c.err }, customsession.Options{ListDeviceSessions: true})
			for _, path := range []string{"/get-session", "/multi-session/list-device-sessions"} {
				a := browser.Get(path)
				if a.Status != c.status || a.Code() != c.code || strings.Contains(a.Body, "role server") {
					t.Errorf("%s: %d %s", path, a.Status, a.Body)
				}
			}
		})
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	e, _ := open(t, roles, customsession.Options{ListDeviceSessions: true})
	var doc struct {
		Paths map[string]struct {
			Get struct {
				Responses map[string]struct {
					Content map[string]struct{ Schema json.RawMessage }
				}
			}
		}
	}
	if err := json.Unmarshal(e.Auth.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/get-session", "/multi-session/list-device-sessions"} {
		if s := string(doc.Paths[path].Get.Responses["200"].Content["application/json"].Schema); !strings.Contains(s, `"roles"`) {
			t.Errorf("%s: %s", path, s)
		}
	}
}

func TestRefusedOptions(t *testing.T) {
	t.Parallel()
	type embeds struct {
		*core.User
		Roles []string
	}
	for want, p := range map[string]core.Plugin{
		"without a function":              customsession.New[*shape](nil, customsession.Options{}),
		`add multisession.New to Options`: customsession.New(roles, customsession.Options{ListDeviceSessions: true}),
		"name that field":                 customsession.New(func(context.Context, *core.SessionData) (embeds, error) { return embeds{}, nil }, customsession.Options{}),
		"let it return a struct":          customsession.New(func(context.Context, *core.SessionData) (any, error) { return nil, nil }, customsession.Options{}),
		"has no JSON form":                customsession.New(func(context.Context, *core.SessionData) (chan int, error) { return nil, nil }, customsession.Options{}),
	} {
		if _, err := core.New(authtest.NewEnv(t).Options(p)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
