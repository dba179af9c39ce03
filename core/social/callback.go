package social

import (
	"maps"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

// CallbackInput is what a provider sends the browser back with: in the query, or in a
// form that its page posts.
type CallbackInput struct {
	ID string `path:"id"`

	Code             *string `query:"code"`
	Error            *string `query:"error"`
	DeviceID         *string `query:"device_id"`
	ErrorDescription *string `query:"error_description"`
	State            *string `query:"state"`
	User             *string `query:"user"`
	Issuer           *string `query:"iss"`

	_                    struct{} `validate:"optional"` // the form
	FormCode             *string  `json:"code"`
	FormError            *string  `json:"error"`
	FormDeviceID         *string  `json:"device_id"`
	FormErrorDescription *string  `json:"error_description"`
	FormState            *string  `json:"state"`
	FormUser             *string  `json:"user"`
	FormIssuer           *string  `json:"iss"`
}

// params are the parameters that were sent. Those of the query replace the form's.
func (in *CallbackInput) params() wire.Query {
	var out wire.Query
	for _, p := range []struct {
		name        string
		query, form *string
	}{
		{"code", in.Code, in.FormCode}, {"error", in.Error, in.FormError}, {"device_id", in.DeviceID, in.FormDeviceID},
		{"error_description", in.ErrorDescription, in.FormErrorDescription}, {"state", in.State, in.FormState},
		{"user", in.User, in.FormUser}, {"iss", in.Issuer, in.FormIssuer},
	} {
		v := p.query
		if v == nil {
			v = p.form
		}
		if v != nil {
			out = append(out, wire.Pair{Name: p.name, Value: *v})
		}
	}
	return out
}

func (p *Plugin) callback(c *core.Ctx, in *CallbackInput) (core.StatusReply, error) {
	return core.StatusReply{}, p.complete(c, in.ID, in.params())
}

// complete ends in a redirect, whatever happens.
func (p *Plugin) complete(c *core.Ctx, id string, q wire.Query) error {
	if answer, posted := oauth.FormPost(c, c.BaseURL()+"/callback/"+wire.EncodeURIComponent(id), q); posted {
		return answer
	}
	f, err := p.engine.Finish(c, id, c.BaseURL()+"/callback/"+id, q)
	if err != nil {
		return oauth.ShowForm(c, err, "")
	}
	return oauth.ShowForm(c, p.engine.Complete(c, f), f.ErrorURL)
}

// params are sorted, so that one request has one URL.
func params(m map[string]string) wire.Query {
	var out wire.Query
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, wire.Pair{Name: name, Value: m[name]})
	}
	return out
}
