package otel

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
)

// instruments are the metrics.
type instruments struct {
	requestDuration   metric.Float64Histogram
	operationDuration metric.Float64Histogram
	errors            metric.Int64Counter
	hookDuration      metric.Float64Histogram
	statementDuration metric.Float64Histogram
	outgoingDuration  metric.Float64Histogram
	hashesWaiting     metric.Int64UpDownCounter
	hashesRunning     metric.Int64UpDownCounter
	hashWait          metric.Float64Histogram
	hashDuration      metric.Float64Histogram
	taskDuration      metric.Float64Histogram
	signIns           metric.Int64Counter
	sessionsMade      metric.Int64Counter
	sessionsEnded     metric.Int64Counter
	rateLimited       metric.Int64Counter
	events            metric.Int64Counter
}

// Bounds of the buckets, in seconds: those that the semantic conventions advise for
// requests and for databases.
var (
	requestBounds   = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	statementBounds = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}
)

func newInstruments(m metric.Meter) instruments {
	return instruments{
		requestDuration:   histogram(m, "http.server.request.duration", "Duration of HTTP server requests.", requestBounds),
		operationDuration: histogram(m, "kernia.operation.duration", "Duration of operations with their hooks, over HTTP and from Go.", requestBounds),
		errors:            counter(m, "kernia.operation.errors", "{error}", "Answers that are errors, by code."),
		hookDuration:      histogram(m, "kernia.hook.duration", "Duration of hooks of plugins and of the application.", statementBounds),
		statementDuration: histogram(m, "db.client.operation.duration", "Duration of database client operations.", statementBounds),
		outgoingDuration:  histogram(m, "http.client.request.duration", "Duration of HTTP client requests.", requestBounds),
		hashesWaiting:     upDown(m, "kernia.password.queue.length", "{hash}", "Password hashes that wait for their turn."),
		hashesRunning:     upDown(m, "kernia.password.active", "{hash}", "Password hashes that are being computed."),
		hashWait:          histogram(m, "kernia.password.queue.wait", "Time that password hashes waited for their turn, or until they were refused.", requestBounds),
		hashDuration:      histogram(m, "kernia.password.duration", "Time that the computation of password hashes took.", requestBounds),
		taskDuration:      histogram(m, "kernia.task.duration", "Duration of background tasks, such as the sending of mails.", requestBounds),
		signIns:           counter(m, "kernia.sign_ins", "{sign_in}", "Sign-ins and failed sign-ins."),
		sessionsMade:      counter(m, "kernia.sessions.created", "{session}", "Sessions that were made."),
		sessionsEnded:     counter(m, "kernia.sessions.ended", "{session}", "Sessions that were removed by a sign-out, a revocation or an expiry that was noticed."),
		rateLimited:       counter(m, "kernia.rate_limit.refusals", "{request}", "Requests that exceeded a rate limit."),
		events:            counter(m, "kernia.events", "{event}", "Security events."),
	}
}

func histogram(m metric.Meter, name, what string, bounds []float64) metric.Float64Histogram {
	h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(what), metric.WithExplicitBucketBoundaries(bounds...))
	if err != nil {
		otel.Handle(err)
		return noopmetric.Float64Histogram{}
	}
	return h
}

func counter(m metric.Meter, name, unit, what string) metric.Int64Counter {
	c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
	if err != nil {
		otel.Handle(err)
		return noopmetric.Int64Counter{}
	}
	return c
}

func upDown(m metric.Meter, name, unit, what string) metric.Int64UpDownCounter {
	c, err := m.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(what))
	if err != nil {
		otel.Handle(err)
		return noopmetric.Int64UpDownCounter{}
	}
	return c
}
