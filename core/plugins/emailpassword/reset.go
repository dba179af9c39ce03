package emailpassword

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

const resetIdentifier = "reset-password:"

// RequestResetInput is the body of request-password-reset.
type RequestResetInput struct {
	Email      string  `json:"email" zod:"email" doc:"E-mail address of the user"`
	RedirectTo *string `json:"redirectTo" doc:"Where the link in the mail leads, with ?token=… or ?error=INVALID_TOKEN"`
}

// RequestResetReply is the same for every address.
type RequestResetReply struct {
	Status  bool   `json:"status"`
	Message string `json:"message"`
}

func (p *Plugin) requestReset(c *core.Ctx, in *RequestResetInput) (RequestResetReply, error) {
	a, store := c.Auth(), c.Auth().Store()
	if p.opts.SendResetPassword == nil {
		return RequestResetReply{}, core.Fail(http.StatusBadRequest, CodeResetPasswordDisabled)
	}
	if err := c.BeginPasswordReset(); err != nil {
		return RequestResetReply{}, err
	}
	if err := c.LimitMails(in.Email); err != nil {
		return RequestResetReply{}, err
	}
	reply := RequestResetReply{true, "If this email exists in our system, check your email for the reset link"}
	user, err := store.FindUserByEmail(c, in.Email)
	if err != nil && !core.IsNotFound(err) {
		return RequestResetReply{}, err
	}
	token, tokenErr := a.RandomString(24)
	if tokenErr != nil {
		return RequestResetReply{}, tokenErr
	}
	if err != nil {
		// Nobody has the address: do about the same work and answer the same.
		if _, err := store.FindVerification(c, resetIdentifier+token); err != nil && !core.IsNotFound(err) {
			return RequestResetReply{}, err
		}
		c.Emit(core.Event{Type: core.EventPasswordResetAsked, Code: core.CodeUserNotFound.Code}) // a write, as for a user
		return reply, nil
	}
	err = c.Recorded(func(ctx context.Context) error {
		if _, err := store.CreateVerification(ctx, resetIdentifier+token, user.ID, a.Now().Add(p.opts.ResetTokenTTL)); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: core.EventPasswordResetAsked, UserID: user.ID})
	})
	if err != nil {
		return RequestResetReply{}, err
	}
	// The mail goes to the stored address, never to the one that was submitted.
	mail := core.Mail{User: user, Token: token,
		URL: c.BaseURL() + "/reset-password/" + token + "?callbackURL=" + wire.EncodeURIComponent(validate.Value(in.RedirectTo))}
	c.Go("sending a reset mail", func(ctx context.Context) error { return p.opts.SendResetPassword(ctx, mail) }, mail.URL, mail.Token, user.Email)
	return reply, nil
}

// ResetCallbackInput is the query of the link in the mail.
type ResetCallbackInput struct {
	Token       string `path:"token"`
	CallbackURL string `query:"callbackURL" doc:"Where to go with the token"`
}

// resetCallback redirects with ?token=… while the token is valid. It does not use up
// the token: opening the link twice, or by a mail scanner, is harmless.
func (p *Plugin) resetCallback(c *core.Ctx, in *ResetCallbackInput) (core.StatusReply, error) {
	// The token in the address must not travel on in the Referer header.
	c.SetHeader("Referrer-Policy", "no-referrer")
	target := in.CallbackURL
	if target == "" {
		target = c.BaseURL() + "/error"
	}
	v, err := c.Auth().Store().FindVerification(c, resetIdentifier+in.Token)
	if err != nil && !core.IsNotFound(err) {
		return core.StatusReply{}, err
	}
	if err != nil || !v.ExpiresAt.After(c.Now()) || in.CallbackURL == "" {
		return core.StatusReply{}, c.Redirect(wire.SetSearchParams(c.Resolve(target), [2]string{"error", "INVALID_TOKEN"}))
	}
	return core.StatusReply{}, c.Redirect(wire.SetSearchParams(c.Resolve(target), [2]string{"token", in.Token}))
}

// ResetPasswordInput is the body and query of reset-password. Under CompatKernia
// "password" is accepted for "newPassword".
type ResetPasswordInput struct {
	NewPassword string  `json:"newPassword" doc:"The new password"`
	Token       *string `json:"token" doc:"Token from the mail"`
	QueryToken  *string `query:"token" doc:"Token from the mail, when it is not in the body"`
}

// acceptPassword reads "password" as "newPassword" when only the former was sent.
func acceptPassword(c *core.Ctx) error {
	body, ok := c.Body().Obj()
	if !ok {
		return nil
	}
	if _, given := body.Get("newPassword"); given {
		return nil
	}
	if v, given := body.Get("password"); given {
		body.Set("newPassword", v)
	}
	return nil
}

// byResetToken counts the hashes of a reset by its token: the request has neither a
// session nor an address.
func byResetToken(c *core.Ctx) string {
	token, _ := c.Body().Get("token").Str()
	if token == "" {
		token, _ = c.Query().Get("token").Str()
	}
	if token == "" {
		return ""
	}
	return "token:" + token
}

func (p *Plugin) resetPassword(c *core.Ctx, in *ResetPasswordInput) (core.StatusReply, error) {
	a, store := c.Auth(), c.Auth().Store()
	invalid := core.Fail(http.StatusBadRequest, core.CodeInvalidToken)
	token := validate.Value(in.Token)
	if token == "" {
		token = validate.Value(in.QueryToken)
	}
	if token == "" {
		return core.StatusReply{}, invalid
	}
	if err := a.CheckPasswordLength(in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	// Requests with one token take turns, and the token is checked before hashing:
	// neither a guess nor a token that a parallel request has used up costs a hash.
	done, err := p.resets.Wait(c, token)
	if err != nil {
		return core.StatusReply{}, err
	}
	defer done()
	v, err := store.FindVerification(c, resetIdentifier+token)
	if err != nil && !core.IsNotFound(err) {
		return core.StatusReply{}, err
	}
	if err != nil || !v.ExpiresAt.After(c.Now()) {
		return core.StatusReply{}, invalid
	}
	// Rules may ask other servers, so only those with a link get this far.
	if err := a.CheckNewPassword(c, in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	err = c.ResetPassword(in.NewPassword, func(ctx context.Context) (string, error) {
		won, err := store.ConsumeVerification(ctx, resetIdentifier+token)
		if core.IsNotFound(err) {
			return "", invalid
		}
		if err != nil {
			return "", err
		}
		// A password that was set since the link was made ends the link. Values in a
		// key-value store cannot be found by their user, to be removed with the others.
		credential, err := store.FindCredential(ctx, won.Value)
		if err != nil && !core.IsNotFound(err) {
			return "", err
		}
		if err == nil && won.CreatedAt.Before(credential.UpdatedAt) {
			return "", invalid
		}
		// The mail has proven the address: the settings of somebody else who signed up
		// with it are removed before the owner's password is set.
		_, err = store.SettleSignUp(ctx, won.Value)
		if core.IsNotFound(err) {
			return "", invalid // the user is gone
		}
		return won.Value, err
	})
	return core.StatusReply{Status: true}, err
}
