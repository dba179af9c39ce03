package adapter_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

func TestCheckWhere(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "user", Fields: []schema.Field{
		{Name: "email", Type: schema.String}, {Name: "count", Type: schema.Number},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	user, _ := s.Table("user")
	for name, c := range map[string]struct {
		where adapter.Where
		want  error
	}{
		"equality":                       {adapter.By("email", "a").And("id", "1"), nil},
		"every comparison":               {adapter.Where{{Field: "count", Op: adapter.Gte, Value: int64(1)}, {Field: "email", Op: adapter.In, Value: []string{"a"}}}, nil},
		"contains":                       {adapter.Where{{Field: "email", Op: adapter.Contains, Value: "a"}}, nil},
		"INJ-02 unknown field":           {adapter.By("id;--", "1"), adapter.ErrUnknownField},
		"INJ-02 a JavaScript prototype":  {adapter.By("__proto__", "1"), adapter.ErrUnknownField},
		"unknown operator":               {adapter.Where{{Field: "email", Op: "like", Value: "a"}}, adapter.ErrBadValue},
		"contains on a number":           {adapter.Where{{Field: "count", Op: adapter.Contains, Value: "1"}}, adapter.ErrBadValue},
		"INJ-03 contains with an object": {adapter.Where{{Field: "email", Op: adapter.StartsWith, Value: map[string]any{"$ne": nil}}}, adapter.ErrBadValue},
		"unknown field in the OR group":  {adapter.Where{{Field: "email", Value: "a"}, {Field: "x", Value: 1, Or: true}}, adapter.ErrUnknownField},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := adapter.CheckWhere(user, c.where); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAndDoesNotShareItsArray(t *testing.T) {
	t.Parallel()
	base := adapter.By("email", "a")
	first, second := base.And("id", "1"), base.And("id", "2")
	if first[1].Value != "1" || second[1].Value != "2" {
		t.Errorf("two predicates made from one share memory: %v %v", first, second)
	}
}

func TestJoinWithDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want adapter.Join }{
		{adapter.Join{Model: "m"}, adapter.Join{Model: "m", As: "m", Limit: 100}},
		{adapter.Join{Model: "m", As: "a", Limit: 3}, adapter.Join{Model: "m", As: "a", Limit: 3}},
		{adapter.Join{Model: "m", Limit: -1}, adapter.Join{Model: "m", As: "m", Limit: 100}},
		{adapter.Join{Model: "m", One: true, Limit: 3}, adapter.Join{Model: "m", As: "m", One: true, Limit: 1}},
	} {
		if got := c.in.WithDefaults(); got != c.want {
			t.Errorf("%+v becomes %+v, want %+v", c.in, got, c.want)
		}
	}
}

func TestCondList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value any
		want  []any
		ok    bool
	}{
		{[]any{"a", 1.0}, []any{"a", 1.0}, true},
		{[]string{"a"}, []any{"a"}, true},
		{[]int64{1}, []any{int64(1)}, true},
		{[]float64{1}, []any{1.0}, true},
		{[]string{}, []any{}, true},
		{"a", nil, false},
		{nil, nil, false},
		{[]bool{true}, nil, false},
	} {
		got, ok := adapter.Cond{Value: c.value}.List()
		if ok != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("%v gives %v, %v", c.value, got, ok)
		}
	}
}
