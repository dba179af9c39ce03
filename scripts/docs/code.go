package main

import (
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkQuotes compares blocks under <!-- code: FILE --> with that file.
func checkQuotes(root string, p *page) []string {
	var problems []string
	for _, b := range p.blocks {
		if b.quote == "" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(b.quote)))
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s:%d: %s: no such file", p.name, b.line, b.quote))
		case !strings.Contains(string(source), b.text):
			problems = append(problems, fmt.Sprintf("%s:%d: the block does not stand in %s as it is here", p.name, b.line, b.quote))
		}
	}
	return problems
}

// vet compiles the blocks that are whole programs, from files of their own, as the examples
// module would, which requires all that they may import. The files stay outside of the
// tree: a test that is stopped leaves nothing in it.
func vet(root string, pages map[string]*page) ([]string, error) {
	dir, err := os.MkdirTemp("", "docs")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var files, problems []string
	for name, p := range pages {
		for _, b := range p.blocks {
			if b.lang != "go" || !strings.HasPrefix(b.text, "package main\n") {
				continue
			}
			if formatted, err := format.Source([]byte(b.text)); err == nil && string(formatted) != b.text {
				problems = append(problems, fmt.Sprintf("%s:%d: the block is not formatted by gofmt", name, b.line))
			}
			// Messages name this file, and so the page and the line.
			at := strings.NewReplacer("/", "_", ".md", "").Replace(name) + "_line" + strconv.Itoa(b.line)
			file := filepath.Join(dir, at+".go")
			if err := os.WriteFile(file, []byte(b.text), 0o644); err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	slices.Sort(problems)
	slices.Sort(files)
	for _, file := range files { // several files of one command would be one program
		cmd := exec.Command("go", "vet", file)
		cmd.Dir = filepath.Join(root, "examples")
		if out, err := cmd.CombinedOutput(); err != nil {
			problems = append(problems, "go vet of a block that is a program:\n"+string(out))
		}
	}
	return problems, nil
}

var (
	testName   = regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Za-z0-9_]+)`")
	abuseID    = regexp.MustCompile(`\b[A-Z]{2,4}-[0-9]{2}\b`)
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)[A-Za-z0-9_]*)\(`)
	idInSource = regexp.MustCompile(`\b([A-Z]{2,4})[-_]?([0-9]{2})(?:[^0-9]|$)`)
	idInName   = regexp.MustCompile(`Test_?([A-Z]{2,4})_?([0-9]{2})`)
)

// checkTestNames looks up the tests that pages name.
func checkTestNames(root string, pages map[string]*page) ([]string, error) {
	funcs, ids := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		// The shared suites are ordinary files in folders such as flowtest.
		suite := strings.HasSuffix(filepath.Base(filepath.Dir(file)), "test") && strings.HasSuffix(file, ".go")
		if d.IsDir() || !suite && !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(file)
		for _, m := range testFunc.FindAllStringSubmatch(string(data), -1) {
			funcs[m[1]] = true
			if id := idInName.FindStringSubmatch(m[1]); id != nil {
				ids[id[1]+"-"+id[2]] = true
			}
		}
		for _, m := range idInSource.FindAllStringSubmatch(string(data), -1) {
			ids[m[1]+"-"+m[2]] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, p := range pages {
		// decisions and the change log may name former tests.
		if !strings.HasPrefix(p.name, "docs/") || strings.HasPrefix(p.name, "docs/decisions/") {
			continue
		}
		for i, s := range p.raw {
			for _, m := range testName.FindAllStringSubmatch(s, -1) {
				if !funcs[m[1]] {
					problems = append(problems, fmt.Sprintf("%s:%d: there is no test %s", p.name, i+1, m[1]))
				}
			}
		}
		if p.name != "docs/security.md" {
			continue
		}
		for _, l := range p.text {
			for _, id := range abuseID.FindAllString(l.text, -1) {
				if !ids[id] {
					problems = append(problems, fmt.Sprintf("%s:%d: no test bears the id %s", p.name, l.number, id))
				}
			}
		}
	}
	return problems, nil
}
