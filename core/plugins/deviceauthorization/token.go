package deviceauthorization

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// GrantType is the only grant_type of /device/token.
const GrantType = "urn:ietf:params:oauth:grant-type:device_code"

// A poll that comes too early makes the interval longer (RFC 8628 §3.5). It stops growing
// at a minute, so that a device which polls without a pause still ends.
const (
	slower  = 5 * time.Second
	slowest = time.Minute
)

// approvalPrefix is that of the verification value of an approval.
const approvalPrefix = "device-approval-"

// TokenInput is the body of /device/token, as JSON or as a form.
type TokenInput struct {
	GrantType  string `json:"grant_type" zod:"enum=urn:ietf:params:oauth:grant-type:device_code" doc:"The grant type for device flow"`
	DeviceCode string `json:"device_code" doc:"The device verification code"`
	ClientID   string `json:"client_id" doc:"The client ID of the application"`
}

// TokenReply is the session of the device.
type TokenReply struct {
	AccessToken string `json:"access_token" doc:"The token of the session"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in" doc:"Lifetime of the session in seconds"`
	Scope       string `json:"scope"`
}

// token answers a poll of a device.
func (p *Plugin) token(c *core.Ctx, in *TokenInput) (TokenReply, error) {
	known, err := p.knows(c, in.ClientID)
	if err != nil {
		return TokenReply{}, err
	}
	if !known {
		return TokenReply{}, refuse(errInvalidGrant, "Invalid client ID")
	}
	row, err := p.findDevice(c, in.DeviceCode)
	if err != nil {
		return TokenReply{}, err
	}
	now := c.Now()
	switch {
	case row.ClientID == nil || *row.ClientID != in.ClientID:
		return TokenReply{}, refuse(errInvalidGrant, "Client ID mismatch")
	case row.tooEarly(now):
		return TokenReply{}, p.slowDown(c, row)
	case row.ExpiresAt.Before(now):
		return TokenReply{}, p.finish(c, row, errExpired, CodeExpiredDeviceCode.Message)
	case row.Status == pending:
		return TokenReply{}, p.wait(c, row)
	case row.Status == denied:
		return TokenReply{}, p.finish(c, row, errDenied, CodeAccessDenied.Message)
	case row.Status != approved || row.UserID == nil:
		return TokenReply{}, p.finish(c, row, errInvalidGrant, CodeInvalidStatus.Message)
	}
	return p.redeem(c, row)
}

func (p *Plugin) findDevice(ctx context.Context, code string) (*deviceCode, error) {
	invalid := refuse(errInvalidGrant, CodeInvalidDeviceCode.Message)
	if !isCode(code) {
		return nil, invalid
	}
	row, err := p.codes.Find(ctx, adapter.By(fieldDeviceCode, p.stored(code)))
	if core.IsNotFound(err) || err == nil && row.DeviceCode != p.stored(code) { // a database may ignore case
		return nil, invalid
	}
	return row, err
}

// slowDown refuses a poll that came too early, and makes the interval longer.
func (p *Plugin) slowDown(ctx context.Context, row *deviceCode) error {
	below := adapter.Where{{Field: "id", Value: row.ID}, {Field: fieldInterval, Op: adapter.Lte, Value: (slowest - slower).Milliseconds()}}
	if _, err := p.codes.Increment(ctx, below, fieldInterval, slower.Milliseconds(), nil); err != nil && !core.IsNotFound(err) {
		return err
	}
	return refuse(errSlowDown, CodePollingTooFrequently.Message)
}

// wait notes the time of a poll. Of several at once one is in time.
func (p *Plugin) wait(c *core.Ctx, row *deviceCode) error {
	unchanged := adapter.By("id", row.ID).And(fieldPolled, nil)
	if row.LastPolledAt != nil {
		unchanged = adapter.Where{{Field: "id", Value: row.ID}, {Field: fieldPolled, Op: adapter.Lte, Value: *row.LastPolledAt}}
	}
	_, err := p.codes.Update(c, unchanged, adapter.Record{fieldPolled: c.Now()})
	switch {
	case core.IsNotFound(err):
		return refuse(errSlowDown, CodePollingTooFrequently.Message)
	case err != nil:
		return err
	}
	return refuse(errPending, CodeAuthorizationPending.Message)
}

