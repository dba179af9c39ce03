package main

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["deviceAuthorization"] = (*instance).deviceAuthorization }

func (i *instance) deviceAuthorization(s *section) core.Plugin {
	o := deviceauthorization.Options{
		ExpiresIn: s.span("expiresIn"), Interval: s.span("interval"), DeviceCodeLength: s.whole("deviceCodeLength"), UserCodeLength: s.whole("userCodeLength"),
		GenerateDeviceCode: s.maker("generateDeviceCode"), GenerateUserCode: s.maker("generateUserCode"), VerificationURI: s.text("verificationUri"),
	}
	if f := s.function("validateClient"); f != nil {
		o.ValidateClient = func(ctx context.Context, clientID string) (bool, error) {
			v, err := f.call(ctx, wire.String(clientID))
			return v.Truthy(), err
		}
	}
	if f := s.function("onDeviceAuthRequest"); f != nil {
		o.OnDeviceAuthRequest = func(ctx context.Context, clientID, scope string) error {
			said := undefined // a scope that is absent is undefined in Better Auth and "" here
			if scope != "" {
				said = wire.String(scope)
			}
			_, err := f.call(ctx, wire.String(clientID), said)
			return asOAuth(err)
		}
	}
	table := s.sub("schema").sub("deviceCode")
	o.Table, o.Columns = table.text("modelName"), columns(table)
	return deviceauthorization.New(o)
}

// asOAuth makes an APIError that an application throws with a body of OAuth the error
// that it would return here.
func asOAuth(err error) error {
	var e *core.Error
	if !errors.As(err, &e) {
		return err
	}
	said := map[string]string{}
	for _, d := range e.Details {
		said[d.Name], _ = d.Value.Str()
	}
	if said["error"] == "" {
		return err
	}
	return core.OAuthError(e.Status, said["error"], said["error_description"])
}

// maker reads a function that returns a text, nil when there is none.
func (s *section) maker(name string) func(context.Context) (string, error) {
	f := s.function(name)
	if f == nil {
		return nil
	}
	return func(ctx context.Context) (string, error) {
		v, err := f.call(ctx)
		made, _ := v.Str()
		return made, err
	}
}

var spans = regexp.MustCompile(`^(\d+) ?(s|m|h|d)$`)

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// span reads a time such as "30m", 0 when there is none.
func (s *section) span(name string) time.Duration {
	text := s.text(name)
	if text == "" {
		return 0
	}
	parts := spans.FindStringSubmatch(text)
	if parts == nil {
		s.all.problem(s.name(name))
		return 0
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		s.all.problem(s.name(name))
	}
	return time.Duration(n) * units[parts[2]]
}
