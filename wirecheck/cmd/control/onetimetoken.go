package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
)

func init() { factories["oneTimeToken"] = (*instance).oneTimeToken }

func (i *instance) oneTimeToken(s *section) core.Plugin {
	o := onetimetoken.Options{
		TTL: s.minutes("expiresIn"), DisableClientRequest: s.flag("disableClientRequest"),
		DisableSetSessionCookie: s.flag("disableSetSessionCookie"), SetHeaderOnNewSession: s.flag("setOttHeaderOnNewSession"),
	}
	if f := s.function("generateToken"); f != nil {
		o.GenerateToken = func(ctx context.Context, data *core.SessionData) (string, error) {
			v, err := f.call(ctx, encodeSessionData(data), contextOf(ctx, false))
			token, _ := v.Str()
			return token, err
		}
	}
	o.Store, o.Hash = s.storedToken()
	return onetimetoken.New(o)
}
