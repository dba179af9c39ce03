package genericoauth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the cable is cut")
}

// Operators read why a discovery document could not be fetched.
func TestLogOfDiscovery(t *testing.T) {
	t.Parallel()
	s := discovered(t, func(o *genericoauth.Config) { o.DiscoveryURL = "https://idp.example.com" + idptest.DiscoveryPath },
		func(o *core.Options) { o.HTTPClient = &http.Client{Transport: down{}} })
	s.Client().Post("/sign-in/oauth2", map[string]any{"providerId": "acme"}).Want(t, 400, "INVALID_OAUTH_CONFIGURATION")
	if log := s.Log.String(); !strings.Contains(log, "cannot be discovered") || !strings.Contains(log, "the cable is cut") {
		t.Errorf("%s", log)
	}
}
