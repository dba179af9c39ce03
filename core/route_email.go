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

// linkIdentifier begins the identifier of a link's stored value.
const linkIdentifier = "email-link-"

// linkToken makes the signed token of a link that is mailed for a user. updateTo is the
// new address of a change. The link works as long as a stored value of the user does:
// Store.DeleteVerificationsOf ends it.
func linkToken(ctx context.Context, a *Auth, u *User, updateTo, requestType string) (string, error) {
	id, err := a.RandomString(32)
	if err != nil {
		return "", err
	}
	if _, err := a.store.CreateVerification(ctx, linkIdentifier+id, u.ID, a.Now().Add(a.cfg.verifyTTL)); err != nil {
		return "", err
	}
	return emailToken(a, u.Email, updateTo, requestType, id)
}

// emailToken signs a token. link names its stored value.
func emailToken(a *Auth, email, updateTo, requestType, link string) (string, error) {
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
	if link != "" {
		claims = append(claims, `,"jti":`...)
		claims = wire.AppendString(claims, link)
	}
	return a.keys.SignJWT(append(claims, '}'), a.Now(), a.cfg.verifyTTL)
}

// SendVerification sends a verification mail to a user in the background, after the
// transaction of ctx has been committed. An empty callbackURL means "/". It fails with
// VERIFICATION_EMAIL_NOT_ENABLED when no sender is configured.
func (c *Ctx) SendVerification(ctx context.Context, u *User, callbackURL string) error {
	if c.auth.opts.EmailVerification.Send == nil {
		return Fail(http.StatusBadRequest, CodeVerificationEmailDisabled)
	}
	if callbackURL == "" {
		callbackURL = "/"
	}
	return sendVerificationMail(ctx, c, u, "", "", callbackURL)
}

// sendVerificationMail makes a link for a user and mails it once the transaction of ctx
// has been committed: to updateTo where the link changes the address.
func sendVerificationMail(ctx context.Context, c *Ctx, u *User, updateTo, requestType, callbackURL string) error {
	to := *u
	if updateTo != "" {
		to.Email = updateTo
	}
	// Read first, then store the link: a failed read leaves nothing behind.
	contested, err := c.auth.store.signUpContested(ctx, &to)
	if err != nil {
		return err
	}
	token, err := linkToken(ctx, c.auth, u, updateTo, requestType)
	if err != nil {
		return err
	}
	mail := Mail{User: &to, Token: token, SetPassword: contested,
		URL: c.BaseURL() + "/verify-email?token=" + token + "&callbackURL=" + wire.EncodeURIComponent(callbackURL)}
	send := c.auth.opts.EmailVerification.Send
	return AfterCommit(ctx, func(context.Context) error {
		c.Go("sending a verification mail", func(ctx context.Context) error {
			if ok, err := c.MayMail(ctx, to.Email); err != nil || !ok {
				return err
			}
			return send(ctx, mail)
		}, mail.secrets()...)
		return nil
	})
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
	a := c.auth
	if a.opts.EmailVerification.Send == nil {
		return StatusReply{}, Fail(http.StatusBadRequest, CodeVerificationEmailDisabled)
	}
	current, err := c.LoadSession()
	if err != nil {
		return StatusReply{}, err
	}
	if current != nil {
		if !strings.EqualFold(current.User.Email, in.Email) {
			return StatusReply{}, Fail(http.StatusBadRequest, CodeEmailMismatch)
		}
		if current.User.EmailVerified {
			return StatusReply{}, Fail(http.StatusBadRequest, CodeEmailAlreadyVerified)
		}
		if err := c.LimitMails(current.User.Email); err != nil {
			return StatusReply{}, err
		}
		return StatusReply{true}, c.SendVerification(c, &current.User, text(in.CallbackURL))
	}
	// A client without a session gets the same answer, in the same time, for known and
	// unknown addresses.
	defer atLeast(c, a.cfg.mailTime)()
	if err := c.LimitMails(in.Email); err != nil {
		return StatusReply{}, err
	}
	u, err := a.store.FindUserByEmail(c, in.Email)
	if err != nil && !isNotFound(err) {
		return StatusReply{}, err
	}
	if err != nil || u.EmailVerified {
		_, err := emailToken(a, in.Email, "", "", linkIdentifier)
		return StatusReply{true}, err
	}
	return StatusReply{true}, c.SendVerification(c, u, text(in.CallbackURL))
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

// VerifyEmailReply is {"status":true}, with the user (or null) where Better Auth 1.6
// sends one. Under CompatKernia "setPassword":true follows when another person may have
// signed up with the address and the user has no password now.
type VerifyEmailReply struct {
	Status      bool
	User        *User
	HasUser     bool
	SetPassword bool
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
	if r.SetPassword {
		dst = append(dst, `,"setPassword":true`...)
	}
	return append(dst, '}')
}

type emailClaims struct{ email, updateTo, requestType, link string }

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
	k = emailClaims{str("email"), str("updateTo"), str("requestType"), str("jti")}
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
	// A Better Auth server on the same database makes links without a stored value.
	if k.link == "" && a.opts.Compat != CompatBetterAuth {
		return emailClaims{}, invalid
	}
	return k, nil
}

