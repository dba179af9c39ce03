package passkey

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Method is core.SignIn.Method of a sign-in with a passkey.
const Method = "passkey"

// RequestOptions is what the client passes to navigator.credentials.get (WebAuthn
// §5.5). Without a session AllowCredentials is absent: the browser offers its
// discoverable credentials, also in the autofill of an input field (conditional
// UI).
type RequestOptions struct {
	RPID             string       `json:"rpId"`
	Challenge        string       `json:"challenge"`
	AllowCredentials []Descriptor `json:"allowCredentials,omitempty"`
	Timeout          int          `json:"timeout"` // milliseconds
	UserVerification string       `json:"userVerification"`
	Extensions       wire.Value   `json:"extensions"` // absent when undefined
}

func (p *Plugin) authenticationOptions(c *core.Ctx, _ *core.NoInput) (*RequestOptions, error) {
	if err := c.BeginSignIn(Method); err != nil {
		return nil, err
	}
	value, err := newChallenge(c)
	if err != nil {
		return nil, err
	}
	o := &RequestOptions{RPID: p.rpID(c), Challenge: value, Timeout: timeout, UserVerification: p.opts.Authentication.UserVerification}
	ch := challenge{ceremony: authentication, value: value}
	if s := c.Session(); s != nil {
		ch.user.ID = s.User.ID
		keys, err := p.passkeysOf(c, s.User.ID)
		if err != nil {
			return nil, err
		}
		if len(keys) > 0 {
			o.AllowCredentials = descriptors(keys)
		}
	}
	extensions, err := object(c, p.opts.Authentication.Extensions)
	if err != nil {
		return nil, err
	}
	if extensions != nil {
		o.Extensions = wire.ObjectOf(extensions)
	}
	return o, p.keep(c, ch)
}

// VerifyAuthenticationInput is the body of verify-authentication.
type VerifyAuthenticationInput struct {
	Response validate.Record `json:"response" doc:"What navigator.credentials.get returned, as JSON"`
}

func (p *Plugin) verifyAuthentication(c *core.Ctx, in *VerifyAuthenticationInput) (*core.SessionData, error) {
	if err := c.BeginSignIn(Method); err != nil {
		return nil, err
	}
	origins := p.origins(c)
	if len(origins) == 0 {
		return nil, core.FailText(http.StatusBadRequest, "origin missing")
	}
	ch, err := p.take(c, authentication)
	if err != nil {
		return nil, err
	}
	response := wire.ObjectOf(in.Response.Members)
	key, err := p.findPasskey(c, response)
	if core.IsNotFound(err) {
		c.Emit(core.Event{Type: core.EventSignInFailed, Method: ID, Code: CodePasskeyNotFound.Code})
		return nil, core.Fail(http.StatusUnauthorized, CodePasskeyNotFound)
	}
	if err != nil {
		return nil, err
	}
	user, verified, err := p.authenticate(c, key, response, expectation{
		challenge: ch.value, rpID: p.rpID(c), origins: origins, userVerification: p.opts.Authentication.UserVerification == "required",
	})
	if err != nil {
		return nil, p.refuse(c, key, err)
	}
	if after := p.opts.Authentication.AfterVerification; after != nil {
		if err := after(c, &Authentication{Passkey: key, User: user, Verified: verified, Response: response.AppendJSON(nil)}); err != nil {
			return nil, err
		}
	}
	// This comes before the gates, which may hold the sign-in up: the authenticator's
	// counter has increased already.
	if err := p.count(c, key, verified); err != nil {
		return nil, p.refuse(c, key, err)
	}
	data, err := c.SignIn(c, user, core.SignIn{Method: Method, KeepForget: true, MultiFactor: verified.UserVerified, Confirm: func(ctx context.Context) error {
		// The passkey may have been deleted since. Its deletion must not leave a
		// session behind.
		_, err := p.passkeys.Update(ctx, adapter.By("id", key.ID).And("userId", user.ID), adapter.Record{"publicKey": key.PublicKey})
		return err
	}})
	if core.IsNotFound(err) {
		return nil, p.refuse(c, key, refusal("the passkey was deleted in between"))
	}
	if errors.Is(err, core.ErrAbort) {
		return nil, core.Fail(http.StatusUnauthorized, CodeUnableToCreate)
	}
	return data, err
}

