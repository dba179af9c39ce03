package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/advantch/kernia-go/"

// source is a package of the repository below core, without its tests.
type source struct {
	dir    string // "core/plugins/passkey"
	files  []*ast.File
	names  []string // of the files
	plugin string   // the id, when it is one of a plugin
}

// sources parses the packages below core that programs use.
func sources(t *testing.T) []*source {
	t.Helper()
	byDir := map[string]*source{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "suites" || strings.HasSuffix(d.Name(), "test")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Join("core", filepath.ToSlash(filepath.Dir(name)))
		if byDir[dir] == nil {
			byDir[dir] = &source{dir: dir}
		}
		s := byDir[dir]
		s.files, s.names = append(s.files, file), append(s.names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []*source
	for _, s := range byDir {
		s.plugin = s.pluginID()
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *source) int { return strings.Compare(a.dir, b.dir) })
	return out
}

// pluginID is the id of the plugin that a package is: it has a type with a Manifest. "?" is
// one whose id is not found.
func (s *source) pluginID() string {
	id, plugin := "?", false
	for _, f := range s.files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				plugin = plugin || d.Recv != nil && d.Name.Name == "Manifest"
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					v, ok := spec.(*ast.ValueSpec)
					if !ok || v.Names[0].Name != "ID" || len(v.Values) == 0 {
						continue
					}
					switch v := v.Values[0].(type) {
					case *ast.BasicLit:
						id, _ = strconv.Unquote(v.Value)
					case *ast.SelectorExpr: // oauth.SocialID
						id = strings.ToLower(strings.TrimSuffix(v.Sel.Name, "ID"))
					}
				}
			}
		}
	}
	if !plugin {
		return ""
	}
	return id
}

// What two plugins need belongs to the kernel, and the kernel knows none of them. A
// plugin of a third party then has all that ours have.
func TestPluginsStandAlone(t *testing.T) {
	t.Parallel()
	all := sources(t)
	plugins, ids := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		if s.plugin != "" {
			plugins[module+s.dir], ids[s.plugin] = true, s.plugin != "?"
		}
	}
	if len(plugins) < 20 || !ids["magic-link"] || !ids["passkey"] || !plugins[module+"core/social"] {
		t.Fatalf("found the plugins %v", ids)
	}
	for _, s := range all {
		for i, f := range s.files {
			for _, im := range f.Imports {
				if to, _ := strconv.Unquote(im.Path.Value); plugins[to] && to != module+s.dir && !slices.Contains(uses[s.dir], path.Base(to)) {
					t.Errorf("%s imports the plugin %s", s.names[i], to)
				}
			}
			if s.plugin != "" {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if _, ok := n.(*ast.ImportSpec); ok {
					return false
				}
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				if text, _ := strconv.Unquote(literal.Value); ids[text] && !slices.Contains(named[s.names[i]], text) {
					t.Errorf("%s names the plugin %q", s.names[i], text)
				}
				return true
			})
		}
	}
}

// uses are plugins that do to another one what its public Go API lets every application do.
var uses = map[string][]string{
	// A directory provisions members, roles and teams, and must leave an administrator.
	"core/plugins/scim": {"organization", "admin"},
	// Users of a company's provider become members of its organization.
	"core/plugins/sso": {"organization"},
}

// named are the exceptions: what has no behaviour of its own.
var named = map[string][]string{
	// A hint in the log about routes of plugins that are not installed: none of them can
	// say it.
	"pluginroutes.go": {
		"admin", "admin-config", "anonymous", "api-key", "audit-log", "device-authorization", "electron", "email-otp", "email-password", "expo", "generic-oauth", "jwt", "magic-link", "mcp", "multi-session", "oauth-popup", "oauth-provider", "oauth-proxy", "oidc-provider",
		"one-tap", "one-time-token", "open-api", "organization", "passkey", "phone-number", "scim", "siwe", "social", "sso", "two-factor", "username",
	},
	// A format of the cookie cache, and the type of tokens.
	"options.go": {"jwt"}, "internal/sessioncache/codec.go": {"jwt"}, "idtoken/verifier.go": {"jwt"},
	"verify/cookie.go": {"jwt"}, "verify/token.go": {"jwt"},
	// A credential that another server checks.
	"verify/errors.go": {"api-key"},
	// The name of a scheme of HTTP.
	"openapi.go": {"bearer"}, "internal/openapi/openapi.go": {"bearer"},
	// An attribute of RFC 7643.
	"plugins/scim/document/schema.go": {"organization"},
	// SocialID, for the plugins that require it.
	// A provider that is trusted and not configured may be one of single sign-on.
	"oauth/engine.go": {"social", "sso"},
}

// The plugins that decision 0301 calls small stay so.
func TestSmallPlugins(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		most, small := map[string]int{"captcha": 200, "last-login-method": 80, "have-i-been-pwned": 200, "bearer": 60}[s.plugin]
		if !small {
			continue
		}
		if n := codeLines(t, s); n == 0 || n > most {
			t.Errorf("%s has %d lines of code, of at most %d", s.dir, n, most)
		} else {
			t.Logf("%s has %d lines of code", s.dir, n)
		}
	}
}

// codeLines counts lines with a token on them.
func codeLines(t *testing.T, s *source) (n int) {
	t.Helper()
	for _, name := range s.names {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		lines := map[int]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			if n != nil {
				lines[set.Position(n.Pos()).Line], lines[set.Position(n.End()-1).Line] = true, true
			}
			return true
		})
		n += len(lines)
	}
	return n
}
