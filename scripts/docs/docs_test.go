package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentation checks the repository. Its files are outside of this module,
// where the go command does not look for changes: run it with -count=1.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	problems, err := check(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Plain words":                  "plain-words",
		"`core.Options`, all of it":    "coreoptions-all-of-it",
		"A [link](b.md#c) & more":      "a-link--more",
		"snake_case and kebab-case":    "snake_case-and-kebab-case",
		"Größe 2.0":                    "größe-20",
		"What `make bench` does, once": "what-make-bench-does-once",
	} {
		if got := slug(text); got != want {
			t.Errorf("slug(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestFinds makes a repository with one mistake of each kind.
func TestFinds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"README.md": "# A\n\n[good](docs/a.md#one) [good](#a) [good](https://example.com/x)\n" +
			"[gone](docs/c.md) [no anchor](docs/a.md#two) `[code](nowhere.md)`\n",
		"docs/a.md": "# One\n\n# One\n\n[second](#one-1) [out](../../x.md)\n\n```md\n[in a block](nowhere.md)\n```\n\n" +
			"<!-- code: a_test.go -->\n\n```go\nfunc TestA() {}\n```\n\n<!-- code: a_test.go -->\n```go\nfunc TestB() {}\n```\n" +
			"`TestA` and `TestGone`\n",
		"docs/README.md":           "[a](a.md#one) [b](b.md) [security](security.md) [plugins](plugins.md) [x](plugins/x.md)\n",
		"docs/plugins.md":          "# Plugins\n",
		"docs/plugins/x.md":        "# X\n",
		"docs/security.md":         "SES-01 and SES-02 and DOS-04 and RACE-16\n",
		"a_test.go":                "package a\n\nfunc TestA() {}\n\nfunc TestDOS_04_Storm() {}\n\nfunc TestRACE16One() {}\n\n// SES-01 x\n",
		"b/b.go":                   "// Package b is as 1.6.11 is.\npackage b\n\n// B is as in Better Auth 1.6.11, or Better\n// Auth 1.6.11, or Better Auth\n// 1.6.11. See better-auth@1.6.11.\nconst B = 1\n",
		"docs/b.md":                "As in Better Auth 1.6.11 (Better Auth\n1.6.11), `1.6.11` and\n\nas in 1.6.11.\n",
		"examples/keep":            "",
		"docs/decisions/0001-x.md": "`TestLongGone`\n",
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := check(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"README.md:4: docs/c.md: no such file",
		"README.md:4: docs/a.md#two: no such heading",
		"docs/a.md:5: ../../x.md: leads out of the repository",
		"docs/a.md:18: the block does not stand in a_test.go as it is here",
		"docs/a.md:21: there is no test TestGone",
		"docs/security.md:1: no test bears the id SES-02",
		"docs/README.md: no link to docs/decisions/0001-x.md",
		"docs/plugins.md: no link to docs/plugins/x.md",
		"docs/b.md:4: write Better Auth 1.6 in place of the bare version",
		"b/b.go:1: write Better Auth 1.6 in place of the bare version",
	}
	got := strings.Join(problems, "\n")
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("not found: %s", w)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(problems), len(want), got)
	}
}

func TestVetsPrograms(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	for name, c := range map[string]struct {
		body string
		good bool
	}{
		"good": {"package main\n\nfunc main() { println(1) }\n", true},
		"bad":  {"package main\n\nfunc main() { undefined() }\n", false},
		"ugly": {"package main\n\nfunc main() {println(1)}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := parse("docs/x.md", "```go\n"+c.body+"```\n\n```go\nnot a program\n```\n")
			problems, err := vet(root, map[string]*page{p.name: p})
			if err != nil || (len(problems) == 0) != c.good {
				t.Errorf("%v, %v", problems, err)
			}
			if name == "bad" && !strings.Contains(strings.Join(problems, ""), "docs_x_line1.go:3") {
				t.Errorf("the message does not say where: %v", problems)
			}
		})
	}
}

// TestGuide breaks docs/plugins.md, which TestDocumentation follows as it is, in one
// place after the other: each mistake has to be found.
func TestGuide(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "plugins.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"a block is missing":     {"<!-- file: errors.go -->\n", "", "undefined: CodeOutdated"},
		"a block is out of date": {"core.Use(core.RequireStoredSession)", "core.Use(core.RequireOldSession)", "undefined: core.RequireOldSession"},
		"the test fails":         {`"TERMS_OUTDATED", Message`, `"TERMS_OLD", Message`, "--- FAIL: TestTerms"},
		"no module":              {"go mod init example.com/terms\n", "", `comes before "go mod init"`},
		"nothing is checked":     {"go vet ./...\ngo test ./...\n", "", "no command checks"},
		"no test":                {"<!-- file: plugin_test.go -->\n", "", "finds no test"},
		"not formatted":          {"\tVersion string // the version to accept", "\tVersion  string // the version to accept", "plugin.go is not formatted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spoilt := strings.Replace(string(text), c.from, c.to, 1)
			if name == "no test" {
				spoilt = strings.Replace(spoilt, "<!-- file: example_test.go -->\n", "", 1)
			}
			if spoilt == string(text) {
				t.Fatalf("the page has no %q", c.from)
			}
			p := parse("docs/plugins.md", spoilt)
			problems, err := followGuides(root, map[string]*page{p.name: p})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(problems, "\n")
			if !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
