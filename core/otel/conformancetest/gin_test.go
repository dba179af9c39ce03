// Package conformancetest plays whole flows through Gin and looks at every span and metric
// that the SDK gets.
package conformancetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	kotel "github.com/advantch/kernia-go/core/otel"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
	kernia "github.com/advantch/kernia-go/gin"
)

const (
	email    = "ada.lovelace@example.org"
	password = "correct horse battery"
	next     = "another horse battery"
	wrong    = "staple horse battery"
	agent    = "Mozilla/5.0 (a browser nobody should see)"
)

// world is a server on Gin whose spans and metrics are collected.
type world struct {
	*authtest.Env
	spans  *tracetest.InMemoryExporter
	reader *metric.ManualReader
	server *httptest.Server
	client *http.Client
	idp    *idptest.Provider

	mu      sync.Mutex
	secrets []string // what a client has sent or got
}

func open(t *testing.T, middleware bool, change func(o *core.Options, k *kotel.Options)) *world {
	t.Helper()
	gin.SetMode(gin.TestMode)
	w := &world{Env: authtest.NewEnv(t), spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader(), idp: idptest.Local("acme")}
	tracers := trace.NewTracerProvider(trace.WithSyncer(w.spans))
	meters := metric.NewMeterProvider(metric.WithReader(w.reader))
	k := kotel.Options{TracerProvider: tracers, MeterProvider: meters, Propagator: propagation.TraceContext{}}
	o := w.Options(emailpassword.New(emailpassword.Options{SendResetPassword: w.Mail("reset")}), social.New(w.idp.Config()), twofactor.New(twofactor.Options{}))
	o.HTTPClient = w.idp.Client()
	o.Logger = slog.New(kotel.LogHandler(slog.NewJSONHandler(w.Log, nil)))
	o.Store.User.AfterCreate = func(ctx context.Context, u *core.User) error { return nil }
	o.After = func(*core.Ctx) error { return nil }
	o.EmailVerification.Send = w.Mail("verify")
	o.RateLimit = core.RateLimitOptions{Account: ratelimit.Rule{Max: -1}, Rules: []ratelimit.Custom{
		{Pattern: "/reset-password", Rule: ratelimit.Rule{Window: time.Minute, Max: 2}}, {Pattern: "/**", Rule: ratelimit.Rule{Window: time.Minute, Max: 1000}},
	}}
	o.IPAddress.Headers = []string{"X-Forwarded-For"}
	o.IPAddress.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	if change != nil {
		change(&o, &k)
	}
	o.Observer = kotel.New(k)
	w.Open(o)
	router := gin.New()
	if middleware {
		router.Use(otelgin.Middleware("test", otelgin.WithTracerProvider(tracers), otelgin.WithMeterProvider(meters), otelgin.WithPropagators(propagation.TraceContext{})))
	}
	router.Use(kernia.Gin(w.Auth))
	w.server = httptest.NewServer(router)
	t.Cleanup(w.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

// send sends a request as a browser behind a proxy does, and returns the answer and its body.
func (w *world) send(t *testing.T, method, path string, body any, headers ...string) (*http.Response, string) {
	t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+"/api/auth"+path, &text)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Origin", authtest.BaseURL)
	req.Header.Set("X-Forwarded-For", "198.51.100.23")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		value, _ := url.QueryUnescape(c.Value)
		token, _, _ := strings.Cut(value, ".")
		w.secret(c.Value, value, token)
	}
	return res, got.String()
}

func (w *world) secret(values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		if len(v) > 6 {
			w.secrets = append(w.secrets, v)
		}
	}
}

