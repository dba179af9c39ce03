package main

import (
	"context"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/advantch/kernia-go/core"
	kotel "github.com/advantch/kernia-go/core/otel"
)

// observed records all spans, in batches as an exporter gets them, and all metrics.
func observed() *core.Observer {
	return kotel.New(kotel.Options{
		TracerProvider: trace.NewTracerProvider(trace.WithSampler(trace.AlwaysSample()), trace.WithBatcher(nowhere{})),
		MeterProvider:  metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())),
	})
}

// nowhere is an exporter that sends nothing: what sending costs depends on the exporter.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []trace.ReadOnlySpan) error { return nil }
func (nowhere) Shutdown(context.Context) error                          { return nil }
