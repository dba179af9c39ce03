package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["anonymous"] = (*instance).anonymous }

func (i *instance) anonymous(s *section) core.Plugin {
	o := anonymous.Options{EmailDomain: s.text("emailDomainName"), KeepUser: s.flag("disableDeleteAnonymousUser")}
	maker := func(name string) func(context.Context) (string, error) {
		f := s.function(name)
		if f == nil {
			return nil
		}
		return func(ctx context.Context) (string, error) {
			v, err := f.call(context.WithoutCancel(ctx))
			text, _ := v.Str()
			return text, err
		}
	}
	o.GenerateName, o.GenerateEmail = maker("generateName"), maker("generateRandomEmail")
	if f := s.function("onLinkAccount"); f != nil {
		o.OnLink = func(ctx context.Context, l anonymous.Link) error {
			person := func(d core.SessionData) wire.Value { return object("user", encodeUser(&d.User)) }
			_, err := f.call(context.WithoutCancel(ctx), object("anonymousUser", person(l.Anonymous), "newUser", person(l.New)))
			return err
		}
	}
	o.Column = columns(s.sub("schema").sub("user"))[anonymous.IsAnonymous.Name]
	return anonymous.New(o)
}
