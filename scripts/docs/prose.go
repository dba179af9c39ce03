package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// reference is the version of Better Auth that the wire check runs. A bare number does
// not tell the reader whose version it is.
var reference = regexp.MustCompile(`(^|[^\w.@/-])1\.6\.11\b`)

// exempt are pages that keep their former words.
var exempt = map[string]bool{"CHANGELOG.md": true}

// checkVersions finds the version without "Better Auth" before it in the text of a page.
func checkVersions(p *page) []string {
	if exempt[p.name] {
		return nil
	}
	var problems []string
	before := ""
	for _, l := range p.text {
		if bareVersion(before, l.text) {
			problems = append(problems, fmt.Sprintf("%s:%d: write Better Auth 1.6 in place of the bare version", p.name, l.number))
		}
		before = l.text
	}
	return problems
}

// checkComments finds the same in the comments of Go files other than tests.
func checkComments(root string) ([]string, error) {
	var problems []string
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && file != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
			name == "node_modules" || name == "testdata" || name == "wirecheck") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		more, err := commentsOf(root, file)
		problems = append(problems, more...)
		return err
	})
	return problems, err
}

func commentsOf(root, file string) ([]string, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, group := range parsed.Comments {
		before := ""
		for _, c := range group.List {
			if bareVersion(before, c.Text) {
				problems = append(problems, fmt.Sprintf("%s:%d: write Better Auth 1.6 in place of the bare version",
					filepath.ToSlash(name), files.Position(c.Pos()).Line))
			}
			before = c.Text
		}
	}
	return problems, nil
}

// bareVersion reports whether a line, which follows the line before, has the version
// without its name.
func bareVersion(before, text string) bool {
	for _, at := range reference.FindAllStringSubmatchIndex(text, -1) {
		start := strings.TrimRight(strings.TrimLeft(text[:at[3]], "/* \t>"), " *([\t")
		if start == "" {
			start = strings.TrimSpace(before)
		}
		if start == "Auth" {
			start = strings.TrimSpace(before) + " Auth"
		}
		if !strings.HasSuffix(start, "Better Auth") {
			return true
		}
	}
	return false
}
