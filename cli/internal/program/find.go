// Package program finds the program of an application, builds it, and runs its commands.
package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// imported is the package whose import tells that a program has the commands.
const imported = "github.com/advantch/kernia-go/cli"

// Program is a main package.
type Program struct {
	Path   string // import path
	Dir    string
	Module string // folder of its go.mod, in which it runs
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Name, Dir string
	Imports, Deps         []string
	Module                *struct{ Dir string }
	Error                 *struct{ Err string }
}

// Find returns the program of the module that a folder is in. app says which one, as a path
// or import path; "" is the only one, or the folder's own.
func Find(ctx context.Context, dir, app string) (Program, error) {
	module, err := moduleOf(ctx, dir)
	if err != nil {
		return Program{}, err
	}
	if app != "" {
		return named(ctx, dir, app)
	}
	all, err := list(ctx, module, "ImportPath,Name,Dir,Imports,Module", "./...")
	if err != nil {
		return Program{}, err
	}
	found := with(all, func(p listed) []string { return p.Imports })
	if len(found) == 0 && slices.ContainsFunc(all, func(p listed) bool { return p.Name != "main" && slices.Contains(p.Imports, imported) }) {
		// A package of the application calls cli.Main for its programs.
		if all, err = list(ctx, module, "ImportPath,Name,Dir,Deps,Module", "./..."); err != nil {
			return Program{}, err
		}
		found = with(all, func(p listed) []string { return p.Deps })
	}
	switch len(found) {
	case 0:
		return Program{}, fmt.Errorf("no program in %s calls cli.Main: add the line cli.Main(auth) after core.New "+
			"(import %q), or say with --app which program it is; \"kernia init\" makes a new program", module, imported)
	case 1:
		return found[0], nil
	}
	for _, p := range found {
		if same(p.Dir, dir) {
			return p, nil
		}
	}
	var choices []string
	for _, p := range found {
		choices = append(choices, "--app "+below(dir, p.Dir))
	}
	return Program{}, fmt.Errorf("several programs call cli.Main: say which one: %s", strings.Join(choices, ", "))
}

// moduleOf is the folder of the go.mod that a folder belongs to.
func moduleOf(ctx context.Context, dir string) (string, error) {
	out, err := goTool(ctx, dir, "env", "GOMOD")
	if err != nil {
		return "", err
	}
	file := strings.TrimSpace(string(out))
	if file == "" || file == os.DevNull {
		return "", fmt.Errorf("%s is in no Go module: change to the folder of your application, or make one with \"kernia init\"", dir)
	}
	return filepath.Dir(file), nil
}

// named is the program that --app names.
func named(ctx context.Context, dir, app string) (Program, error) {
	pattern := app
	if info, err := os.Stat(filepath.Join(dir, app)); err == nil && info.IsDir() && !filepath.IsAbs(app) {
		pattern = "./" + filepath.ToSlash(filepath.Clean(app))
	}
	all, err := list(ctx, dir, "ImportPath,Name,Dir,Deps,Module", pattern)
	if err != nil {
		return Program{}, fmt.Errorf("--app %s: %w", app, err)
	}
	var mains []listed
	for _, p := range all {
		if p.Name == "main" {
			mains = append(mains, p)
		}
	}
	found := with(mains, func(p listed) []string { return p.Deps })
	switch {
	case len(mains) == 0:
		return Program{}, fmt.Errorf("--app %s is no program: name the folder of a main package, for example --app ./cmd/server", app)
	case len(found) == 0:
		return Program{}, fmt.Errorf("--app %s does not call cli.Main: add the line cli.Main(auth) after core.New (import %q)", app, imported)
	case len(found) > 1:
		return Program{}, fmt.Errorf("--app %s means %d programs: name one", app, len(found))
	}
	return found[0], nil
}

func with(all []listed, imports func(listed) []string) []Program {
	var out []Program
	for _, p := range all {
		if p.Name == "main" && slices.Contains(imports(p), imported) && p.Module != nil {
			out = append(out, Program{p.ImportPath, p.Dir, p.Module.Dir})
		}
	}
	return out
}

func list(ctx context.Context, dir, fields string, patterns ...string) ([]listed, error) {
	out, err := goTool(ctx, dir, append([]string{"list", "-e", "-json=" + fields + ",Error"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Dir == "" && p.Error != nil {
			return nil, errors.New(p.Error.Err)
		}
		all = append(all, p)
	}
	return all, nil
}

// goTool runs the go command and returns what it prints.
func goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are ours, and the user's own --app
	c.Dir = dir
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command is not in PATH: install Go (https://go.dev/dl), or run the program's own binary: <program> kernia <command>")
	case err != nil:
		return nil, fmt.Errorf("go %s: %s", args[0], strings.TrimSpace(said.String()))
	}
	return out, nil
}

// same reports whether two folders are one.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// below is how a folder is named from another one.
func below(from, to string) string {
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return to
	}
	if rel = filepath.ToSlash(rel); !strings.HasPrefix(rel, ".") {
		rel = "./" + rel
	}
	return rel
}
