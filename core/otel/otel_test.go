package otel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	kotel "github.com/advantch/kernia-go/core/otel"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// world collects what an observer reports.
type world struct {
	spans  *tracetest.InMemoryExporter
	reader *metric.ManualReader
	opts   kotel.Options
}

func newWorld() *world {
	w := &world{spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
	w.opts = kotel.Options{
		TracerProvider: trace.NewTracerProvider(trace.WithSyncer(w.spans)), MeterProvider: metric.NewMeterProvider(metric.WithReader(w.reader)),
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
	return w
}

func (w *world) open(t testing.TB, change func(*core.Options), plugins ...core.Plugin) *authtest.Env {
	t.Helper()
	return authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Observer = kotel.New(w.opts)
		if change != nil {
			change(o)
		}
	}, plugins...)
}

func (w *world) named(name string) []tracetest.SpanStub {
	return slices.DeleteFunc(w.spans.GetSpans(), func(s tracetest.SpanStub) bool { return s.Name != name })
}

func (w *world) one(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	all := w.named(name)
	if len(all) != 1 {
		names := []string{}
		for _, s := range w.spans.GetSpans() {
			names = append(names, s.Name)
		}
		t.Fatalf("%d spans %q among %q", len(all), name, names)
	}
	return all[0]
}

func value(s tracetest.SpanStub, key string) string {
	for _, kv := range s.Attributes {
		if string(kv.Key) == key {
			return kv.Value.Emit()
		}
	}
	return ""
}

// total is the sum of a counter, or the count of a histogram, over points with attributes.
func (w *world) total(t *testing.T, name string, want ...attribute.KeyValue) (n int64) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := w.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	has := func(set attribute.Set) bool {
		return !slices.ContainsFunc(want, func(kv attribute.KeyValue) bool { v, ok := set.Value(kv.Key); return !ok || v != kv.Value })
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					if has(p.Attributes) {
						n += p.Value
					}
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					if has(p.Attributes) {
						n += int64(p.Count)
					}
				}
			}
		}
	}
	return n
}

func serve(t *testing.T, a *core.Auth, ctx context.Context, method, path string, header http.Header) *core.Response {
	t.Helper()
	var res core.Response
	a.Serve(ctx, &core.Request{Method: method, Path: "/api/auth" + path, Scheme: "http", Host: "localhost:3000", Header: header}, &res)
	return &res
}

const (
	callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callerSpan  = "00f067aa0ba902b7"
)

func caller() http.Header {
	return http.Header{"Traceparent": {"00-" + callerTrace + "-" + callerSpan + "-01"}, "Baggage": {"user=ada@example.com"}}
}

func TestParents(t *testing.T) {
	t.Parallel()
	tracer := func(w *world) oteltrace.Tracer { return w.opts.TracerProvider.Tracer("framework") }
	for _, c := range []struct {
		name   string
		public bool
		parent bool // a span of the framework
		header http.Header
		check  func(t *testing.T, s tracetest.SpanStub, framework oteltrace.SpanContext)
	}{
		{"nobody", false, false, nil, func(t *testing.T, s tracetest.SpanStub, _ oteltrace.SpanContext) {
			if s.Parent.IsValid() || s.SpanKind != oteltrace.SpanKindServer {
				t.Errorf("parent %v, kind %v", s.Parent, s.SpanKind)
			}
		}},
		{"the caller", false, false, caller(), func(t *testing.T, s tracetest.SpanStub, _ oteltrace.SpanContext) {
			if s.SpanContext.TraceID().String() != callerTrace || s.Parent.SpanID().String() != callerSpan || s.SpanKind != oteltrace.SpanKindServer {
				t.Errorf("parent %v, kind %v", s.Parent, s.SpanKind)
			}
		}},
		{"the caller of a public server", true, false, caller(), func(t *testing.T, s tracetest.SpanStub, _ oteltrace.SpanContext) {
			if s.Parent.IsValid() || s.SpanContext.TraceID().String() == callerTrace || len(s.Links) != 1 || s.Links[0].SpanContext.SpanID().String() != callerSpan {
				t.Errorf("parent %v, links %v", s.Parent, s.Links)
			}
		}},
		{"the framework", true, true, caller(), func(t *testing.T, s tracetest.SpanStub, framework oteltrace.SpanContext) {
			if s.Parent.SpanID() != framework.SpanID() || s.SpanKind != oteltrace.SpanKindInternal {
				t.Errorf("parent %v, kind %v", s.Parent, s.SpanKind)
			}
		}},
		{"nonsense", false, false, http.Header{"Traceparent": {"00-zz-zz-01"}}, func(t *testing.T, s tracetest.SpanStub, _ oteltrace.SpanContext) {
			if s.Parent.IsValid() {
				t.Errorf("parent %v", s.Parent)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.opts.Public = c.public
			e := w.open(t, nil)
			ctx := t.Context()
			var framework oteltrace.Span = oteltrace.SpanFromContext(ctx)
			if c.parent {
				ctx, framework = tracer(w).Start(ctx, "framework")
			}
			if res := serve(t, e.Auth, ctx, "GET", "/ok", c.header); res.Status != 200 {
				t.Fatal(res.Status)
			}
			c.check(t, w.one(t, "GET /api/auth/ok"), framework.SpanContext())
		})
	}
}

// failing is a plugin whose operation ends as its test wants.
type failing struct{ run func(*core.Ctx) error }

func (*failing) ID() string { return "failing" }

func (f *failing) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Operations: []core.Operation{core.Get("fail", "/fail", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
		return core.StatusReply{}, f.run(c)
	})}}, nil
}

