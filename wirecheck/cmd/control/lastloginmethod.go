package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
)

func init() { factories["lastLoginMethod"] = (*instance).lastLoginMethod }

func (i *instance) lastLoginMethod(s *section) core.Plugin {
	o := lastloginmethod.Options{CookieName: s.text("cookieName"), StoreInDatabase: s.flag("storeInDatabase")}
	o.MaxAge, _ = s.seconds("maxAge")
	o.Column = s.sub("schema").sub("user").text("lastLoginMethod")
	if f := s.function("customResolveMethod"); f != nil {
		o.Resolve = func(c *core.Ctx, method string) string {
			v, err := f.call(context.WithoutCancel(c), object("path", c.Path()))
			if own, ok := v.Str(); ok || err != nil {
				return own
			}
			return method // null
		}
	}
	return lastloginmethod.New(o)
}
