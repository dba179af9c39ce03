package scaffold

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/advantch/kernia-go/cli/internal/npm"
)

//go:embed all:templates
var templates embed.FS

// sources are the templates of a program by the slash-separated names of their files.
func sources(c Choices) (map[string]string, error) {
	server := "http"
	if strings.HasPrefix(c.Framework, "fiber") {
		server = c.Framework
	}
	names := map[string]string{
		"main.go":       "go/main.go.tmpl",
		"config.go":     "go/config.go.tmpl",
		"auth.go":       "go/auth.go.tmpl",
		"mail.go":       "go/mail.go.tmpl",
		"server.go":     "go/server." + c.Framework + ".go.tmpl",
		"serve.go":      "go/serve." + server + ".go.tmpl",
		"go.mod":        "ops/go.mod.tmpl",
		".env":          "ops/env.tmpl",
		".env.example":  "ops/env.example.tmpl",
		".gitignore":    "ops/gitignore.tmpl",
		".dockerignore": "ops/dockerignore.tmpl",
		"Dockerfile":    "ops/Dockerfile.tmpl",
		"compose.yaml":  "ops/compose.yaml.tmpl",
		"README.md":     "ops/README.md.tmpl",
	}
	if c.Adapter != "memory" {
		names["database.go"] = "go/database." + c.Adapter + ".go.tmpl"
	}
	if c.Frontend == "none" {
		return names, nil
	}
	names["page.go"] = "go/page.go.tmpl"
	return names, pageSources(c.Frontend, names)
}

// manifest is the one file without a template.
const manifest = "web/package.json"

// leftovers are files in a folder that other choices would have written.
func leftovers(folder string, files map[string][]byte) []string {
	var out []string
	for _, adapter := range keys(adapters) {
		for _, frontend := range keys(frontends) {
			names, err := sources(Choices{Framework: defaultFramework, Adapter: adapter, Frontend: frontend})
			if err != nil {
				continue // of an embedded folder
			}
			for _, name := range append(keys(names), manifest) {
				if _, ours := files[name]; ours || slices.Contains(out, name) {
					continue
				}
				if _, err := os.Lstat(filepath.Join(folder, filepath.FromSlash(name))); err == nil {
					out = append(out, name)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// render returns the files of a program by their slash-separated names.
func render(p *program) (map[string][]byte, error) {
	sources, err := sources(p.Choices)
	if err != nil {
		return nil, err
	}
	partials, err := template.ParseFS(templates, "templates/go/handlers.partial.tmpl")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(sources)+1)
	for name, source := range sources {
		text, err := templates.ReadFile("templates/" + source)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(source, ".tmpl") {
			if text, err = execute(template.Must(partials.Clone()), source, text, p); err != nil {
				return nil, err
			}
		}
		if strings.HasSuffix(name, ".go") {
			if text, err = format.Source(text); err != nil {
				return nil, fmt.Errorf("%s: %w", source, err)
			}
		}
		files[name] = text
	}
	if p.HasPage() {
		if files[manifest], err = packageJSON(p); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// pageSources adds the files of a page, those that all have and those of its kind.
func pageSources(frontend string, sources map[string]string) error {
	maps.Copy(sources, map[string]string{
		"web/index.html":     "web/index.html.tmpl",
		"web/vite.config.ts": "web/vite.config.ts.tmpl",
		"web/tsconfig.json":  "web/tsconfig.json.tmpl",
		"web/src/auth.ts":    "web/auth.ts.tmpl",
		"web/src/style.css":  "web/style.css",
	})
	own, err := templates.ReadDir("templates/web/" + frontend)
	if err != nil {
		return err
	}
	for _, file := range own {
		sources["web/src/"+file.Name()] = "web/" + frontend + "/" + file.Name()
	}
	return nil
}

func execute(t *template.Template, name string, text []byte, p *program) ([]byte, error) {
	t, err := t.New(name).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// packageJSON pins every package: the client to the release whose HTTP surface Kernia
// has, and what its plugins would otherwise draw in newer.
func packageJSON(p *program) ([]byte, error) {
	page := frontends[p.Frontend]
	dependencies := npm.Packages(p.Plugins...)
	maps.Copy(dependencies, page.Dependencies)
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Name    string `json:"name"`
		Private bool   `json:"private"`
		Type    string `json:"type"`
		Scripts struct {
			Dev   string `json:"dev"`
			Build string `json:"build"`
			Check string `json:"check"`
		} `json:"scripts"`
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}{
		Name: strings.ToLower(p.Command) + "-web", Private: true, Type: "module",
		Scripts: struct {
			Dev   string `json:"dev"`
			Build string `json:"build"`
			Check string `json:"check"`
		}{"vite", "vite build", page.Check},
		Dependencies: dependencies, DevDependencies: page.DevPackages,
	})
	return out.Bytes(), err
}