func TestErrors(t *testing.T) {
	t.Parallel()
	const secret = "ada@example.com has the token 0123456789"
	for _, c := range []struct {
		name       string
		run        func(*core.Ctx) error
		status     int
		code, kind string // of the operation's span
	}{
		{"a refusal", func(*core.Ctx) error { return core.Fail(403, core.CodeSessionNotFresh) }, 403, "SESSION_NOT_FRESH", ""},
		{"a code of its own", func(*core.Ctx) error { return core.FailText(400, secret) }, 400, "_OTHER", ""},
		{"a code that was declared", func(*core.Ctx) error { return core.FailText(400, "frozen") }, 400, "FROZEN", ""},
		{"a redirect", func(c *core.Ctx) error { return c.Redirect("/?token=0123456789") }, 302, "", ""},
		{"a failure", func(*core.Ctx) error { return errors.New(secret) }, 500, "INTERNAL_SERVER_ERROR", "*errors.errorString"},
		{"a busy queue", func(*core.Ctx) error { return &password.BusyError{RetryAfter: 1} }, 503, "SERVER_BUSY", "busy"},
		{"a panic", func(*core.Ctx) error { panic(secret) }, 500, "INTERNAL_SERVER_ERROR", "*errors.errorString"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.opts.Codes = []string{"FROZEN"}
			e := w.open(t, nil, &failing{c.run})
			if res := serve(t, e.Auth, t.Context(), "GET", "/fail", nil); res.Status != c.status {
				t.Fatalf("%d %s", res.Status, res.Body)
			}
			op, req := w.one(t, "fail"), w.one(t, "GET /api/auth/fail")
			if op.Parent.SpanID() != req.SpanContext.SpanID() {
				t.Error("the operation is not within the request")
			}
			if got := value(op, "kernia.error.code"); got != c.code || value(req, "kernia.error.code") != c.code {
				t.Errorf("codes %q and %q, want %q", got, value(req, "kernia.error.code"), c.code)
			}
			if got := value(op, "error.type"); got != c.kind {
				t.Errorf("error.type %q, want %q", got, c.kind)
			}
			if failed := c.status >= 500; (op.Status.Code == codes.Error) != failed || (req.Status.Code == codes.Error) != failed || op.Status.Description+req.Status.Description != "" {
				t.Errorf("%v, %v", op.Status, req.Status)
			}
			want := int64(1)
			if c.status < 400 {
				want = 0
			}
			if got := w.total(t, "kernia.operation.errors"); got != want {
				t.Errorf("%d errors are counted", got)
			}
			for _, s := range w.spans.GetSpans() {
				if len(s.Events) > 0 {
					t.Errorf("%s has the events %v", s.Name, s.Events)
				}
			}
		})
	}
}

