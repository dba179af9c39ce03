package captcha_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/captcha"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

type body = map[string]any

// provider is a double of the services.
type provider struct {
	*httptest.Server
	mu     sync.Mutex
	answer string
	status int
	form   url.Values // of the last question
	asked  atomic.Int64
}

func newProvider(t testing.TB) *provider {
	p := &provider{answer: `{"success":true}`, status: 200}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		sent, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.Header.Get("Content-Type") == "application/json" {
			var members map[string]string
			_ = json.Unmarshal(sent, &members)
			p.form = url.Values{}
			for name, value := range members {
				p.form.Set(name, value)
			}
		} else {
			p.form, _ = url.ParseQuery(string(sent))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.answer)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) says(status int, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.answer = status, answer
}

func open(t testing.TB, p *provider, o captcha.Options) *authtest.Env {
	t.Helper()
	if o.Provider == "" {
		o.Provider = captcha.Turnstile
	}
	if o.SecretKey == "" {
		o.SecretKey = "s3cr3t"
	}
	o.SiteVerifyURL = p.URL
	return authtest.New(t, func(e *authtest.Env, all *core.Options) { all.HTTPClient = p.Client() },
		emailpassword.New(emailpassword.Options{SendResetPassword: (&authtest.Env{}).Mail("reset")}), captcha.New(o))
}

func signIn(e *authtest.Env, path, token string) *authtest.Answer {
	c := e.Client()
	header := core.Fields{}
	if token != "" {
		header = core.Fields{{Name: "x-captcha-response", Value: token}}
	}
	return c.Post(path, body{"email": "ada@example.com", "password": "wrong horse"}, header...)
}

const passed = "INVALID_CREDENTIALS" // the captcha was good, the password was not

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		options captcha.Options
		status  int
		answer  string
		want    int
		code    string
	}{
		"good":                            {status: 200, answer: `{"success":true}`, want: 401, code: passed},
		"RL-14 not good, with status 200": {status: 200, answer: `{"success":false,"error-codes":["timeout-or-duplicate"]}`, want: 403, code: "VERIFICATION_FAILED"},
		"RL-14 no success member":         {status: 200, answer: `{}`, want: 403, code: "VERIFICATION_FAILED"},
		"RL-14 the provider is down":      {status: 503, answer: ``, want: 500, code: "UNKNOWN_ERROR"},
		"RL-14 garbage":                   {status: 200, answer: `<html>`, want: 500, code: "UNKNOWN_ERROR"},
		"RL-14 success is text":           {status: 200, answer: `{"success":"true"}`, want: 500, code: "UNKNOWN_ERROR"},
		"RL-14 too long":                  {status: 200, answer: `{"success":true,"x":"` + strings.Repeat("x", 70<<10) + `"}`, want: 500, code: "UNKNOWN_ERROR"},
		"score of v3 below the least":     {options: captcha.Options{Provider: captcha.Recaptcha}, status: 200, answer: `{"success":true,"score":0.4}`, want: 403, code: "VERIFICATION_FAILED"},
		"score of v3":                     {options: captcha.Options{Provider: captcha.Recaptcha}, status: 200, answer: `{"success":true,"score":0.5}`, want: 401, code: passed},
		"own least score":                 {options: captcha.Options{Provider: captcha.Recaptcha, MinScore: 0.9}, status: 200, answer: `{"success":true,"score":0.8}`, want: 403, code: "VERIFICATION_FAILED"},
		"every score":                     {options: captcha.Options{Provider: captcha.Recaptcha, MinScore: -1}, status: 200, answer: `{"success":true,"score":0}`, want: 401, code: passed},
		"v2 has no score":                 {options: captcha.Options{Provider: captcha.Recaptcha}, status: 200, answer: `{"success":true}`, want: 401, code: passed},
		"RL-14 another action":            {options: captcha.Options{ExpectedAction: "login"}, status: 200, answer: `{"success":true,"action":"signup"}`, want: 403, code: "VERIFICATION_FAILED"},
		"the expected action":             {options: captcha.Options{ExpectedAction: "login"}, status: 200, answer: `{"success":true,"action":"login"}`, want: 401, code: passed},
		"RL-14 another hostname":          {options: captcha.Options{AllowedHostnames: []string{"example.com"}}, status: 200, answer: `{"success":true,"hostname":"evil.example"}`, want: 403, code: "VERIFICATION_FAILED"},
		"an allowed hostname":             {options: captcha.Options{AllowedHostnames: []string{"example.com"}}, status: 200, answer: `{"success":true,"hostname":"example.com"}`, want: 401, code: passed},
		"hCaptcha":                        {options: captcha.Options{Provider: captcha.HCaptcha, SiteKey: "k"}, status: 200, answer: `{"success":true}`, want: 401, code: passed},
		"CaptchaFox":                      {options: captcha.Options{Provider: captcha.CaptchaFox, SiteKey: "k"}, status: 200, answer: `{"success":true}`, want: 401, code: passed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.says(row.status, row.answer)
			e := open(t, p, row.options)
			signIn(e, "/sign-in/email", "token").Want(t, row.want, row.code)
			ip := "remoteip"
			if row.options.Provider == captcha.CaptchaFox {
				ip = "remoteIp"
			}
			if p.form.Get("secret") != "s3cr3t" || p.form.Get("response") != "token" || p.form.Get(ip) != "203.0.113.7" || p.form.Get("sitekey") != row.options.SiteKey {
				t.Errorf("asked with %v", p.form)
			}
		})
	}
	t.Run("RL-14 no token, and one that is too long", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		e := open(t, p, captcha.Options{})
		signIn(e, "/sign-in/email", "").Want(t, 400, "MISSING_RESPONSE")
		signIn(e, "/sign-in/email", strings.Repeat("x", 17<<10)).Want(t, 403, "VERIFICATION_FAILED")
		if n := p.asked.Load(); n != 0 {
			t.Errorf("the provider was asked %d times", n)
		}
	})
	t.Run("RL-14 a token counts once, although the provider says yes to many at once", func(t *testing.T) {
		t.Parallel()
		e := open(t, newProvider(t), captcha.Options{})
		var good atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if signIn(e, "/sign-in/email", "token").Code() == passed {
					good.Add(1)
				}
			})
		}
		wg.Wait()
		if n := good.Load(); n != 1 {
			t.Errorf("%d requests passed", n)
		}
		signIn(e, "/sign-in/email", "another token").Want(t, 401, passed)
	})
	t.Run("nobody answers", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		e := open(t, p, captcha.Options{})
		p.Close()
		a := signIn(e, "/sign-in/email", "token").Want(t, 500, "UNKNOWN_ERROR")
		if strings.Contains(a.Body, "127.0.0.1") || strings.Contains(e.Log.String(), "s3cr3t") {
			t.Errorf("%s\n%s", a.Body, e.Log.String())
		}
		if !strings.Contains(e.Log.String(), `"reason":"unreachable"`) {
			t.Errorf("the log does not tell the cause: %s", e.Log.String())
		}
	})
	t.Run("the provider's test key takes one token many times", func(t *testing.T) {
		t.Parallel()
		e := open(t, newProvider(t), captcha.Options{SecretKey: "1x0000000000000000000000000000000AA"})
		for range 2 {
			signIn(e, "/sign-in/email", "XXXX.DUMMY.TOKEN.XXXX").Want(t, 401, passed)
		}
		if !strings.Contains(e.Log.String(), "accepts everything") {
			t.Error("no warning")
		}
	})
}

