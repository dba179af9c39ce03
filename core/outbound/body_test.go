package outbound_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/outbound"
)

func escape(s string) string { return url.QueryEscape(s) }

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func zipped(t *testing.T, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBodiesEndAtTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 4096
	write := func(encoding string, body []byte) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			if encoding != "" {
				rw.Header().Set("Content-Encoding", encoding)
			}
			_, _ = rw.Write(body)
		}
	}
	// A flush of an empty buffer is a block that decompresses to nothing.
	var empty bytes.Buffer
	z := gzip.NewWriter(&empty)
	for range 3 * limit {
		_ = z.Flush()
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    outbound.Reason
		size    int
	}{
		"as long as allowed":              {write("", make([]byte, limit)), "", limit},
		"one byte more":                   {write("", make([]byte, limit+1)), outbound.ReasonTooLarge, 0},
		"compressed, as long as allowed":  {write("gzip", zipped(t, limit)), "", limit},
		"compressed, one byte more":       {write("gzip", zipped(t, limit+1)), outbound.ReasonTooLarge, 0},
		"OID-04 a bomb":                   {write("gzip", zipped(t, 16<<20)), outbound.ReasonTooLarge, 0},
		"OID-04 a small bomb":             {write("gzip", zipped(t, 1<<20)), outbound.ReasonTooLarge, 0},
		"OID-04 much that becomes little": {write("gzip", empty.Bytes()), outbound.ReasonTooLarge, 0},
		"no gzip":                         {write("gzip", []byte("hello")), outbound.ReasonBadResponse, 0},
		"gzip that ends early":            {write("gzip", zipped(t, 1000)[:20]), outbound.ReasonBadResponse, 0},
		"another encoding":                {write("br", []byte("x")), outbound.ReasonBadResponse, 0},
		"nothing, compressed":             {write("gzip", nil), "", 0},
		"a body that breaks off": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "100")
			_, _ = rw.Write([]byte("x"))
			_ = http.NewResponseController(rw).Flush()
			panic(http.ErrAbortHandler)
		}, outbound.ReasonBadResponse, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.handler)
			res, err := get(t, w.client(t, outbound.Options{MaxBody: limit}), idp)
			if test.want != "" {
				wantReason(t, err, test.want)
				return
			}
			if err != nil || len(res.Body) != test.size || res.Header.Get("Content-Encoding") != "" {
				t.Errorf("%v %v", res, err)
			}
		})
	}
	t.Run("OAU-09 endless, read without Fetch", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := rw.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		})
		c := w.client(t, outbound.Options{})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, idp, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		if n != outbound.DefaultMaxBody {
			t.Errorf("read %d", n)
		}
		wantReason(t, err, outbound.ReasonTooLarge)
	})
	t.Run("OAU-09 Fetch bounds what another client reads", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewServer(write("gzip", zipped(t, 16<<20)))
		defer s.Close()
		_, err := outbound.Fetch(t.Context(), s.Client(), outbound.Request{URL: s.URL})
		wantReason(t, err, outbound.ReasonTooLarge)
	})
}

func TestHeadsEndAtTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Long", strings.Repeat("a", 200<<10))
	})
	_, err := get(t, w.client(t, outbound.Options{}), idp)
	wantReason(t, err, outbound.ReasonUnreachable)
}

