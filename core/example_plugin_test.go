package core_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// The plugin of docs/plugins.md, whole. It keeps which version of the terms of
// service a user has accepted.

// TermsOptions configures the plugin.
type TermsOptions struct {
	Version string // the version to accept, for example "2026-01"
}

// Terms is the installed plugin. Its operations can be called from Go.
type Terms struct {
	Accept *core.Op[AcceptInput, core.StatusReply]
	Status *core.Op[core.NoInput, TermsReply]

	version string
}

// NewTerms makes the plugin.
func NewTerms(o TermsOptions) *Terms {
	t := &Terms{version: o.Version}
	t.Status = core.Get("termsStatus", "/terms/status", t.status,
		core.Use(core.RequireSession), core.Doc("Which terms the current user has accepted"))
	t.Accept = core.Post("acceptTerms", "/terms/accept", t.accept,
		core.Use(core.RequireStoredSession), core.Doc("Accept the terms of service"))
	return t
}

// TermsFrom returns the plugin installed in a.
func TermsFrom(a *core.Auth) (*Terms, bool) { return core.PluginOf[*Terms](a) }

// ID returns "terms".
func (t *Terms) ID() string { return "terms" }

// The error codes of the plugin.
var (
	CodeTermsOutdated    = core.ErrorCode{Code: "TERMS_OUTDATED", Message: "There is a newer version of the terms"}
	CodeTermsNotAccepted = core.ErrorCode{Code: "TERMS_NOT_ACCEPTED", Message: "The terms have not been accepted"}
)

// TermsVersion is the handle on user.termsVersion: the schema and the code name
// the field in this one place.
var TermsVersion = core.Field[string]{Name: "termsVersion"}

const modelAcceptance = "termsAcceptance"

// Manifest lists what the plugin adds.
func (t *Terms) Manifest() core.Manifest {
	return core.Manifest{
		Operations: []core.Operation{t.Status, t.Accept},
		Extend: []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{
			{Name: TermsVersion.Name, Type: schema.String, Optional: true, NoInput: true},
		}}},
		Tables: []schema.Table{{
			Model: modelAcceptance,
			Fields: []schema.Field{
				{Name: "userId", Type: schema.String, References: &schema.Reference{Model: core.ModelUser}},
				{Name: "version", Type: schema.String, Sortable: true},
				{Name: "acceptedAt", Type: schema.Date, Default: schema.Now},
			},
			Unique: [][]string{{"userId", "version"}},
		}},
		Before: []core.Hook{{Match: core.Paths("/update-user"), Run: t.required}},
		RateLimits: []ratelimit.PathRule{{
			Match: []ratelimit.Match{{Exact: "/terms/accept"}},
			Rule:  ratelimit.Rule{Window: time.Minute, Max: 10},
		}},
		Errors: []core.ErrorCode{CodeTermsOutdated, CodeTermsNotAccepted},
	}
}

// TermsReply is {"version":…,"accepted":…}.
type TermsReply struct {
	Version  string `json:"version"`
	Accepted bool   `json:"accepted"`
}

func (t *Terms) status(c *core.Ctx, _ *core.NoInput) (TermsReply, error) {
	accepted, _ := TermsVersion.Of(c.Session().User.Extra)
	return TermsReply{Version: t.version, Accepted: accepted == t.version}, nil
}

// AcceptInput is the body of /terms/accept.
type AcceptInput struct {
	Version string `json:"version" zod:"nonempty" doc:"The version that the user has read"`
}

func (t *Terms) accept(c *core.Ctx, in *AcceptInput) (core.StatusReply, error) {
	if in.Version != t.version {
		return core.StatusReply{}, core.Fail(http.StatusConflict, CodeTermsOutdated)
	}
	current := c.Session()
	user := &current.User
	store, db := c.Auth.Store(), c.Auth.DB()
	err := store.Tx(c, func(ctx context.Context) error {
		// Of two requests at once the second waits here, and finds the row.
		if err := store.LockUser(ctx, user.ID); err != nil {
			return err
		}
		n, err := db.Count(ctx, modelAcceptance, adapter.By("userId", user.ID).And("version", t.version))
		if err != nil || n > 0 {
			return err
		}
		if _, err := db.Create(ctx, modelAcceptance, adapter.Record{"userId": user.ID, "version": t.version}); err != nil {
			return err
		}
		user, err = store.UpdateUser(ctx, user.ID, adapter.Record{TermsVersion.Name: t.version})
		return err
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	c.Emit(core.Event{Type: "terms.accepted", UserID: user.ID})
	// The cookie cache holds a copy of the user: write the new one.
	return core.StatusReply{Status: true}, c.SetSession(&core.SessionData{Session: current.Session, User: *user}, nil)
}

func (t *Terms) required(c *core.Ctx) error {
	s := c.Session()
	if s == nil {
		return nil // the route itself answers 401
	}
	if v, _ := TermsVersion.Of(s.User.Extra); v != t.version {
		return core.Fail(http.StatusForbidden, CodeTermsNotAccepted)
	}
	return nil
}

func TestTerms(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), NewTerms(TermsOptions{Version: "2026-01"}))
	c := e.Client()
	c.Get("/terms/status").Want(t, 401, "UNAUTHORIZED")
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")

	c.Post("/update-user", map[string]any{"name": "A"}).Want(t, 403, "TERMS_NOT_ACCEPTED")
	c.Post("/terms/accept", map[string]any{"version": "2025-01"}).Want(t, 409, "TERMS_OUTDATED")
	c.Post("/terms/accept", map[string]any{}).Want(t, 400, "VALIDATION_ERROR")
	for range 2 { // a second time is no error and no second row
		c.Post("/terms/accept", map[string]any{"version": "2026-01"}).Want(t, 200, "")
	}
	if a := c.Get("/terms/status").Want(t, 200, ""); a.JSON("accepted") != "true" {
		t.Errorf("status: %s", a.Body)
	}
	c.Post("/update-user", map[string]any{"name": "A", "termsVersion": "2027-01"}).Want(t, 400, "FIELD_NOT_ALLOWED")
	c.Post("/update-user", map[string]any{"name": "A"}).Want(t, 200, "")

	n, err := e.Auth.DB().Count(t.Context(), modelAcceptance, nil)
	if err != nil || n != 1 {
		t.Errorf("%d acceptances, %v", n, err)
	}
	last := e.Events()[len(e.Events())-2] // before the event of update-user
	if last.Type != "terms.accepted" || last.UserID == "" {
		t.Errorf("event %+v", last)
	}

	// The same operation from Go, on behalf of the client.
	terms, _ := TermsFrom(e.Auth)
	reply, err := terms.Status.Call(t.Context(), nil, core.WithHeader(core.Fields{{Name: "Cookie", Value: c.CookieHeader()}}))
	if err != nil || !reply.Accepted {
		t.Errorf("%+v, %v", reply, err)
	}
}

func Example_plugin() {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "example-secret-0123456789-abcdefghijklmnopq",
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{}), NewTerms(TermsOptions{Version: "2026-01"})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range auth.Operations() {
		if op.ID == "acceptTerms" {
			fmt.Println(op.Methods[0], auth.BasePath()+op.Path)
		}
	}
	users, _ := auth.Schema().Table(core.ModelUser)
	column, _ := users.Column(TermsVersion.Name)
	fmt.Println("user." + column)
	// Output:
	// POST /api/auth/terms/accept
	// user.termsVersion
}