// play signs up, in, wrongly, resets the password and signs in with a provider.
func (w *world) play(t *testing.T) {
	t.Helper()
	status := func(want int, res *http.Response, body string) string {
		t.Helper()
		if res.StatusCode != want {
			t.Fatalf("got %d, want %d: %s", res.StatusCode, want, body)
		}
		return body
	}
	post := func(want int, path string, body any) string {
		t.Helper()
		res, got := w.send(t, "POST", path, body)
		return status(want, res, got)
	}
	post(200, "/sign-up/email", map[string]any{"name": "Ada Lovelace", "email": email, "password": password})
	post(409, "/sign-up/email", map[string]any{"name": "Ada Lovelace", "email": email, "password": password})
	post(200, "/sign-out", map[string]any{})
	post(401, "/sign-in/email", map[string]any{"email": email, "password": wrong})
	post(200, "/sign-in/email", map[string]any{"email": email, "password": password})
	res, body := w.send(t, "GET", "/get-session?disableCookieCache=true", nil)
	status(200, res, body)
	post(200, "/request-password-reset", map[string]any{"email": email, "redirectTo": "/reset"})
	mail := w.LastMail()
	w.secret(mail.Token, mail.URL)
	res, body = w.send(t, "GET", "/reset-password/"+mail.Token+"?callbackURL=%2Freset", nil)
	status(302, res, body)
	post(200, "/reset-password", map[string]any{"token": mail.Token, "newPassword": next})
	post(400, "/reset-password", map[string]any{"token": mail.Token, "newPassword": next})
	post(429, "/reset-password", map[string]any{"token": mail.Token, "newPassword": next})
	post(403, "/sign-in/email", map[string]any{"email": email, "password": next, "callbackURL": "https://evil.example/?token=" + mail.Token})

	begun := post(200, "/sign-in/social", map[string]any{"provider": "acme", "callbackURL": "/dashboard"})
	var to struct{ URL string }
	if err := json.Unmarshal([]byte(begun), &to); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.secret(address.Query().Get("state"), address.Query().Get("code_challenge"))
	back := idptest.Visit(t, w.idp.Client(), idptest.As(to.URL, idptest.User{ID: "77", Name: "Grace Hopper", Email: "grace.hopper@example.org", EmailVerified: true}))
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	w.secret(at.Query().Get("code"))
	res, body = w.send(t, "GET", strings.TrimPrefix(at.Path, "/api/auth")+"?"+at.RawQuery, nil)
	status(302, res, body)
	if res.Header.Get("Location") != "/dashboard" {
		t.Fatalf("the callback leads to %s", res.Header.Get("Location"))
	}
	res, body = w.send(t, "GET", "/callback/acme?error=access_denied_by_"+url.QueryEscape(email)+"&state=nonsense-of-a-stranger", nil)
	status(302, res, body)
	res, body = w.send(t, "GET", "/nowhere/"+mail.Token, nil)
	status(404, res, body)
	res, body = w.send(t, "PURGE", "/get-session", nil)
	status(404, res, body)
	for _, asked := range w.idp.Asked() {
		for _, name := range []string{"code", "code_verifier", "client_secret"} {
			w.secret(asked.Get(name))
		}
	}
	w.secret(email, strings.Split(email, "@")[0], "grace.hopper", "Lovelace", "Hopper", password, next, wrong, agent, "Mozilla", "198.51.100", "127.0.0.1",
		"evil.example", "nonsense-of-a-stranger", authtest.Secret, "disableCookieCache", "callbackURL")
}

// texts are all texts of a span.
func texts(s tracetest.SpanStub) []string {
	out := []string{s.Name, s.Status.Description}
	add := func(list []attribute.KeyValue) {
		for _, kv := range list {
			out = append(out, string(kv.Key), kv.Value.Emit())
		}
	}
	add(s.Attributes)
	for _, e := range s.Events {
		out = append(out, e.Name)
		add(e.Attributes)
	}
	for _, l := range s.Links {
		add(l.Attributes)
	}
	return append(out, s.SpanContext.TraceState().String())
}

func (w *world) metrics(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := w.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		if scope.Scope.Name != kotel.Scope {
			continue
		}
		for _, m := range scope.Metrics {
			out[m.Name] = m
		}
	}
	return out
}

// points lists the attribute sets of a metric with their counts or sums.
func points(m metricdata.Metrics) map[attribute.Set]int64 {
	out := map[attribute.Set]int64{}
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			out[p.Attributes] += p.Value
		}
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			out[p.Attributes] += int64(p.Count)
		}
	}
	return out
}

// count is the count of all points that have these attributes.
func count(m metricdata.Metrics, want ...attribute.KeyValue) (n int64) {
	for set, c := range points(m) {
		if !slices.ContainsFunc(want, func(kv attribute.KeyValue) bool {
			v, ok := set.Value(kv.Key)
			return !ok || v.Emit() != kv.Value.Emit()
		}) {
			n += c
		}
	}
	return n
}

// Nothing that a client has sent or got is in any attribute.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	for _, middleware := range []bool{false, true} {
		w := open(t, middleware, nil)
		w.play(t)
		spans := w.spans.GetSpans()
		if len(spans) < 60 {
			t.Errorf("only %d spans", len(spans))
		}
		looked := 0
		look := func(where string, texts ...string) {
			for _, text := range texts {
				looked++
				for _, s := range w.secrets {
					if strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s)) {
						t.Errorf("%s has %q in %q", where, s, text)
					}
				}
			}
		}
		for _, s := range spans {
			if s.InstrumentationScope.Name == kotel.Scope { // otelgin writes addresses and paths
				look("the span "+s.Name, texts(s)...)
			}
		}
		for name, m := range w.metrics(t) {
			for set := range points(m) {
				look("the metric "+name, set.Encoded(attribute.DefaultEncoder()))
			}
		}
		if looked < 500 || len(w.secrets) < 30 {
			t.Errorf("looked at %d texts for %d secrets", looked, len(w.secrets))
		}
	}
}

