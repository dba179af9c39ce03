package magiclink_test

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
)

var (
	actionOf = regexp.MustCompile(`<form action="([^"]*)" method="get">`)
	inputs   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// press does what a browser does when the button of a page is pressed.
func press(t *testing.T, c *authtest.Client, page string) *authtest.Answer {
	t.Helper()
	action := actionOf.FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("the page has no form: %s", page)
	}
	q := url.Values{}
	for _, in := range inputs.FindAllStringSubmatch(page, -1) {
		q.Set(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
	}
	return c.Get(path(t, html.UnescapeString(action[1])) + "?" + q.Encode())
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	confirmed := func(_ *world, o *core.Options, m *magiclink.Options) {
		o.AppName = `Ada's <b>"shop"</b>`
		m.Confirm = true
	}
	t.Run("OTP-11 a mail scanner opens the link as often as it likes", func(t *testing.T) {
		t.Parallel()
		w := open(t, confirmed)
		m := w.ask(t, body{"callbackURL": authtest.BaseURL + `/home?q="><script>alert(1)</script>&r='`})
		if !strings.HasPrefix(m.URL, authtest.BaseURL+"/api/auth/magic-link/confirm?token="+m.Token+"&callbackURL=") {
			t.Fatalf("the link is %s", m.URL)
		}
		for range 3 {
			follow(t, w.Client(), m.URL).Want(t, 200, "")
		}
		c := w.Client()
		page := follow(t, c, m.URL).Want(t, 200, "")
		wantAlive(t, c, false)
		if strings.Contains(page.Body, "<script") || strings.Contains(page.Body, "<b>") {
			t.Errorf("markup of others: %s", page.Body)
		}
		policy := page.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "style-src 'sha256-", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("the policy %q has no %s", policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%q, %q", policy, page.Header.Get("Content-Type"))
		}
		if n := len(inputs.FindAllString(page.Body, -1)); n != 4 {
			t.Errorf("the form has %d fields, want 4", n)
		}
		wantTarget(t, press(t, c, page.Body), "/welcome")
		wantAlive(t, c, true)
		wantTarget(t, press(t, w.Client(), page.Body), "/sorry?error=INVALID_TOKEN")
	})
	t.Run("OTP-18 it refuses foreign targets", func(t *testing.T) {
		t.Parallel()
		w := open(t, confirmed)
		for _, name := range []string{"callbackURL", "newUserCallbackURL", "errorCallbackURL"} {
			w.Client().Get("/magic-link/confirm?token=x&"+name+"=https://evil.example").Want(t, 403, "INVALID_CALLBACK_URL")
		}
		w.Client().Get("/magic-link/confirm").Want(t, 400, "VALIDATION_ERROR")
	})
	t.Run("without the option there is no page", func(t *testing.T) {
		t.Parallel()
		open(t, nil).Client().Get("/magic-link/confirm?token=x").Want(t, 404, "NOT_FOUND")
	})
	for page, want := range map[string]string{
		"/sign-in/confirm":                  authtest.BaseURL + "/sign-in/confirm?token=",
		"https://app.example.com/c?lang=de": "https://app.example.com/c?lang=de&token=",
	} {
		t.Run("a page of the application: "+page, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, _ *core.Options, m *magiclink.Options) { m.ConfirmPage = page })
			m := w.ask(t, nil)
			if !strings.HasPrefix(m.URL, want+m.Token+"&callbackURL=%2Fhome") {
				t.Fatalf("the link is %s", m.URL)
			}
			_, query, _ := strings.Cut(m.URL, "?")
			wantTarget(t, w.Client().Get("/magic-link/verify?"+query), "/welcome")
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	send := magiclink.Options{Send: (&world{}).send}
	for name, tt := range map[string]struct {
		change func(o *magiclink.Options)
		want   string
	}{
		"no sender":              {func(o *magiclink.Options) { o.Send = nil }, "Options.Send is nil"},
		"no life":                {func(o *magiclink.Options) { o.TTL = 1 }, "at least a second"},
		"an unknown storage":     {func(o *magiclink.Options) { o.Store = "encrypted" }, `Store "encrypted"`},
		"two pages":              {func(o *magiclink.Options) { o.Confirm, o.ConfirmPage = true, "/x" }, "both set"},
		"a page without a slash": {func(o *magiclink.Options) { o.ConfirmPage = "x" }, "begins with a slash"},
		"a short window":         {func(o *magiclink.Options) { o.SendLimit.Window = 1 }, "SendLimit.Window"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := send
			tt.change(&o)
			_, err := core.New(authtest.NewEnv(t).Options(magiclink.New(o)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	t.Run("defaults are filled in, and metadata is a JSON object", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		var got map[string]any
		if err := json.Unmarshal(w.ask(t, body{"metadata": body{"a": 1}}).Metadata, &got); err != nil || got["a"] != 1.0 {
			t.Errorf("%v, %v", got, err)
		}
		if m := w.ask(t, nil); m.Metadata != nil {
			t.Errorf("%s", m.Metadata)
		}
	})
}
