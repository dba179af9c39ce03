package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/customsession"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/expo"
	"github.com/advantch/kernia-go/core/plugins/i18n"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/plugins/openapi"
	"github.com/advantch/kernia-go/core/schema"
)

// answer is what the plugin custom-session puts in the place of /get-session's answer.
type answer struct {
	Session *core.Session `json:"session"`
	User    *core.User    `json:"user"`
}

// many are the plugins of tokens, keys, sessions and administration.
func many() []core.Plugin {
	same := func(_ context.Context, s *core.SessionData) (answer, error) { return answer{&s.Session, &s.User}, nil }
	return []core.Plugin{
		additionalfields.New(additionalfields.Options{User: []schema.Field{{Name: "plan", Type: schema.String, Optional: true}}}),
		admin.New(admin.Options{}),
		adminconfig.New(adminconfig.Options{}),
		apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true}}}),
		bearer.New(bearer.Options{}),
		customsession.New(same, customsession.Options{ListDeviceSessions: true}),
		electron.New(electron.Options{}),
		expo.New(expo.Options{}),
		i18n.New(i18n.Options{Translations: map[string]i18n.Translations{"de": {"UNAUTHORIZED": "Nicht angemeldet"}}}),
		jwt.New(jwt.Options{}),
		multisession.New(multisession.Options{}),
		openapi.New(openapi.Options{}),
	}
}
