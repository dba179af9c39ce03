package main

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/wire"
)

func init() {
	factories["apiKey"] = (*instance).apiKey
	positional["apiKey"] = []string{"configurations", "options"}
}

// apiKey maps the options of @better-auth/api-key: one configuration or several, and then
// what is common to them.
func (i *instance) apiKey(s *section) core.Plugin {
	var o apikey.Options
	first := s.get("configurations")
	items, several := first.Items()
	table := s.sub("options").sub("schema").sub("apikey")
	if !several {
		one := s.all.section("plugin apiKey", first)
		o.Configs = []apikey.Config{i.apiKeys(one)}
		if own := one.sub("schema").sub("apikey"); !s.has("options") {
			table = own
		}
	}
	for _, item := range items {
		o.Configs = append(o.Configs, i.apiKeys(s.all.section("plugin apiKey", item)))
	}
	o.Table, o.Columns = table.text("modelName"), columns(table)
	return apikey.New(o)
}

func (i *instance) apiKeys(s *section) apikey.Config {
	o := apikey.Config{
		ID: s.text("configId"), Owner: apikey.Owner(s.text("references")), Length: s.whole("defaultKeyLength"), Prefix: s.text("defaultPrefix"),
		DisableHashing: s.flag("disableKeyHashing"), MinPrefixLength: s.whole("minimumPrefixLength"), MaxPrefixLength: s.whole("maximumPrefixLength"),
		MinNameLength: s.whole("minimumNameLength"), MaxNameLength: s.whole("maximumNameLength"), RequireName: s.flag("requireName"),
		EnableMetadata: s.flag("enableMetadata"), Sessions: s.flag("enableSessionForAPIKeys"),
		FallbackToDatabase: s.flag("fallbackToDatabase"), DeferUpdates: s.flag("deferUpdates"),
		SecondaryStorage: s.text("storage") == "secondary-storage",
	}
	if name, ok := s.get("apiKeyHeaders").Str(); ok {
		o.Headers = []string{name}
	} else {
		o.Headers = s.texts("apiKeyHeaders")
	}
	if f := s.function("customAPIKeyGetter"); f != nil {
		o.Find = func(c *core.Ctx) (string, error) {
			v, err := f.call(c, contextOf(c, false))
			if err != nil || absent(v) {
				return "", err
			}
			key, ok := v.Str()
			if !ok {
				return "", core.Fail(http.StatusBadRequest, apikey.CodeInvalidGetter)
			}
			return key, nil
		}
	}
	if f := s.function("customAPIKeyValidator"); f != nil {
		o.Check = func(c *core.Ctx, key string) (bool, error) {
			v, err := f.call(c, object("ctx", contextOf(c, false), "key", key))
			return v.Truthy(), err
		}
	}
	if f := s.function("customKeyGenerator"); f != nil {
		o.Generate = func(ctx context.Context, r apikey.NewKey) (string, error) {
			prefix := undefined
			if r.Prefix != "" {
				prefix = wire.String(r.Prefix)
			}
			v, err := f.call(ctx, object("length", r.Length, "prefix", prefix))
			key, _ := v.Str()
			return key, err
		}
	}
	start := s.sub("startingCharactersConfig")
	o.Start = apikey.StartOptions{Disabled: !start.flagOr("shouldStore", true), Length: start.whole("charactersLength")}
	e := s.sub("keyExpiration")
	o.Expiry.DisableCustom = e.flag("disableCustomExpiresTime")
	o.Expiry.Default, _ = e.seconds("defaultExpiresIn")
	days := func(name string) time.Duration {
		n, ok := e.number(name)
		if ok && n == 0 {
			return time.Nanosecond // no least
		}
		return duration(n * 24 * 3600)
	}
	o.Expiry.Min, o.Expiry.Max = days("minExpiresIn"), days("maxExpiresIn")
	r := s.sub("rateLimit")
	window, _ := r.number("timeWindow")
	o.RateLimit = apikey.RateLimitOptions{Disabled: !r.flagOr("enabled", true), Window: duration(window / 1000), Max: r.whole("maxRequests")}
	o.DefaultPermissions, o.DefaultPermissionsFunc = defaultPermissions(s.sub("permissions"))
	if custom := s.sub("customStorage"); len(custom.object.Members()) > 0 {
		get, set, remove := custom.function("get"), custom.function("set"), custom.function("delete")
		if get != nil && set != nil && remove != nil {
			o.Storage = &secondary{get: get, set: set, remove: remove}
			o.SecondaryStorage = o.SecondaryStorage || s.text("storage") != ""
		}
	}
	if !o.SecondaryStorage {
		o.Storage = nil // it is not used there either
	}
	return o
}

// defaultPermissions reads actions by resource, or a function that returns them.
func defaultPermissions(s *section) (access.Permissions, func(context.Context, string) (access.Permissions, error)) {
	v := s.get("defaultPermissions")
	if v.IsUndefined() {
		return nil, nil
	}
	if f := s.all.function(v); f != nil {
		return nil, func(ctx context.Context, owner string) (access.Permissions, error) {
			v, err := f.call(ctx, wire.String(owner), contextOf(ctx, false))
			if err != nil || absent(v) {
				return nil, err
			}
			return actions(v), nil
		}
	}
	if _, ok := v.Obj(); !ok {
		s.all.problem(s.name("defaultPermissions"))
	}
	return actions(v), nil
}

func actions(v wire.Value) access.Permissions {
	out := access.Permissions{}
	o, _ := v.Obj()
	for _, m := range o.Members() {
		items, _ := m.Value.Items()
		out[m.Name] = []string{}
		for _, item := range items {
			if action, ok := item.Str(); ok {
				out[m.Name] = append(out[m.Name], action)
			}
		}
	}
	return out
}