// finish removes a code and says why.
func (p *Plugin) finish(ctx context.Context, row *deviceCode, code, description string) error {
	if _, err := p.codes.Delete(ctx, adapter.By("id", row.ID)); err != nil {
		return err
	}
	return refuse(code, description)
}

// redeem uses up an approved code and makes the session of the device, in one transaction.
// A code that the gates of sign-ins refuse is used up as well.
func (p *Plugin) redeem(c *core.Ctx, row *deviceCode) (TokenReply, error) {
	var data *core.SessionData
	var refused error // of the sign-in, or because the approval has ended
	err := c.Auth().Store().Tx(c, func(ctx context.Context) (err error) {
		data, refused = nil, nil
		used, err := p.consume(ctx, row, c.Now())
		if err != nil {
			return err
		}
		data, err = p.signIn(ctx, c, used)
		refused = refusal(err)
		return err
	})
	switch {
	case refused != nil:
		if _, err := p.codes.Delete(c, adapter.By("id", row.ID)); err != nil {
			return TokenReply{}, err
		}
		return TokenReply{}, refused
	case err != nil:
		return TokenReply{}, err
	}
	c.SetHeader("Pragma", "no-cache")
	return TokenReply{
		AccessToken: data.Session.Token, TokenType: "Bearer",
		ExpiresIn: int64(data.Session.ExpiresAt.Sub(c.Now()) / time.Second), Scope: validate.Value(row.Scope),
	}, nil
}

// consume takes an approved code out of the table. Only one of many concurrent callers
// gets it. The user is locked first, as in every transaction that takes several locks.
func (p *Plugin) consume(ctx context.Context, row *deviceCode, now time.Time) (*deviceCode, error) {
	if err := p.auth.Store().LockUser(ctx, *row.UserID); err != nil && !core.IsNotFound(err) {
		return nil, err // signIn tells what a user who is gone means
	}
	used, err := p.codes.Consume(ctx, adapter.Where{
		{Field: "id", Value: row.ID}, {Field: fieldStatus, Value: approved}, {Field: fieldUser, Value: *row.UserID},
		{Field: fieldClient, Value: *row.ClientID}, {Field: fieldExpires, Op: adapter.Gte, Value: now},
	})
	if core.IsNotFound(err) {
		return nil, refuse(errInvalidGrant, CodeInvalidDeviceCode.Message)
	}
	return used, err
}

var (
	errUserGone      = errors.New("deviceauthorization: the user does not exist any more")
	errApprovalEnded = errors.New("deviceauthorization: the approval has ended")
)

// signIn signs the user in on the device. The session that approved the device has passed
// the gates, a second factor included, and a device has nothing to answer one with.
func (p *Plugin) signIn(ctx context.Context, c *core.Ctx, used *deviceCode) (*core.SessionData, error) {
	store := c.Auth().Store()
	if used.Approval != nil {
		v, err := store.TakeVerification(ctx, approvalPrefix+*used.Approval)
		if core.IsNotFound(err) || err == nil && v.Value != *used.UserID {
			return nil, errApprovalEnded
		}
		if err != nil {
			return nil, err
		}
	}
	u, err := store.FindUser(ctx, *used.UserID)
	if core.IsNotFound(err) {
		return nil, errUserGone
	}
	if err != nil {
		return nil, err
	}
	return c.SignIn(ctx, u, core.SignIn{Method: ID, MultiFactor: true, Detached: true})
}

// refusal is the answer to a device whose sign-in was refused for good, nil for other
// errors.
func refusal(err error) error {
	var e *core.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errUserGone):
		return refuse(errInvalidGrant, CodeUserNotFound.Message)
	case errors.Is(err, errApprovalEnded):
		return refuse(errDenied, CodeAccessDenied.Message)
	case errors.Is(err, core.ErrAbort):
		return refuse(errDenied, CodeFailedToCreateSession.Message)
	case errors.Is(err, core.ErrHeld):
		return refuse(errDenied, "The sign-in needs a further step, which a device cannot do")
	case errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests:
		return refuse(errDenied, e.Message)
	}
	return nil
}

func message(err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}
