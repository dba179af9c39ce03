package deviceauthorization_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/schema"
)

func TestFlow(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{}, bearer.New(bearer.Options{}))
	browser := join(t, e, ada)
	before := browser.Cookie(cookie)

	c := e.Client()
	a := c.Post("/device/code", object{"client_id": client, "scope": "read write"}).Want(t, 200, "")
	if ok, _ := regexp.MatchString(`^{"device_code":"[a-zA-Z0-9]{40}","user_code":"([A-HJ-NP-Z2-9]{8})","verification_uri":"http://localhost:3000/device",`+
		`"verification_uri_complete":"http://localhost:3000/device\?user_code=[A-Z0-9]{8}","expires_in":1800,"interval":5}$`, a.Body); !ok {
		t.Errorf("codes: %s", a.Body)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header)
	}
	d := &device{c, a.JSON("device_code"), a.JSON("user_code")}
	want(t, d.poll(), 400, "authorization_pending", "Authorization pending")

	if got := claim(e.Client(), d.userCode).Want(t, 200, "").Body; got != `{"user_code":"`+d.userCode+`","status":"pending"}` {
		t.Errorf("without a session: %s", got)
	}
	if got := claim(browser, d.userCode).Want(t, 200, "").Body; got != `{"user_code":"`+d.userCode+`","status":"pending","client_id":"cli","scope":"read write"}` {
		t.Errorf("with one: %s", got)
	}
	if got := approve(browser, d.userCode).Want(t, 200, "").Body; got != `{"success":true}` {
		t.Errorf("approve: %s", got)
	}
	if got := claim(browser, d.userCode).Want(t, 200, ""); got.JSON("status") != "approved" {
		t.Errorf("afterwards: %s", got.Body)
	}
	pause(e)
	a = d.poll().Want(t, 200, "")
	token := a.JSON("access_token")
	if a.Body != `{"access_token":"`+token+`","token_type":"Bearer","expires_in":604800,"scope":"read write"}` || a.Header.Get("Pragma") != "no-cache" {
		t.Errorf("token: %s %v", a.Body, a.Header)
	}
	if len(a.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("a device got cookies: %v", a.Header)
	}
	as := e.Client().Get("/get-session", core.HeaderField{Name: "Authorization", Value: "Bearer " + token})
	if as.JSON("user", "email") != ada {
		t.Errorf("the device's session: %s", as.Body)
	}
	if browser.Cookie(cookie) != before || browser.Get("/get-session").JSON("user", "email") != ada {
		t.Error("the browser's session has changed")
	}
	if n := count(t, e, deviceauthorization.ModelDeviceCode) + count(t, e, core.ModelVerification); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	var types []string
	for _, ev := range e.Events() {
		types = append(types, string(ev.Type))
	}
	if got := strings.Join(types, " "); got != "sign-up sign-in device.approved sign-in" && got != "sign-up device.approved sign-in" {
		t.Errorf("events: %s", got)
	}
}

