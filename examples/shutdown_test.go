// Package examples holds the tests that every example passes.
package examples

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit bounds steps that take less than a second; only a server that hangs reaches it.
const limit = 30 * time.Second

// example is a program that serves, with a request that it takes.
type example struct {
	args, target, body string
}

const signUp, aSignUp = "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`

// servers are the examples that serve, by folder. A folder that is missing fails
// TestServers.
var servers = map[string][]example{
	"gin":     {{"", signUp, aSignUp}},
	"echo":    {{"", signUp, aSignUp}},
	"echov5":  {{"", signUp, aSignUp}},
	"fiber":   {{"", signUp, aSignUp}},
	"fiberv3": {{"", signUp, aSignUp}},
	"nethttp": {{"", signUp, aSignUp}},
	"chi":     {{"", signUp, aSignUp}},
	"frontend": {
		{"-address=localhost:0 -framework=gin", signUp, aSignUp}, {"-address=localhost:0 -framework=echo", signUp, aSignUp},
		{"-address=localhost:0 -framework=fiber", signUp, aSignUp}, {"-address=localhost:0 -framework=chi", signUp, aSignUp},
		{"-address=localhost:0 -framework=echov5", signUp, aSignUp}, {"-address=localhost:0 -framework=fiberv3", signUp, aSignUp},
	},
	"enterprise": {{"", signUp, aSignUp}},
	"idp":        {{"", signUp, aSignUp}},
	"mcp":        {{"", signUp, aSignUp}},
	"phone":      {{"", "/api/auth/phone-number/send-otp", `{"phoneNumber":"+41791234567"}`}},
	"popup":      {{"", "/api/auth/sign-in/social", `{"provider":"demo","callbackURL":"/","disableRedirect":true}`}},
}

// noServers are the folders of which nobody makes a server.
var noServers = map[string]string{
	"benchserver": "is measured, and ends with the measurement",
	"demoidp":     "is a package",
	"devicecli":   "is a client",
	"schema":      "writes files",
	"verify":      "has functions for servers of other services",
}

// TestServers reads the source of the examples: every server has all time limits, and
// every folder is run by TestExamples.
func TestServers(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !folder.IsDir() || noServers[folder.Name()] != "" {
			continue
		}
		if servers[folder.Name()] == nil {
			t.Errorf("%s: add it to servers, or say in noServers why not", folder.Name())
		}
		files, err := filepath.Glob(filepath.Join(folder.Name(), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				made, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				kind, ok := made.Type.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				want := map[string][]string{
					"http.Server":  {"ReadHeaderTimeout", "ReadTimeout", "WriteTimeout", "IdleTimeout"},
					"fiber.Config": {"ReadTimeout", "WriteTimeout", "IdleTimeout"},
				}[fmt.Sprint(kind.X)+"."+kind.Sel.Name]
				for _, name := range want {
					if !slices.ContainsFunc(made.Elts, func(e ast.Expr) bool {
						pair, ok := e.(*ast.KeyValueExpr)
						return ok && fmt.Sprint(pair.Key) == name
					}) {
						t.Errorf("%s: a %v without %s", file, kind.Sel.Name, name)
					}
				}
				return true
			})
		}
	}
}

// TestExamples builds each example once and runs it.
func TestExamples(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows knows no SIGTERM and no file modes")
	}
	for name, runs := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(t.TempDir(), name)
			if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./"+name).CombinedOutput(); err != nil { //nolint:gosec // a name of ours
				t.Fatalf("build: %v: %s", err, out)
			}
			for _, check := range []struct {
				name string
				run  func(*testing.T, *server)
				only []string // the examples that have what is checked; nil: all
			}{
				{"SIGTERM answers what was accepted", answersWhatWasAccepted, nil},
				{"listens on this machine alone", listensHere, nil},
				{"logs name routes and no tokens", logsNameRoutes, []string{"gin", "echo", "echov5", "fiber", "fiberv3", "chi"}},
				{"a loose secret file is refused", looseSecret, []string{"gin"}},
				{"printed links can be pasted", printedLinks, []string{"gin"}},
			} {
				if check.only != nil && !slices.Contains(check.only, name) {
					continue
				}
				for _, run := range runs {
					t.Run(strings.TrimSpace(check.name+" "+run.args), func(t *testing.T) { check.run(t, start(t, binary, run)) })
				}
			}
		})
	}
}

// answersWhatWasAccepted begins requests, waits until each has reached its handler, and
// tells the server to end.
func answersWhatWasAccepted(t *testing.T, s *server) {
	open := make([]*upload, 20)
	for i := range open {
		open[i] = s.begin(t, strings.Replace(s.body, "ada@", fmt.Sprintf("ada%d@", i), 1))
	}
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.closed(t) // the order has arrived
	good := 0
	for i, u := range open {
		switch status := u.end(t); status {
		case http.StatusOK:
			good++
		case http.StatusTooManyRequests: // an answer too
		default:
			t.Errorf("request %d: status %d", i, status)
		}
	}
	if good == 0 {
		t.Error("nothing was answered with success")
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("the server ended with %v: %s", err, s.said())
		}
	case <-time.After(limit):
		t.Fatal("the server does not end")
	}
}

// listensHere: an example with its defaults cannot be reached from the network.
func listensHere(t *testing.T, s *server) {
	for _, address := range others(t) {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(address, s.port), 2*time.Second) //nolint:noctx // has a limit
		if err == nil {
			_ = c.Close()
			t.Errorf("it answers at %s", address)
		}
	}
}