func TestTimeIsBounded(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	for name, h := range map[string]http.HandlerFunc{
		"OID-04 a stall": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"OAU-09 a slow body": func(rw http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = rw.Write([]byte("x"))
				_ = http.NewResponseController(rw).Flush()
				select {
				case <-time.After(10 * time.Millisecond):
				case <-r.Context().Done():
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, h)
			_, err := get(t, w.client(t, outbound.Options{Timeout: 300 * time.Millisecond}), idp)
			wantReason(t, err, outbound.ReasonTimeout)
		})
	}
	t.Run("OID-04 no handshake", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		w := newWorld(t, func(http.ResponseWriter, *http.Request) {})
		c, err := outbound.New(outbound.Options{Timeout: 300 * time.Millisecond, Allow: []string{"127.0.0.1"}, RootCAs: w.trust()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = get(t, c, "https://"+l.Addr().String())
		wantReason(t, err, outbound.ReasonTimeout)
	})
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	c, err := outbound.New(outbound.Options{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(t, c, "https://"+at)
	wantReason(t, err, outbound.ReasonUnreachable)

	w := newWorld(t, func(http.ResponseWriter, *http.Request) {})
	w.server.Config.ErrorLog = quiet()
	t.Run("a certificate of somebody else", func(t *testing.T) {
		w.certified = ""
		w.names.lists["idp.example.org"] = [][]string{{publicIP}}
		_, err := get(t, w.client(t, outbound.Options{}), "https://idp.example.org")
		wantReason(t, err, outbound.ReasonUnreachable)
	})
}

func TestFetchJSON(t *testing.T) {
	t.Parallel()
	type doc struct{ Issuer string }
	for name, test := range map[string]struct {
		status      int
		kind, body  string
		want        outbound.Reason
		wantsStatus int
	}{
		"a document":       {200, "application/json", `{"issuer":"x"}`, "", 0},
		"a kind of JSON":   {200, "application/jwk-set+json", `{"issuer":"x"}`, "", 0},
		"created":          {201, "application/json", `{"issuer":"x"}`, "", 0},
		"a page":           {200, "text/html", `{"issuer":"x"}`, outbound.ReasonBadResponse, 0},
		"JavaScript":       {200, "application/javascript", `{"issuer":"x"}`, outbound.ReasonBadResponse, 0},
		"a bad type":       {200, ";;", `{"issuer":"x"}`, outbound.ReasonBadResponse, 0},
		"not found":        {404, "application/json", `{"issuer":"x"}`, outbound.ReasonBadResponse, 404},
		"broken":           {500, "text/html", `<h1>`, outbound.ReasonBadResponse, 500},
		"no JSON":          {200, "application/json", `{"issuer":`, outbound.ReasonBadResponse, 0},
		"two values":       {200, "application/json", `{"issuer":"x"} {}`, outbound.ReasonBadResponse, 0},
		"another form":     {200, "application/json", `{"issuer":5}`, outbound.ReasonBadResponse, 0},
		"empty":            {200, "application/json", ``, outbound.ReasonBadResponse, 0},
		"deep":             {200, "application/json", strings.Repeat("[", 100_000), outbound.ReasonBadResponse, 0},
		"longer than read": {200, "application/json", `{"issuer":"` + strings.Repeat("x", 2000) + `"}`, outbound.ReasonTooLarge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", test.kind)
				rw.WriteHeader(test.status)
				_, _ = rw.Write([]byte(test.body))
			})
			r := outbound.Request{URL: idp}
			if test.want == outbound.ReasonTooLarge {
				r.MaxBody = 1000
			}
			d, err := outbound.FetchJSON[doc](t.Context(), w.client(t, outbound.Options{}).Client, r)
			if test.want == "" {
				if err != nil || d.Issuer != "x" {
					t.Errorf("%+v %v", d, err)
				}
				return
			}
			wantReason(t, err, test.want)
			if d != (doc{}) {
				t.Errorf("%+v beside an error", d)
			}
		})
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	type sent struct{ method, kind, body string }
	got := make(chan sent, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		text, _ := io.ReadAll(r.Body)
		got <- sent{r.Method, r.Header.Get("Content-Type"), string(text)}
	}))
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		r    outbound.Request
		want sent
	}{
		"none":   {outbound.Request{}, sent{"GET", "", ""}},
		"a form": {outbound.Request{Form: url.Values{"b": {"2 &"}, "a": {"1"}, "c": {""}}}, sent{"POST", "application/x-www-form-urlencoded", "a=1&b=2+%26"}},
		"JSON": {outbound.Request{JSON: map[string]int{"a": 1}, Header: http.Header{"Content-Type": {"text/plain"}}},
			sent{"POST", "application/json", `{"a":1}`}},
	} {
		test.r.URL = server.URL
		if _, err := outbound.Fetch(t.Context(), server.Client(), test.r); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := <-got; s != test.want {
			t.Errorf("%s: sent %+v, want %+v", name, s, test.want)
		}
	}
	if _, err := outbound.Fetch(t.Context(), server.Client(), outbound.Request{URL: server.URL, JSON: func() {}}); err == nil {
		t.Error("what has no JSON form was sent")
	}
	_, err := outbound.Fetch(t.Context(), server.Client(), outbound.Request{URL: server.URL + "/slow", Timeout: time.Millisecond})
	if outbound.ReasonOf(err) != outbound.ReasonTimeout {
		t.Errorf("after the timeout: %v", err)
	}
}