// A browser may play the device: its own session stays.
func TestDeviceInABrowser(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	browser := join(t, e, ada)
	d := approved(t, e, browser)
	before := browser.Cookie(cookie)
	a := browser.Post("/device/token", object{"grant_type": grant, "device_code": d.code, "client_id": client}).Want(t, 200, "")
	if browser.Cookie(cookie) != before || len(a.Header.Values("Set-Cookie")) != 0 || browser.Get("/get-session").Body == "null" {
		t.Errorf("the browser's session has changed: %v", a.Header)
	}
	if n := count(t, e, core.ModelSession); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	browser, c := join(t, e, ada), e.Client()
	a := form(c, "/device/code", "client_id=cli&scope=read+write&user_id=").Want(t, 200, "")
	d := &device{c, a.JSON("device_code"), a.JSON("user_code")}
	poll := func(grantType string) *authtest.Answer {
		return form(c, "/device/token", "grant_type="+grantType+"&client_id=cli&device_code="+d.code)
	}
	escaped := strings.ReplaceAll(grant, ":", "%3A")
	want(t, poll(escaped), 400, "authorization_pending", "Authorization pending")
	want(t, poll("password"), 400, "unsupported_grant_type", "grant_type must be "+grant)
	want(t, form(c, "/device/token", "grant_type="+escaped), 400, "invalid_request",
		"[body.device_code] Invalid input: expected string, received undefined; [body.client_id] Invalid input: expected string, received undefined")
	want(t, form(c, "/device/code", "scope=read"), 400, "invalid_request", "[body.client_id] Invalid input: expected string, received undefined")
	want(t, form(c, "/device/code", "client_id="), 400, "invalid_request", "[body.client_id] Invalid input: expected string, received undefined")
	want(t, form(c, "/device/code", "client_id=a&client_id=b"), 400, "invalid_request", "A parameter must not be repeated")
	want(t, form(c, "/device/code", "client_id=cli&scope="+strings.Repeat("a", 5000)), 400, "invalid_request", "[body.scope] Too big: expected string to have <=4096 characters")
	claim(browser, d.userCode).Want(t, 200, "")
	approve(browser, d.userCode).Want(t, 200, "")
	pause(e)
	if got := poll(escaped).Want(t, 200, ""); got.JSON("scope") != "read write" {
		t.Errorf("%s", got.Body)
	}
	// JSON gets the answers of Better Auth 1.6.
	c.Post("/device/code", object{}).Want(t, 400, "VALIDATION_ERROR")
	if got := c.Post("/device/token", object{"grant_type": "password", "device_code": "a", "client_id": "b"}).Want(t, 400, "VALIDATION_ERROR"); got.JSON("message") !=
		`[body.grant_type] Invalid input: expected "`+grant+`"` {
		t.Errorf("%s", got.Body)
	}
	want(t, c.Post("/device/code", object{"client_id": ""}), 400, "invalid_request", "client_id is required")
	c.Do("POST", "/device/approve", "userCode=x", core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}).Want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
}

