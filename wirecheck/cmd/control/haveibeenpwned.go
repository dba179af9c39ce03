package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/haveibeenpwned"
)

func init() { factories["haveIBeenPwned"] = (*instance).haveIBeenPwned }

func (i *instance) haveIBeenPwned(s *section) core.Plugin {
	o := haveibeenpwned.Options{Message: s.text("customPasswordCompromisedMessage"), Paths: s.texts("paths")}
	if s.has("enabled") {
		o.Disabled = !s.flag("enabled")
	}
	return haveibeenpwned.New(o)
}
