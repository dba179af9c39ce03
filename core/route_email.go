package core

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// The request types of a verification token that changes an address.
const (
	changeConfirmation = "change-email-confirmation" // sent to the current address
	changeVerification = "change-email-verification" // sent to the new address
)

// emailToken makes the signed token of a verification link. updateTo is the new
// address of a change.
func (a *Auth) emailToken(email, updateTo, requestType string) (string, error) {
	claims := append([]byte(nil), `{"email":`...)
	claims = wire.AppendString(claims, NormalizeEmail(email))
	if updateTo != "" {
		claims = append(claims, `,"updateTo":`...)
		claims = wire.AppendString(claims, NormalizeEmail(updateTo))
	}
	if requestType != "" {
		claims = append(claims, `,"requestType":`...)
		claims = wire.AppendString(claims, requestType)
	}
	return a.keys.SignJWT(append(claims, '}'), a.Now(), a.cfg.verifyTTL)
}

// SendVerification sends a verification mail to a user in the background.
// callbackURL "" leads to "/". It fails with VERIFICATION_EMAIL_NOT_ENABLED
// without a sender.
func (c *Ctx) SendVerification(u *User, callbackURL string) error {
	if c.Auth.opts.EmailVerification.Send == nil {
		return Fail(http.StatusBadRequest, CodeVerificationEmailDisabled)
	}
	token, err := c.Auth.emailToken(u.Email, "", "")
	if err != nil {
		return err
	}
	if callbackURL == "" {
		callbackURL = "/"
	}
	c.sendVerificationMail(u, token, callbackURL)
	return nil
}

func (c *Ctx) sendVerificationMail(u *User, token, callbackURL string) {
	mail := Mail{User: u, Token: token,
		URL: c.BaseURL() + "/verify-email?token=" + token + "&callbackURL=" + wire.EncodeURIComponent(callbackURL)}
	send := c.Auth.opts.EmailVerification.Send
	c.Go("sending a verification mail", func(ctx context.Context) error { return send(ctx, mail) })
}

