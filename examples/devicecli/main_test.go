package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// The tool signs in to the real quickstart server.
func TestDevice(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the quickstart was not started: left out with -short, and run without it")
	}
	server := quickstart(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, server, &http.Client{Jar: jar}}
	b.post("/sign-up/email", map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse"})

	t.Run("approved", func(t *testing.T) {
		t.Parallel()
		said, err := play(t, server, func(code string) {
			b.get("/device?user_code=" + strings.ToLower(code[:4]+"-"+code[4:])) // as a person types it
			b.post("/device/approve", map[string]string{"userCode": code})
		})
		if err != nil || said != "Signed in as Ada <ada@example.com>" {
			t.Errorf("%q, %v", said, err)
		}
	})
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		_, err := play(t, server, func(code string) {
			b.get("/device?user_code=" + code)
			b.post("/device/deny", map[string]string{"userCode": code})
		})
		refused, ok := errors.AsType[*oauth2.RetrieveError](err)
		if !ok || refused.ErrorCode != "access_denied" || refused.ErrorDescription != "Access denied" {
			t.Errorf("%v", err)
		}
	})
}

// play runs the tool. decide is the person who reads the code.
func play(t *testing.T, server string, decide func(code string)) (last string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, w, server)
		_ = w.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(r)
	if lines.Scan() {
		code, ok := strings.CutPrefix(lines.Text(), "Open "+server+"/device and enter ")
		if !ok || len(code) != 8 {
			t.Errorf("the tool said %q", lines.Text())
		}
		decide(code)
	}
	for lines.Scan() {
		last = lines.Text()
	}
	return last, <-ended
}

// browser is that of the person, who is signed in.
type browser struct {
	t      *testing.T
	server string
	client *http.Client
}

func (b *browser) get(path string) { b.send(http.MethodGet, path, nil) }

func (b *browser) post(path string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(http.MethodPost, path, strings.NewReader(string(text)))
}

func (b *browser) send(method, path string, body io.Reader) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server+"/api/auth"+path, body)
	if err != nil {
		b.t.Error(err)
		return
	}
	req.Header.Set("Origin", b.server)
	req.Header.Set("Content-Type", "application/json")
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.t.Errorf("%s: %s %s, %v", path, res.Status, text, err)
	}
}

// quickstart builds and starts examples/gin and returns its address.
func quickstart(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "quickstart")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../gin").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := exec.CommandContext(t.Context(), program) //nolint:gosec // built above; it ends with the test
	c.Env = append(os.Environ(), "PORT=0", "DATABASE="+filepath.Join(folder, "test.sqlite"))
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Wait() })
	lines := bufio.NewScanner(output)
	if !lines.Scan() {
		t.Fatal("the quickstart did not start")
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	address, ok := strings.CutPrefix(lines.Text(), "listening on ")
	if _, err := url.Parse(address); !ok || err != nil {
		t.Fatalf("the quickstart said %q", lines.Text())
	}
	return address
}
