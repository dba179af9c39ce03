package adapter_test

import (
	"errors"
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