// SendVerificationInput is the body of send-verification-email.
type SendVerificationInput struct {
	Email       string  `json:"email" zod:"email" doc:"Address to verify"`
	CallbackURL *string `json:"callbackURL" doc:"Where the link leads after verification"`
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func sendVerificationEmail(c *Ctx, in *SendVerificationInput) (StatusReply, error) {
	a := c.Auth
	if a.opts.EmailVerification.Send == nil {
		return StatusReply{}, Fail(http.StatusBadRequest, CodeVerificationEmailDisabled)
	}
	if current := c.Session(); current != nil {
		if !strings.EqualFold(current.User.Email, in.Email) {
			return StatusReply{}, Fail(http.StatusBadRequest, CodeEmailMismatch)
		}
		if current.User.EmailVerified {
			return StatusReply{}, Fail(http.StatusBadRequest, CodeEmailAlreadyVerified)
		}
		return StatusReply{true}, c.SendVerification(&current.User, text(in.CallbackURL))
	}
	// Signed out, the answer and its cost are the same whether the address is known.
	defer atLeast(c, a.cfg.mailTime)()
	u, err := a.store.FindUserByEmail(c, in.Email)
	if err != nil && !isNotFound(err) {
		return StatusReply{}, err
	}
	if err != nil || u.EmailVerified {
		_, err := a.emailToken(in.Email, "", "")
		return StatusReply{true}, err
	}
	return StatusReply{true}, c.SendVerification(u, text(in.CallbackURL))
}

// atLeast returns a function that waits until a time has passed since atLeast was
// called, or the caller is gone.
func atLeast(ctx context.Context, d time.Duration) func() {
	timer := time.NewTimer(d)
	return func() {
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// VerifyEmailInput is the query of a verification link.
type VerifyEmailInput struct {
	Token       string  `query:"token" doc:"Token from the mail"`
	CallbackURL *string `query:"callbackURL" doc:"Where to go after verification"`
}

// VerifyEmailReply is {"status":true}, with the user (or null) where 1.6.11 sends one.
type VerifyEmailReply struct {
	Status  bool
	User    *User
	HasUser bool
}

// AppendJSON appends the answer.
func (r VerifyEmailReply) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"status":`...)
	dst = appendBool(dst, r.Status)
	if r.HasUser {
		dst = append(dst, `,"user":`...)
		if r.User == nil {
			dst = append(dst, "null"...)
		} else {
			dst = r.User.AppendJSON(dst)
		}
	}
	return append(dst, '}')
}

type emailClaims struct{ email, updateTo, requestType string }

func (a *Auth) readEmailToken(token string) (emailClaims, error) {
	payload, err := a.keys.VerifyJWT(token, a.Now())
	if errors.Is(err, secret.ErrTokenExpired) {
		return emailClaims{}, Fail(http.StatusUnauthorized, CodeTokenExpired)
	}
	invalid := Fail(http.StatusUnauthorized, CodeInvalidToken)
	if err != nil {
		return emailClaims{}, invalid
	}
	v, err := wire.Parse(payload, wire.Limits{})
	if err != nil {
		return emailClaims{}, invalid
	}
	var k emailClaims
	ok := true
	str := func(name string) string {
		m := v.Get(name)
		if m.IsUndefined() {
			return ""
		}
		s, isString := m.Str()
		ok = ok && isString
		return s
	}
	k = emailClaims{str("email"), str("updateTo"), str("requestType")}
	// Other tokens are signed with the same secret: one without an address, of an
	// unknown purpose, or with the members of another kind (a cookie cache), is not a
	// verification token.
	switch k.requestType {
	case "", changeConfirmation, changeVerification:
	default:
		return emailClaims{}, invalid
	}
	if !ok || !validate.Email(k.email) || k.requestType != "" && k.updateTo == "" || !v.Get("session").IsUndefined() {
		return emailClaims{}, invalid
	}
	return k, nil
}

func verifyEmail(c *Ctx, in *VerifyEmailInput) (VerifyEmailReply, error) {
	a := c.Auth
	callback := text(in.CallbackURL)
	// A token in the address must not travel on in the Referer header.
	c.SetHeader("Referrer-Policy", "no-referrer")
	fail := func(err error) (VerifyEmailReply, error) {
		e := asError(err)
		if callback == "" || e.Status >= 500 {
			return VerifyEmailReply{}, err
		}
		separator := "?"
		if strings.Contains(callback, "?") {
			separator = "&"
		}
		return VerifyEmailReply{}, c.Redirect(callback + separator + "error=" + e.Code)
	}
	done := func(r VerifyEmailReply) (VerifyEmailReply, error) {
		if callback != "" {
			return r, c.Redirect(callback)
		}
		return r, nil
	}
	claims, err := a.readEmailToken(in.Token)
	if err != nil {
		return fail(err)
	}
	u, err := a.store.FindUserByEmail(c, claims.email)
	if isNotFound(err) {
		return fail(Fail(http.StatusUnauthorized, CodeUserNotFound))
	}
	if err != nil {
		return VerifyEmailReply{}, err
	}
	if claims.updateTo != "" {
		return c.verifyChange(u, claims, callback, fail, done)
	}
	if u.EmailVerified {
		return done(VerifyEmailReply{Status: true, HasUser: true})
	}
	o := &a.opts.EmailVerification
	if o.Before != nil {
		if err := o.Before(c, u); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	// Of parallel uses of a link one verifies; the others come too late, as a second
	// use does.
	updated, err := a.store.updateUser(c, adapter.By("email", NormalizeEmail(claims.email)).And("emailVerified", false),
		adapter.Record{"emailVerified": true})
	if isNotFound(err) {
		if _, err := a.store.FindUserByEmail(c, claims.email); isNotFound(err) {
			return fail(Fail(http.StatusUnauthorized, CodeUserNotFound))
		} else if err != nil {
			return VerifyEmailReply{}, err
		}
		return done(VerifyEmailReply{Status: true, HasUser: true})
	}
	if err != nil {
		return VerifyEmailReply{}, err
	}
	c.Emit(Event{Type: EventEmailVerified, UserID: updated.ID})
	if o.After != nil {
		if err := o.After(c, updated); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	if o.AutoSignIn {
		// The store is asked: cookies of a revoked session must not be written anew.
		current, err := c.LoadSession(true)
		if err != nil && asError(err).Status >= 500 {
			return VerifyEmailReply{}, err
		}
		if current != nil && current.User.ID == updated.ID {
			if err := c.SetSession(&SessionData{Session: current.Session, User: *updated}, nil); err != nil {
				return VerifyEmailReply{}, err
			}
		} else if _, err := c.SignIn(c, updated, SignIn{Method: "email-verification", KeepForget: true, Redirect: callback}); err != nil {
			return VerifyEmailReply{}, sessionFailure(err, http.StatusInternalServerError)
		}
	}
	return done(VerifyEmailReply{Status: true, HasUser: true})
}

// sessionFailure answers FAILED_TO_CREATE_SESSION when a hook gave the session up.
func sessionFailure(err error, status int) error {
	if errors.Is(err, ErrAbort) {
		return Fail(status, CodeFailedToCreateSession)
	}
	return err
}

// verifyChange handles a token that changes an address. The token names the
// current address, so it is worthless once that has changed.
func (c *Ctx) verifyChange(u *User, claims emailClaims, callback string,
	fail func(error) (VerifyEmailReply, error), done func(VerifyEmailReply) (VerifyEmailReply, error)) (VerifyEmailReply, error) {
	a := c.Auth
	current, err := c.LoadSession(true)
	if err != nil && asError(err).Status >= 500 {
		return VerifyEmailReply{}, err
	}
	if current != nil && current.User.Email != claims.email {
		return fail(Fail(http.StatusUnauthorized, CodeInvalidUser))
	}
	target := callback
	if target == "" {
		target = "/"
	}
	to := *u
	to.Email = claims.updateTo
	if claims.requestType == changeConfirmation {
		token, err := a.emailToken(claims.email, claims.updateTo, changeVerification)
		if err != nil {
			return VerifyEmailReply{}, err
		}
		if a.opts.EmailVerification.Send != nil {
			c.sendVerificationMail(&to, token, target)
		}
		return done(VerifyEmailReply{Status: true})
	}
	verified := claims.requestType == changeVerification
	updated, err := a.store.ChangeEmail(c, claims.email, claims.updateTo, verified)
	switch {
	case isNotFound(err):
		return fail(Fail(http.StatusUnauthorized, CodeUserNotFound))
	case errors.Is(err, adapter.ErrUnique):
		// The new address was taken since the mail was sent.
		return fail(Fail(http.StatusUnauthorized, CodeInvalidToken))
	case err != nil:
		return VerifyEmailReply{}, err
	}
	c.Emit(Event{Type: EventEmailChanged, UserID: updated.ID})
	if verified && a.opts.EmailVerification.After != nil {
		if err := a.opts.EmailVerification.After(c, updated); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	if !verified && a.opts.EmailVerification.Send != nil {
		token, err := a.emailToken(claims.updateTo, "", "")
		if err != nil {
			return VerifyEmailReply{}, err
		}
		c.sendVerificationMail(updated, token, target)
	}
	if current != nil {
		err = c.SetSession(&SessionData{Session: current.Session, User: *updated}, nil)
	} else {
		_, err = c.SignIn(c, updated, SignIn{Method: "email-change", KeepForget: true, Redirect: callback})
	}
	if err != nil {
		return VerifyEmailReply{}, sessionFailure(err, http.StatusInternalServerError)
	}
	return done(VerifyEmailReply{Status: true, HasUser: true, User: updated})
}

// ChangeEmailInput is the body of change-email.
type ChangeEmailInput struct {
	NewEmail    string  `json:"newEmail" zod:"email" doc:"New address"`
	CallbackURL *string `json:"callbackURL" doc:"Where the link leads after verification"`
}

func changeEmail(c *Ctx, in *ChangeEmailInput) (StatusReply, error) {
	a, current := c.Auth, c.Session()
	o := &a.opts.User.ChangeEmail
	if !o.Enabled {
		return StatusReply{}, Fail(http.StatusBadRequest, CodeChangeEmailDisabled)
	}
	if err := CheckNewEmail(in.NewEmail); err != nil {
		return StatusReply{}, err
	}
	email := NormalizeEmail(in.NewEmail)
	if email == current.User.Email {
		return StatusReply{}, FailText(http.StatusBadRequest, "Email is the same")
	}
	atOnce := !current.User.EmailVerified && o.UpdateWithoutVerification
	confirm := current.User.EmailVerified && o.SendConfirmation != nil
	if !atOnce && !confirm && a.opts.EmailVerification.Send == nil {
		return StatusReply{}, FailText(http.StatusBadRequest, "Verification email isn't enabled")
	}
	// A used address is answered as a free one: the caller learns nothing of others.
	_, err := a.store.FindUserByEmail(c, email)
	if err == nil {
		_, err := a.emailToken(current.User.Email, email, "")
		return StatusReply{true}, err
	}
	if !isNotFound(err) {
		return StatusReply{}, err
	}
	target := text(in.CallbackURL)
	if target == "" {
		target = "/"
	}
	if atOnce {
		return c.changeEmailAtOnce(current, email, target)
	}
	requestType := changeVerification
	if confirm {
		requestType = changeConfirmation
	}
	token, err := a.emailToken(current.User.Email, email, requestType)
	if err != nil {
		return StatusReply{}, err
	}
	if confirm {
		mail := ChangeEmailMail{User: &current.User, NewEmail: email, Token: token,
			URL: c.BaseURL() + "/verify-email?token=" + token + "&callbackURL=" + wire.EncodeURIComponent(target)}
		c.Go("sending a confirmation mail", func(ctx context.Context) error { return o.SendConfirmation(ctx, mail) })
		return StatusReply{true}, nil
	}
	to := current.User
	to.Email = email
	c.sendVerificationMail(&to, token, target)
	return StatusReply{true}, nil
}

func (c *Ctx) changeEmailAtOnce(current *SessionData, email, target string) (StatusReply, error) {
	a := c.Auth
	u, err := a.store.ChangeEmail(c, current.User.Email, email, false)
	if errors.Is(err, adapter.ErrUnique) {
		return StatusReply{true}, nil
	}
	if isNotFound(err) {
		return StatusReply{}, errUnauthorized
	}
	if err != nil {
		return StatusReply{}, err
	}
	c.Emit(Event{Type: EventEmailChanged})
	if err := c.SetSession(&SessionData{Session: current.Session, User: *u}, nil); err != nil {
		return StatusReply{}, err
	}
	if a.opts.EmailVerification.Send == nil {
		return StatusReply{true}, nil
	}
	token, err := a.emailToken(email, "", "")
	if err != nil {
		return StatusReply{}, err
	}
	c.sendVerificationMail(u, token, target)
	return StatusReply{true}, nil
}
