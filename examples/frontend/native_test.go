package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

type fields = map[string]string

// native is a server, with CORS, and one client of it that keeps its cookie or token as
// its kind does.
type native struct {
	t      *testing.T
	url    string
	cookie string
	token  string
}

func serveNative(t *testing.T, trusted ...string) *native {
	t.Helper()
	e := authtest.NewEnv(t)
	o := e.Options(emailpassword.New(emailpassword.Options{SendResetPassword: e.Mail("reset-password")}), bearer.New(bearer.Options{}))
	server := httptest.NewUnstartedServer(nil)
	o.BaseURL = "http://" + server.Listener.Addr().String()
	o.TrustedOrigins = trusted
	o.RateLimit.Disabled = true
	auth, err := core.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := chi.NewRouter()
	c := auth.CORS()
	r.Use(cors.Handler(cors.Options{
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return c.AllowOriginFunc(origin) },
		AllowedMethods:  c.AllowMethods, AllowedHeaders: c.AllowHeaders, ExposedHeaders: c.ExposeHeaders,
		AllowCredentials: c.AllowCredentials, MaxAge: int(c.MaxAge.Seconds()),
	}), nethttp.Middleware(auth))
	r.Get("/", func(http.ResponseWriter, *http.Request) {})
	server.Config.Handler = r
	server.Start()
	t.Cleanup(server.Close)
	return &native{t: t, url: o.BaseURL}
}

// ask sends a request with these headers, and the cookie and token that the client has.
func (n *native) ask(method, path, body string, header fields) (*http.Response, string) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.url+"/api/auth"+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if n.cookie != "" {
		r.Header.Set("Cookie", n.cookie)
	}
	if n.token != "" {
		r.Header.Set("Authorization", "Bearer "+n.token)
	}
	for name, value := range header {
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return res, string(data)
}

// want is ask, with the status and the error code that it must get.
func (n *native) want(status int, code, method, path, body string, header fields) *http.Response {
	n.t.Helper()
	res, text := n.ask(method, path, body, header)
	var answer struct{ Code string }
	_ = json.Unmarshal([]byte(text), &answer)
	if res.StatusCode != status || answer.Code != code {
		n.t.Errorf("%s %s %v: %d %s, want %d %s", method, path, header, res.StatusCode, text, status, code)
	}
	return res
}

const (
	joining  = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	entering = `{"email":"ada@example.com","password":"correct horse"}`
	naming   = `{"name":"Ada L."}`
)

// signIn makes the account by Go's own client, which sends no Origin, and keeps what the
// kind of client keeps.
func (n *native) signIn(header fields, byToken bool) {
	n.t.Helper()
	res := n.want(200, "", http.MethodPost, "/sign-in/email", entering, header)
	if byToken {
		if n.token = res.Header.Get("Set-Auth-Token"); n.token == "" {
			n.t.Error("no token")
		}
		return
	}
	for _, c := range res.Cookies() {
		if strings.HasSuffix(c.Name, "session_token") {
			n.cookie = c.Name + "=" + c.Value
		}
	}
	if n.cookie == "" {
		n.t.Error("no cookie")
	}
}

func (n *native) signedIn(header fields) {
	n.t.Helper()
	if _, text := n.ask(http.MethodGet, "/get-session", "", header); !strings.Contains(text, "ada@example.com") {
		n.t.Errorf("get-session: %s", text)
	}
}

func with(header fields, more fields) fields {
	all := maps.Clone(header)
	maps.Copy(all, more)
	return all
}

