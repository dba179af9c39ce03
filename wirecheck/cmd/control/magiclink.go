package main

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["magicLink"] = (*instance).magicLink }

func (i *instance) magicLink(s *section) core.Plugin {
	o := magiclink.Options{DisableSignUp: s.flag("disableSignUp")}
	o.TTL, _ = s.seconds("expiresIn")
	s.number("allowedAttempts") // has no effect in Better Auth either
	if f := s.function("sendMagicLink"); f != nil {
		o.Send = func(ctx context.Context, m magiclink.Message) error {
			metadata := undefined
			if m.Metadata != nil {
				parsed, err := wire.Parse(m.Metadata, wire.Limits{})
				if err != nil {
					return err
				}
				metadata = parsed
			}
			_, err := f.call(ctx, object("email", m.Email, "url", m.URL, "token", m.Token, "metadata", metadata), contextOf(ctx, false))
			return err
		}
	}
	limit := s.sub("rateLimit")
	if window, ok := limit.number("window"); ok {
		o.RateLimit.Window = duration(window)
	}
	o.RateLimit.Max = limit.whole("max")
	if f := s.function("generateToken"); f != nil {
		o.GenerateToken = func(ctx context.Context, email string) (string, error) {
			v, err := f.call(ctx, wire.String(email))
			token, _ := v.Str()
			return token, err
		}
	}
	o.Store, o.Hash = s.storedToken()
	return magiclink.New(o)
}

// storedToken reads storeToken.
func (s *section) storedToken() (magiclink.Storage, func(context.Context, string) (string, error)) {
	if _, own := s.get("storeToken").Obj(); !own {
		return magiclink.Storage(s.text("storeToken")), nil
	}
	kept := s.sub("storeToken")
	if kind := kept.text("type"); kind != "custom-hasher" {
		kept.all.problem(kept.name("type"))
	}
	return "", kept.texter("hash")
}

// minutes reads a number of minutes, 0 when there is none.
func (s *section) minutes(name string) time.Duration {
	n, _ := s.number(name)
	return duration(n * 60)
}
