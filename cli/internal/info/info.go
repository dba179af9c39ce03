// Package info describes an application: versions, addresses, plugins and options, and no
// secret.
package info

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/advantch/kernia-go/core"
)

// Report is what kernia info shows.
type Report struct {
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	Program  Module   `json:"program"`
	Modules  []Module `json:"modules"`

	AppName       string   `json:"appName"`
	BaseURL       string   `json:"baseURL"`
	BasePath      string   `json:"basePath"`
	PublicPath    string   `json:"publicPath,omitempty"` // that clients see, where it is another one
	Compat        string   `json:"compat"`
	Database      Database `json:"database"`
	Secondary     string   `json:"secondaryStorage"` // its Go type
	Plugins       []string `json:"plugins"`
	SignInMethods []string `json:"signInMethods"`
	Secret        []string `json:"secretWeaknesses"`
	Options       []Option `json:"options"` // those that are not the zero value
}

// Module is a Go module with its version.
type Module struct {
	Path     string `json:"path"`
	Version  string `json:"version"`
	Replaced bool   `json:"replaced,omitempty"` // by another one, for example a folder
}

// Database is the adapter. How it is reached stays with the application.
type Database struct {
	Adapter      string   `json:"adapter"`
	Transactions bool     `json:"transactions"`
	Note         string   `json:"note,omitempty"`
	Tables       []string `json:"tables"`
}

// Option is an option that has a value.
type Option struct {
	Name  string `json:"name"`  // for example "Session.ExpiresIn"
	Value string `json:"value"` // for example "1h0m0s", or "set" for a function
}

// Ours is the path of the modules of Kernia.
const Ours = "github.com/advantch/kernia-go/"

// known are modules whose versions matter when something does not work.
var known = []string{
	Ours, "github.com/gin-gonic/gin", "github.com/labstack/echo/", "github.com/gofiber/fiber/", "github.com/go-chi/chi/",
	"gorm.io/gorm", "gorm.io/driver/", "entgo.io/ent", "github.com/jackc/pgx/", "github.com/lib/pq", "github.com/go-sql-driver/mysql",
	"modernc.org/sqlite", "github.com/glebarez/sqlite", "github.com/ncruces/go-sqlite3", "github.com/mattn/go-sqlite3",
	"go.mongodb.org/mongo-driver/", "github.com/redis/go-redis/", "github.com/go-webauthn/webauthn", "go.opentelemetry.io/otel",
}

// Of describes an application. build is that of the program, or nil.
func Of(a *core.Auth, build *debug.BuildInfo) Report {
	o, adapter := a.Options(), a.DB()
	r := Report{
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		AppName: a.AppName(), BaseURL: o.BaseURL, BasePath: a.BasePath(), Compat: "Kernia",
		Database: Database{Adapter: adapter.Name(), Transactions: !adapter.Capabilities().NoTx, Note: adapter.Capabilities().Note},
		Modules:  []Module{}, Plugins: []string{}, SignInMethods: []string{}, Secret: a.Keys().Weaknesses(), Options: options(o),
	}
	if path := a.PublicPath(); path != r.BasePath {
		r.PublicPath = path
	}
	if o.Compat == core.CompatBetterAuth {
		r.Compat = "Better Auth"
	}
	if d := o.DynamicBaseURL; d != nil {
		r.BaseURL = "of each request's host: " + strings.Join(d.AllowedHosts, ", ")
	}
	if s := o.SecondaryStorage; s != nil {
		r.Secondary = fmt.Sprintf("%T", s)
	}
	for _, t := range a.DatabaseSchema().Tables() {
		r.Database.Tables = append(r.Database.Tables, t.Name)
	}
	for _, p := range a.Plugins() {
		r.Plugins = append(r.Plugins, p.ID())
	}
	for _, m := range a.SignInMethods() {
		r.SignInMethods = append(r.SignInMethods, m.Name)
	}
	if r.Secret == nil {
		r.Secret = []string{}
	}
	if build != nil {
		r.Program = Module{build.Path, build.Main.Version, false}
		r.Modules = Modules(build)
	}
	return r
}

// Modules lists the modules of a program that matter here.
func Modules(build *debug.BuildInfo) []Module {
	out := []Module{}
	for _, d := range build.Deps {
		if !slices.ContainsFunc(known, func(k string) bool { return d.Path == k || strings.HasSuffix(k, "/") && strings.HasPrefix(d.Path, k) }) {
			continue
		}
		m := Module{d.Path, d.Version, d.Replace != nil}
		if m.Replaced && d.Replace.Version != "" {
			m.Version = d.Replace.Version
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// JSON writes the report as JSON.
func (r Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Text writes the report for people.
func (r Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	}
	line("Go", r.Go+" "+r.Platform)
	line("Program", strings.TrimSpace(r.Program.Path+" "+r.Program.Version))
	for _, m := range r.Modules {
		name := m.Path
		if m.Replaced {
			m.Version += " (replaced)"
		}
		line("  "+name, m.Version)
	}
	line("Application", r.AppName)
	line("Base URL", r.BaseURL)
	line("Base path", r.BasePath)
	line("Public path", r.PublicPath)
	line("Answers as", r.Compat)
	database := r.Database.Adapter
	if !r.Database.Transactions {
		database += ", without transactions"
	}
	line("Database", database)
	line("  Tables", strings.Join(r.Database.Tables, ", "))
	line("Secondary storage", r.Secondary)
	line("Plugins", strings.Join(r.Plugins, ", "))
	line("Ways to sign in", strings.Join(r.SignInMethods, ", "))
	secret := "strong enough"
	if len(r.Secret) > 0 {
		secret = "weak: " + strings.Join(r.Secret, "; ")
	}
	line("Secret", secret)
	if len(r.Options) > 0 {
		fmt.Fprintln(t, "Options")
	}
	for _, o := range r.Options {
		line("  "+o.Name, o.Value)
	}
	return t.Flush()
}
