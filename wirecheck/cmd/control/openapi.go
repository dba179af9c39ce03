package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/openapi"
)

func init() { factories["openAPI"] = (*instance).openAPI }

func (i *instance) openAPI(s *section) core.Plugin {
	return openapi.New(openapi.Options{
		Path: s.text("path"), DisableDefaultReference: s.flag("disableDefaultReference"), Theme: s.text("theme"), Nonce: s.text("nonce"),
	})
}
