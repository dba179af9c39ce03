package otel

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/advantch/kernia-go/core"
)

// carrier reads the headers of a request for a propagator.
type carrier struct{ core.Header }

// Set implements propagation.TextMapCarrier.
func (carrier) Set(string, string) {}

// Keys implements propagation.TextMapCarrier: propagators ask for the names they know.
func (carrier) Keys() []string { return nil }

func (o *observer) outgoing(next http.RoundTripper, guarded bool) http.RoundTripper {
	return &transport{o, next, guarded}
}

// transport sees the requests of one client.
type transport struct {
	*observer
	next    http.RoundTripper
	guarded bool
}

type outgoingKey struct {
	method, scheme, host, port, failure string
	status                              int
}

// RoundTrip implements http.RoundTripper. The exchange ends with the body of the answer.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	key := outgoingKey{method: methods.of(req.Method), scheme: req.URL.Scheme, host: t.host(req.URL.Hostname(), t.guarded)}
	if key.scheme != "https" {
		key.scheme = "http"
	}
	if key.host != "" && key.host != other {
		if key.port = req.URL.Port(); key.port == "" {
			key.port = map[string]string{"http": "80", "https": "443"}[key.scheme]
		}
	}
	name := key.method
	if name == other {
		name = "HTTP"
	}
	set := t.outgoingSet(key)
	ctx, span := t.tracer.Start(req.Context(), name, set.span, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(start))
	if t.inject {
		req = req.Clone(ctx)
		t.propagator.Inject(ctx, propagation.HeaderCarrier(req.Header))
	} else {
		req = req.WithContext(ctx)
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		key.failure = kind(err)
		t.sent(ctx, span, start, key)
		return res, err
	}
	key.status = res.StatusCode
	span.SetAttributes(semconv.HTTPResponseStatusCode(res.StatusCode))
	if res.StatusCode >= 400 {
		key.failure = strconv.Itoa(res.StatusCode)
	}
	if res.Body == nil || res.Body == http.NoBody || res.StatusCode == http.StatusSwitchingProtocols {
		t.sent(ctx, span, start, key)
		return res, nil
	}
	res.Body = &body{ReadCloser: res.Body, end: sync.OnceFunc(func() { t.sent(ctx, span, start, key) })}
	return res, nil
}

func (t *transport) sent(ctx context.Context, span trace.Span, start time.Time, key outgoingKey) {
	t.outgoingDuration.Record(ctx, seconds(start), t.outgoingSet(key).added)
	fail(span, key.failure)
}

func (t *transport) outgoingSet(key outgoingKey) *attributes {
	return attributesOf(t.observer, key, "", func() []attribute.KeyValue {
		list := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(key.method), semconv.URLScheme(key.scheme)}
		if key.host != "" {
			list = append(list, semconv.ServerAddress(key.host))
		}
		if port, err := strconv.Atoi(key.port); err == nil {
			list = append(list, semconv.ServerPort(port))
		}
		if key.status != 0 {
			list = append(list, semconv.HTTPResponseStatusCode(key.status))
		}
		if key.failure != "" {
			list = append(list, semconv.ErrorTypeKey.String(key.failure))
		}
		return list
	})
}

// body tells when it has been read or given up.
type body struct {
	io.ReadCloser
	end func()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

func (b *body) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
