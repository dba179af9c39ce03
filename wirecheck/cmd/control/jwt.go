package main

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["jwt"] = (*instance).jwt }

func (i *instance) jwt(s *section) core.Plugin {
	o := jwt.Options{DisableHeader: s.flag("disableSettingJwtHeader")}
	jwks := s.sub("jwks")
	o.RemoteURL, o.JWKSPath, o.DisablePrivateKeyEncryption = jwks.text("remoteUrl"), jwks.text("jwksPath"), jwks.flag("disablePrivateKeyEncryption")
	o.RotationInterval, _ = jwks.seconds("rotationInterval")
	if grace, given := jwks.seconds("gracePeriod"); given {
		if o.GracePeriod = grace; grace == 0 {
			o.GracePeriod = -1
		}
	}
	pair := jwks.sub("keyPairConfig")
	o.Algorithm, o.RSABits = jwt.Algorithm(pair.text("alg")), pair.whole("modulusLength")
	if crv := pair.text("crv"); crv != "" && (crv != "Ed25519" || o.Algorithm != jwt.EdDSA) {
		s.all.problem(pair.name("crv"))
	}

	t := s.sub("jwt")
	o.Issuer = t.text("issuer")
	if one, ok := t.get("audience").Str(); ok {
		o.Audience = []string{one}
	} else {
		o.Audience = t.texts("audience")
	}
	o.ExpiresIn, o.ExpiresAt = t.expiration("expirationTime")
	if f := t.function("definePayload"); f != nil {
		o.DefinePayload = func(ctx context.Context, data *core.SessionData) (any, error) {
			v, err := f.call(ctx, encodeSessionData(data))
			if err != nil {
				return nil, err
			}
			if v, err = plain(v); err != nil {
				return nil, err
			}
			return json.RawMessage(v.AppendJSON(nil)), nil
		}
	}
	if f := t.function("getSubject"); f != nil {
		o.GetSubject = func(ctx context.Context, data *core.SessionData) (string, error) {
			v, err := f.call(ctx, encodeSessionData(data))
			subject, _ := v.Str()
			return subject, err
		}
	}
	if f := t.function("sign"); f != nil {
		o.Sign = func(ctx context.Context, claims []byte) (string, error) {
			v, err := wire.Parse(claims, limits)
			if err != nil {
				return "", err
			}
			v, err = f.call(ctx, v)
			token, _ := v.Str()
			return token, err
		}
	}

	keys := s.sub("adapter")
	if f := keys.function("getJwks"); f != nil {
		o.Adapter.List = func(ctx context.Context) ([]jwt.Key, error) {
			v, err := f.call(ctx, contextOf(ctx, false))
			items, _ := v.Items()
			out := make([]jwt.Key, len(items))
			for at, item := range items {
				out[at] = jwkOf(item)
			}
			return out, err
		}
	}
	if f := keys.function("createJwk"); f != nil {
		o.Adapter.Create = func(ctx context.Context, k jwt.Key) (jwt.Key, error) {
			said := object("alg", string(k.Algorithm), "publicKey", k.PublicKey, "privateKey", k.PrivateKey, "createdAt", k.CreatedAt)
			sent, _ := said.Obj()
			if k.Algorithm == jwt.EdDSA {
				sent.Set("crv", wire.String("Ed25519"))
			}
			if !k.ExpiresAt.IsZero() {
				sent.Set("expiresAt", encode(k.ExpiresAt))
			}
			v, err := f.call(ctx, said, contextOf(ctx, false))
			return jwkOf(v), err
		}
	}
	table := s.sub("schema").sub("jwks")
	o.Table, o.Columns = table.text("modelName"), columns(table)
	return jwt.New(o)
}

// jwkOf reads a key that a function has returned.
func jwkOf(v wire.Value) jwt.Key {
	text := func(name string) string { s, _ := v.Get(name).Str(); return s }
	moment := func(name string) time.Time {
		s, ok := v.Get(name).Get("$date").Str()
		if !ok {
			s = text(name)
		}
		t, _ := wire.ParseTime(s)
		return t
	}
	return jwt.Key{
		ID: text("id"), PublicKey: text("publicKey"), PrivateKey: text("privateKey"), Algorithm: jwt.Algorithm(text("alg")),
		CreatedAt: moment("createdAt"), ExpiresAt: moment("expiresAt"),
	}
}

var expirations = regexp.MustCompile(`(?i)^\+? ?(\d+(?:\.\d+)?) ?(s|m|h|d|w|y)(?:ec|ecs|econd|econds|in|ins|inute|inutes|r|rs|our|ours|ay|ays|eek|eeks|ear|ears)?(?: from now)?$`)

// expiration reads a span such as "15m", a number of seconds since 1970 or a date.
func (s *section) expiration(name string) (time.Duration, time.Time) {
	v := s.get(name)
	if v.IsUndefined() {
		return 0, time.Time{}
	}
	if n, ok := number(v); ok {
		return 0, time.Unix(int64(n), 0)
	}
	if tag, inner, ok := tagOf(v); ok && tag == "$date" {
		text, _ := inner.Str()
		t, _ := wire.ParseTime(text)
		return 0, t
	}
	text, _ := v.Str()
	parts := expirations.FindStringSubmatch(text)
	if parts == nil {
		s.all.problem(s.name(name))
		return 0, time.Time{}
	}
	n, _ := strconv.ParseFloat(parts[1], 64)
	unit := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365.25 * 86400}[strings.ToLower(parts[2])]
	return time.Duration(n * unit * float64(time.Second)), time.Time{}
}
