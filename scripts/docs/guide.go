package main

import (
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	modInit  = regexp.MustCompile(`(?m)^go mod init (\S+)$`)
	goGet    = regexp.MustCompile(`(?m)^go (?:get|mod tidy)\b`)
	goRun    = regexp.MustCompile(`(?m)^go (vet|test) (.*)$`)
	goworkGo = regexp.MustCompile(`(?m)^go \S+$`)
)

// followGuides does what a reader of a page with <!-- file: FILE --> blocks does:
// in an empty folder it runs the page's commands and writes its blocks into the
// files they name, in order. A module that is fetched is the one of the
// repository instead. The commands that check the code run last, when all is written.
func followGuides(root string, pages map[string]*page) ([]string, error) {
	var problems []string
	for _, p := range pages {
		if !slices.ContainsFunc(p.blocks, func(b block) bool { return b.file != "" }) {
			continue
		}
		more, err := followGuide(root, p)
		if err != nil {
			return nil, err
		}
		problems = append(problems, more...)
	}
	return problems, nil
}

func followGuide(root string, p *page) ([]string, error) {
	dir, err := os.MkdirTemp("", "guide")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var problems []string
	bad := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s:%d: ", p.name, line)+fmt.Sprintf(format, args...))
	}
	var checks [][]string
	files := map[string]string{}
	module := false
	for _, b := range p.blocks {
		switch {
		case b.file != "":
			if !module {
				bad(b.line, "%s comes before \"go mod init\"", b.file)
			}
			if !filepath.IsLocal(b.file) {
				bad(b.line, "%s leads out of the folder", b.file)
				continue
			}
			if files[b.file] != "" {
				files[b.file] += "\n"
			}
			files[b.file] += b.text
		case b.lang == "sh":
			if m := modInit.FindStringSubmatch(b.text); m != nil {
				if err := newModule(root, dir, m[1], goGet.MatchString(b.text)); err != nil {
					return nil, err
				}
				module = true
			}
			for _, m := range goRun.FindAllStringSubmatch(b.text, -1) {
				checks = append(checks, append([]string{m[1]}, strings.Fields(m[2])...))
			}
		}
	}
	for name, text := range files {
		if formatted, err := format.Source([]byte(text)); strings.HasSuffix(name, ".go") && err == nil && string(formatted) != text {
			bad(1, "%s is not formatted by gofmt", name)
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if len(checks) == 0 {
		bad(1, "no command checks what the reader has written")
	}
	for _, args := range checks {
		if len(problems) > 0 {
			break // its consequences add nothing
		}
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"), "GOFLAGS=", "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
			return nil, err
		}
		switch {
		case err != nil:
			bad(1, "go %s fails for who follows the page:\n%s", strings.Join(args, " "), out)
		case args[0] == "test" && !strings.Contains(string(out), "ok  \t"):
			bad(1, "go %s finds no test:\n%s", strings.Join(args, " "), out)
		}
	}
	return problems, nil
}

// newModule writes what "go mod init" and "go get" leave, with a workspace that
// takes the modules of the repository.
func newModule(root, dir, name string, fetches bool) error {
	work, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return err
	}
	version := goworkGo.FindString(string(work))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+name+"\n\n"+version+"\n"), 0o644); err != nil {
		return err
	}
	use := "use .\n"
	if fetches {
		core, err := filepath.Abs(filepath.Join(root, "core"))
		if err != nil {
			return err
		}
		use += "use " + core + "\n"
	}
	if sum, err := os.ReadFile(filepath.Join(root, "go.work.sum")); err == nil {
		if err := os.WriteFile(filepath.Join(dir, "go.work.sum"), sum, 0o644); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.work"), []byte(version+"\n\n"+use), 0o644)
}
