// Command release makes a version of every module of the workspace.
//
//	go run ./scripts/release -version v0.2.0             # commits and tags; pushes nothing
//	go run ./scripts/release -version v0.2.0 -proxy DIR  # writes a module proxy, and changes nothing
//
// All modules share one version, and each gets a tag of its own, for example gin/v0.2.0.
// The tags are on a commit beside the branch. There every go.mod names that version of the
// other modules and replaces none, because `go install` refuses a module with a replacement.
// The section Unreleased of CHANGELOG.md becomes that of the version, on the branch too.
//
// Before that, the exported API of each module is compared with the last release. A change
// that breaks programs needs a new minor version, and from v1 on a new major one.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	version := flag.String("version", "", "the version, for example v0.2.0")
	proxy := flag.String("proxy", "", "folder for a module proxy of the working tree; no tag is made then")
	root := flag.String("root", ".", "folder of the workspace")
	flag.Parse()
	if err := run(*root, *version, *proxy, time.Now()); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func run(root, version, proxy string, now time.Time) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	if proxy != "" {
		w, err := stage(root, version)
		if err != nil {
			return err
		}
		defer w.remove()
		return w.writeProxy(proxy, now)
	}
	return tag(root, version, now)
}

// tag makes the commits and tags of a version.
func tag(root, version string, now time.Time) error {
	g := git{root}
	if err := g.clean(); err != nil {
		return err
	}
	last, err := g.last()
	if err != nil {
		return err
	}
	if err := follows(last, version); err != nil {
		return err
	}
	if last == "" {
		fmt.Println("This is the first release: there is no API to compare with.")
	} else if err := compare(g, last, version); err != nil {
		return err
	}
	if err := changelog(root, version, now); err != nil {
		return err
	}
	undo := func(err error) error {
		if _, failed := g.run("checkout", "--", changelogFile); failed != nil {
			return fmt.Errorf("%w; and CHANGELOG.md could not be put back: %w", err, failed)
		}
		return err
	}
	w, err := stage(root, version)
	if err != nil {
		return undo(err)
	}
	defer w.remove()
	if _, err := g.run("commit", "--quiet", "-m", "List the changes of "+version, "--", changelogFile); err != nil {
		return undo(err)
	}
	commit, err := g.commitTree(w.dir, "Release "+version)
	if err != nil {
		return err
	}
	var tags []string
	for _, m := range w.published() {
		name := m.tag(version)
		if _, err := g.run("tag", "--annotate", "-m", m.path+" "+version, name, commit); err != nil {
			return err
		}
		fmt.Println(name)
		tags = append(tags, name)
	}
	fmt.Println("Now push, in this order:")
	for _, p := range pushes(tags, version) {
		fmt.Println("  git", strings.Join(p, " "))
	}
	return nil
}

// pushes lists the arguments of git that publish a version. The tag of core is alone and
// the last: GitHub starts no workflow for a push of more than three tags, and the workflow
// release, which starts at the tag of core, lists the other modules by their tags.
func pushes(tags []string, version string) [][]string {
	core := "core/" + version
	others := slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return t == core })
	return [][]string{{"push", "origin", "HEAD"}, append([]string{"push", "origin"}, others...), {"push", "origin", core}}
}
