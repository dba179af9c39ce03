package core_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// forbidden imports, with the files that may have them.
var forbidden = map[string]*regexp.Regexp{
	"math/rand":    nil,
	"math/rand/v2": nil,
	"crypto/md5":   nil,
	// Old identity providers encrypt with 3DES, which AllowDeprecated of the plugin sso must allow,
	// and old tools encrypt private keys with it.
	"crypto/des": regexp.MustCompile(`/saml/(decrypt|pkcs8)\.go$`),
	"crypto/rc4": nil,
	"unsafe":     nil,
	// Have I Been Pwned (k-anonymity) and TOTP (RFC 6238) are defined with it, and so is RSA-OAEP
	// of XML encryption, where its weakness does not matter.
	"crypto/sha1": regexp.MustCompile(`/(haveibeenpwned|twofactor|totp)[^/]*/|totp|/saml/(algorithms|pkcs8)\.go$`),
}

var secretName = regexp.MustCompile(`(?i)(secret|signature|digest|password|hmac|mac|otp)$`)

// weaknesses lists what CRY-06 forbids in one file.
func weaknesses(set *token.FileSet, name string, file *ast.File) []string {
	var found []string
	at := func(p token.Pos, format string, args ...any) {
		found = append(found, set.Position(p).String()+": "+fmt.Sprintf(format, args...))
	}
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if except, bad := forbidden[path]; bad && (except == nil || !except.MatchString(filepath.ToSlash(name))) {
			at(i.Pos(), "imports %s", path)
		}
	}
	last := func(e ast.Expr) string {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.SelectorExpr:
			return x.Sel.Name
		case *ast.StarExpr:
			if id, ok := x.X.(*ast.Ident); ok {
				return id.Name
			}
		}
		return ""
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Ident:
			if x.Name == "InsecureSkipVerify" {
				at(x.Pos(), "names InsecureSkipVerify")
			}
		case *ast.BinaryExpr:
			// A comparison of a secret with a literal, nil or a constant checks only
			// its form.
			if (x.Op == token.EQL || x.Op == token.NEQ) && secretName.MatchString(last(x.X)) && secretName.MatchString(last(x.Y)) {
				at(x.Pos(), "compares %s and %s", last(x.X), last(x.Y))
			}
		}
		return true
	})
	return found
}

func TestSource(t *testing.T) {
	t.Parallel()
	t.Run("CRY-06 no weak primitives and no comparison of secrets in what is shipped", func(t *testing.T) {
		t.Parallel()
		root, files, set := filepath.Join(".."), 0, token.NewFileSet()
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			base := d.Name()
			if d.IsDir() && name != root && (base == "node_modules" || base == "wirecheck" || base == "scripts" || base == "examples" ||
				strings.HasSuffix(base, "test") || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
				return nil
			}
			files++
			file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, w := range weaknesses(set, name, file) {
				t.Error(w)
			}
			return nil
		})
		if err != nil || files < 100 {
			t.Fatalf("%d files were read: %v", files, err)
		}
	})
	t.Run("CRY-06 the search finds them", func(t *testing.T) {
		t.Parallel()
		for code, want := range map[string]int{
			"import _ \"math/rand/v2\"": 1,
			"import _ \"crypto/sha1\"":  1,
			"import _ \"crypto/rand\"":  0,
			"func f(secret, theirSecret string) bool { return secret == theirSecret }": 1,
			"func f(a struct{ mac string }, mac string) bool { return a.mac != mac }":  1,
			"func f(secret string) bool { return secret == \"\" }":                     0,
			"var c = struct{ InsecureSkipVerify bool }{InsecureSkipVerify: true}":      2,
		} {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, "x.go", "package x\n"+code, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := weaknesses(set, "x.go", file); len(got) != want {
				t.Errorf("%s: found %v, want %d", code, got, want)
			}
		}
	})
}