// useLink uses up a link's stored value for its user, in the transaction of ctx.
func useLink(ctx context.Context, a *Auth, claims emailClaims, u *User) error {
	if claims.link == "" {
		return nil
	}
	v, err := a.store.ConsumeVerification(ctx, linkIdentifier+claims.link)
	if isNotFound(err) || err == nil && v.Value != u.ID {
		return Fail(http.StatusUnauthorized, CodeInvalidToken)
	}
	return err
}

// setPasswordParam tells the page behind a verification link that the user has no
// password any more.
const setPasswordParam = "setPassword=true"

// withParam adds a parameter to the address of a page.
func withParam(page, param string) string {
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	return page + separator + param
}

func verifyEmail(c *Ctx, in *VerifyEmailInput) (VerifyEmailReply, error) {
	a := c.auth
	callback := text(in.CallbackURL)
	// A token in the address must not travel on in the Referer header.
	c.SetHeader("Referrer-Policy", "no-referrer")
	fail := func(err error) (VerifyEmailReply, error) {
		e := asError(err)
		if callback == "" || e.Status >= 500 {
			return VerifyEmailReply{}, err
		}
		return VerifyEmailReply{}, c.Redirect(withParam(callback, "error="+e.Code))
	}
	done := func(r VerifyEmailReply) (VerifyEmailReply, error) {
		if callback != "" {
			target := callback
			if r.SetPassword {
				target = withParam(callback, setPasswordParam)
			}
			return r, c.Redirect(target)
		}
		r.SetPassword = r.SetPassword && a.opts.Compat == CompatKernia
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
		return verifyChange(c, u, claims, callback, fail, done)
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
	var updated *User
	var contested bool
	err = a.store.Tx(c, func(ctx context.Context) error {
		if err := useLink(ctx, a, claims, u); err != nil {
			return err
		}
		var err error
		updated, contested, err = a.store.verifyUser(ctx, adapter.By("id", u.ID).And("email", u.Email).And("emailVerified", false),
			adapter.Record{"emailVerified": true})
		if err != nil {
			return err
		}
		return c.EmitIn(ctx, Event{Type: EventEmailVerified, UserID: updated.ID})
	})
	if isNotFound(err) || err != nil && asError(err).Code == CodeInvalidToken.Code {
		// Only one of parallel uses of a link verifies. The others are answered like a
		// second use.
		now, findErr := a.store.FindUserByEmail(c, claims.email)
		switch {
		case isNotFound(findErr):
			return fail(Fail(http.StatusUnauthorized, CodeUserNotFound))
		case findErr != nil:
			return VerifyEmailReply{}, findErr
		case now.EmailVerified && now.ID == u.ID:
			return done(VerifyEmailReply{Status: true, HasUser: true})
		}
		return fail(Fail(http.StatusUnauthorized, CodeInvalidToken))
	}
	if err != nil {
		return VerifyEmailReply{}, err
	}
	if o.After != nil {
		if err := o.After(c, updated); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	// This reads the store: cookies of a revoked session must not be written again.
	current, err := callerNow(c, updated, contested, o.AutoSignIn)
	if err != nil {
		return VerifyEmailReply{}, err
	}
	if o.AutoSignIn {
		signsIn, err := c.MaySignIn(methodVerified)
		if err != nil {
			return VerifyEmailReply{}, err
		}
		if current != nil && current.User.ID == updated.ID {
			if err := c.Issue(&SessionData{Session: current.Session, User: *updated}, IssueOptions{}); err != nil {
				return VerifyEmailReply{}, err
			}
		} else if signsIn {
			if _, err := c.SignIn(c, updated, SignIn{Method: methodVerified, Incidental: true, KeepForget: true, Redirect: callback}); err != nil {
				return VerifyEmailReply{}, sessionFailure(err, http.StatusInternalServerError)
			}
		}
	}
	return done(VerifyEmailReply{Status: true, HasUser: true, SetPassword: contested})
}

// callerNow returns the caller's session after a verification. It reads the session
// when needed, or when a contested sign-up has been settled: that ended the user's
// sessions, even one that was read before, and its cookies are removed.
func callerNow(c *Ctx, u *User, contested, needed bool) (*SessionData, error) {
	if !contested && !needed {
		return nil, nil
	}
	current, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	if contested && current != nil && current.User.ID == u.ID {
		c.EndSession()
		return nil, nil
	}
	return current, nil
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
func verifyChange(c *Ctx, u *User, claims emailClaims, callback string,
	fail func(error) (VerifyEmailReply, error), done func(VerifyEmailReply) (VerifyEmailReply, error)) (VerifyEmailReply, error) {
	a := c.auth
	current, err := c.StoredSession()
	if err != nil {
		return VerifyEmailReply{}, err
	}
	if current != nil && current.User.Email != claims.email {
		return fail(Fail(http.StatusUnauthorized, CodeInvalidUser))
	}
	target := callback
	if target == "" {
		target = "/"
	}
	if claims.requestType == changeConfirmation {
		// The link may be opened again, for example after a mail scanner: it is
		// checked, not used up.
		if claims.link != "" {
			v, err := a.store.FindVerification(c, linkIdentifier+claims.link)
			if isNotFound(err) || err == nil && (v.Value != u.ID || !v.ExpiresAt.After(a.Now())) {
				return fail(Fail(http.StatusUnauthorized, CodeInvalidToken))
			}
			if err != nil {
				return VerifyEmailReply{}, err
			}
		}
		if a.opts.EmailVerification.Send != nil {
			if err := sendVerificationMail(c, c, u, claims.updateTo, changeVerification, target); err != nil {
				return VerifyEmailReply{}, err
			}
		}
		return done(VerifyEmailReply{Status: true})
	}
	verified := claims.requestType == changeVerification
	var updated *User
	var contested bool
	err = a.store.Tx(c, func(ctx context.Context) error {
		if err := useLink(ctx, a, claims, u); err != nil {
			return err
		}
		var err error
		updated, contested, err = a.store.changeEmail(ctx, claims.email, claims.updateTo, verified)
		if err == nil {
			err = c.EmitIn(ctx, Event{Type: EventEmailChanged, UserID: updated.ID})
		}
		if err != nil || verified || a.opts.EmailVerification.Send == nil {
			return err
		}
		return c.SendVerification(ctx, updated, target)
	})
	switch {
	case err != nil && asError(err).Code == CodeInvalidToken.Code:
		return fail(err)
	case isNotFound(err):
		return fail(Fail(http.StatusUnauthorized, CodeUserNotFound))
	case errors.Is(err, adapter.ErrUnique):
		// The new address was taken since the mail was sent.
		return fail(Fail(http.StatusUnauthorized, CodeInvalidToken))
	case err != nil:
		return VerifyEmailReply{}, err
	}
	if verified && a.opts.EmailVerification.After != nil {
		if err := a.opts.EmailVerification.After(c, updated); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	if contested {
		if current, err = callerNow(c, updated, contested, true); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	switch {
	case current != nil:
		err = c.Issue(&SessionData{Session: current.Session, User: *updated}, IssueOptions{})
	case a.opts.EmailVerification.AutoSignIn:
		// Only where links sign in at all: the person who asked for the change need not
		// be the account's owner now.
		var signsIn bool
		if signsIn, err = c.MaySignIn(methodChanged); signsIn {
			_, err = c.SignIn(c, updated, SignIn{Method: methodChanged, Incidental: true, KeepForget: true, Redirect: callback})
		}
	}
	if err != nil {
		return VerifyEmailReply{}, sessionFailure(err, http.StatusInternalServerError)
	}
	return done(VerifyEmailReply{Status: true, HasUser: true, User: updated, SetPassword: contested})
}

// ChangeEmailInput is the body of change-email.
type ChangeEmailInput struct {
	NewEmail    string  `json:"newEmail" zod:"email" doc:"New address"`
	CallbackURL *string `json:"callbackURL" doc:"Where the link leads after verification"`
}

func changeEmail(c *Ctx, in *ChangeEmailInput) (StatusReply, error) {
	a, current := c.auth, c.Session()
	o := &a.opts.User.ChangeEmail
	if !o.Enabled {
		return StatusReply{}, Fail(http.StatusBadRequest, CodeChangeEmailDisabled)
	}
	if err := CheckOwnEmail(in.NewEmail); err != nil {
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
	to := email
	if confirm {
		to = current.User.Email
	}
	if err := c.LimitMails(to); err != nil {
		return StatusReply{}, err
	}
	// A used address is answered as a free one, so that the caller learns nothing about
	// others.
	_, err := a.store.FindUserByEmail(c, email)
	if err == nil {
		_, err := linkToken(c, a, &current.User, email, "")
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
		return changeEmailAtOnce(c, current, email, target)
	}
	requestType := changeVerification
	if confirm {
		requestType = changeConfirmation
	}
	if confirm {
		token, err := linkToken(c, a, &current.User, email, requestType)
		if err != nil {
			return StatusReply{}, err
		}
		mail := ChangeEmailMail{User: &current.User, NewEmail: email, Token: token,
			URL: c.BaseURL() + "/verify-email?token=" + token + "&callbackURL=" + wire.EncodeURIComponent(target)}
		c.Go("sending a confirmation mail", func(ctx context.Context) error { return o.SendConfirmation(ctx, mail) }, mail.URL, mail.Token, mail.NewEmail, mail.User.Email)
		return StatusReply{true}, nil
	}
	return StatusReply{true}, sendVerificationMail(c, c, &current.User, email, requestType, target)
}

func changeEmailAtOnce(c *Ctx, current *SessionData, email, target string) (StatusReply, error) {
	a := c.auth
	var u *User
	err := a.store.Tx(c, func(ctx context.Context) error {
		var err error
		u, err = a.store.ChangeEmail(ctx, current.User.Email, email, false)
		if err == nil {
			err = c.EmitIn(ctx, Event{Type: EventEmailChanged})
		}
		if err != nil || a.opts.EmailVerification.Send == nil {
			return err
		}
		return c.SendVerification(ctx, u, target)
	})
	if errors.Is(err, adapter.ErrUnique) {
		return StatusReply{true}, nil
	}
	if isNotFound(err) {
		return StatusReply{}, errUnauthorized
	}
	if err != nil {
		return StatusReply{}, err
	}
	return StatusReply{true}, c.Issue(&SessionData{Session: current.Session, User: *u}, IssueOptions{})
}