// tree finds spans by their names.
type tree struct {
	t    *testing.T
	byID map[oteltrace.SpanID]tracetest.SpanStub
	all  tracetest.SpanStubs
}

func (w *world) tree(t *testing.T) tree {
	x := tree{t, map[oteltrace.SpanID]tracetest.SpanStub{}, w.spans.GetSpans()}
	for _, s := range x.all {
		x.byID[s.SpanContext.SpanID()] = s
	}
	return x
}

// path is the name of a span after those of the spans around it.
func (x tree) path(s tracetest.SpanStub) string {
	if parent, ok := x.byID[s.Parent.SpanID()]; ok {
		return x.path(parent) + " > " + s.Name
	}
	return s.Name
}

func (x tree) paths() map[string]int {
	out := map[string]int{}
	for _, s := range x.all {
		out[x.path(s)]++
	}
	return out
}

func value(s tracetest.SpanStub, key attribute.Key) string {
	for _, kv := range s.Attributes {
		if kv.Key == key {
			return kv.Value.Emit()
		}
	}
	return ""
}

func TestSpansNest(t *testing.T) {
	t.Parallel()
	w := open(t, false, nil)
	w.play(t)
	x := w.tree(t)
	paths := x.paths()
	const signIn = "POST /api/auth/sign-in/email > signInEmail"
	for _, want := range []string{
		signIn + " > findOne user", signIn + " > kernia.password.hash", signIn + " > transaction > create session",
		signIn + " > hook after /api/auth/sign-in/email user", "POST /api/auth/reset-password > resetPassword > hook before /api/auth/reset-password plugin:email-password",
		"POST /api/auth/sign-up/email > signUpEmail > hook create.after user user",
		"POST /api/auth/request-password-reset > requestPasswordReset > task sending a reset mail",
		"GET /api/auth/callback/:id > callbackOAuth > POST", "GET /api/auth/reset-password/:token > requestPasswordResetCallback",
		"POST /api/auth/reset-password", "GET", "HTTP",
	} {
		if paths[want] == 0 {
			t.Errorf("no span %s", want)
		}
	}
	if t.Failed() {
		for p, n := range paths {
			t.Log(n, p)
		}
	}
	for _, s := range x.all {
		if s.EndTime.Before(s.StartTime) || s.EndTime.IsZero() {
			t.Errorf("%s ends at %v", s.Name, s.EndTime)
		}
		if parent, ok := x.byID[s.Parent.SpanID()]; ok && s.StartTime.Before(parent.StartTime) {
			t.Errorf("%s begins before %s", s.Name, parent.Name)
		}
		isRoot := !s.Parent.IsValid()
		if (s.SpanKind == oteltrace.SpanKindServer) != isRoot {
			t.Errorf("%s is of kind %v", x.path(s), s.SpanKind)
		}
	}
	var failed, refused bool
	for _, s := range x.all {
		if s.Name == "signInEmail" && value(s, "kernia.error.code") == "INVALID_CREDENTIALS" && value(s, "http.response.status_code") == "401" {
			failed = slices.ContainsFunc(s.Events, func(e trace.Event) bool { return e.Name == "sign-in.failed" })
		}
		if s.Name == "POST /api/auth/reset-password" && value(s, "kernia.error.code") == "TOO_MANY_REQUESTS" {
			refused = value(s, "http.route") == "/api/auth/reset-password"
		}
	}
	if !failed || !refused {
		t.Errorf("a failed sign-in is recorded: %v, a refused request: %v", failed, refused)
	}
}

