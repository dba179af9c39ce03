// Command docs checks the documentation against the repository: README.md and the
// other pages of the root, and everything in docs/.
//
//   - Relative links and their anchors resolve.
//   - Go blocks that start with "package main" pass go vet and gofmt.
//   - A block under <!-- code: FILE --> is in that file, word for word.
//   - A reader who writes the blocks under <!-- file: FILE --> into those files
//     gets a module that its commands find in order.
//   - Every page is listed: in docs/README.md, a provider's in docs/providers/README.md, and
//     a plugin's in docs/plugins.md as well.
//   - Tests that are named exist, and so do tests for the abuse ids that are named.
//   - No page, and no comment of a Go file, has the version of Better Auth without its name.
package main

import (
	"fmt"
	"os"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	problems, err := check(root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(2)
	}
	for _, p := range problems {
		fmt.Println(p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// check returns the problems in the repository at root, one sentence each.
func check(root string) ([]string, error) {
	pages, err := readPages(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, p := range pages {
		problems = append(problems, checkLinks(root, p, pages)...)
		problems = append(problems, checkQuotes(root, p)...)
		problems = append(problems, checkVersions(p)...)
	}
	problems = append(problems, checkIndexes(pages)...)
	more, err := checkTestNames(root, pages)
	if err != nil {
		return nil, err
	}
	problems = append(problems, more...)
	if more, err = checkComments(root); err != nil {
		return nil, err
	}
	problems = append(problems, more...)
	if more, err = followGuides(root, pages); err != nil {
		return nil, err
	}
	problems = append(problems, more...)
	more, err = vet(root, pages)
	return append(problems, more...), err
}
