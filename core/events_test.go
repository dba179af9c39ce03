package core_test

import (
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// Every security event that the source declares stands in docs/events.md, and every event
// that stands there is declared, and emitted.
func TestEventsAreDocumented(t *testing.T) {
	t.Parallel()
	declared := map[string]string{} // names of events by package and constant
	used := map[string]bool{}
	all := sources(t)
	for _, s := range all {
		for _, f := range s.files {
			ast.Inspect(f, func(n ast.Node) bool {
				v, ok := n.(*ast.ValueSpec)
				if !ok || len(v.Values) != 1 {
					return true
				}
				kind, value := v.Type, v.Values[0]
				if call, converts := value.(*ast.CallExpr); converts && kind == nil && len(call.Args) == 1 {
					kind, value = call.Fun, call.Args[0]
				}
				name := ""
				switch t := kind.(type) {
				case *ast.Ident:
					name = t.Name
				case *ast.SelectorExpr:
					name = t.Sel.Name
				}
				literal, isText := value.(*ast.BasicLit)
				if name == "EventType" && isText && literal.Kind == token.STRING {
					text, _ := strconv.Unquote(literal.Value)
					declared[s.dir+"."+v.Names[0].Name] = text
				}
				return true
			})
		}
	}
	for _, s := range all {
		for _, f := range s.files {
			for _, d := range f.Decls {
				if _, isFunc := d.(*ast.FuncDecl); !isFunc {
					continue
				}
				ast.Inspect(d, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.SelectorExpr:
						if x, ok := n.X.(*ast.Ident); ok && x.Name == "core" {
							used["core."+n.Sel.Name] = true
						}
					case *ast.Ident:
						used[s.dir+"."+n.Name] = true
					}
					return true
				})
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9.-]+)` \\|").FindAllSubmatch(text, -1) {
		page[string(row[1])] = true
	}
	if len(declared) < 50 {
		t.Fatalf("found %d events", len(declared))
	}
	for _, constant := range slices.Sorted(maps.Keys(declared)) {
		name := declared[constant]
		if !page[name] {
			t.Errorf("docs/events.md has no row for %s (%s)", name, constant)
		}
		if !used[constant] {
			t.Errorf("nothing emits %s (%s)", name, constant)
		}
		delete(page, name)
	}
	for name := range page {
		t.Errorf("docs/events.md has %s, which no package declares", name)
	}
}
