package kernia

import (
	"reflect"
	"sync"

	"github.com/gofiber/fiber/v3"
)

// mark is the field of a context in which Fiber notes that it runs middleware for a request
// that fasthttp could not read. Fiber 3 does so for the headers which middleware adds to
// every answer, and answers the request itself afterwards. Nothing exported tells such a
// request from others: its head may be whole while its body is not.
const mark = "skipNonUseRoutes"

// marks are the places of the mark in types of contexts, those of applications included:
// []int by reflect.Type.
type marks struct{ at sync.Map }

// newMarks panics when a program starts with a version of Fiber that has no mark.
func newMarks() *marks {
	m := &marks{}
	if m.find(reflect.TypeFor[fiber.DefaultCtx]()) == nil {
		panic("kernia: this version of Fiber hides which requests could not be read: use a newer version of Kernia or an older one of Fiber")
	}
	return m
}

func (m *marks) find(t reflect.Type) []int {
	if at, known := m.at.Load(t); known {
		return at.([]int) //nolint:forcetypeassert // nothing else is stored
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	field, ok := t.FieldByName(mark)
	if !ok || field.Type.Kind() != reflect.Bool {
		return nil
	}
	m.at.Store(t, field.Index)
	return field.Index
}

// unread reports whether the request was refused before it reached the application. It
// must change nothing then.
func (m *marks) unread(c fiber.Ctx) bool {
	v := reflect.Indirect(reflect.ValueOf(c))
	at := m.find(v.Type())
	if at == nil {
		panic("kernia: the context " + v.Type().String() + " is no struct with fiber.DefaultCtx in it: embed that")
	}
	return v.FieldByIndex(at).Bool()
}