// No other spelling of a protected path reaches its handler without a captcha.
func TestSpellings(t *testing.T) {
	t.Parallel()
	e := open(t, newProvider(t), captcha.Options{})
	for _, path := range []string{
		"/sign-in/email", "/sign-in/email/", "//sign-in/email", "/sign-in//email", "/sign-in/./email", "/sign-in/x/../email", "/sign-in%2Femail",
		"/SIGN-IN/EMAIL", "/sign-in/email?x=1", "/sign-in/email#x", "/%73ign-in/email", "/sign-in/email;x", "/sign-in/email%00",
	} {
		if a := signIn(e, path, ""); a.Code() != "MISSING_RESPONSE" && a.Status != 404 {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	// An alias is another name of the same operation.
	e.Client().Post("/forget-password", body{"email": "ada@example.com"}).Want(t, 400, "MISSING_RESPONSE")
	e.Client().Post("/request-password-reset", body{"email": "ada@example.com"}).Want(t, 400, "MISSING_RESPONSE")
	// Other routes go on without.
	e.Client().Get("/get-session").Want(t, 200, "")
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for pattern, row := range map[string]struct {
		guarded, free string
	}{
		"/sign-in/*":      {"/sign-in/email", "/sign-up/email"},
		"/sign-in/**":     {"/sign-in/email", "/sign-up/email"},
		"/sign-up/email":  {"/sign-up/email", "/sign-in/email"},
		"/reset-password": {"/reset-password", "/sign-in/email"},
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			e := open(t, newProvider(t), captcha.Options{Endpoints: []string{pattern}})
			signIn(e, row.guarded, "").Want(t, 400, "MISSING_RESPONSE")
			if a := signIn(e, row.free, ""); a.Code() == "MISSING_RESPONSE" {
				t.Errorf("%s is guarded too", row.free)
			}
		})
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	good := captcha.Options{Provider: captcha.Turnstile, SecretKey: "x"}
	for want, change := range map[string]func(o *captcha.Options){
		"is none of":            func(o *captcha.Options) { o.Provider = "x" },
		"SecretKey is empty":    func(o *captcha.Options) { o.SecretKey = "" },
		"MinScore is for":       func(o *captcha.Options) { o.MinScore = 0.1 },
		"MinScore is above 1":   func(o *captcha.Options) { o.Provider, o.MinScore = captcha.Recaptcha, 2 },
		"SiteKey is for":        func(o *captcha.Options) { o.SiteKey = "x" },
		"ExpectedAction is for": func(o *captcha.Options) { o.Provider, o.ExpectedAction = captcha.HCaptcha, "x" },
		"SiteVerifyURL is not":  func(o *captcha.Options) { o.SiteVerifyURL = "example.com" },
		`"/x" matches no route`: func(o *captcha.Options) { o.Endpoints = []string{"/x"} },
		"set Options.Endpoints": func(*captcha.Options) {},
	} {
		o := good
		change(&o)
		if _, err := core.New(authtest.NewEnv(t).Options(captcha.New(o))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
