package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
)

func init() { factories["oauthPopup"] = (*instance).oauthPopup }

func (*instance) oauthPopup(*section) core.Plugin { return oauthpopup.New(oauthpopup.Options{}) }
