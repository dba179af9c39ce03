package deviceauthorization

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// The events of the plugin.
const (
	EventApproved core.EventType = "device.approved"
	EventDenied   core.EventType = "device.denied"
)

// DecideInput is the body of /device/approve and /device/deny.
type DecideInput struct {
	UserCode string `json:"userCode" doc:"The user code to decide on"`
}

func (p *Plugin) approve(c *core.Ctx, in *DecideInput) (core.SuccessReply, error) {
	return p.decide(c, in.UserCode, approved, "You are not authorized to approve this device authorization")
}

func (p *Plugin) deny(c *core.Ctx, in *DecideInput) (core.SuccessReply, error) {
	return p.decide(c, in.UserCode, denied, "You are not authorized to deny this device authorization")
}

// decide settles a pending code, for the user who has claimed it only.
func (p *Plugin) decide(c *core.Ctx, userCode, status, foreign string) (core.SuccessReply, error) {
	session, err := c.StoredSession()
	if err != nil {
		return core.SuccessReply{}, err
	}
	if session == nil {
		return core.SuccessReply{}, errNoSession()
	}
	row, err := p.findUserCode(c, userCode)
	if err != nil {
		return core.SuccessReply{}, err
	}
	if err := row.undecided(session.User.ID, foreign); err != nil {
		return core.SuccessReply{}, err
	}
	event := EventDenied
	if status == approved {
		event = EventApproved
	}
	err = c.Auth().Store().Tx(c, func(ctx context.Context) error {
		if err := p.settle(ctx, row, session, status); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: event, UserID: session.User.ID, SessionID: session.Session.ID, SubjectID: row.ID})
	})
	if core.IsNotFound(err) { // decided, expired or redeemed meanwhile
		return core.SuccessReply{}, refuse(errInvalidRequest, CodeAlreadyProcessed.Message)
	}
	if err != nil {
		return core.SuccessReply{}, err
	}
	return core.SuccessReply{Success: true}, nil
}

func errNoSession() error {
	return core.OAuthError(http.StatusUnauthorized, errUnauthorized, CodeAuthenticationRequired.Message)
}

// undecided says why a user may not decide on a code.
func (d *deviceCode) undecided(userID, foreign string) error {
	switch {
	case d.Status != pending:
		return refuse(errInvalidRequest, CodeAlreadyProcessed.Message)
	case d.UserID == nil:
		return refuse(errInvalidRequest, CodeNotClaimed.Message)
	case !d.claimedBy(userID):
		return core.OAuthError(http.StatusForbidden, errDenied, foreign)
	}
	return nil
}

// settle writes the decision. It needs a session of the store: one that another plugin
// vouches for, such as that of an API key, must not turn into a session of its own.
//
// An approval is also a verification value of the user, so that it ends with those: when
// the user's sessions are revoked, or the password is reset.
func (p *Plugin) settle(ctx context.Context, row *deviceCode, session *core.SessionData, status string) error {
	store, userID := p.auth.Store(), session.User.ID
	_, err := store.FindSession(ctx, session.Session.Token)
	if core.IsNotFound(err) {
		return errNoSession()
	}
	if err != nil {
		return err
	}
	set := adapter.Record{fieldStatus: status}
	if status == approved {
		id, err := p.auth.RandomString(32)
		if err != nil {
			return err
		}
		if _, err := store.CreateVerification(ctx, approvalPrefix+id, userID, row.ExpiresAt); err != nil {
			return err
		}
		set[fieldApproval] = id
	}
	_, err = p.codes.Update(ctx, adapter.By("id", row.ID).And(fieldStatus, pending).And(fieldUser, userID), set)
	return err
}
