package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/captcha"
)

func init() { factories["captcha"] = (*instance).captcha }

func (i *instance) captcha(s *section) core.Plugin {
	o := captcha.Options{
		Provider: captcha.Provider(s.text("provider")), SecretKey: s.text("secretKey"), SiteVerifyURL: s.text("siteVerifyURLOverride"),
		SiteKey: s.text("siteKey"), Endpoints: s.texts("endpoints"),
	}
	if least, given := s.number("minScore"); given {
		if o.MinScore = least; least == 0 {
			o.MinScore = -1 // every score passes
		}
	}
	return captcha.New(o)
}
