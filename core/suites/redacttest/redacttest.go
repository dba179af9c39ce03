// Package redacttest finds exported types that hold secrets and print or log them. The
// modules of Kernia are tested with it; a plugin of your own can be, too.
package redacttest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// secretName are names of fields that hold what must not be printed.
var secretName = regexp.MustCompile(`(?i)^(.*password|.*token|.*privatekey|.*secrets?|.*secretkey|.*apikey|code|(user|device|backup|auth)code|.*codes|.*otp|nonce|signature|verifier|totpuri|cookies?|setcookie|header|body|rawquery|raw)$`)

// secretType are the types of such fields that hold text.
var secretType = map[string]bool{"string": true, "*string": true, "[]string": true, "[]byte": true, "Header": true, "http.Header": true, "[]HeaderField": true}

// Run reads the source below dir, without nested modules, tests and packages for tests.
// Every exported struct that holds a secret must be among values, unless harmless says
// why not. A struct holds a secret when one of its fields is named like one, exported or
// not, or has the type of such a struct, embedded or not. No value may show what is in
// it, whatever the verb and the handler. The keys of harmless are the names that %T
// prints.
func Run(t *testing.T, dir string, harmless map[string]string, values ...any) {
	t.Helper()
	listed := map[string]bool{}
	for _, v := range values {
		listed[name(v)] = true
	}
	found := findings(t, dir, harmless)
	for n, why := range found {
		if !listed[n] {
			t.Errorf("%s has a secret in %s: redact it (core.Redact) and list it here", n, why)
		}
	}
	for n := range harmless {
		if _, ok := found[n]; ok {
			t.Errorf("%s is listed twice", n)
		}
	}
	for _, v := range values {
		t.Run(name(v), func(t *testing.T) { prints(t, v) })
	}
}

// name is that of a type, without its arguments.
func name(v any) string {
	n, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", v), "*"), "[")
	return n
}

// field is one of a struct, with its type as it is written and the package that it is in.
type field struct{ name, kind, pkg string }

// findings returns the exported structs below dir that need redacting, with the field for
// which. What they hold may be of the core, whose source is read as well.
func findings(t *testing.T, dir string, harmless map[string]string) map[string]string {
	t.Helper()
	own := scan(t, dir)
	all := maps.Clone(own)
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		maps.Copy(all, scan(t, filepath.Join(filepath.Dir(file), "..", "..")))
	}
	found := map[string]string{}
	for grown := true; grown; {
		grown = false
		for n, fields := range all {
			if _, known := found[n]; known || slices.Contains(public, n) || harmless[n] != "" {
				continue
			}
			for _, f := range fields {
				inner := strings.TrimLeft(f.kind, "*[]")
				if !strings.Contains(inner, ".") {
					inner = f.pkg + "." + inner
				}
				_, holds := found[inner]
				if holds || secretName.MatchString(f.name) && secretType[f.kind] {
					found[n], grown = f.name, true
					break
				}
			}
		}
	}
	maps.DeleteFunc(found, func(n, _ string) bool { _, ok := own[n]; return !ok })
	return found
}

// public are types of the core whose code is that of an error.
var public = []string{"core.Error", "core.ErrorCode", "core.Event", "oauth2.Error"}

// scan returns the exported structs below dir with their fields.
func scan(t *testing.T, dir string) map[string][]field {
	t.Helper()
	structs := map[string][]field{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if path != dir && (base == "testdata" || base == "internal" || base == "suites" || strings.HasSuffix(base, "test")) {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != dir && err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				ts, ok := spec.(*ast.TypeSpec)
				if !ok || !ts.Name.IsExported() {
					continue
				}
				st, ok := ts.Type.(*ast.StructType)
				if !ok {
					continue
				}
				key := file.Name.Name + "." + ts.Name.Name
				structs[key] = []field{}
				for _, f := range st.Fields.List {
					kind := text(f.Type)
					for _, n := range f.Names {
						structs[key] = append(structs[key], field{n.Name, kind, file.Name.Name})
					}
					if len(f.Names) == 0 {
						base := strings.TrimLeft(kind, "*")
						structs[key] = append(structs[key], field{base[strings.LastIndex(base, ".")+1:], kind, file.Name.Name})
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return structs
}

// text writes a type made of names, pointers and lists.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return "*" + text(e.X)
	case *ast.ArrayType:
		return "[]" + text(e.Elt)
	case *ast.SelectorExpr:
		return text(e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return text(e.X)
	case *ast.IndexListExpr:
		return text(e.X)
	}
	return "?"
}

const marker = "s3cr3t-m4rk3r"

// prints fails when a value that is full of secrets shows one of them.
func prints(t *testing.T, v any) {
	t.Helper()
	kind, byPointer := reflect.TypeOf(v), false // of a type that is used by pointer only
	if byPointer = kind.Kind() == reflect.Pointer; byPointer {
		kind = kind.Elem()
	}
	full := reflect.New(kind)
	fill(full.Elem(), "", 0)
	one := full.Interface()
	if !byPointer {
		one = full.Elem().Interface()
	}
	for _, held := range []any{one, &one, full.Interface(), []any{one}, map[string]any{"x": one}, struct{ X any }{one}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
			if got := fmt.Sprintf(verb, held); strings.Contains(got, marker) || strings.Contains(got, fmt.Sprintf("%x", marker)) {
				t.Errorf("%s of a %T prints %.300s", verb, held, got)
			}
		}
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "value", one, "pointer", full.Interface())
	}
	if strings.Contains(out.String(), marker) {
		t.Errorf("a log says %.500s", out.String())
	}
}

// fill puts the marker into every text below a field that is named like a secret, and
// values into what is on the way there. fmt prints unexported fields as well.
func fill(v reflect.Value, name string, depth int) {
	if depth > 6 {
		return
	}
	if !v.CanSet() {
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	switch v.Kind() {
	case reflect.String:
		if secretName.MatchString(name) || slices.Contains([]string{"Value", "Path", "text", "URL"}, name) {
			v.SetString(marker)
		}
	case reflect.Pointer:
		if slices.Contains([]reflect.Kind{reflect.Struct, reflect.String}, v.Type().Elem().Kind()) {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), name, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, depth+1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(marker))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name, depth+1)
	}
}
