package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/expo"
)

func init() { factories["expo"] = (*instance).expo }

func (i *instance) expo(s *section) core.Plugin {
	return expo.New(expo.Options{DisableOriginOverride: s.flag("disableOriginOverride"), Development: i.env.development(), AllowLinking: true})
}
