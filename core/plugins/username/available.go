package username

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// IsAvailableInput is the body of is-username-available.
type IsAvailableInput struct {
	Username string `json:"username" doc:"The username to check"`
}

// AvailableReply is {"available":…}.
type AvailableReply struct {
	Available bool `json:"available"`
}

func (p *Plugin) isAvailable(c *core.Ctx, in *IsAvailableInput) (AvailableReply, error) {
	if in.Username == "" {
		return AvailableReply{}, core.Fail(http.StatusUnprocessableEntity, CodeInvalidUsername)
	}
	if err := p.validateName(c, in.Username, http.StatusUnprocessableEntity); err != nil {
		return AvailableReply{}, err
	}
	_, err := c.Auth().Store().FindUserBy(c, Username.Name, p.opts.Normalize(in.Username))
	if err != nil && !core.IsNotFound(err) {
		return AvailableReply{}, err
	}
	return AvailableReply{Available: err != nil}, nil
}
