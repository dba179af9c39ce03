//go:build unix

// Command rates measures the cost of Kernia on net/http: how many GET /get-session of a
// signed-in user it answers on one core, from the cookie cache and from SQLite,
// compared with a bare handler that gives the same answers to the same requests. For
// SQLite there is a handler written by hand as well. It verifies the signature of the
// cookie, reads the row with the same statement and gives the recorded answer, which is
// the least that a server without a cache of sessions must do.
//
//	go run ./scripts/rates
//	go run ./scripts/rates -before OTHER/benchserver # built of another version
//
// A server with the plugins of tokens, keys, sessions and administration is compared with
// the one without them, and so is one with spans and metrics of OpenTelemetry.
//
// All servers run at the same time, each a process with GOMAXPROCS=1, and are asked
// in turn in many short rounds; medians count. Beside the rate by the clock it
// reports the one by processor time, which other programs on the machine disturb
// less (Linux). The load never sleeps while it waits for an answer, as one on another
// machine would not: waking a sleeping reader costs the server that writes more than
// a bare handler does, and only the slower server pays it. It needs a core of its own.
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// withPlugins and withOtel are compared with the same server without them, not with a bare
// handler.
const (
	withPlugins = "plugins of now"
	withOtel    = "otel of now"
)

const (
	connections = 32
	path        = "/api/auth/get-session"
)

func main() {
	before := flag.String("before", "", "benchserver of another version, measured as well")
	rounds := flag.Int("rounds", 31, "rounds; the median counts")
	round := flag.Duration("round", 300*time.Millisecond, "time that a server is asked in one round")
	flag.Parse()
	if err := run(*before, *rounds, *round); err != nil {
		log.Fatal(err)
	}
}

func run(before string, rounds int, round time.Duration) error {
	dir, err := os.MkdirTemp("", "kernia-rates-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "benchserver")
	if out, err := exec.Command("go", "build", "-o", binary, "./examples/benchserver").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	var all []*server
	defer func() {
		for _, s := range all {
			s.stop()
		}
	}()
	for _, c := range []struct {
		name   string
		flags  []string
		byHand bool
	}{{name: "from the cookie cache", flags: []string{"-cookie-cache"}}, {name: "from SQLite", byHand: true}} {
		type version struct {
			name, binary string
			flags        []string
		}
		versions := []version{{"now", binary, nil}}
		if before != "" {
			versions = append(versions, version{"before", before, nil})
		}
		versions = append(versions, version{withPlugins, binary, []string{"-plugins"}}, version{withOtel, binary, []string{"-otel"}})
		var bare, now *server
		for _, v := range versions {
			database := filepath.Join(dir, fmt.Sprintf("%d.sqlite", len(all)))
			secret := make([]byte, 32)
			if _, err := rand.Read(secret); err != nil {
				return err
			}
			key := base64.StdEncoding.EncodeToString(secret)
			s, err := start(c.name, v.name, v.binary, key, slices.Concat([]string{"-database", database}, c.flags, v.flags)...)
			if err != nil {
				return err
			}
			all = append(all, s)
			if err := s.signIn(); err != nil {
				return err
			}
			if bare != nil {
				if s.bare = bare; v.name == withPlugins || v.name == withOtel {
					s.bare = now
				}
				continue
			}
			now = s
			recorded := filepath.Join(dir, fmt.Sprintf("%d.http", len(all)))
			if err := os.WriteFile(recorded, s.answer, 0o600); err != nil {
				return err
			}
			if bare, err = start(c.name, "bare", binary, key, "-answer", recorded); err != nil {
				return err
			}
			all = append(all, bare)
			bare.request = s.request
			s.bare = bare
			if !c.byHand {
				continue
			}
			hand, err := start(c.name, "by hand", binary, key, "-answer", recorded, "-by-hand", "-database", database)
			if err != nil {
				return err
			}
			all = append(all, hand)
			hand.request, hand.bare = s.request, bare
		}
	}
	for _, s := range all {
		if err := s.connect(); err != nil {
			return err
		}
	}
	for i := range rounds + 1 { // the first one warms up
		for _, s := range all {
			if err := s.ask(round, i > 0); err != nil {
				return fmt.Errorf("%s, %s: %w", s.name, s.version, err)
			}
		}
	}
	for _, s := range all {
		if err := s.signedIn(); err != nil {
			return err
		}
	}
	report(all)
	return nil
}

func report(all []*server) {
	fmt.Printf("%-24s %-14s %12s %8s %14s %8s\n", "GET /get-session", "", "requests/s", "of bare", "processor time", "of bare")
	for _, s := range all {
		fmt.Printf("%-24s %-14s %12.0f %8s %11.2f µs %8s\n", s.name, s.version, median(s.rates), s.ratio(false), median(s.costs), s.ratio(true))
	}
}

// ratio is the rate as a part of the bare handler's, the median of the rounds.
func (s *server) ratio(processor bool) string {
	if s.bare == nil {
		return ""
	}
	parts := make([]float64, len(s.rates))
	for i := range parts {
		parts[i] = s.rates[i] / s.bare.rates[i]
		if processor {
			parts[i] = s.bare.costs[i] / s.costs[i]
		}
	}
	return fmt.Sprintf("%.2f", median(parts))
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// server is a process that is measured.
type server struct {
	name, version string
	bare          *server // the server to compare with

	process *exec.Cmd
	base    string
	request []byte // as bytes on the wire
	answer  []byte
	conns   []*conn

	rates []float64 // answers a second
	costs []float64 // microseconds of processor time for each answer
}

func start(name, version, binary, secret string, flags ...string) (*server, error) {
	s := &server{name: name, version: version, process: exec.Command(binary, flags...)}
	s.process.Env = append(os.Environ(), "GOMAXPROCS=1", "BETTER_AUTH_SECRET="+secret)
	s.process.Stderr = os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, err
	}
	s.base = strings.TrimSpace(strings.TrimPrefix(line, "listening "))
	return s, nil
}

func (s *server) stop() {
	for _, c := range s.conns {
		_ = c.file.Close()
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// signIn makes the request with the cookies of a new user, and records its answer.
func (s *server) signIn() error {
	res, err := http.Post(s.base+"/api/auth/sign-up/email", "application/json",
		strings.NewReader(`{"name":"Bench","email":"bench@example.com","password":"password123"}`))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("sign-up: status %d", res.StatusCode)
	}
	var cookies []string
	for _, c := range res.Header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(c, ";")
		cookies = append(cookies, pair)
	}
	s.request = []byte("GET " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.base, "http://") +
		"\r\nUser-Agent: rates\r\nAccept: application/json\r\nCookie: " + strings.Join(cookies, "; ") + "\r\n\r\n")
	s.answer, err = s.once()
	return err
}