func (p *Plugin) findPasskey(c *core.Ctx, response wire.Value) (*Passkey, error) {
	id, ok := response.Get("id").Str()
	if !ok || id == "" {
		return nil, core.ErrNotFound
	}
	return p.passkeys.Find(c, adapter.By("credentialID", id))
}

// refusal is a reason for not signing in, for the log.
type refusal string

func (r refusal) Error() string { return string(r) }

// errCounter is the refusal of a counter that has not grown.
const errCounter = refusal("the signature counter has not grown")

// refuse answers AUTHENTICATION_FAILED for a refusal, and passes other errors on.
func (p *Plugin) refuse(c *core.Ctx, key *Passkey, err error) error {
	var why refusal
	if !errors.As(err, &why) {
		return err
	}
	c.Auth().Logger().LogAttrs(c, slog.LevelInfo, "a sign-in with a passkey was refused", slog.String("reason", string(why)))
	if why == errCounter {
		c.Emit(core.Event{Type: EventCounter, UserID: key.UserID, Code: CodeAuthenticationFailed.Code})
	}
	c.Emit(core.Event{Type: core.EventSignInFailed, Method: ID, UserID: key.UserID, Code: CodeAuthenticationFailed.Code})
	return core.Fail(http.StatusUnauthorized, CodeAuthenticationFailed)
}

// authenticate verifies a response against a stored passkey and returns its owner.
func (p *Plugin) authenticate(c *core.Ctx, key *Passkey, response wire.Value, want expectation) (*core.User, *VerifiedAuthentication, error) {
	publicKey, err := base64.StdEncoding.DecodeString(key.PublicKey)
	if err != nil {
		return nil, nil, refusal("the stored public key is not base64")
	}
	v, err := verifyAuthentication(response, publicKey, want)
	if err != nil {
		return nil, nil, refusal(err.Error())
	}
	user, err := c.Auth().Store().FindUser(c, key.UserID)
	if core.IsNotFound(err) {
		return nil, nil, refusal("the passkey's user does not exist")
	}
	if err != nil {
		return nil, nil, err
	}
	if err := owned(c, key, v.userHandle); err != nil {
		return nil, nil, err
	}
	if v.DeviceType != key.DeviceType {
		return nil, nil, refusal("the key's backup eligibility has changed")
	}
	if grown := int64(v.Counter) > key.Counter || v.Counter == 0 && key.Counter == 0; !grown {
		return nil, nil, errCounter
	}
	return user, v, nil
}

// owned checks that the user handle, if the authenticator returned one, names the
// passkey's owner. Handles of Better Auth 1.6 and of visitors name nobody and pass.
func owned(c *core.Ctx, key *Passkey, handle []byte) error {
	named := string(handle)
	if len(handle) == 0 || named == key.UserID {
		return nil
	}
	if len(named) != handleLength || strings.Trim(named, handleAlphabet) != "" {
		return refusal("the user handle is of somebody else")
	}
	_, err := c.Auth().Store().FindUser(c, named)
	if err == nil {
		return refusal("the user handle is of somebody else")
	}
	if core.IsNotFound(err) {
		return nil
	}
	return err
}

// count stores the counter and the backup state, unless another sign-in has stored the
// same or a higher counter meanwhile: two sign-ins with one counter value come from two
// authenticators.
func (p *Plugin) count(c *core.Ctx, key *Passkey, v *VerifiedAuthentication) error {
	if v.Counter == 0 && v.BackedUp == key.BackedUp {
		return nil
	}
	guard := adapter.Cond{Field: "counter", Op: adapter.Lt, Value: int64(v.Counter)}
	if v.Counter == 0 { // an authenticator without a counter
		guard.Op = adapter.Eq
	}
	_, err := p.passkeys.Update(c, append(adapter.By("id", key.ID), guard), adapter.Record{"counter": int64(v.Counter), "backedUp": v.BackedUp})
	switch {
	case core.IsNotFound(err):
		return errCounter
	case errors.Is(err, adapter.ErrBadValue):
		return refusal("the counter does not fit the column")
	}
	return err
}
