package genericoauth

import (
	"cmp"
	"errors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

// CallbackInput holds the parameters with which a provider sends the browser back, in
// the query or in a form that its page posts.
type CallbackInput struct {
	ProviderID string `path:"providerId"`

	Code             *string `query:"code"`
	Error            *string `query:"error"`
	ErrorDescription *string `query:"error_description"`
	State            *string `query:"state"`
	Issuer           *string `query:"iss"`

	_                    struct{} `validate:"optional"` // the form
	FormCode             *string  `json:"code"`
	FormError            *string  `json:"error"`
	FormErrorDescription *string  `json:"error_description"`
	FormState            *string  `json:"state"`
	FormIssuer           *string  `json:"iss"`
}

// params are the parameters that were sent. Those of the query replace the form's.
func (in *CallbackInput) params() wire.Query {
	var out wire.Query
	for _, p := range []struct {
		name        string
		query, form *string
	}{
		{"code", in.Code, in.FormCode}, {"error", in.Error, in.FormError}, {"error_description", in.ErrorDescription, in.FormErrorDescription},
		{"state", in.State, in.FormState}, {"iss", in.Issuer, in.FormIssuer},
	} {
		if v := cmp.Or(p.query, p.form); v != nil {
			out = append(out, wire.Pair{Name: p.name, Value: *v})
		}
	}
	return out
}

// words are the route's own words for refusals.
var words = map[string]string{
	oauth.RefusedStateMissing: oauth.RefusedState,
	oauth.RefusedCode:         "oauth_code_verification_failed",
	oauth.RefusedUserInfo:     "user_info_is_missing",
	oauth.RefusedNoEmail:      refusedNoEmail,
}

const (
	refusedNoEmail = "email_is_missing"
	refusedNoName  = "name_is_missing"
	refusedNoCode  = "oAuth_code_missing"
)

func (p *Plugin) callback(c *core.Ctx, in *CallbackInput) (core.StatusReply, error) {
	return core.StatusReply{}, p.complete(c, in.ProviderID, in.params())
}

func (p *Plugin) complete(c *core.Ctx, id string, q wire.Query) error {
	if answer, posted := oauth.FormPost(c, c.BaseURL()+"/oauth2/callback/"+wire.EncodeURIComponent(id), q); posted {
		return answer
	}
	refusal, _ := q.Get("error")
	if code, _ := q.Get("code"); refusal != "" || code == "" {
		description, _ := q.Get("error_description")
		oauth.Report(c)
		return c.Redirect(oauth.WithParams(c.ErrorURL(), wire.Query{
			{Name: "error", Value: oauth.Clip(cmp.Or(refusal, refusedNoCode), 128)}, {Name: "error_description", Value: oauth.Clip(description, 1000)},
		}))
	}
	one, ok := p.provider(id)
	if !ok {
		return unknown(id)
	}
	engine := p.engine()
	f, err := engine.Finish(c, id, oauth.CallbackURL(c, one.Provider), q)
	if err != nil {
		return failed(c, err, "")
	}
	switch {
	case f.Profile.Email == "":
		return failed(c, &oauth.Refusal{Code: refusedNoEmail}, f.ErrorURL)
	case f.Profile.Name == "":
		return failed(c, &oauth.Refusal{Code: refusedNoName}, f.ErrorURL)
	}
	return failed(c, engine.Complete(c, f), f.ErrorURL)
}

// failed redirects to where the flow's errors are shown, in the words of this route.
func failed(c *core.Ctx, err error, to string) error {
	if r, ok := errors.AsType[*oauth.Refusal](err); ok {
		said := *r
		said.Code = cmp.Or(words[r.Code], r.Code)
		err = &said
	}
	return oauth.Show(c, err, to)
}
