package signintest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seams are the methods by which a function signs somebody in: of core.Ctx and of the engine
// of package oauth. makers make a session, or set its cookies.
var (
	seams  = []string{"SignIn", "SignInOrUp", "SignInByPassword", "Complete"}
	makers = []string{"CreateSession", "Issue"}
)

// covered fails for a function that signs in and was not running in any way.
func (s Scope) covered(t *testing.T, seen *calls) {
	t.Helper()
	signing, making := s.functions(t)
	if len(signing) == 0 {
		t.Fatal("no function signs in: are the names of the seams others now?")
	}
	for _, f := range signing {
		if !seen.has(f) {
			t.Errorf("%s signs in and is part of no way: add a row", f)
		}
	}
	for _, f := range making {
		name := strings.TrimPrefix(f, s.Path)
		if seen.has(f) != (s.Elsewhere[name] == "") {
			t.Errorf("%s makes a session or sets its cookies: it is part of a way, or it is in Scope.Elsewhere with the reason why it is no sign-in", f)
		}
	}
	for name := range s.Elsewhere {
		if !slices.Contains(making, s.Path+name) {
			t.Errorf("Scope.Elsewhere: %s makes no session", name)
		}
	}
}

// functions lists the functions of the module that call the seams, and those that make
// sessions, by their names at run time. Modules below it, and packages for tests, are left
// out.
func (s Scope) functions(t *testing.T) (signing, making []string) {
	t.Helper()
	err := filepath.WalkDir(s.Dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != s.Dir && (skipped(d.Name()) || isModule(name)):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(s.Dir, filepath.Dir(name))
		if err != nil {
			return err
		}
		pkg := path.Join(s.Path, filepath.ToSlash(below))
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
					if slices.Contains(seams, sel.Sel.Name) {
						signing = append(signing, pkg+"."+runtimeName(fn))
					}
					if slices.Contains(makers, sel.Sel.Name) {
						making = append(making, pkg+"."+runtimeName(fn))
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(signing)
	slices.Sort(making)
	return slices.Compact(signing), slices.Compact(making)
}

func skipped(dir string) bool {
	return dir == "testdata" || dir == "suites" || dir == "node_modules" || strings.HasSuffix(dir, "test")
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// runtimeName is the name of a function in a stack, without the package: "(*Plugin).signIn".
func runtimeName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	switch r := fn.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if id, ok := r.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")." + fn.Name.Name
		}
	case *ast.Ident:
		return r.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// Modules fails unless every other module below a folder whose functions sign users in
// has a test that calls Run.
func Modules(t *testing.T, root string, without ...string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		if name != root && (skipped(d.Name()) || strings.HasPrefix(d.Name(), ".") || slices.Contains(without, d.Name())) {
			return filepath.SkipDir
		}
		if name == root || !isModule(name) {
			return nil
		}
		if signing, _ := (Scope{Dir: name}).functions(t); len(signing) > 0 && !callsRun(t, name) {
			t.Errorf("%s signs in, in %v, and no test of it calls signintest.Run", name, signing)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func callsRun(t *testing.T, dir string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		found = found || strings.Contains(string(text), "signintest.Run(")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
