package scaffold

import (
	"maps"
	"slices"
)

// kernia is the path that all modules of Kernia begin with.
const kernia = "github.com/advantch/kernia-go"

// framework is what a program needs to know of a web framework.
type framework struct {
	Title    string
	module   string            // Kernia's, below kernia; "" for net/http
	requires map[string]string // other modules, with versions
}

var frameworks = map[string]framework{
	"gin":     {Title: "Gin", module: "gin", requires: map[string]string{"github.com/gin-gonic/gin": "v1.12.0"}},
	"echo":    {Title: "Echo v4", module: "echo", requires: map[string]string{"github.com/labstack/echo/v4": "v4.16.0"}},
	"echov5":  {Title: "Echo v5", module: "echov5", requires: map[string]string{"github.com/labstack/echo/v5": "v5.4.6"}},
	"fiber":   {Title: "Fiber v2", module: "fiber", requires: map[string]string{"github.com/gofiber/fiber/v2": "v2.52.15"}},
	"fiberv3": {Title: "Fiber v3", module: "fiberv3", requires: map[string]string{"github.com/gofiber/fiber/v3": "v3.1.0"}},
	"nethttp": {Title: "net/http, the standard library"},
	"chi":     {Title: "chi", requires: map[string]string{"github.com/go-chi/chi/v5": "v5.5.0"}},
}

// store is what a program needs to know of an adapter.
type store struct {
	Title     string
	module    string                       // Kernia's, below kernia; "" for a package of core
	databases []string                     // nil: no choice
	requires  map[string]map[string]string // other modules, by database
}

var adapters = map[string]store{
	"gorm": {
		Title: "GORM", module: "gormadapter", databases: []string{"sqlite", "postgres", "mysql"},
		requires: map[string]map[string]string{
			"sqlite":   {"gorm.io/gorm": "v1.31.2"},
			"postgres": {"gorm.io/gorm": "v1.31.2", "gorm.io/driver/postgres": "v1.6.3"},
			"mysql":    {"gorm.io/gorm": "v1.31.2", "gorm.io/driver/mysql": "v1.6.0"},
		},
	},
	"ent": {
		Title: "ent", module: "entadapter", databases: []string{"sqlite", "postgres", "mysql"},
		requires: map[string]map[string]string{
			"sqlite":   {"entgo.io/ent": "v0.14.5"},
			"postgres": {"entgo.io/ent": "v0.14.5", "github.com/jackc/pgx/v5": "v5.10.0"},
			"mysql":    {"entgo.io/ent": "v0.14.5", "github.com/go-sql-driver/mysql": "v1.8.1"},
		},
	},
	"mongo": {
		Title: "MongoDB", module: "core/adapters/mongo",
		requires: map[string]map[string]string{"": {"go.mongodb.org/mongo-driver/v2": "v2.10.0"}},
	},
	"memory": {Title: "memory: nothing is kept"},
}

var databases = map[string]string{"sqlite": "SQLite, a file", "postgres": "PostgreSQL", "mysql": "MySQL or MariaDB"}

// frontend is what a page needs beside the client.
type frontend struct {
	Title        string
	Dependencies map[string]string
	DevPackages  map[string]string
	Check        string // the command that checks types
}

var frontends = map[string]frontend{
	"none": {Title: "none: the API alone"},
	"plain": {
		Title: "plain TypeScript", DevPackages: map[string]string{"typescript": "5.9.3", "vite": "8.4.0"}, Check: "tsc --noEmit",
	},
	"react": {
		Title:        "React",
		Dependencies: map[string]string{"react": "19.3.1", "react-dom": "19.3.1"},
		DevPackages: map[string]string{
			"@types/react": "19.3.3", "@types/react-dom": "19.3.0", "@vitejs/plugin-react": "6.3.0", "typescript": "5.9.3", "vite": "8.4.0",
		},
		Check: "tsc --noEmit",
	},
	"vue": {
		Title:        "Vue",
		Dependencies: map[string]string{"vue": "3.5.45"},
		DevPackages:  map[string]string{"@vitejs/plugin-vue": "6.0.11", "typescript": "5.9.3", "vite": "8.4.0", "vue-tsc": "3.3.14"},
		Check:        "vue-tsc --noEmit",
	},
	"svelte": {
		Title:        "Svelte",
		Dependencies: map[string]string{"svelte": "5.57.3"},
		DevPackages: map[string]string{
			"@sveltejs/vite-plugin-svelte": "7.3.1", "svelte-check": "4.7.8", "typescript": "5.9.3", "vite": "8.4.0",
		},
		Check: "svelte-check --fail-on-warnings",
	},
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
