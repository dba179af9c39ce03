package otel

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// New makes the observer for core.Options.Observer. Several servers may share it. An
// instrument that cannot be made is reported to the error handler of OpenTelemetry
// (otel.SetErrorHandler) and records nothing.
func New(opts Options) *core.Observer {
	opts.defaults()
	if opts.NoSpans {
		opts.TracerProvider = nooptrace.NewTracerProvider()
	}
	if opts.NoMetrics {
		opts.MeterProvider = noopmetric.NewMeterProvider()
	}
	o := &observer{
		instruments: newInstruments(opts.MeterProvider.Meter(Scope, metric.WithSchemaURL(semconv.SchemaURL))),
		tracer:      opts.TracerProvider.Tracer(Scope, trace.WithSchemaURL(semconv.SchemaURL)),
		propagator:  opts.Propagator, public: opts.Public, inject: opts.Inject, statementSpans: !opts.NoStatements,
		codes: newNames(0, undeclared...), methods: newNames(0), hosts: newNames(maxHosts),
	}
	o.codes.declare(opts.Codes...)
	return &core.Observer{
		Ready: o.ready, Request: o.request, Operation: o.operation, Hook: o.hook, Statement: o.statement, Hashing: o.hashing,
		Task: o.task, Outgoing: o.outgoing, Sessions: o.sessions, Event: o.event,
	}
}

// maxHosts bounds the hosts of outgoing requests that are told apart.
const maxHosts = 100

type observer struct {
	instruments
	tracer         trace.Tracer
	propagator     propagation.TextMapPropagator
	public, inject bool
	statementSpans bool

	codes, methods, hosts *names

	sets sync.Map // a key, which is a struct of declared names and numbers → *attributes
}

// attributes are those of a span or a metric, made once.
type attributes struct {
	name  string // of the span
	list  []attribute.KeyValue
	span  trace.SpanStartEventOption
	added metric.MeasurementOption
}

// attributesOf returns the attributes of a key, which list makes.
func attributesOf[K comparable](o *observer, key K, name string, list func() []attribute.KeyValue) *attributes {
	if found, ok := o.sets.Load(key); ok {
		return found.(*attributes)
	}
	all := list()
	a := &attributes{name: name, list: all, span: trace.WithAttributes(all...), added: metric.WithAttributeSet(attribute.NewSet(all...))}
	found, _ := o.sets.LoadOrStore(key, a)
	return found.(*attributes)
}

func (o *observer) ready(a *core.Auth) {
	for _, c := range a.ErrorCodes() {
		o.codes.declare(c.Code)
	}
	for _, m := range a.SignInMethods() {
		o.methods.declare(m.Name)
	}
}

// seconds since a moment.
func seconds(since time.Time) float64 { return time.Since(since).Seconds() }

// fail ends a span of something that failed.
func fail(span trace.Span, kind string) {
	if kind != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

type requestKey struct {
	method, scheme, route string
	status                int
}

func (o *observer) request(ctx context.Context, req *core.Request) (context.Context, func(core.ObservedRequest)) {
	start := time.Now()
	method, scheme := methods.of(req.Method), req.Scheme
	if scheme != "https" {
		scheme = "http"
	}
	options := [4]trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(start)}
	n := 2
	parent := trace.SpanContextFromContext(ctx)
	if !parent.IsValid() && req.Header != nil {
		came := o.propagator.Extract(ctx, carrier{req.Header})
		if parent = trace.SpanContextFromContext(came); !o.public {
			ctx = came
		}
	}
	switch {
	case parent.IsValid() && !parent.IsRemote():
		options[0] = trace.WithSpanKind(trace.SpanKindInternal) // the framework has the span of the server
	case parent.IsValid() && o.public:
		options[2], options[3], n = trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: parent}), 4
	}
	name := method
	if method == other {
		name = "HTTP"
	}
	ctx, span := o.tracer.Start(ctx, name, options[:n]...)
	return ctx, func(r core.ObservedRequest) {
		took := seconds(start)
		set := attributesOf(o, requestKey{method, scheme, r.Route, r.Status}, name+" "+r.Route, func() []attribute.KeyValue {
			list := []attribute.KeyValue{
				semconv.HTTPRequestMethodKey.String(method), semconv.URLScheme(scheme), semconv.HTTPResponseStatusCode(r.Status),
			}
			if r.Route != "" {
				list = append(list, semconv.HTTPRoute(r.Route))
			}
			if r.Status >= 500 {
				list = append(list, semconv.ErrorTypeKey.String(strconv.Itoa(r.Status)))
			}
			return list
		})
		o.requestDuration.Record(ctx, took, set.added)
		code := ""
		if r.Err != nil {
			var status int
			if status, code = o.answer(r.Err); !r.Ran && status >= 400 {
				o.refused(ctx, r.Operation, status, code)
			}
		}
		if span.IsRecording() {
			if r.Route != "" {
				span.SetName(set.name)
			}
			span.SetAttributes(set.list...)
			if code != "" {
				span.SetAttributes(keyCode.String(code))
			}
			if r.Status >= 500 {
				span.SetStatus(codes.Error, "")
			}
		}
		span.End()
	}
}

