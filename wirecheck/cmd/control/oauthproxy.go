package main

import (
	"cmp"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
)

func init() {
	factories["oAuthProxy"] = (*instance).oAuthProxy
}

func (i *instance) oAuthProxy(s *section) core.Plugin {
	o := oauthproxy.Options{CurrentURL: s.text("currentURL"), Secret: s.text("secret")}
	// Without one it is the server's own address, and nothing is proxied.
	o.ProductionURL = cmp.Or(s.text("productionURL"), i.baseURLOption, "http://localhost:3000")
	o.MaxAge, _ = s.seconds("maxAge")
	return oauthproxy.New(o)
}
