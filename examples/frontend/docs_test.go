package main

import (
	"os"
	"strings"
	"testing"
)

// The page "A frontend on another port" shows what runs here, line by line.
func TestDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/frontend.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ title, file string }{
		{"Gin", "gin.go"}, {"Echo", "echo.go"}, {"Echo 5", "echov5.go"}, {"Fiber", "fiber.go"}, {"Fiber 3", "fiberv3.go"}, {"chi and net/http", "chi.go"},
	} {
		code, err := os.ReadFile(tc.file)
		if err != nil {
			t.Fatal(err)
		}
		_, part, ok := strings.Cut(string(page), "### "+tc.title+"\n\n```go\n")
		if !ok {
			t.Errorf("the page has no part %s", tc.title)
			continue
		}
		block, _, _ := strings.Cut(part, "```")
		for line := range strings.Lines(block) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "import ")
			if !strings.Contains(string(code), line) {
				t.Errorf("%s has no line %s", tc.file, line)
			}
		}
	}
}
