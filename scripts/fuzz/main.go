// Command fuzz runs every fuzz target below the given directories, one after the
// other, each for -time.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var target = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`)

func main() {
	each := flag.Duration("time", 20*time.Second, "how long each target runs")
	flag.Parse()
	seen := map[string]bool{}
	for _, dir := range flag.Args() {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, "_test.go") || seen[path] {
				return nil
			}
			seen[path] = true
			return run(path, *each)
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "fuzz:", err)
			os.Exit(1)
		}
	}
}

func run(path string, each time.Duration) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, m := range target.FindAllSubmatch(data, -1) {
		name := string(m[1])
		cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+name+"$", "-fuzzminimizetime", "1s", "-fuzztime", each.String(), ".")
		cmd.Dir = filepath.Dir(path)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		fmt.Println("==", cmd.Dir, name)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s in %s: %w", name, cmd.Dir, err)
		}
	}
	return nil
}
