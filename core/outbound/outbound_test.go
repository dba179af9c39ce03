package outbound_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/outbound"
)

const (
	publicIP = "93.184.215.14"
	idp      = "https://idp.example.com"
)

// names answers lookups from lists; each lookup of a name takes the next of its
// lists, and the last one for ever.
type names struct {
	mu    sync.Mutex
	lists map[string][][]string
	asked int
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	lists := n.lists[host]
	if len(lists) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(lists) > 1 {
		n.lists[host] = lists[1:]
	}
	out := make([]netip.Addr, len(lists[0]))
	for i, a := range lists[0] {
		out[i] = netip.MustParseAddr(a)
	}
	return out, nil
}

// world is an internet with one server at every public address.
type world struct {
	server *httptest.Server
	// certified is the name that the certificate is compared with, "" for that asked.
	certified string
	names     *names
	mu        sync.Mutex
	dialled   []string
}

func newWorld(t *testing.T, h http.HandlerFunc) *world {
	t.Helper()
	w := &world{certified: "example.com", names: &names{lists: map[string][][]string{
		"idp.example.com": {{publicIP}}, "other.example.com": {{publicIP}}, "sub.idp.example.com": {{publicIP}}, "example.com": {{publicIP}},
	}}}
	w.server = httptest.NewUnstartedServer(h)
	w.server.EnableHTTP2 = true
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) client(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	o.Resolver = w.names
	o.RootCAs = w.trust()
	c, err := outbound.NewDialling(o, w.certified, func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
		w.mu.Lock()
		w.dialled = append(w.dialled, a.String())
		w.mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, "tcp", w.server.Listener.Addr().String())
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// trust accepts the certificate of httptest.
func (w *world) trust() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(w.server.Certificate())
	return pool
}

func (w *world) dials() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.dialled...)
}

func get(t *testing.T, c *outbound.Client, url string) (*outbound.Response, error) {
	t.Helper()
	return outbound.Fetch(t.Context(), c.Client, outbound.Request{URL: url, Redirects: true})
}

// wantReason also checks that no error shows an address or URL.
func wantReason(t *testing.T, err error, want outbound.Reason) {
	t.Helper()
	if got := outbound.ReasonOf(err); got != want {
		t.Errorf("reason %q (%v), want %q", got, err, want)
		return
	}
	e, ok := errors.AsType[*outbound.Error](err)
	if !ok {
		t.Errorf("%T is no *outbound.Error", err)
		return
	}
	if text := e.Error(); strings.ContainsAny(text, "0123456789/[]") || strings.Contains(text, "example") {
		t.Errorf("the error tells where it went: %q", text)
	}
}

func TestAnswerOfPublicHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Host != "idp.example.com" || r.Header.Get("Cookie") != "" {
			t.Errorf("asked as %q with cookies %q", r.Host, r.Header.Get("Cookie"))
		}
		http.SetCookie(rw, &http.Cookie{Name: "seen", Value: "1"})
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = rw.Write([]byte(`{"issuer":"` + idp + `"}`))
	})
	c := w.client(t, outbound.Options{})
	for range 2 { // the second without the first one's cookie
		doc, err := outbound.FetchJSON[map[string]string](t.Context(), c.Client, outbound.Request{URL: idp + "/.well-known/openid-configuration"})
		if err != nil || doc["issuer"] != idp {
			t.Fatal(doc, err)
		}
	}
	if d := w.dials(); len(d) != 1 || d[0] != publicIP+":443" {
		t.Errorf("dialled %v", d)
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]outbound.Options{
		"everything":        {Allow: []string{"0.0.0.0/0"}},
		"everything of v6":  {Allow: []string{"::/0"}},
		"a mapped network":  {Allow: []string{"::ffff:10.0.0.0/104"}},
		"a URL":             {Allow: []string{"https://idp.corp"}},
		"a port":            {Allow: []string{"idp.corp:8443"}},
		"an empty entry":    {Allow: []string{""}},
		"a wildcard of all": {Allow: []string{"*"}},
		"a wildcard of com": {Allow: []string{"*.com"}},
		"an inner wildcard": {Allow: []string{"a.*.com"}},
		"a port of 0":       {Ports: []int{0}},
		"a port too high":   {Ports: []int{65536}},
		"negative time":     {Timeout: -1},
		"a negative body":   {MaxBody: -1},
		"a negative head":   {MaxHeader: -1},
	} {
		if _, err := outbound.New(o); err == nil || !strings.HasPrefix(err.Error(), "outbound: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGuardUsesNoProxyOfTheEnvironment(t *testing.T) {
	// Not parallel: it changes the environment.
	var proxied bool
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied = true }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("ALL_PROXY", proxy.URL)
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	if res, err := get(t, w.client(t, outbound.Options{}), idp); err != nil || res.Status != 204 || proxied {
		t.Errorf("%v %v, by the proxy: %v", res, err, proxied)
	}
}

func TestDefaultClientHasBounds(t *testing.T) {
	t.Parallel()
	c := outbound.Default()
	tr, ok := c.Transport.(*http.Transport)
	if !ok || c.Timeout <= 0 || c.Timeout > time.Minute || c.Jar != nil || tr.TLSClientConfig.MinVersion < tls.VersionTLS12 ||
		tr.MaxIdleConns <= 0 || tr.MaxIdleConnsPerHost <= 0 || tr.IdleConnTimeout <= 0 || tr.MaxResponseHeaderBytes <= 0 {
		t.Errorf("%+v", c)
	}
	if outbound.Default().Transport == c.Transport {
		t.Error("two defaults share their connections")
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {})
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // the point of the test
	old.Config.ErrorLog = quiet()
	old.StartTLS()
	defer old.Close()
	w.server, old = old, w.server
	_, err := get(t, w.client(t, outbound.Options{}), idp)
	wantReason(t, err, outbound.ReasonUnreachable)
}
