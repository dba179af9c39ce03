package otel

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Scope is the name of the instrumentation scope of all spans and metrics, which
// exporters to Prometheus write as the label otel_scope_name.
const Scope = "github.com/advantch/kernia-go/core/otel"

// Options configures New. The zero value uses the global providers and propagator.
type Options struct {
	// TracerProvider makes the spans. Default otel.GetTracerProvider().
	TracerProvider trace.TracerProvider
	// MeterProvider makes the metrics. Default otel.GetMeterProvider().
	MeterProvider metric.MeterProvider
	// Propagator reads the trace of a request from its headers, such as traceparent, when
	// the framework has not done so. Default otel.GetTextMapPropagator(), which reads
	// nothing until the application sets one.
	Propagator propagation.TextMapPropagator
	// Public begins a new trace for each request and links it to the caller's. Without it
	// the caller decides about the id of the trace and, with the usual sampler, whether it
	// is recorded. Set it where browsers reach the server without a gateway in between. A
	// span that the framework has begun is the parent in any case.
	Public bool
	// Inject adds the headers of the propagator to outgoing requests, to hosts that users
	// supply as well. Default: they carry none. Providers would learn which of their
	// requests belong together, and baggage could tell them more.
	Inject bool
	// NoSpans and NoMetrics leave a part out.
	NoSpans, NoMetrics bool
	// Codes are error codes of the application's own hooks and operations that attributes
	// may name. Those of Kernia and its plugins are known; any other is written "_OTHER".
	Codes []string
	// NoStatements leaves out the spans of statements and transactions, but not their
	// metrics: for a driver that has spans of its own.
	NoStatements bool
}

func (o *Options) defaults() {
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	if o.Propagator == nil {
		o.Propagator = otel.GetTextMapPropagator()
	}
}