type refusedKey struct {
	operation, code string
	status          int
}

// refused counts an error that is an answer.
func (o *observer) refused(ctx context.Context, operation string, status int, code string) {
	o.errors.Add(ctx, 1, attributesOf(o, refusedKey{operation, code, status}, "", func() []attribute.KeyValue {
		list := []attribute.KeyValue{semconv.ErrorTypeKey.String(code), semconv.HTTPResponseStatusCode(status)}
		if operation != "" {
			list = append(list, keyOperation.String(operation))
		}
		return list
	}).added)
}

func (o *observer) operation(ctx context.Context, op core.ObservedOperation) (context.Context, func(error)) {
	start := time.Now()
	set := attributesOf(o, op, op.ID, func() []attribute.KeyValue {
		list := []attribute.KeyValue{keyOperation.String(op.ID), keyContext.String(source(op.Plugin, "core"))}
		if op.Route != "" {
			list = append(list, semconv.HTTPRoute(op.Route))
		}
		return list
	})
	ctx, span := o.tracer.Start(ctx, set.name, set.span, trace.WithTimestamp(start))
	return ctx, func(err error) {
		o.operationDuration.Record(ctx, seconds(start), set.added)
		if err == nil || errors.Is(err, core.ErrHeld) {
			span.End()
			return
		}
		status, code := o.answer(err)
		if status >= 400 {
			o.refused(ctx, op.ID, status, code)
		}
		if span.IsRecording() {
			span.SetAttributes(semconv.HTTPResponseStatusCode(status))
			if code != "" {
				span.SetAttributes(keyCode.String(code))
			}
			if status >= 500 {
				fail(span, kind(cause(err)))
				return
			}
		}
		span.End()
	}
}

// cause is the reason for an answer, as far as it is known.
func cause(err error) error {
	if e, ok := errors.AsType[*core.Error](err); ok && e.Cause != nil {
		return e.Cause
	}
	return err
}

func (o *observer) hook(ctx context.Context, h core.ObservedHook) (context.Context, func(error)) {
	start := time.Now()
	where := h.Route + h.Model
	set := attributesOf(o, h, "hook "+h.Type+" "+where+" "+source(h.Plugin, "user"), func() []attribute.KeyValue {
		list := []attribute.KeyValue{keyHook.String(h.Type), keyContext.String(source(h.Plugin, "user"))}
		if h.Model != "" {
			list = append(list, keyModel.String(h.Model))
		}
		return list
	})
	ctx, span := o.tracer.Start(ctx, set.name, set.span, trace.WithTimestamp(start))
	if h.Route != "" && span.IsRecording() {
		span.SetAttributes(semconv.HTTPRoute(h.Route))
	}
	return ctx, func(err error) {
		o.hookDuration.Record(ctx, seconds(start), set.added)
		if err == nil || !span.IsRecording() {
			span.End()
			return
		}
		status, code := o.answer(err)
		if code != "" {
			span.SetAttributes(keyCode.String(code))
		}
		if status < 500 {
			span.End()
			return
		}
		fail(span, kind(cause(err)))
	}
}

type statementKey struct {
	core.ObservedStatement
	failure string
}

func (o *observer) statement(ctx context.Context, s core.ObservedStatement) (context.Context, func(error)) {
	start := time.Now()
	set := o.statementSet(s, "")
	var span trace.Span
	if o.statementSpans {
		ctx, span = o.tracer.Start(ctx, set.name, set.span, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(start))
	}
	return ctx, func(err error) {
		failure := ""
		switch {
		case err == nil, errors.Is(err, adapter.ErrNotFound):
		case s.Operation == transaction:
			// Most transactions that are rolled back are refusals. The database's own
			// failures are those of its statements.
			if failure = kind(err); failure != "busy" && failure != "timeout" && failure != "canceled" {
				failure = ""
			}
		default:
			failure = kind(err)
		}
		o.statementDuration.Record(ctx, seconds(start), o.statementSet(s, failure).added)
		if span != nil {
			fail(span, failure)
		}
	}
}

// transaction is ObservedStatement.Operation of a transaction.
const transaction = "transaction"

