package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
)

// The reference makes a plugin of the same columns.
func init() { factories["additionalFields"] = (*instance).additionalFields }

func (i *instance) additionalFields(s *section) core.Plugin {
	return additionalfields.New(additionalfields.Options{
		User: i.fields(s, core.ModelUser), Session: i.fields(s, core.ModelSession),
		Account: i.fields(s, core.ModelAccount), Verification: i.fields(s, core.ModelVerification),
	})
}