// A call from Go has no request, and its operation is within the span of the caller.
func TestCallsFromGo(t *testing.T) {
	t.Parallel()
	w := newWorld()
	e := w.open(t, nil, emailpassword.New(emailpassword.Options{}))
	ctx, span := w.opts.TracerProvider.Tracer("job").Start(t.Context(), "job")
	if res, err := e.Auth.Invoke(ctx, "getSession", core.Invocation{}); err != nil || res.Status != 200 {
		t.Fatal(res, err)
	}
	if _, err := e.Auth.DB().Count(ctx, core.ModelUser, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"getSession", "count user"} {
		if s := w.one(t, name); s.Parent.SpanID() != span.SpanContext().SpanID() {
			t.Errorf("%s is not within the caller's span", name)
		}
	}
	if n := w.total(t, "http.server.request.duration"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	w := newWorld()
	e := w.open(t, nil)
	ctx, db := t.Context(), e.Auth.DB()
	if _, err := db.FindOne(ctx, adapter.Find{Model: core.ModelUser, Where: adapter.By("id", "nobody")}); !errors.Is(err, adapter.ErrNotFound) {
		t.Fatal(err)
	}
	if s := w.one(t, "findOne user"); s.Status.Code != codes.Unset || value(s, "error.type") != "" || s.SpanKind != oteltrace.SpanKindClient {
		t.Errorf("not found: %v %v", s.Status, s.Attributes)
	}
	user := adapter.Record{"email": "ada@example.com", "name": "Ada"}
	if _, err := db.Create(ctx, core.ModelUser, user); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Create(ctx, core.ModelUser, user); !errors.Is(err, adapter.ErrUnique) {
		t.Fatal(err)
	}
	if n := w.total(t, "db.client.operation.duration", attribute.String("error.type", "unique"), attribute.String("db.operation.name", "create")); n != 1 {
		t.Errorf("%d statements violate a unique key", n)
	}
	refused := core.Fail(403, core.CodeUnauthorized)
	if err := db.Tx(ctx, func(ctx context.Context) error { return refused }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if s := w.one(t, "transaction"); s.Status.Code != codes.Unset {
		t.Errorf("a refusal in a transaction: %v", s.Status)
	}
}

func TestNoSpansNoMetricsNoStatements(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.opts.NoSpans = true
	serve(t, w.open(t, nil).Auth, t.Context(), "GET", "/ok", caller())
	if n := len(w.spans.GetSpans()); n != 0 || w.total(t, "http.server.request.duration") != 1 {
		t.Errorf("NoSpans: %d spans", n)
	}
	w = newWorld()
	w.opts.NoMetrics = true
	serve(t, w.open(t, nil).Auth, t.Context(), "GET", "/ok", nil)
	if n := len(w.spans.GetSpans()); n != 2 || w.total(t, "http.server.request.duration") != 0 {
		t.Errorf("NoMetrics: %d spans", n)
	}
	w = newWorld()
	w.opts.NoStatements = true
	if _, err := w.open(t, nil).Auth.DB().Count(t.Context(), core.ModelUser, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(w.spans.GetSpans()); n != 0 || w.total(t, "db.client.operation.duration") != 1 {
		t.Errorf("NoStatements: %d spans", n)
	}
}

// Requests to other servers carry nothing of the trace unless that is asked for, and
// their queries, their hosts if users supply them, and literal addresses are not told.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = r.Header.Clone()
		rw.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(rw, "short and stout")
	}))
	t.Cleanup(server.Close)
	for _, inject := range []bool{false, true} {
		w := newWorld()
		w.opts.Inject = inject
		e := w.open(t, func(o *core.Options) {
			o.GuardedHTTP = outbound.Options{Allow: []string{"127.0.0.1", "localhost"}, AllowHTTP: true}
		})
		member, _ := baggage.NewMember("user", "ada")
		bag, _ := baggage.New(member)
		ctx, span := w.opts.TracerProvider.Tracer("job").Start(baggage.ContextWithBaggage(t.Context(), bag), "job")
		named := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
		for _, c := range []struct {
			client *http.Client
			url    string
			host   string
		}{{e.Auth.HTTP(), named, "localhost"}, {e.Auth.HTTP(), server.URL, ""}, {e.Auth.GuardedHTTP().Client, named, ""}} {
			w.spans.Reset()
			res, err := outbound.Fetch(ctx, c.client, outbound.Request{URL: c.url + "/path/secret?token=secret"})
			if err != nil || res.Status != http.StatusTeapot || string(res.Body) != "short and stout" {
				t.Fatal(res, err)
			}
			mu.Lock()
			if sent := got.Get("Traceparent") + got.Get("Baggage"); (sent != "") != inject {
				t.Errorf("inject %v: sent %q", inject, sent)
			}
			mu.Unlock()
			s := w.one(t, "GET")
			if s.Parent.SpanID() != span.SpanContext().SpanID() || value(s, "server.address") != c.host || value(s, "http.response.status_code") != "418" || s.Status.Code != codes.Error {
				t.Errorf("%s: %v %v", c.url, s.Attributes, s.Status)
			}
			for _, kv := range s.Attributes {
				if strings.Contains(kv.Value.Emit(), "secret") {
					t.Errorf("%v", kv)
				}
			}
		}
		if n := w.total(t, "http.client.request.duration"); n != 3 {
			t.Errorf("%d requests", n)
		}
		if err := e.Auth.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	w := newWorld()
	e := w.open(t, nil)
	if _, err := outbound.Fetch(t.Context(), e.Auth.GuardedHTTP().Client, outbound.Request{URL: "https://127.0.0.1/"}); err == nil {
		t.Fatal("the guard is gone")
	}
	if s := w.one(t, "GET"); value(s, "error.type") != "private_host" {
		t.Errorf("%v", s.Attributes)
	}
}

