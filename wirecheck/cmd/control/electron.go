package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/electron"
)

func init() { factories["electron"] = (*instance).electron }

func (i *instance) electron(s *section) core.Plugin {
	o := electron.Options{CookiePrefix: s.text("cookiePrefix"), ClientID: s.text("clientID"), DisableOriginOverride: s.flag("disableOriginOverride")}
	o.CodeTTL, _ = s.seconds("codeExpiresIn")
	o.RedirectCookieTTL, _ = s.seconds("redirectCookieExpiresIn")
	return electron.New(o)
}