func TestDeny(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	browser := join(t, e, ada)
	d := start(t, e)
	claim(browser, d.userCode).Want(t, 200, "")
	if got := deny(browser, d.userCode).Want(t, 200, "").Body; got != `{"success":true}` {
		t.Errorf("deny: %s", got)
	}
	want(t, approve(browser, d.userCode), 400, "invalid_request", "Device code already processed")
	want(t, d.poll(), 400, "access_denied", "Access denied")
	want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
	if n := count(t, e, core.ModelSession); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestPreBoundCode(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	first, second := join(t, e, ada), join(t, e, bob)
	id := first.Get("/get-session").JSON("user", "id")
	d := begin(t, e, object{"client_id": client, "user_id": id})
	if got := claim(second, d.userCode).Want(t, 200, "").Body; strings.Contains(got, "client_id") {
		t.Errorf("another user is told %s", got)
	}
	want(t, approve(second, d.userCode), 403, "access_denied", "You are not authorized to approve this device authorization")
	approve(first, d.userCode).Want(t, 200, "") // nothing needs to be claimed
	d.poll().Want(t, 200, "")

	nobody := begin(t, e, object{"client_id": client, "user_id": "nobody"})
	want(t, approve(first, nobody.userCode), 403, "access_denied", "You are not authorized to approve this device authorization")
	unbound := begin(t, e, object{"client_id": client, "user_id": ""})
	want(t, approve(first, unbound.userCode), 400, "invalid_request", deviceauthorization.CodeNotClaimed.Message)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	var asked []string
	e := open(t, nil, deviceauthorization.Options{
		ExpiresIn: time.Minute, Interval: 2 * time.Second, DeviceCodeLength: 50, UserCodeLength: 12,
		VerificationURI: "https://example.com/activate?lang=en&user_code=x",
		ValidateClient:  func(_ context.Context, id string) (bool, error) { return id == client, nil },
		OnDeviceAuthRequest: func(_ context.Context, id, scope string) error {
			asked = append(asked, id+"|"+scope)
			if scope == "forbidden" {
				return core.OAuthError(http.StatusBadRequest, "invalid_scope", "")
			}
			return nil
		},
		Table: "pending_devices", Columns: map[string]string{"userCode": "user_code"},
	})
	c := e.Client()
	want(t, c.Post("/device/code", object{"client_id": "other"}), 400, "invalid_client", "Invalid client ID")
	want(t, c.Post("/device/code", object{"client_id": client, "scope": "forbidden"}), 400, "invalid_scope", "")
	a := c.Post("/device/code", object{"client_id": client}).Want(t, 200, "")
	code := a.JSON("user_code")
	if len(a.JSON("device_code")) != 50 || len(code) != 12 || a.JSON("expires_in") != "60" || a.JSON("interval") != "2" ||
		a.JSON("verification_uri") != "https://example.com/activate?lang=en&user_code=x" ||
		a.JSON("verification_uri_complete") != "https://example.com/activate?lang=en&user_code="+code {
		t.Errorf("%s", a.Body)
	}
	if got := strings.Join(asked, " "); got != "cli|forbidden cli|" {
		t.Errorf("asked %s", got)
	}
	want(t, c.Post("/device/token", object{"grant_type": grant, "device_code": a.JSON("device_code"), "client_id": "other"}), 400, "invalid_grant", "Invalid client ID")
	for _, table := range e.Auth.DatabaseSchema().Tables() {
		if column, _ := table.Column("userCode"); table.Model == "deviceCode" && (table.Name != "pending_devices" || column != "user_code") {
			t.Errorf("table %s, column %s", table.Name, column)
		}
	}
}

func TestVerificationURI(t *testing.T) {
	t.Parallel()
	for uri, page := range map[string]string{
		"": "http://localhost:3000/device", "/activate": "http://localhost:3000/activate", "activate": "http://localhost:3000/api/activate",
		"https://example.com": "https://example.com/", "https://example.com/tv?a=b": "https://example.com/tv?a=b",
	} {
		e := open(t, nil, deviceauthorization.Options{VerificationURI: uri, GenerateUserCode: text("AB CD")})
		a := e.Client().Post("/device/code", object{"client_id": client}).Want(t, 200, "")
		joint := "?"
		if strings.Contains(page, "?") {
			joint = "&"
		}
		if a.JSON("verification_uri") != page || a.JSON("verification_uri_complete") != page+joint+"user_code=AB+CD" {
			t.Errorf("%q: %s", uri, a.Body)
		}
	}
}

func text(codes ...string) func(context.Context) (string, error) {
	i := 0
	return func(context.Context) (string, error) {
		i++
		return codes[min(i, len(codes))-1], nil
	}
}

func TestInvalidOptions(t *testing.T) {
	t.Parallel()
	for part, o := range map[string]deviceauthorization.Options{
		"ExpiresIn is 1.5s":      {ExpiresIn: 1500 * time.Millisecond},
		"ExpiresIn is -1s":       {ExpiresIn: -time.Second},
		"Interval is 100ms":      {Interval: 100 * time.Millisecond},
		"make the interval":      {ExpiresIn: time.Second},
		"DeviceCodeLength is 21": {DeviceCodeLength: 21},
		"DeviceCodeLength is 19": {DeviceCodeLength: 192},
		"UserCodeLength is 5":    {UserCodeLength: 5},
		"UserCodeLength is 192":  {UserCodeLength: 192},
		"give a URL or a path":   {VerificationURI: "http://a b/"},
		"begin it with https":    {VerificationURI: "javascript:alert(1)"},
		"Columns renames":        {Columns: map[string]string{"nothing": "x"}},
	} {
		_, err := deviceauthorization.New(o).Manifest(core.Env{})
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v: %v, want %s", o, err, part)
		}
	}
}