// looseSecret: a secret that others may have read is refused.
func looseSecret(t *testing.T, s *server) {
	file := filepath.Join(s.dir, "kernia.sqlite.secret")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the secret was made with mode %04o", info.Mode().Perm())
	}
	if err := os.Chmod(file, 0o644); err != nil { //nolint:gosec // the mistake under test
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), s.binary)
	again.Dir, again.Env = s.dir, append(os.Environ(), "PORT=0", "IDP_PORT=0", "CLIENT_PORT=0", "HOST=", "KERNIA_SECRET=", "DATABASE=")
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "chmod 600") {
		t.Errorf("it started with %v: %s", err, out)
	}
}

// logsNameRoutes: logs hold no token of a reset link, neither of its path nor of its
// query.
func logsNameRoutes(t *testing.T, s *server) {
	for _, target := range []string{
		"/api/auth/reset-password/token-in-a-path?callbackURL=/done", "/api/auth/verify-email?token=token-in-a-query",
		"/me?token=token-in-a-query", "/nowhere?token=token-in-a-query", "/api/auth/nowhere/token-in-a-path",
	} {
		res, err := http.Get("http://localhost:" + s.port + target) //nolint:noctx // a server of its own
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	s.stop(t)
	text := s.said()
	if strings.Contains(text, "token-in-a") {
		t.Errorf("the log holds a token: %s", text)
	}
	for _, want := range []string{"/api/auth/reset-password/:token", "/api/auth/verify-email", "route=/me", "/api/auth/*"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not name %s: %s", want, text)
		}
	}
}

// printedLinks: the JSON of a mail does not escape the link, which users copy.
func printedLinks(t *testing.T, s *server) {
	if status := s.begin(t, `{"name":"Ada","email":"ada@example.com","password":"correct horse","callbackURL":"/done?a=1&b=2"}`).end(t); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	s.stop(t) // when its mails are sent
	if text := s.said(); !strings.Contains(text, "&callbackURL=") || strings.Contains(text, `\u0026`) {
		t.Errorf("got %s", text)
	}
}

// others are addresses of this machine that others may reach.
func others(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			out = append(out, n.IP.String())
		}
	}
	return out
}

// server is an example that runs.
type server struct {
	example
	binary, dir, port string
	process           *os.Process
	ended             chan error
	output            string // a file
}

var listening = regexp.MustCompile(`listening on http://localhost:(\d+)`)

// start starts an example in a folder of its own, on a free port.
func start(t *testing.T, binary string, run example) *server {
	t.Helper()
	return startWith(t, binary, run)
}

// startWith is start with further variables of the environment.
func startWith(t *testing.T, binary string, run example, variables ...string) *server {
	t.Helper()
	s := &server{example: run, binary: binary, dir: t.TempDir(), ended: make(chan error, 1)}
	s.output = filepath.Join(s.dir, "output")
	output, err := os.Create(s.output)
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	command := exec.CommandContext(t.Context(), s.binary, strings.Fields(run.args)...) //nolint:gosec // built by the test
	command.Dir, command.Env = s.dir, append(append(os.Environ(), "PORT=0", "IDP_PORT=0", "CLIENT_PORT=0", "HOST=", "KERNIA_SECRET=", "DATABASE="), variables...)
	both := io.MultiWriter(output, write)
	command.Stdout, command.Stderr = both, both
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = command.Process
	go func() {
		err := command.Wait()
		_ = write.Close()
		_ = output.Close()
		s.ended <- err
	}()
	port := make(chan string, 1)
	go func() {
		defer close(port)
		lines := bufio.NewScanner(read)
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				port <- m[1]
			}
		}
		_, _ = io.Copy(io.Discard, read)
	}()
	select {
	case s.port = <-port:
	case <-time.After(limit):
	}
	if s.port == "" {
		t.Fatalf("it does not listen: %s", s.said())
	}
	return s
}

// said is what the server has written.
func (s *server) said() string {
	text, err := os.ReadFile(s.output)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop ends the server as an operator does, and waits for it.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(limit):
		t.Fatal("the server does not end")
	}
}

// closed waits until nothing is accepted any more.
func (s *server) closed(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); { //nolint:forbidigo // a process tells by nothing else
		c, err := net.DialTimeout("tcp", "localhost:"+s.port, limit) //nolint:noctx // has a limit
		if err != nil {
			return
		}
		_ = c.Close()
	}
	t.Fatal("the server goes on accepting")
}

// upload is a request whose body the server waits for.
type upload struct {
	net.Conn
	in   *bufio.Reader
	body string
}

// begin sends the head of a request. The server's 100 says that its handler has it.
func (s *server) begin(t *testing.T, body string) *upload {
	t.Helper()
	c, err := net.DialTimeout("tcp", "localhost:"+s.port, limit) //nolint:noctx // has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(limit)) //nolint:forbidigo // a socket knows no other clock
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost:%s\r\nOrigin: http://localhost:%s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", s.target, s.port, s.port, len(body)); err != nil {
		t.Fatal(err)
	}
	u := &upload{c, bufio.NewReader(c), body}
	line, err := u.in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	if _, err := u.in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return u
}

// end sends the body and returns the status; 0 when there is no whole answer.
func (u *upload) end(t *testing.T) int {
	t.Helper()
	if _, err := io.WriteString(u, u.body); err != nil {
		t.Error(err)
		return 0
	}
	res, err := http.ReadResponse(u.in, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Error(err)
		return 0
	}
	return res.StatusCode
}