// What docs/native.md says of each client, by the headers that such a client sends.
func TestNativeClients(t *testing.T) {
	t.Parallel()
	// Node's fetch, which Electron's main process and rendering servers use.
	node := fields{"User-Agent": "node", "Accept": "*/*", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"}

	t.Run("Expo", func(t *testing.T) {
		t.Parallel()
		expo := fields{"User-Agent": "Expo/1 CFNetwork/1568 Darwin/24", "expo-origin": "myapp://", "x-skip-oauth-proxy": "true"}
		n := serveNative(t, "myapp://")
		n.want(200, "", http.MethodPost, "/sign-up/email", joining, expo)
		n.signIn(expo, false)
		n.signedIn(expo)
		for _, path := range []string{"/update-user", "/change-password", "/sign-out"} {
			n.want(403, "MISSING_OR_NULL_ORIGIN", http.MethodPost, path, naming, expo)
		}
		n.signedIn(expo) // the session lives on
		for _, origin := range []string{n.url, "myapp://"} {
			n.want(200, "", http.MethodPost, "/update-user", naming, with(expo, fields{"Origin": origin}))
		}
		n.want(200, "", http.MethodPost, "/sign-out", "{}", with(expo, fields{"Origin": "myapp://"}))
		if _, text := n.ask(http.MethodGet, "/get-session", "", expo); text != "null" {
			t.Errorf("after the end: %s", text)
		}
	})

	t.Run("Electron, main process", func(t *testing.T) {
		t.Parallel()
		electron := with(node, fields{"electron-origin": "com.example.app:/"})
		n := serveNative(t, "com.example.app:/")
		n.want(403, "MISSING_OR_NULL_ORIGIN", http.MethodPost, "/sign-up/email", joining, electron)
		own := with(electron, fields{"Origin": "com.example.app:/"})
		n.want(200, "", http.MethodPost, "/sign-up/email", joining, own)
		n.signIn(own, false)
		n.signedIn(electron)
		n.want(403, "MISSING_OR_NULL_ORIGIN", http.MethodPost, "/update-user", naming, electron)
		n.want(200, "", http.MethodPost, "/update-user", naming, own)
	})

	for _, origin := range []string{"null", "file://"} {
		t.Run("Electron, page from a file, "+origin, func(t *testing.T) {
			t.Parallel()
			page := fields{"Origin": origin, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
			n := serveNative(t)
			n.want(200, "", http.MethodPost, "/sign-up/email", joining, with(node, fields{"Origin": n.url}))
			code := "INVALID_ORIGIN"
			if origin == "null" {
				code = "MISSING_OR_NULL_ORIGIN"
			}
			n.want(403, code, http.MethodPost, "/sign-in/email", entering, page)
			// The way of the page: bearer through the main process.
			n.signIn(with(node, fields{"Origin": n.url}), true)
			n.signedIn(node)
			n.want(200, "", http.MethodPost, "/update-user", naming, node)
			if origin == "file://" {
				listed := serveNative(t, "file://")
				listed.want(200, "", http.MethodPost, "/sign-up/email", joining, page)
			}
		})
	}

	for _, k := range []struct{ name, listed, origin string }{
		{"Tauri", "tauri://localhost", "tauri://localhost"},
		{"Tauri on Windows", "http://tauri.localhost", "http://tauri.localhost"},
		{"Capacitor on iOS", "capacitor://localhost", "capacitor://localhost"},
		{"Capacitor on Android", "https://localhost", "https://localhost"},
		{"extension of Chrome", "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai", "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai"},
		{"extension of Firefox", "moz-extension://", "moz-extension://0b5f9c7e-6a3d-4c43-9d0e-9a1a8f1b2c3d"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			page := fields{"Origin": k.origin, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
			preflight := with(page, fields{"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"})
			n := serveNative(t, k.listed)
			for _, h := range []http.Header{
				n.preflight(preflight),
				n.want(200, "", http.MethodPost, "/sign-up/email", joining, page).Header,
			} {
				if got := h.Get("Access-Control-Allow-Origin"); got != k.origin || h.Get("Access-Control-Allow-Credentials") != "true" {
					t.Errorf("CORS: %v", h)
				}
			}
			n.signIn(page, true)
			n.signedIn(page)
			n.want(200, "", http.MethodPost, "/update-user", naming, page)
			n.want(200, "", http.MethodPost, "/sign-out", "{}", page)

			stranger := serveNative(t)
			if got := stranger.preflight(preflight).Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("not listed, and allowed: %s", got)
			}
			stranger.want(403, "INVALID_ORIGIN", http.MethodPost, "/sign-up/email", joining, page)
		})
	}
	t.Run("the scheme of extensions trusts them all", func(t *testing.T) {
		t.Parallel()
		for origin, status := range map[string]int{"chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai": 403, "chrome-extension://": 200} {
			n := serveNative(t, origin)
			if res, text := n.ask(http.MethodPost, "/sign-up/email", joining, fields{"Origin": "chrome-extension://another"}); res.StatusCode != status {
				t.Errorf("%s: %d %s", origin, res.StatusCode, text)
			}
		}
	})

	t.Run("rendering server", func(t *testing.T) {
		t.Parallel()
		n := serveNative(t)
		visitor := fields{"Origin": n.url}
		n.want(200, "", http.MethodPost, "/sign-up/email", joining, visitor)
		n.signIn(visitor, false)
		n.signedIn(node) // GET needs no Origin
		n.want(403, "MISSING_OR_NULL_ORIGIN", http.MethodPost, "/update-user", naming, node)
		n.want(200, "", http.MethodPost, "/update-user", naming, with(node, visitor))
		n.want(403, "INVALID_ORIGIN", http.MethodPost, "/update-user", naming, with(node, fields{"Origin": "https://evil.example"}))
	})

	t.Run("Postman and curl", func(t *testing.T) {
		t.Parallel()
		postman := fields{"User-Agent": "PostmanRuntime/7.43.0", "Accept": "*/*", "Postman-Token": "6d1f", "Cache-Control": "no-cache"}
		n := serveNative(t)
		n.want(200, "", http.MethodPost, "/sign-up/email", joining, postman)
		n.signIn(postman, false)
		n.signedIn(postman)
		for _, path := range []string{"/sign-in/email", "/update-user"} { // by itself it sends the cookie now
			n.want(403, "MISSING_OR_NULL_ORIGIN", http.MethodPost, path, entering, postman)
		}
		own := with(postman, fields{"Origin": n.url})
		n.signIn(own, false)
		n.want(200, "", http.MethodPost, "/update-user", naming, with(postman, fields{"Referer": n.url + "/account"}))
		n.want(200, "", http.MethodPost, "/update-user", naming, own)
		n.want(415, "UNSUPPORTED_MEDIA_TYPE", http.MethodPost, "/update-user", naming, with(own, fields{"Content-Type": "text/plain"}))
		n.want(400, "VALIDATION_ERROR", http.MethodPost, "/update-user", naming, with(own, fields{"Content-Type": ""}))
	})

	t.Run("a link back into an app", func(t *testing.T) {
		t.Parallel()
		const body = `{"email":"ada@example.com","redirectTo":"myapp://signed-in"}`
		serveNative(t).want(403, "INVALID_REDIRECT_URL", http.MethodPost, "/request-password-reset", body, nil)
		serveNative(t, "myapp://").want(200, "", http.MethodPost, "/request-password-reset", body, nil)
		const link = `{"email":"ada@example.com","password":"correct horse","callbackURL":"myapp://signed-in"}`
		serveNative(t).want(403, "INVALID_CALLBACK_URL", http.MethodPost, "/sign-in/email", link, nil)
	})
}

func (n *native) preflight(header fields) http.Header {
	n.t.Helper()
	res, text := n.ask(http.MethodOptions, "/sign-up/email", "", header)
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		n.t.Errorf("preflight: %d %s", res.StatusCode, text)
	}
	return res.Header
}
