package main

import (
	"os"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/social"
)

// A provider is offered when its client id is in the environment, under the name that
// its page in docs/providers has.
func TestConfigured(t *testing.T) {
	for _, c := range constructors {
		for _, suffix := range []string{"_CLIENT_ID", "_CLIENT_KEY", "_CLIENT_SECRET"} {
			t.Setenv(c.name+suffix, "")
		}
		id := c.make(social.Options{ClientID: "x"}).ID
		if id != strings.ToLower(c.name) {
			t.Errorf("%s makes the provider %q", c.name, id)
		}
		page, err := os.ReadFile("../../docs/providers/" + id + ".md")
		if err != nil || !strings.Contains(string(page), `"`+c.name+"_CLIENT_") {
			t.Errorf("the page of %s has other names: %v", id, err)
		}
	}
	pages, err := os.ReadDir("../../docs/providers")
	if err != nil || len(pages)-1 != len(constructors) {
		t.Errorf("%d pages besides the index, %d providers: %v", len(pages)-1, len(constructors), err)
	}
	if got := configured(); len(got) > 0 {
		t.Errorf("%d providers without credentials", len(got))
	}
	t.Setenv("GITHUB_CLIENT_ID", "id")
	t.Setenv("GITHUB_CLIENT_SECRET", "secret")
	t.Setenv("TIKTOK_CLIENT_KEY", "key")
	t.Setenv("TIKTOK_CLIENT_SECRET", "secret")
	got := configured()
	if len(got) != 2 || got[0].ID != "github" || got[0].ClientSecret != "secret" || got[1].ID != "tiktok" {
		t.Errorf("%d providers", len(got))
	}
}

// The demo provider is not served where others could reach the application.
func TestDemoIsLocal(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "0.0.0.0": false, "": false, "192.0.2.1": false, "app.example": false} {
		_, stop, err := startDemo(host, "http://localhost:3000")
		if (err == nil) != want {
			t.Errorf("HOST=%s: %v", host, err)
		}
		if err == nil {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	}
}
