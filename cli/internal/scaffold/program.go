package scaffold

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/cli/internal/npm"
	"github.com/advantch/kernia-go/cli/internal/secret"
)

// program is what the templates are filled with.
type program struct {
	Choices
	Command          string // name of the binary
	Requires         []string
	Replaces         []string
	Leftovers        []string // files of other choices that are still in the folder
	BaseURL          string
	Secret           string
	DatabasePassword string // "" without a database server that has users
}

// newProgram makes the secrets of one program. They are in no other.
func newProgram(c Choices) *program {
	p := &program{Choices: c, Command: path.Base(c.Module), BaseURL: "http://localhost:3000", Secret: secret.New()}
	if c.Database == "postgres" || c.Database == "mysql" {
		p.DatabasePassword = rand.Text()
	}
	return p
}

// keep takes over what the settings of a program that is written again say.
func (p *program) keep(s settings) {
	set := func(to *string, name string) { *to = cmp.Or(s.value(name), *to) }
	set(&p.BaseURL, "BASE_URL")
	set(&p.Secret, "KERNIA_SECRET")
	if p.DatabasePassword != "" {
		set(&p.DatabasePassword, "DATABASE_PASSWORD")
	}
}

// databaseKind is what kindOf says of the program's DATABASE_URL, "" without one.
func (p *program) databaseKind() string {
	if p.Adapter == "mongo" {
		return "mongo"
	}
	return p.Database
}

func (p *program) FrameworkTitle() string { return frameworks[p.Framework].Title }
func (p *program) FrontendTitle() string  { return frontends[p.Frontend].Title }

func (p *program) HasPage() bool     { return p.Frontend != "none" }
func (p *program) HasDatabase() bool { return p.Adapter != "memory" }

// Service reports whether compose.yaml has a database.
func (p *program) Service() bool { return p.HasDatabase() && p.Database != "sqlite" }

func (p *program) Has(plugin string) bool { return slices.Contains(p.Plugins, plugin) }

// NeedsBaseURL reports whether a mail has a link that is the application's own.
func (p *program) NeedsBaseURL() bool { return p.Has("organization") }

func (p *program) PluginList() []plugin { return chosen(p.Plugins) }

// PluginPackages are the imports of auth.go below core/plugins.
func (p *program) PluginPackages() []string {
	packages := []string{"emailpassword"}
	for _, plugin := range p.PluginList() {
		packages = append(packages, plugin.Package)
	}
	slices.Sort(packages)
	return packages
}

// SenderPackages are those of mail.go.
func (p *program) SenderPackages() []string {
	var packages []string
	for _, plugin := range p.PluginList() {
		if plugin.Sends {
			packages = append(packages, plugin.Package)
		}
	}
	slices.Sort(packages)
	return packages
}

// Handle names what openDatabase returns.
func (p *program) Handle() string {
	switch p.Adapter {
	case "ent":
		return "driver"
	case "mongo":
		return "client"
	default:
		return "db"
	}
}

// NewAdapter is the expression of core.Options.Database in main.go.
func (p *program) NewAdapter() string {
	switch p.Adapter {
	case "gorm":
		return "gormadapter.New(db)"
	case "ent":
		return "entadapter.New(driver)"
	case "mongo":
		return `kerniamongo.New(client.Database("app"), kerniamongo.Options{Transactions: kerniamongo.On})`
	default:
		return "memory.New()"
	}
}

// AdapterImports are those of NewAdapter.
func (p *program) AdapterImports() []string {
	switch p.Adapter {
	case "mongo":
		return []string{`kerniamongo "` + kernia + `/core/adapters/mongo"`}
	case "memory":
		return []string{`"` + kernia + `/core/adapters/memory"`}
	default:
		return []string{`"` + kernia + "/" + adapters[p.Adapter].module + `"`}
	}
}

// NewHandler is what main.go serves.
func (p *program) NewHandler() string { return "newServer(auth)" }

// DatabaseURL is for the program on this machine.
func (p *program) DatabaseURL() string { return p.databaseURL("localhost", p.DatabasePassword) }

// DatabaseURLCompose is for the program in a container beside the database.
func (p *program) DatabaseURLCompose() string {
	if p.Database == "sqlite" {
		return "/data/app.db"
	}
	return p.databaseURL("database", "${DATABASE_PASSWORD:?is in .env}")
}

// DatabaseURLExample has no password.
func (p *program) DatabaseURLExample() string { return p.databaseURL("localhost", "") }

func (p *program) databaseURL(host, password string) string {
	switch {
	case p.Database == "postgres":
		return fmt.Sprintf("postgres://app:%s@%s:5432/app?sslmode=disable", password, host)
	case p.Database == "mysql":
		return fmt.Sprintf("app:%s@tcp(%s:3306)/app?parseTime=true", password, host)
	case p.Adapter == "mongo":
		return "mongodb://" + host + ":27017/?replicaSet=rs0&directConnection=true"
	default:
		return "app.db"
	}
}

// clientParts are the client's parts of the plugins, in the order of the server.
func (p *program) clientParts() []npm.Part {
	var parts []npm.Part
	for _, plugin := range p.PluginList() {
		if part, ok := npm.PartOf(plugin.ID); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// ClientImports are the parts that the official client has itself.
func (p *program) ClientImports() []string {
	var names []string
	for _, part := range p.clientParts() {
		if part.Package == "" {
			names = append(names, part.Name)
		}
	}
	slices.Sort(names)
	return names
}

// ClientPackages are the parts that have packages of their own.
func (p *program) ClientPackages() []npm.Part {
	return slices.DeleteFunc(p.clientParts(), func(part npm.Part) bool { return part.Package == "" })
}

// ClientCalls are the functions of all parts.
func (p *program) ClientCalls() []string {
	var names []string
	for _, part := range p.clientParts() {
		names = append(names, part.Name)
	}
	return names
}

// Steps start the program in its folder, in an order that can be pasted.
func (p *program) Steps() []string {
	var steps []string
	if p.Service() {
		steps = append(steps, "docker compose up -d --wait database")
	}
	if p.HasPage() {
		steps = append(steps, "npm --prefix web install", "npm --prefix web run build")
	}
	return append(steps, "go run .")
}

// Paste is Steps after going to the folder, as one line.
func (p *program) Paste() string {
	steps := p.Steps()
	if p.Folder != "." {
		steps = append([]string{"cd " + quoted(p.Folder)}, steps...)
	}
	return strings.Join(steps, " && ")
}

// quoted is a text as one word of a shell.
func quoted(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-", r)
	}) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}
