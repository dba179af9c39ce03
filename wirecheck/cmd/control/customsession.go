package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/customsession"
	"github.com/advantch/kernia-go/core/wire"
)

func init() {
	factories["customSession"] = (*instance).customSession
	positional["customSession"] = []string{"fn", "options", "pluginOptions"}
}

func (i *instance) customSession(s *section) core.Plugin {
	f := s.function("fn")
	s.get("options") // for the types of TypeScript alone
	o := customsession.Options{ListDeviceSessions: s.sub("pluginOptions").flag("shouldMutateListDeviceSessionsEndpoint")}
	return customsession.New(func(ctx context.Context, data *core.SessionData) (wire.Value, error) {
		v, err := f.call(ctx, ordered(data), contextOf(ctx, false))
		if err != nil {
			return v, err
		}
		return plain(v)
	}, o)
}

// ordered is encodeSessionData with the members in the order of an answer, which a
// function that spreads them keeps.
func ordered(data *core.SessionData) wire.Value {
	tagged := encodeSessionData(data)
	answer, err := wire.Parse(data.AppendJSON(nil), wire.Limits{})
	if err != nil {
		return tagged
	}
	out := wire.NewObject()
	for _, row := range []string{"session", "user"} {
		inner := wire.NewObject()
		shown, _ := answer.Get(row).Obj()
		for _, m := range shown.Members() {
			inner.Set(m.Name, tagged.Get(row).Get(m.Name))
		}
		out.Set(row, wire.ObjectOf(inner))
	}
	return wire.ObjectOf(out)
}
