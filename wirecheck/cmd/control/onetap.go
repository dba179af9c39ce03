package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/onetap"
)

func init() {
	factories["oneTap"] = (*instance).oneTap
}

func (i *instance) oneTap(s *section) core.Plugin {
	return onetap.New(onetap.Options{ClientID: s.text("clientId"), DisableSignUp: s.flag("disableSignup")})
}
