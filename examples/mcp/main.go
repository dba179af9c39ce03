// Command mcp is an MCP server whose clients sign their users in: the official Go SDK behind
// the guard of the plugin mcp. Everything is in memory, and gone when it ends.
//
// A client such as an assistant or an editor needs the address alone, for example
// http://localhost:3000/mcp. It finds the authorization server, registers, sends the user to the
// pages of sign-in and consent, and calls the tools with an access token. A user signs up with
// POST /api/auth/sign-up/email first.
//
// With -older the plugin mcp of Better Auth 1.6 issues the tokens, in place of oauth-provider.
//
// Environment: HOST (default localhost; 0.0.0.0 for every interface), PORT (default 3000).
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/mcp"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
)

func main() {
	older := flag.Bool("older", false, "issue tokens with the plugin mcp of Better Auth 1.6")
	flag.Parse()
	if err := run(*older); err != nil {
		log.Fatal(err)
	}
}

func run(older bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	address := net.JoinHostPort(cmp.Or(os.Getenv("HOST"), "localhost"), cmp.Or(os.Getenv("PORT"), "3000"))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	baseURL := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	handler, err := newHandler(baseURL, older)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	fmt.Println("listening on " + baseURL)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	}
	requests, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(requests); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// The scopes of the MCP server.
const (
	scopeRead  = "notes:read"
	scopeWrite = "notes:write"
)

// newHandler is the whole application at an address.
func newHandler(baseURL string, older bool) (http.Handler, error) {
	resource := baseURL + "/mcp"
	plugins := []core.Plugin{emailpassword.New(emailpassword.Options{}), jwt.New(jwt.Options{})}
	if older {
		plugins = append(plugins, mcp.New(mcp.Options{
			LoginPage: "/login", Resources: []string{resource}, Scopes: []string{scopeRead, scopeWrite}, UseJWTPlugin: true,
		}))
	} else {
		plugins = append(plugins, oauthprovider.New(oauthprovider.Options{
			Scopes:                                 []string{"openid", "profile", "email", "offline_access", scopeRead, scopeWrite},
			ValidAudiences:                         []string{resource},
			AllowDynamicClientRegistration:         true,
			AllowUnauthenticatedClientRegistration: true, // clients that nobody knows yet, as public ones
		}), mcp.Protect(mcp.ResourceOptions{Resources: []string{resource}}))
	}
	auth, err := core.New(core.Options{
		BaseURL:  baseURL,
		AppName:  "Notes",
		Secret:   rand.Text() + rand.Text(), // kept nowhere, as the users are
		Database: memory.New(),
		Plugins:  plugins,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	// A scope that a tool needs beyond this one is the tool's to check.
	mux.Handle("/mcp", nethttp.Require(mcp.Require(scopeRead))(notesServer(new(notebooks))))
	mux.HandleFunc("GET /login", login)
	return nethttp.Middleware(auth)(mux), nil
}

// login is the page of sign-in for -older. oauth-provider brings its own.
func login(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(loginPage))
}

const loginPage = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Sign in</title>
<form>
<p><label>E-mail address <input name="email" type="email" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button> <span id="note" role="alert"></span></p>
</form>
<script>
document.forms[0].addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
  const answer = await fetch("/api/auth/sign-in/email", { method: "POST", headers: { "content-type": "application/json" }, body });
  const json = await answer.json();
  if (json.url) location.href = json.url;
  else document.getElementById("note").textContent = json.message ?? "You are signed in.";
});
</script>
</html>
`
