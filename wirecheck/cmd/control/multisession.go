package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/multisession"
)

func init() { factories["multiSession"] = (*instance).multiSession }

func (i *instance) multiSession(s *section) core.Plugin {
	return multisession.New(multisession.Options{MaximumSessions: s.whole("maximumSessions")})
}
