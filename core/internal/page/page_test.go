package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/internal/page"
)

func TestPage(t *testing.T) {
	t.Parallel()
	out := string(page.HTML(`<b>"Ada's"</b>`, "<p>Hello</p>\n"))
	_, rest, _ := strings.Cut(out, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	if !strings.Contains(out, "<title>&lt;b&gt;&#34;Ada&#39;s&#34;&lt;/b&gt;</title>") || !strings.Contains(out, "<main>\n<p>Hello</p>\n</main>") {
		t.Error(out)
	}
	sum := sha256.Sum256([]byte(style))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(page.Policy, want) {
		t.Errorf("the policy %q does not allow the style: %s", page.Policy, want)
	}
	for _, policy := range []string{page.Policy, page.ScriptPolicy("x")} {
		for _, part := range []string{"default-src 'none'; ", "; base-uri 'none'; frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%q has no %q", policy, part)
			}
		}
	}
}
