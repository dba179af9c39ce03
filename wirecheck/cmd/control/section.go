package main

import (
	"math"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// options reads Better Auth's options and notes what nobody asked for: an option
// that is not mapped must never be ignored.
type options struct {
	outside  outside
	sections []*section
	problems []string
}

// section is one object of the options.
type section struct {
	all    *options
	path   string
	object *wire.Object
	asked  map[string]bool
}

func (o *options) section(path string, v wire.Value) *section {
	s := &section{all: o, path: path, object: &wire.Object{}, asked: map[string]bool{}}
	if object, ok := v.Obj(); ok {
		s.object = object
	} else if !absent(v) {
		o.problem(path)
	}
	o.sections = append(o.sections, s)
	return s
}

func (o *options) problem(path string) { o.problems = append(o.problems, path) }

// check fails with every option that was not asked for or had no sense here.
func (o *options) check() error {
	for _, s := range o.sections {
		for _, m := range s.object.Members() {
			if !s.asked[m.Name] && !absent(m.Value) {
				o.problem(s.name(m.Name))
			}
		}
	}
	if len(o.problems) > 0 {
		return unsupported("options that are not mapped: %s", strings.Join(o.problems, ", "))
	}
	return nil
}

func (s *section) name(option string) string { return strings.TrimPrefix(s.path+"."+option, ".") }

// get returns an option, undefined when it is absent.
func (s *section) get(name string) wire.Value {
	s.asked[name] = true
	v, _ := s.object.Get(name)
	if absent(v) {
		return wire.Value{}
	}
	return v
}

func (s *section) has(name string) bool { return !s.get(name).IsUndefined() }

func (s *section) sub(name string) *section { return s.all.section(s.name(name), s.get(name)) }

func (s *section) text(name string) string {
	v := s.get(name)
	text, ok := v.Str()
	if !ok && !v.IsUndefined() {
		s.all.problem(s.name(name))
	}
	return text
}

func (s *section) flag(name string) bool { return s.flagOr(name, false) }

func (s *section) flagOr(name string, otherwise bool) bool {
	v := s.get(name)
	if v.IsUndefined() {
		return otherwise
	}
	b, ok := v.Bool()
	if !ok {
		s.all.problem(s.name(name))
	}
	return b
}

// number reads a number; it reports false when there is none.
func (s *section) number(name string) (float64, bool) {
	v := s.get(name)
	if v.IsUndefined() {
		return 0, false
	}
	n, ok := number(v)
	if !ok {
		s.all.problem(s.name(name))
	}
	return n, ok
}

func number(v wire.Value) (float64, bool) {
	if tag, inner, ok := tagOf(v); ok && tag == "$number" {
		if text, _ := inner.Str(); text == "Infinity" {
			return math.Inf(1), true
		}
	}
	return v.Num()
}

// seconds reads a number of seconds; it reports false when there is none.
func (s *section) seconds(name string) (time.Duration, bool) {
	n, ok := s.number(name)
	return duration(n), ok
}

func duration(seconds float64) time.Duration {
	if seconds > math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}

func (s *section) texts(name string) []string {
	v := s.get(name)
	items, ok := v.Items()
	if !ok && !v.IsUndefined() {
		s.all.problem(s.name(name))
	}
	var out []string
	for _, item := range items {
		if text, ok := item.Str(); ok {
			out = append(out, text)
		} else if !absent(item) {
			s.all.problem(s.name(name))
		}
	}
	return out
}

// function reads a callback, nil when there is none.
func (s *section) function(name string) *callback {
	v := s.get(name)
	if v.IsUndefined() {
		return nil
	}
	f := s.all.function(v)
	if f == nil {
		s.all.problem(s.name(name))
	}
	return f
}

func (o *options) function(v wire.Value) *callback {
	tag, inner, ok := tagOf(v)
	name, isText := inner.Str()
	if !ok || !isText || tag != "$callback" && tag != "$schema" {
		return nil
	}
	return &callback{outside: o.outside, name: name, middleware: v.Get("middleware").Truthy()}
}
