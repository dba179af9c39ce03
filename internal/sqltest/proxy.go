package sqltest

import (
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Proxy stands between a driver and a server, and makes the faults of networks: it cuts
// connections, or swallows everything.
type Proxy struct {
	Addr   string // of the proxy, host:port
	target string

	mu    sync.Mutex
	state fault
	open  map[net.Conn]struct{}
	fixed chan struct{} // closed when the state is none
}

type fault int

const (
	none  fault = iota
	hangs       // accepts and passes nothing on
	cut         // hangs up, at once
)

// NewProxy listens until the test ends, and passes everything on to target.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the test
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, open: map[net.Conn]struct{}{}, fixed: make(chan struct{})}
	close(p.fixed)
	var pipes sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		pipes.Wait()
	})
	pipes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", target) //nolint:noctx // ends with the test
			if err != nil || !p.add(c, s) {
				_ = c.Close()
				if s != nil {
					_ = s.Close()
				}
				continue
			}
			pipes.Go(func() { p.pipe(c, s) })
			pipes.Go(func() { p.pipe(s, c) })
		}
	})
	return p
}

// Hang passes nothing on from now on, and closes nothing.
func (p *Proxy) Hang() { p.set(hangs) }

// Cut closes all connections, and each new one.
func (p *Proxy) Cut() { p.set(cut) }

// Mend cuts what hung, as a server does that comes back, and passes everything on.
func (p *Proxy) Mend() {
	p.set(cut)
	p.set(none)
}

func (p *Proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == none && f != none {
		p.fixed = make(chan struct{})
	}
	if p.state != none && f != p.state {
		close(p.fixed)
		if f != none {
			p.fixed = make(chan struct{})
		}
	}
	p.state = f
	if f == cut {
		for c := range p.open {
			_ = c.Close()
		}
		clear(p.open)
	}
}

func (p *Proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == cut {
		return false
	}
	for _, c := range conns {
		p.open[c] = struct{}{}
	}
	return true
}

func (p *Proxy) pipe(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		for p.hung() {
			<-p.mended()
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) hung() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == hangs
}

func (p *Proxy) mended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fixed
}

var (
	mysqlAddress = regexp.MustCompile(`tcp\(([^)]+)\)`)
	keyword      = regexp.MustCompile(`\b(host|port)=(\S+)`)
)

// Through starts a proxy for the server of a DSN, and returns the DSN that leads
// through it. It knows those of MySQL, and both forms of PostgreSQL's.
func Through(t testing.TB, dsn string) (string, *Proxy) {
	t.Helper()
	if m := mysqlAddress.FindStringSubmatch(dsn); m != nil {
		p := NewProxy(t, m[1])
		return strings.Replace(dsn, m[0], "tcp("+p.Addr+")", 1), p
	}
	if u, err := url.Parse(dsn); err == nil && u.Host != "" {
		port := u.Port()
		if port == "" {
			port = "5432"
		}
		p := NewProxy(t, net.JoinHostPort(u.Hostname(), port))
		u.Host = p.Addr
		return u.String(), p
	}
	at := map[string]string{"host": "localhost", "port": "5432"}
	for _, m := range keyword.FindAllStringSubmatch(dsn, -1) {
		at[m[1]] = m[2]
	}
	if strings.HasPrefix(at["host"], "/") {
		t.Skip("an outage was not tried: the DSN names a socket of the file system, and the proxy needs a TCP address")
	}
	p := NewProxy(t, net.JoinHostPort(at["host"], at["port"]))
	host, port, _ := net.SplitHostPort(p.Addr)
	return keyword.ReplaceAllString(dsn, "") + " host=" + host + " port=" + port, p
}
