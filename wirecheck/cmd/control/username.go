package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["username"] = (*instance).username }

func (i *instance) username(s *section) core.Plugin {
	o := username.Options{
		MinLength: s.whole("minUsernameLength"), MaxLength: s.whole("maxUsernameLength"),
		Validate: s.judge("usernameValidator"), ValidateDisplay: s.judge("displayUsernameValidator"),
		Normalize: s.rewriter("usernameNormalization"), NormalizeDisplay: s.rewriter("displayUsernameNormalization"),
	}
	if off, ok := s.get("usernameNormalization").Bool(); ok && !off {
		o.CaseSensitive = true
	}
	order := s.sub("validationOrder")
	o.Order, o.DisplayOrder = username.Order(order.text("username")), username.Order(order.text("displayUsername"))
	o.Columns = columns(s.sub("schema").sub("user"))
	return username.New(o)
}

// judge reads a function that says yes or no to a text, nil when there is none.
func (s *section) judge(name string) func(context.Context, string) (bool, error) {
	f := s.function(name)
	if f == nil {
		return nil
	}
	return func(ctx context.Context, text string) (bool, error) {
		v, err := f.call(ctx, wire.String(text))
		return v.Truthy(), err
	}
}

// rewriter reads a function from text to text that cannot fail, nil when there is none.
func (s *section) rewriter(name string) func(string) string {
	if _, isFlag := s.get(name).Bool(); isFlag {
		return nil
	}
	f := s.texter(name)
	if f == nil {
		return nil
	}
	return func(text string) string {
		made, err := f(context.Background(), text)
		if err != nil {
			return text
		}
		return made
	}
}
