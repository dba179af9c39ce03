package scaleout

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds everything that is waited for. Nothing takes that long unless
// it hangs.
const patience = 30 * time.Second

// build compiles the server. Its packages have been compiled for this test already, so
// this is mostly linking.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "server.exe") // Windows asks for the ending, the others do not mind
	args := append(append([]string{"build", "-o", binary}, buildFlags...), "./server")
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return binary
}

// process is a running server.
type process struct {
	name   string
	origin string
	cmd    *exec.Cmd
	stdin  io.Closer
	lines  chan string // what it prints after its address, closed at its end
	stderr *bytes.Buffer

	mu    sync.Mutex
	mails map[string]string // token by kind and address, of mails nobody has asked for yet
}

// launch starts a process, which lives no longer than the test. Its standard
// input is a pipe of this one: when the test dies, so does the process.
func launch(t *testing.T, name, binary string, env, args []string) *process {
	t.Helper()
	p := &process{name: name, lines: make(chan string, 256), stderr: &bytes.Buffer{}, mails: map[string]string{}}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { p.stop(t) })
	return p
}

// ready waits until the process listens.
func (p *process) ready(t *testing.T) {
	t.Helper()
	origin, ok := strings.CutPrefix(p.line(t), "listening ")
	if !ok {
		t.Fatalf("process %s did not start", p.name)
	}
	p.origin = origin
}

// line is what the process prints next, "" at its end.
func (p *process) line(t *testing.T) string {
	t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-time.After(patience):
		t.Fatalf("process %s prints nothing", p.name)
		return ""
	}
}

// token waits for a mail and returns the token in it.
func (p *process) token(t *testing.T, kind, email string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	key := kind + " " + email
	for p.mails[key] == "" {
		fields := strings.Fields(p.line(t))
		if len(fields) != 4 || fields[0] != "mail" {
			t.Fatalf("process %s sent no mail but %q", p.name, fields)
		}
		p.mails[fields[1]+" "+fields[2]] = fields[3]
	}
	defer delete(p.mails, key)
	return p.mails[key]
}

// stop ends the process as a deployment does, and fails the test when it does
// not end well.
func (p *process) stop(t *testing.T) {
	transport.CloseIdleConnections() // one that was dialled and never used would keep the server for seconds
	_ = p.stdin.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			_ = p.cmd.Process.Kill()
		}
	})()
	for range p.lines { // Wait may be called when everything has been read
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("process %s ended with %v", p.name, err)
	}
	if t.Failed() {
		t.Logf("the log of process %s:\n%s", p.name, p.stderr)
	}
}