// The span of the framework is the parent, and only one span of a trace is a server's.
func TestFrameworkSpans(t *testing.T) {
	t.Parallel()
	w := open(t, true, nil)
	const caller = "4bf92f3577b34da6a3ce929d0e0e4736"
	if res, body := w.send(t, "GET", "/ok", nil, "traceparent", "00-"+caller+"-00f067aa0ba902b7-01"); res.StatusCode != 200 {
		t.Fatal(body)
	}
	x := w.tree(t)
	servers, found := 0, false
	for _, s := range x.all {
		if s.SpanContext.TraceID().String() != caller {
			t.Errorf("%s is of the trace %s", s.Name, s.SpanContext.TraceID())
		}
		if s.SpanKind == oteltrace.SpanKindServer {
			servers++
		}
		if s.Name == "GET /api/auth/ok" && s.InstrumentationScope.Name == kotel.Scope {
			parent, ok := x.byID[s.Parent.SpanID()]
			found = ok && parent.InstrumentationScope.Name != kotel.Scope
		}
	}
	if servers != 1 || !found {
		t.Errorf("%d spans of servers, below otelgin's: %v, %v", servers, found, x.paths())
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := open(t, false, nil)
	w.play(t)
	m := w.metrics(t)
	str := func(k, v string) attribute.KeyValue { return attribute.String(k, v) }
	for _, c := range []struct {
		name  string
		attrs []attribute.KeyValue
		want  int64
	}{
		{"http.server.request.duration", []attribute.KeyValue{str("http.route", "/api/auth/sign-up/email"), str("http.request.method", "POST"), attribute.Int("http.response.status_code", 409)}, 1},
		{"http.server.request.duration", []attribute.KeyValue{str("http.route", "/api/auth/reset-password/:token"), attribute.Int("http.response.status_code", 302)}, 1},
		{"http.server.request.duration", []attribute.KeyValue{str("http.request.method", "_OTHER")}, 1},
		{"kernia.operation.duration", []attribute.KeyValue{str("kernia.operation_id", "signInEmail"), str("kernia.context", "plugin:email-password")}, 2},
		{"kernia.operation.errors", []attribute.KeyValue{str("kernia.operation_id", "signInEmail"), str("error.type", "INVALID_CREDENTIALS")}, 1},
		{"kernia.operation.errors", []attribute.KeyValue{str("kernia.operation_id", "signInEmail"), str("error.type", "INVALID_CALLBACK_URL")}, 1},
		{"kernia.operation.errors", []attribute.KeyValue{str("kernia.operation_id", "resetPassword"), str("error.type", "TOO_MANY_REQUESTS")}, 1},
		{"kernia.operation.errors", []attribute.KeyValue{str("error.type", "NOT_FOUND")}, 2},
		{"kernia.sign_ins", []attribute.KeyValue{str("kernia.sign_in.outcome", "success"), str("kernia.sign_in.method", "email")}, 2},
		{"kernia.sign_ins", []attribute.KeyValue{str("kernia.sign_in.outcome", "success"), str("kernia.sign_in.method", "acme")}, 1},
		{"kernia.sign_ins", []attribute.KeyValue{str("kernia.sign_in.outcome", "failure"), str("kernia.sign_in.method", "email"), str("error.type", "INVALID_EMAIL_OR_PASSWORD")}, 1},
		{"kernia.sessions.created", nil, 3},
		{"kernia.sessions.ended", nil, 1},
		{"kernia.rate_limit.refusals", []attribute.KeyValue{str("http.route", "/api/auth/reset-password")}, 1},
		{"kernia.password.queue.length", nil, 0},
		{"kernia.password.active", nil, 0},
		{"db.client.operation.duration", []attribute.KeyValue{str("db.operation.name", "create"), str("db.collection.name", "session"), str("db.system.name", "memory")}, 3},
		{"http.client.request.duration", []attribute.KeyValue{str("server.address", "acme.example"), str("http.request.method", "POST"), attribute.Int("server.port", 443)}, 1},
		{"kernia.task.duration", []attribute.KeyValue{str("kernia.task", "sending a reset mail")}, 1},
		{"kernia.events", []attribute.KeyValue{str("kernia.event.type", "password.reset")}, 1},
	} {
		if got := count(m[c.name], c.attrs...); got != c.want {
			t.Errorf("%s %v: %d, want %d", c.name, c.attrs, got, c.want)
		}
	}
	if count(m["kernia.password.duration"]) < 4 || count(m["kernia.password.queue.wait"]) < 4 || count(m["kernia.hook.duration"], str("kernia.hook.type", "create.after")) == 0 {
		t.Error("hashes or hooks are not measured")
	}
	if t.Failed() {
		for name, one := range m {
			for set, n := range points(one) {
				t.Log(name, n, set.Encoded(attribute.DefaultEncoder()))
			}
		}
	}
}

// A client cannot make series: paths, methods and hosts of its own have none.
func TestBoundedSeries(t *testing.T) {
	t.Parallel()
	w := open(t, false, nil)
	series := func() (n int) {
		for _, m := range w.metrics(t) {
			n += len(points(m))
		}
		return n
	}
	ask := func(i int) {
		w.send(t, "GET", fmt.Sprintf("/reset-password/token%d?callbackURL=%%2F%d", i, i), nil)
		w.send(t, "GET", fmt.Sprintf("/elsewhere/%d", i), nil)
		w.send(t, fmt.Sprintf("METHOD%d", i), "/ok", nil)
		w.send(t, "GET", fmt.Sprintf("/callback/p%d?error=e%d&state=%d", i, i, i), nil)
		w.send(t, "POST", "/sign-in/social", map[string]any{"provider": fmt.Sprint("p", i)})
	}
	ask(0)
	first := series()
	for i := 1; i < 30; i++ {
		ask(i)
	}
	if then := series(); then != first {
		t.Errorf("%d series have become %d", first, then)
	}
}

// played are the metrics after the flows.
func (w *world) played(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	w.play(t)
	return w.metrics(t)
}
