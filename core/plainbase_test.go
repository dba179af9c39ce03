package core_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// A public base URL without encryption is worth a warning; one of the machine itself is not.
func TestPlainBaseURL(t *testing.T) {
	t.Parallel()
	for base, warns := range map[string]bool{
		"http://app.example.com": true, "https://app.example.com": false,
		"http://localhost:3000": false, "http://127.0.0.1:3000": false, "http://app.localhost": false,
	} {
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.BaseURL = base })
		if got := strings.Contains(e.Log.String(), "Options.BaseURL is http"); got != warns {
			t.Errorf("%s: %v\n%s", base, got, e.Log)
		}
	}
}
