package main

import (
	"fmt"
	"slices"
	"strings"
)

// indexes are the pages that list others, by the folder whose pages they list.
var indexes = map[string]string{
	"docs/":           "docs/README.md",
	"docs/decisions/": "docs/README.md",
	"docs/plugins/":   "docs/README.md",
	"docs/providers/": "docs/providers/README.md",
}

// checkIndexes reports pages in docs/ that the page of their folder does not list: nobody
// would find them. Pages of plugins are listed in docs/plugins.md as well.
func checkIndexes(pages map[string]*page) []string {
	var problems []string
	for name := range pages {
		folder := name[:strings.LastIndex(name, "/")+1]
		index, ok := indexes[folder]
		if !ok || name == index {
			continue
		}
		lists := []string{index}
		if folder == "docs/plugins/" {
			lists = append(lists, "docs/plugins.md")
		}
		for _, list := range lists {
			if pages[list] != nil && list != name && !pages[list].linksTo(name) {
				problems = append(problems, fmt.Sprintf("%s: no link to %s", list, name))
			}
		}
	}
	slices.Sort(problems)
	return problems
}

// linksTo reports whether a page has a link to a file.
func (p *page) linksTo(name string) bool {
	for _, l := range p.text {
		for _, m := range inlineLink.FindAllStringSubmatch(l.text, -1) {
			file, _, _ := strings.Cut(m[1], "#")
			if !scheme.MatchString(m[1]) && p.resolve(file) == name {
				return true
			}
		}
	}
	return false
}