func TestHashing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	e := w.open(t, func(o *core.Options) { o.Password.Parallel, o.Password.Queue = 1, 1000 })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := e.Auth.HashPassword(t.Context(), "correct horse"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Auth.HashPassword(gone, "correct horse"); err == nil {
		t.Error("a hash for nobody")
	}
	for name, want := range map[string]int64{"kernia.password.queue.length": 0, "kernia.password.active": 0, "kernia.password.queue.wait": 21, "kernia.password.duration": 20} {
		if got := w.total(t, name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if n := w.total(t, "kernia.password.queue.wait", attribute.String("error.type", "canceled")); n != 1 {
		t.Errorf("%d canceled", n)
	}
}

// RACE: many requests, sign-ins and statements share one observer, and two servers do.
func TestRace(t *testing.T) {
	t.Parallel()
	w := newWorld()
	observer := kotel.New(w.opts)
	var servers []*authtest.Env
	for range 2 {
		servers = append(servers, w.open(t, func(o *core.Options) {
			o.Observer, o.OnEvent, o.Background = observer, nil, nil
		}, emailpassword.New(emailpassword.Options{})))
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := servers[i%2].Client()
			c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": string(rune('a'+i%26)) + string(rune('a'+i/26)) + "@example.com", "password": "correct horse"}).Want(t, 200, "")
			c.Get("/get-session").Want(t, 200, "")
			c.Post("/sign-out", map[string]any{}).Want(t, 200, "")
		})
	}
	wg.Wait()
	for _, e := range servers {
		if err := e.Auth.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]int64{"http.server.request.duration": 150, "kernia.sessions.created": 50, "kernia.sessions.ended": 50, "kernia.sign_ins": 50} {
		if got := w.total(t, name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	byID := map[oteltrace.SpanID]tracetest.SpanStub{}
	for _, s := range w.spans.GetSpans() {
		byID[s.SpanContext.SpanID()] = s
	}
	for _, s := range byID {
		if s.Name == "signUpEmail" && byID[s.Parent.SpanID()].Name != "POST /api/auth/sign-up/email" {
			t.Errorf("an operation is within %q", byID[s.Parent.SpanID()].Name)
		}
	}
}

func TestLogHandler(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var text bytes.Buffer
	e := w.open(t, func(o *core.Options) { o.Logger = slog.New(kotel.LogHandler(slog.NewJSONHandler(&text, nil))) },
		&failing{func(*core.Ctx) error { return errors.New("out of order") }})
	serve(t, e.Auth, t.Context(), "GET", "/fail", nil)
	var line struct {
		Msg     string
		TraceID string `json:"trace_id"`
		SpanID  string `json:"span_id"`
	}
	if err := json.Unmarshal(text.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, &text)
	}
	s := w.one(t, "GET /api/auth/fail")
	if line.Msg != "a request failed" || line.TraceID != s.SpanContext.TraceID().String() || line.SpanID != s.SpanContext.SpanID().String() {
		t.Errorf("%+v is not of %v", line, s.SpanContext)
	}
	text.Reset()
	slog.New(kotel.LogHandler(slog.NewJSONHandler(&text, nil))).With("a", 1).WithGroup("g").Info("outside of a span")
	if strings.Contains(text.String(), "trace_id") || !strings.Contains(text.String(), `"a":1`) {
		t.Errorf("%s", &text)
	}
}

// The codes of flows with providers are in no list of error codes.
func TestCodesOfProviders(t *testing.T) {
	t.Parallel()
	for _, code := range []string{oauth.RefusedState, oauth.RefusedStateMismatch, oauth.RefusedStateMissing, oauth.RefusedIssuerMismatch, oauth.RefusedIssuerMissing,
		oauth.RefusedNoCode, oauth.RefusedCode, oauth.RefusedUserInfo, oauth.RefusedNoEmail, oauth.RefusedNotLinked, oauth.RefusedSignUp, oauth.RefusedCreateUser,
		oauth.RefusedCreateSession, oauth.RefusedLink, oauth.RefusedLinkEmail, oauth.RefusedLinkTaken, oauth.RefusedProvider} {
		w := newWorld()
		e := w.open(t, nil, &failing{func(c *core.Ctx) error {
			c.Emit(core.Event{Type: core.EventSignInFailed, Code: code})
			return nil
		}})
		serve(t, e.Auth, t.Context(), "GET", "/fail", nil)
		if n := w.total(t, "kernia.sign_ins", attribute.String("error.type", code)); n != 1 {
			t.Errorf("the code %q is not told", code)
		}
	}
}