// once sends the request over a connection of its own.
func (s *server) once() ([]byte, error) {
	c, err := dial(s.base)
	if err != nil {
		return nil, err
	}
	defer c.file.Close()
	if _, err := c.file.Write(s.request); err != nil {
		return nil, err
	}
	n, err := c.read()
	return bytes.Clone(c.buf[:n]), err
}

// signedIn checks that the session still exists: an answer of null would be fast and
// meaningless.
func (s *server) signedIn() error {
	answer, err := s.once()
	if err == nil && !bytes.Contains(answer, []byte(`"session":{`)) {
		err = fmt.Errorf("%s, %s: no session in %s", s.name, s.version, answer)
	}
	return err
}

func (s *server) connect() error {
	for range connections {
		c, err := dial(s.base)
		if err != nil {
			return err
		}
		s.conns = append(s.conns, c)
	}
	return nil
}

// ask keeps one request on its way over every connection for a time.
func (s *server) ask(round time.Duration, counts bool) error {
	for _, c := range s.conns {
		if _, err := c.file.Write(s.request); err != nil {
			return err
		}
	}
	used, err := processorTime(s.process.Process.Pid)
	if err != nil {
		return err
	}
	began, answers := time.Now(), 0
	var took time.Duration
	for ; took < round; took = time.Since(began) {
		for _, c := range s.conns {
			answered, err := c.poll()
			if err != nil {
				return err
			}
			if !answered {
				continue
			}
			if _, err := c.file.Write(s.request); err != nil {
				return err
			}
			answers++
		}
	}
	until, err := processorTime(s.process.Process.Pid)
	if err != nil {
		return err
	}
	for _, c := range s.conns {
		if _, err := c.read(); err != nil {
			return err
		}
	}
	if counts {
		s.rates = append(s.rates, float64(answers)/took.Seconds())
		s.costs = append(s.costs, float64((until-used).Nanoseconds())/1000/float64(answers))
	}
	return nil
}

// conn is a connection that is polled for an answer and never waited for.
type conn struct {
	file net.Conn
	raw  syscall.RawConn
	buf  []byte
	n    int // bytes of the answer so far
	want int // length of the answer, 0 while its head is not there
}

func dial(base string) (*conn, error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		return nil, err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	return &conn{file: c, raw: raw, buf: make([]byte, 16<<10)}, nil
}

// read waits for an answer and returns its length.
func (c *conn) read() (int, error) {
	for {
		if answered, err := c.poll(); answered || err != nil {
			return c.n, err
		}
	}
}

// poll reports whether the whole answer is there.
func (c *conn) poll() (bool, error) {
	if c.want > 0 && c.n == c.want {
		c.n, c.want = 0, 0
	}
	var more int
	var failed error
	if err := c.raw.Read(func(fd uintptr) bool {
		more, failed = syscall.Read(int(fd), c.buf[c.n:])
		return true
	}); err != nil {
		return false, err
	}
	switch {
	case errors.Is(failed, syscall.EAGAIN) || errors.Is(failed, syscall.EINTR):
		return false, nil
	case failed != nil:
		return false, failed
	case more == 0:
		return false, io.ErrUnexpectedEOF
	}
	c.n += more
	if c.want == 0 {
		if err := c.head(); err != nil {
			return false, err
		}
	}
	if c.want > 0 && c.n > c.want {
		return false, errors.New("an answer longer than it says")
	}
	return c.n == c.want, nil
}

// head reads the length of the answer from its head.
func (c *conn) head() error {
	end := bytes.Index(c.buf[:c.n], []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	if !bytes.HasPrefix(c.buf, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %.40s", c.buf[:c.n])
	}
	_, length, ok := bytes.Cut(c.buf[:end], []byte("Content-Length: "))
	if !ok {
		return errors.New("an answer without Content-Length")
	}
	length, _, _ = bytes.Cut(length, []byte("\r"))
	size, err := strconv.Atoi(string(length))
	c.want = end + 4 + size
	return err
}

// processorTime is the processor time that the threads of a process have used.
func processorTime(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	return total, nil
}