func TestCodesOfOnesOwn(t *testing.T) {
	t.Parallel()
	t.Run("a code that is taken is made again", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil, deviceauthorization.Options{
			GenerateUserCode:   text("first", "first", "second", "second", "second", "third", "first"),
			GenerateDeviceCode: text("a", "b", "c", "d", "e", "a", "a"),
		})
		c := e.Client()
		for _, want := range []string{"first", "second"} { // the second time after one collision
			if got := c.Post("/device/code", object{"client_id": client}).Want(t, 200, "").JSON("user_code"); got != want {
				t.Errorf("got %s", got)
			}
		}
		want(t, c.Post("/device/code", object{"client_id": client}), 503, "temporarily_unavailable", "Failed to generate a unique device code")
		if n := count(t, e, deviceauthorization.ModelDeviceCode); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
	for name, o := range map[string]deviceauthorization.Options{
		"empty":       {GenerateUserCode: text("")},
		"too long":    {GenerateDeviceCode: text(strings.Repeat("a", 192))},
		"with a NUL":  {GenerateUserCode: text("a\x00b")},
		"not made":    {GenerateUserCode: func(context.Context) (string, error) { return "", errors.New("no codes left") }},
		"not checked": {ValidateClient: func(context.Context, string) (bool, error) { return false, errors.New("no clients left") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, nil, o)
			e.Client().Post("/device/code", object{"client_id": client}).Want(t, 500, "INTERNAL_SERVER_ERROR")
			if n := count(t, e, deviceauthorization.ModelDeviceCode); n != 0 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

// Codes of abandoned devices are removed, but not before the device can learn of their end.
func TestCleanup(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	d := start(t, e)
	e.Clock.Add(31 * time.Minute)
	start(t, e)
	want(t, d.poll(), 400, "expired_token", "Device code has expired")
	e.Clock.Add(61 * time.Minute)
	start(t, e)
	if n := count(t, e, deviceauthorization.ModelDeviceCode); n != 1 {
		t.Errorf("%d rows, want the new one", n)
	}
	e.Clock.Add(61 * time.Minute)
	if err := e.Auth.DeleteExpired(t.Context()); err != nil || count(t, e, deviceauthorization.ModelDeviceCode) != 0 {
		t.Errorf("the job of the application: %v", err)
	}
}

// At rest a device code is hashed, unless a Better Auth server shares the database.
func TestCodesAtRest(t *testing.T) {
	t.Parallel()
	for mode, plain := range map[core.Compat]bool{core.CompatKernia: false, core.CompatBetterAuth: true} {
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.Compat = mode }, deviceauthorization.Options{})
		d := start(t, e)
		rec, err := e.Auth.DB().FindOne(t.Context(), adapter.Find{Model: deviceauthorization.ModelDeviceCode})
		if err != nil {
			t.Fatal(err)
		}
		stored, _ := rec["deviceCode"].(string)
		if (stored == d.code) != plain {
			t.Errorf("%v: %s is stored as %s", mode, d.code, stored)
		}
		if !plain { // what a reader of the database finds is no code
			d.code = stored
			want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
		}
	}
}

func TestCallsFromGo(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	browser := join(t, e, ada)
	p, _ := deviceauthorization.From(e.Auth)
	codes, err := p.Code.Call(t.Context(), &deviceauthorization.CodeInput{ClientID: client})
	if err != nil {
		t.Fatal(err)
	}
	on := core.WithHeader(core.Fields{{Name: "Cookie", Value: browser.CookieHeader()}})
	if _, err := p.Approve.Call(t.Context(), &deviceauthorization.DecideInput{UserCode: codes.UserCode}); err == nil {
		t.Error("approved without a session")
	}
	if _, err := p.Verify.Call(t.Context(), &deviceauthorization.VerifyInput{UserCode: codes.UserCode}, on); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Approve.Call(t.Context(), &deviceauthorization.DecideInput{UserCode: codes.UserCode}, on); err != nil {
		t.Fatal(err)
	}
	reply, err := p.Token.Call(t.Context(), &deviceauthorization.TokenInput{GrantType: grant, DeviceCode: codes.DeviceCode, ClientID: client})
	if err != nil || len(reply.AccessToken) != 32 {
		t.Errorf("%v, %v", reply, err)
	}
}

// Applications may add fields to the table.
func TestAddedFields(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.Plugins = append(o.Plugins, extra{})
	}, deviceauthorization.Options{})
	start(t, e)
}

type extra struct{}

func (extra) ID() string { return "extra" }

func (extra) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Extend: []schema.Table{{Model: deviceauthorization.ModelDeviceCode, Fields: []schema.Field{
		{Name: "note", Type: schema.String, Optional: true},
	}}}}, nil
}
