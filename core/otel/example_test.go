package otel_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	kotel "github.com/advantch/kernia-go/core/otel"
)

func ExampleNew() {
	spans := tracetest.NewInMemoryExporter() // in a program: an exporter for OTLP, for example
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "an-example-secret-of-40-random-characters", AllowWeakSecret: true,
		Database: memory.New(),
		Observer: kotel.New(kotel.Options{TracerProvider: trace.NewTracerProvider(trace.WithSyncer(spans))}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var res core.Response
	auth.Serve(context.Background(), &core.Request{Method: "GET", Path: "/api/auth/ok"}, &res)
	for _, s := range spans.GetSpans() {
		fmt.Println(s.Name)
	}
	// Output:
	// ok
	// GET /api/auth/ok
}