func (o *observer) statementSet(s core.ObservedStatement, failure string) *attributes {
	name := s.Operation
	if s.Model != "" {
		name += " " + s.Model
	}
	return attributesOf(o, statementKey{s, failure}, name, func() []attribute.KeyValue {
		list := []attribute.KeyValue{semconv.DBSystemNameKey.String(system(s.Adapter)), semconv.DBOperationName(s.Operation)}
		if s.Model != "" {
			list = append(list, semconv.DBCollectionName(s.Model))
		}
		if failure != "" {
			list = append(list, semconv.ErrorTypeKey.String(failure))
		}
		return list
	})
}

type hashKey struct{ failure string }

func (o *observer) hashing(ctx context.Context) (begun func(error), ended func()) {
	start := time.Now()
	o.hashesWaiting.Add(ctx, 1)
	ctx, span := o.tracer.Start(ctx, "kernia.password.hash", trace.WithTimestamp(start))
	var from time.Time
	return func(err error) {
			from = time.Now()
			failure := ""
			if err != nil {
				failure = kind(err)
			}
			o.hashesWaiting.Add(ctx, -1)
			o.hashWait.Record(ctx, from.Sub(start).Seconds(), attributesOf(o, hashKey{failure}, "", func() []attribute.KeyValue {
				if failure == "" {
					return nil
				}
				return []attribute.KeyValue{semconv.ErrorTypeKey.String(failure)}
			}).added)
			if err != nil {
				fail(span, failure)
				return
			}
			span.AddEvent("begun", trace.WithTimestamp(from))
			o.hashesRunning.Add(ctx, 1)
		}, func() {
			o.hashesRunning.Add(ctx, -1)
			o.hashDuration.Record(ctx, seconds(from))
			span.End()
		}
}

type taskKey struct{ name, failure string }

func (o *observer) task(ctx context.Context, name string) (context.Context, func(error)) {
	start := time.Now()
	set := o.taskSet(name, "")
	ctx, span := o.tracer.Start(ctx, set.name, set.span, trace.WithTimestamp(start))
	return ctx, func(err error) {
		failure := ""
		if err != nil {
			failure = kind(err)
		}
		o.taskDuration.Record(ctx, seconds(start), o.taskSet(name, failure).added)
		fail(span, failure)
	}
}

func (o *observer) taskSet(name, failure string) *attributes {
	return attributesOf(o, taskKey{name, failure}, "task "+name, func() []attribute.KeyValue {
		list := []attribute.KeyValue{keyTask.String(name)}
		if failure != "" {
			list = append(list, semconv.ErrorTypeKey.String(failure))
		}
		return list
	})
}

func (o *observer) sessions(ctx context.Context, made, ended int64) {
	if made > 0 {
		o.sessionsMade.Add(ctx, made)
	}
	if ended > 0 {
		o.sessionsEnded.Add(ctx, ended)
	}
}

type (
	eventKey   struct{ kind core.EventType }
	signInKey  struct{ method, outcome, code string }
	refusalKey struct{ route string }
)

func (o *observer) event(ctx context.Context, e core.Event) {
	kinds := attributesOf(o, eventKey{e.Type}, "", func() []attribute.KeyValue { return []attribute.KeyValue{keyEvent.String(string(e.Type))} })
	o.events.Add(ctx, 1, kinds.added)
	code := ""
	if e.Code != "" {
		code = o.codes.of(e.Code)
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		if code == "" {
			span.AddEvent(string(e.Type))
		} else {
			span.AddEvent(string(e.Type), trace.WithAttributes(keyCode.String(code)))
		}
	}
	switch e.Type {
	case core.EventSignIn, core.EventSignInFailed:
		key := signInKey{outcome: "success", code: code}
		if e.Method != "" {
			key.method = o.methods.of(e.Method)
		}
		if e.Type == core.EventSignInFailed {
			key.outcome = "failure"
		}
		o.signIns.Add(ctx, 1, attributesOf(o, key, "", func() []attribute.KeyValue {
			list := []attribute.KeyValue{keyOutcome.String(key.outcome)}
			if key.method != "" {
				list = append(list, keyMethod.String(key.method))
			}
			if key.code != "" {
				list = append(list, semconv.ErrorTypeKey.String(key.code))
			}
			return list
		}).added)
	case core.EventRateLimited:
		route := "" // of no route
		if c, ok := core.CtxFrom(ctx); ok && len(e.Path) > 0 && e.Path[0] == '/' {
			route = c.Auth().RouteName(c.Method(), c.Req.Path)
		}
		o.rateLimited.Add(ctx, 1, attributesOf(o, refusalKey{route}, "", func() []attribute.KeyValue {
			if route == "" {
				return nil
			}
			return []attribute.KeyValue{semconv.HTTPRoute(route)}
		}).added)
	}
}
