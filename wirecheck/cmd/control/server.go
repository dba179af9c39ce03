package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

// server dispatches control calls, and requests under test to their instance.
type server struct {
	origin string
	mount  mount
	rows   backend
	quick  bool // quickHashing

	mu        sync.RWMutex
	instances map[string]*instance
}

func newServer(origin string, m mount, rows backend) *server {
	return &server{origin: origin, mount: m, rows: rows, instances: map[string]*instance{}}
}

// refusal is a control call's answer other than success.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func unsupported(format string, args ...any) error {
	return &refusal{http.StatusNotImplemented, fmt.Sprintf(format, args...)}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id := r.Header.Get("X-Ba-Instance"); id != "" {
		s.forward(w, r, id)
		return
	}
	answer, err := s.control(r)
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		var known *refusal
		if errors.As(err, &known) {
			status = known.status
		}
		answer = object("error", encodeError(err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer.AppendJSON(nil))
}

func (s *server) find(id string) (*instance, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i := s.instances[id]; i != nil {
		return i, nil
	}
	return nil, &refusal{http.StatusNotFound, "no instance " + id}
}

// limits are generous: what is read here was written by the test.
var limits = wire.Limits{Depth: 1000, Members: 1 << 22}

func (s *server) control(r *http.Request) (wire.Value, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return wire.Value{}, err
	}
	message := object()
	if len(body) > 0 {
		if message, err = wire.Parse(body, limits); err != nil {
			return wire.Value{}, &refusal{http.StatusBadRequest, err.Error()}
		}
	}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/__instances")
	parts := strings.Split(strings.TrimPrefix(rest, "/"), "/")
	unknown := &refusal{http.StatusNotFound, "no control call " + r.Method + " " + r.URL.Path}
	if r.Method == http.MethodGet && r.URL.Path == "/__plugins" {
		var names []wire.Value
		for _, name := range slices.Sorted(maps.Keys(factories)) {
			names = append(names, wire.String(name))
		}
		return object("factories", wire.Array(names...)), nil
	}
	if !ok {
		return wire.Value{}, unknown
	}
	if rest == "" && r.Method == http.MethodPost {
		return s.create(r.Context(), message)
	}
	i, err := s.find(parts[0])
	if err != nil {
		return wire.Value{}, err
	}
	switch {
	case len(parts) == 1 && r.Method == http.MethodDelete:
		s.mu.Lock()
		delete(s.instances, i.id)
		s.mu.Unlock()
		return object(), i.close(r.Context())
	case len(parts) == 2 && parts[1] == "clock":
		i.clock.set(message.Get("now"))
		return object(), nil
	case len(parts) == 2 && parts[1] == "db":
		result, err := i.db(r.Context(), message)
		var known *refusal
		switch {
		case errors.As(err, &known):
			return wire.Value{}, err
		case err != nil:
			return object("error", encodeError(err)), nil
		}
		return object("result", result), nil
	case len(parts) == 2 && parts[1] == "openapi":
		return wire.Parse(i.auth.OpenAPI(), limits)
	case len(parts) == 3 && parts[1] == "api":
		name, err := url.PathUnescape(parts[2])
		if err != nil {
			return wire.Value{}, unknown
		}
		return i.api(r.Context(), name, message.Get("input"))
	}
	return wire.Value{}, unknown
}

func (s *server) create(ctx context.Context, spec wire.Value) (wire.Value, error) {
	id, _ := spec.Get("id").Str()
	if id == "" {
		var err error
		if id, err = secret.ID(randomness); err != nil {
			return wire.Value{}, err
		}
	}
	if _, err := s.find(id); err == nil {
		return wire.Value{}, &refusal{http.StatusConflict, "instance " + id + " exists"}
	}
	i, err := newInstance(ctx, id, spec, s)
	if err != nil {
		return wire.Value{}, err
	}
	s.mu.Lock()
	s.instances[id] = i
	s.mu.Unlock()
	return object("id", id, "url", s.origin), nil
}

// close ends the instances that are left, and removes all databases.
func (s *server) close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for id, i := range s.instances {
		errs = append(errs, i.close(ctx))
		delete(s.instances, id)
	}
	if s.rows.close != nil {
		errs = append(errs, s.rows.close(ctx))
	}
	return errors.Join(errs...)
}

// forward hands a request to its instance as if it had come to the original URL.
func (s *server) forward(w http.ResponseWriter, r *http.Request, id string) {
	i, err := s.find(id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	scheme, rest, ok := strings.Cut(r.Header.Get("X-Ba-Original-Url"), "://")
	if !ok {
		http.Error(w, "no original URL", http.StatusBadRequest)
		return
	}
	host, target := rest, "/"
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		host, target = rest[:at], rest[at:]
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call := &incoming{method: r.Method, url: scheme + "://" + host + target, header: r.Header.Clone()}
	call.header.Del("X-Ba-Instance")
	call.header.Del("X-Ba-Original-Url")
	clone := r.WithContext(withIncoming(r.Context(), call))
	clone.Header, clone.Host, clone.URL, clone.RequestURI = call.header, host, u, target
	clone.RemoteAddr = i.remote
	clone.TLS = nil
	if strings.EqualFold(scheme, "https") {
		clone.TLS = &tls.ConnectionState{}
	}
	i.handler.ServeHTTP(w, clone)
}
