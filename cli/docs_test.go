package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/advantch/kernia-go/cli"
	"github.com/advantch/kernia-go/cli/internal/command"
	"github.com/advantch/kernia-go/core"
)

// TestPage holds docs/cli.md to the commands: each command and flag is there, and each line of
// its blocks is a command line that is understood.
func TestPage(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		name := c.Name()
		if !strings.Contains(page, "`kernia "+name+"`") && !strings.Contains(page, "`"+name+"`") && !strings.Contains(page, strings.TrimPrefix(c.CommandPath(), "kernia ")) {
			t.Errorf("docs/cli.md has no %s", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(page, "`--"+f.Name+"`") {
				t.Errorf("docs/cli.md has no --%s of %s", f.Name, c.CommandPath())
			}
		})
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	for _, c := range cli.Command(newAuth(t, core.Options{})).Commands() {
		visit(c)
	}
	lines := 0
	for _, m := range regexp.MustCompile(`(?m)^(?:.*\| )?kernia (.*?)(?: > .*)?$`).FindAllStringSubmatch(strings.Join(blocks(page, "sh"), "\n"), -1) {
		args := strings.Fields(m[1])
		root := command.Standalone(t.TempDir())
		root.InitDefaultCompletionCmd()
		c, rest, err := root.Find(args)
		if err == nil && c != root {
			c.InitDefaultHelpFlag()
			if err = c.ParseFlags(rest); err == nil {
				err = c.ValidateArgs(c.Flags().Args())
			}
		}
		if err != nil || c == root {
			t.Errorf("kernia %s: %v", m[1], err)
		}
		lines++
	}
	if lines < 15 {
		t.Errorf("the page has %d command lines", lines)
	}
}

// blocks are the code blocks of a language.
func blocks(page, lang string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+lang+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return slices.Clip(out)
}
