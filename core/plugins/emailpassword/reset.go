package emailpassword

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
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
	a, store := c.Auth, c.Auth.Store()
	if p.opts.SendResetPassword == nil {
		return RequestResetReply{}, core.Fail(http.StatusBadRequest, CodeResetPasswordDisabled)
	}
	reply := RequestResetReply{true, "If this email exists in our system, check your email for the reset link"}
	user, err := store.FindUserByEmail(c, in.Email)
	if err != nil && !errors.Is(err, adapter.ErrNotFound) {
		return RequestResetReply{}, err
	}
	token, tokenErr := a.RandomString(24)
	if tokenErr != nil {
		return RequestResetReply{}, tokenErr
	}
	if err != nil {
		// Nobody has the address: do about the same work and answer the same.
		if _, err := store.FindVerification(c, resetIdentifier+token); err != nil && !errors.Is(err, adapter.ErrNotFound) {
			return RequestResetReply{}, err
		}
		return reply, nil
	}
	if _, err := store.CreateVerification(c, resetIdentifier+token, user.ID, a.Now().Add(p.opts.ResetTokenTTL)); err != nil {
		return RequestResetReply{}, err
	}
	c.Emit(core.Event{Type: core.EventPasswordResetAsked, UserID: user.ID})
	// The mail goes to the stored address, never to the one that was submitted.
	mail := core.Mail{User: user, Token: token,
		URL: c.BaseURL() + "/reset-password/" + token + "?callbackURL=" + wire.EncodeURIComponent(deref(in.RedirectTo))}
	c.Go("sending a reset mail", func(ctx context.Context) error { return p.opts.SendResetPassword(ctx, mail) })
	return reply, nil
}

// ResetCallbackInput is the query of the link in the mail.
type ResetCallbackInput struct {
	Token       string `path:"token"`
	CallbackURL string `query:"callbackURL" doc:"Where to go with the token"`
}

// resetCallback redirects with ?token=… while the token is valid. It does not use
// the token up: opening the link twice, or a mail scanner's look at it, is harmless.
func (p *Plugin) resetCallback(c *core.Ctx, in *ResetCallbackInput) (core.StatusReply, error) {
	// The token in the address must not travel on in the Referer header.
	c.SetHeader("Referrer-Policy", "no-referrer")
	target := in.CallbackURL
	if target == "" {
		target = c.BaseURL() + "/error"
	}
	v, err := c.Auth.Store().FindVerification(c, resetIdentifier+in.Token)
	if err != nil && !errors.Is(err, adapter.ErrNotFound) {
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

func (p *Plugin) resetPassword(c *core.Ctx, in *ResetPasswordInput) (core.StatusReply, error) {
	a, store := c.Auth, c.Auth.Store()
	invalid := core.Fail(http.StatusBadRequest, core.CodeInvalidToken)
	token := deref(in.Token)
	if token == "" {
		token = deref(in.QueryToken)
	}
	if token == "" {
		return core.StatusReply{}, invalid
	}
	if err := p.checkNewPassword(c, in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	// Look before hashing: a guess must not cost a hash.
	v, err := store.FindVerification(c, resetIdentifier+token)
	if err != nil && !errors.Is(err, adapter.ErrNotFound) {
		return core.StatusReply{}, err
	}
	if err != nil || !v.ExpiresAt.After(c.Now()) {
		return core.StatusReply{}, invalid
	}
	hash, err := a.HashPassword(c, in.NewPassword)
	if err != nil {
		return core.StatusReply{}, err
	}
	var userID string
	err = store.Tx(c, func(ctx context.Context) error {
		won, err := store.ConsumeVerification(ctx, resetIdentifier+token)
		if errors.Is(err, adapter.ErrNotFound) {
			return invalid
		}
		if err != nil {
			return err
		}
		userID = won.Value
		// A password that was set since the link was made ends the link. Values in a
		// key-value store cannot be found by their user, to be removed with the others.
		credential, err := store.FindCredential(ctx, userID)
		if err != nil && !errors.Is(err, adapter.ErrNotFound) {
			return err
		}
		if err == nil && won.CreatedAt.Before(credential.UpdatedAt) {
			return invalid
		}
		if err := store.SetPassword(ctx, userID, hash); err != nil {
			return err
		}
		// Older links, and whatever else was waiting for this user, end here.
		if err := store.DeleteVerificationsOf(ctx, userID); err != nil {
			return err
		}
		if p.opts.RevokeSessionsOnReset {
			return store.DeleteSessions(ctx, userID)
		}
		return nil
	})
	if errors.Is(err, adapter.ErrNotFound) {
		return core.StatusReply{}, invalid // the user is gone
	}
	if err != nil {
		return core.StatusReply{}, err
	}
	c.Emit(core.Event{Type: core.EventPasswordReset, UserID: userID})
	if p.opts.OnPasswordReset != nil {
		user, err := store.FindUser(c, userID)
		if err != nil {
			return core.StatusReply{}, err
		}
		if err := p.opts.OnPasswordReset(c, user); err != nil {
			return core.StatusReply{}, err
		}
	}
	return core.StatusReply{Status: true}, nil
}
