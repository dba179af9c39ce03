package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// page is one Markdown file.
type page struct {
	name    string // path below the root, with slashes
	text    []line // outside of code blocks, with code spans blanked out
	raw     []string
	blocks  []block
	anchors map[string]bool
}

type line struct {
	number int
	text   string
}

// block is a fenced block of code.
type block struct {
	line  int    // of the opening fence
	lang  string // what follows the fence
	quote string // FILE of the comment <!-- code: FILE --> above it
	file  string // FILE of the comment <!-- file: FILE --> above it
	text  string // without the indentation of the fence
}

// readPages reads the Markdown files of the root folder and of docs/.
func readPages(root string) (map[string]*page, error) {
	files, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(file, ".md") {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	pages := map[string]*page{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return nil, err
		}
		name = filepath.ToSlash(name)
		pages[name] = parse(name, string(data))
	}
	return pages, nil
}

var (
	codeSpan  = regexp.MustCompile("`[^`]*`")
	mark      = regexp.MustCompile(`^<!-- (code|file): (\S+) -->$`)
	heading   = regexp.MustCompile(`^#{1,6} +(.*?) *#*$`)
	anchorTag = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	linkText  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

func parse(name, text string) *page {
	p := &page{name: name, anchors: map[string]bool{}}
	var open *block
	var fence, indent string
	var content []string
	marked := block{}
	for i, s := range strings.Split(text, "\n") {
		p.raw = append(p.raw, s)
		trimmed := strings.TrimSpace(s)
		if open != nil {
			if trimmed == fence {
				open.text = strings.Join(content, "\n") + "\n"
				p.blocks = append(p.blocks, *open)
				open, content = nil, nil
				continue
			}
			content = append(content, strings.TrimPrefix(s, indent))
			continue
		}
		if strings.HasPrefix(trimmed, "```") {
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
			indent = s[:strings.Index(s, "`")]
			open = &block{line: i + 1, lang: strings.TrimLeft(trimmed, "`"), quote: marked.quote, file: marked.file}
			marked = block{}
			continue
		}
		if m := mark.FindStringSubmatch(trimmed); m != nil && m[1] == "code" {
			marked = block{quote: m[2]}
		} else if m != nil {
			marked = block{file: m[2]}
		} else if trimmed != "" {
			marked = block{}
		}
		if m := heading.FindStringSubmatch(s); m != nil {
			p.addAnchor(slug(m[1]))
		}
		for _, m := range anchorTag.FindAllStringSubmatch(s, -1) {
			p.anchors[m[1]] = true
		}
		p.text = append(p.text, line{i + 1, codeSpan.ReplaceAllString(s, "``")})
	}
	return p
}

// addAnchor numbers headings of the same name, as GitHub does.
func (p *page) addAnchor(s string) {
	unique := s
	for n := 1; p.anchors[unique]; n++ {
		unique = s + "-" + strconv.Itoa(n)
	}
	p.anchors[unique] = true
}

// slug is the anchor that GitHub gives to a heading.
func slug(text string) string {
	text = linkText.ReplaceAllString(text, "$1")
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// resolve is the path below the root that a link of the page leads to.
func (p *page) resolve(target string) string {
	if target == "" {
		return p.name
	}
	return path.Join(path.Dir(p.name), target)
}
