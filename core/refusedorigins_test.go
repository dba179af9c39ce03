package core_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// The log names the setting for a page on another port, once.
func TestRefusedOriginIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o.TrustedOrigins = []string{"https://app.example.com"}
	})
	join(t, e, ada)
	log.Reset()
	refuse := func(origin string) string {
		t.Helper()
		if a := bearing(e, "x=y").Post("/sign-out", object{}, header("Origin", origin)); a.Status != 403 {
			t.Errorf("%s: %d", origin, a.Status)
		}
		text := log.String()
		log.Reset()
		return text
	}
	text := refuse("http://localhost:5173")
	for _, part := range []string{
		"origin=http://localhost:5173", "code=INVALID_ORIGIN", `add="TrustedOrigins: []string{\"http://localhost:5173\"}"`,
		authtest.BaseURL, "https://app.example.com",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the log does not hold %s: %s", part, text)
		}
	}
	if text := refuse("http://localhost:5173"); text != "" {
		t.Errorf("logged a second time: %s", text)
	}
	if text := refuse("null"); !strings.Contains(text, "Origin: "+authtest.BaseURL) {
		t.Errorf("no origin: %s", text)
	}
	if text := refuse("null"); text != "" {
		t.Errorf("no origin, a second time: %s", text)
	}
	// A client's text reaches the log as an origin or not at all.
	for _, value := range []string{"https://evil.example/reset?token=secret", "https://user:secret@evil.example", "secret", "evil://secret/x\"y"} {
		if text := refuse(value); strings.Contains(text, "reset") || strings.Contains(text, "token=") || strings.Contains(text, "user:") {
			t.Errorf("%s: %s", value, text)
		}
	}
	events := e.Events()
	if got := events[len(events)-1].Origin; got != "evil://secret" {
		t.Errorf("the last event names the origin %q", got)
	}
	for value, shown := range map[string]string{
		"com.example.app:/callback?token=secret": "com.example.app:/", "file:///home/ada": "file://", "mailto:secret": "",
		"android:apk-key-hash:pNiP5iKyQ8Jw": "android:apk-key-hash:pNiP5iKyQ8Jw",
	} {
		refuse(value)
		events := e.Events()
		if got := events[len(events)-1].Origin; got != shown {
			t.Errorf("%s is shown as %q, want %q", value, got, shown)
		}
	}
	lines := 0
	for i := range 300 {
		if refuse(fmt.Sprintf("https://%d.example", i)) != "" {
			lines++
		}
	}
	if lines > 100 {
		t.Errorf("%d made-up origins were logged", lines)
	}
}

func TestPreflightIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := open(t, func(_ *authtest.Env, o *core.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	log.Reset()
	ask := func() string {
		e.Client().Do("OPTIONS", "/sign-in/email", "", header("Origin", "http://localhost:5173"), header("Access-Control-Request-Method", "POST")).Want(t, 404, "NOT_FOUND")
		text := log.String()
		log.Reset()
		return text
	}
	text := ask()
	for _, part := range []string{
		"install one first", "TrustedOrigins",
		// The right order, in every framework.
		"cors.New(…), kernia.Gin(auth)", "kerniacors.Config(auth)), kernia.Echo(auth)", "kerniacors.Config(auth)), kernia.Fiber(auth)",
		"cors.Handler(…), nethttp.Middleware(auth)", "cors.Handler(…)(nethttp.Middleware(auth)(mux))",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the log does not hold %s: %s", part, text)
		}
	}
	if text := ask(); text != "" {
		t.Errorf("logged a second time: %s", text)
	}
	e.Client().Do("OPTIONS", "/sign-in/email", "")
	if log.Len() > 0 {
		t.Errorf("an OPTIONS request that is no preflight: %s", &log)
	}
}

func TestCORSSettings(t *testing.T) {
	t.Parallel()
	fixed := open(t, func(_ *authtest.Env, o *core.Options) {
		o.TrustedOrigins = []string{"https://*.example.com", "myapp://"}
	}).Auth.CORS()
	dynamic := open(t, func(_ *authtest.Env, o *core.Options) {
		o.BaseURL, o.TrustedOrigins = "", []string{"https://front.example"}
		o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"api.example", "*.tenants.example"}, Fallback: "https://fallback.example"}
	}).Auth.CORS()
	for _, tc := range []struct {
		settings core.CORS
		origin   string
		want     bool
	}{
		{fixed, authtest.BaseURL, true},
		{fixed, "https://app.example.com", true},
		{fixed, "http://app.example.com", false},
		{fixed, "https://app.example.com.evil.example", false},
		{fixed, "https://app.example.com/path", false},
		{fixed, "https://evil.example", false},
		{fixed, "null", false},
		{fixed, "", false},
		{fixed, "*", false},
		{fixed, "myapp://", true},
		{dynamic, "https://api.example", true},
		{dynamic, "https://a.tenants.example", true},
		{dynamic, "https://fallback.example", true},
		{dynamic, "https://front.example", true},
		{dynamic, "https://localhost", false},
	} {
		if got := tc.settings.AllowOriginFunc(tc.origin); got != tc.want {
			t.Errorf("%q: %v", tc.origin, got)
		}
	}
	if !fixed.AllowCredentials || fixed.MaxAge <= 0 || len(fixed.AllowMethods) == 0 || len(fixed.AllowHeaders) == 0 || len(fixed.ExposeHeaders) == 0 {
		t.Errorf("got %+v", fixed)
	}
}
