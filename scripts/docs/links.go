package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)`)
	referenceLink = regexp.MustCompile(`^\[[^\]]+\]:\s+(\S+)`)
	scheme        = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// checkLinks follows the relative links of a page.
func checkLinks(root string, p *page, pages map[string]*page) []string {
	var problems []string
	for _, l := range p.text {
		var targets []string
		for _, m := range inlineLink.FindAllStringSubmatch(l.text, -1) {
			targets = append(targets, m[1])
		}
		if m := referenceLink.FindStringSubmatch(l.text); m != nil {
			targets = append(targets, m[1])
		}
		for _, target := range targets {
			if scheme.MatchString(target) {
				continue
			}
			if problem := follow(root, p, pages, target); problem != "" {
				problems = append(problems, fmt.Sprintf("%s:%d: %s: %s", p.name, l.number, target, problem))
			}
		}
	}
	return problems
}

func follow(root string, p *page, pages map[string]*page, target string) string {
	file, anchor, hasAnchor := strings.Cut(target, "#")
	file, err := url.PathUnescape(file)
	if err != nil || strings.HasPrefix(file, "/") {
		return "not a relative path"
	}
	name := p.resolve(file)
	if strings.HasPrefix(name, "..") {
		return "leads out of the repository"
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
		return "no such file"
	}
	if !hasAnchor {
		return ""
	}
	to, ok := pages[name]
	if !ok {
		return "anchors are checked in README.md and docs/ only"
	}
	if !to.anchors[anchor] {
		return "no such heading"
	}
	return ""
}
