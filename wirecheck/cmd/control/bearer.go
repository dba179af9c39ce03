package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/bearer"
)

func init() { factories["bearer"] = (*instance).bearer }

func (i *instance) bearer(s *section) core.Plugin {
	return bearer.New(bearer.Options{RequireSignature: s.flag("requireSignature")})
}
