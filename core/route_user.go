package core

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// UpdateUserInput is name, image and any of the user's added fields.
type UpdateUserInput struct {
	validate.Record
}

var (
	nameField  = schema.Field{Name: "name", Type: schema.String}
	imageField = schema.Field{Name: "image", Type: schema.String, Optional: true}
)

func updateUser(c *Ctx, in *UpdateUserInput) (StatusReply, error) {
	a, current, body := c.auth, c.Session(), in.Members
	if email, _ := body.Get("email"); email.Truthy() {
		return StatusReply{}, Fail(http.StatusBadRequest, CodeEmailCanNotBeUpdated)
	}
	fields, err := a.ParseInput(ModelUser, body, true)
	if err != nil {
		return StatusReply{}, err
	}
	set := adapter.Record{}
	for k, v := range fields {
		set[k] = v
	}
	for _, f := range []*schema.Field{&nameField, &imageField} {
		v, ok := body.Get(f.Name)
		if !ok {
			continue
		}
		value, err := valueFromJSON(f, v)
		if err != nil || value == nil && !f.Optional {
			return StatusReply{}, &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code,
				Message: "[body." + f.Name + "] Invalid input: expected string, received " + jsonType(v)}
		}
		set[f.Name] = value
	}
	if len(set) == 0 {
		return StatusReply{}, FailText(http.StatusBadRequest, "No fields to update")
	}
	var u *User
	err = c.Recorded(func(ctx context.Context) (err error) {
		if u, err = a.store.UpdateUser(ctx, current.User.ID, set); err != nil {
			return err
		}
		return c.EmitIn(ctx, Event{Type: EventUserUpdated, Detail: changedFields(set)})
	})
	switch {
	case errors.Is(err, ErrAbort):
		u = &current.User // the hook kept the user as it was; Better Auth 1.6 answers as usual
	case isNotFound(err):
		return StatusReply{}, errUnauthorized
	case errors.Is(err, adapter.ErrUnique):
		// Another user has the value of an added field that is unique.
		return StatusReply{}, Fail(http.StatusUnprocessableEntity, CodeFailedToUpdateUser)
	case err != nil:
		return StatusReply{}, err
	}
	return StatusReply{true}, c.Issue(&SessionData{Session: current.Session, User: *u}, IssueOptions{})
}

// jsonType names the kind of a value as validation messages do.
func jsonType(v wire.Value) string {
	switch v.Kind() {
	case wire.KindNull:
		return "null"
	case wire.KindBool:
		return "boolean"
	case wire.KindNumber:
		return "number"
	case wire.KindString:
		return "string"
	case wire.KindArray:
		return "array"
	case wire.KindObject:
		return "object"
	}
	return "undefined"
}

// DeleteUserInput is the body of delete-user.
type DeleteUserInput struct {
	CallbackURL *string `json:"callbackURL" doc:"Where the link in the mail leads after the deletion"`
	Password    *string `json:"password" doc:"Password of the user, needed when the session is not fresh"`
	Token       *string `json:"token" doc:"Token from the mail"`
}

// DeleteUserReply is {"success":…,"message":…}.
type DeleteUserReply struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

const (
	deletionIdentifier = "delete-account-"
	lowerAlphanumeric  = "0123456789abcdefghijklmnopqrstuvwxyz"
)

func deleteUser(c *Ctx, in *DeleteUserInput) (DeleteUserReply, error) {
	a := c.auth
	o := &a.opts.User.DeleteUser
	if !o.Enabled {
		return DeleteUserReply{}, Fail(http.StatusNotFound, CodeNotFound)
	}
	current := c.Session()
	proven := false
	if in.Password != nil && *in.Password != "" {
		acc, err := a.store.FindCredential(c, current.User.ID)
		if isNotFound(err) {
			return DeleteUserReply{}, Fail(http.StatusBadRequest, CodeCredentialAccountNotFound)
		}
		if err != nil {
			return DeleteUserReply{}, err
		}
		valid, err := a.VerifyPassword(c, acc, *in.Password)
		if err != nil {
			return DeleteUserReply{}, err
		}
		if !valid {
			return DeleteUserReply{}, Fail(http.StatusBadRequest, CodeInvalidPassword)
		}
		proven = true
	}
	if in.Token != nil && *in.Token != "" {
		return finishDeletion(c, *in.Token)
	}
	if o.SendVerification != nil {
		if err := c.LimitMails(current.User.Email); err != nil {
			return DeleteUserReply{}, err
		}
		token, err := secret.Random(a.opts.Rand, 32, lowerAlphanumeric)
		if err != nil {
			return DeleteUserReply{}, err
		}
		_, err = a.store.CreateVerification(c, deletionIdentifier+token, current.User.ID, a.Now().Add(a.cfg.deleteTTL))
		if err != nil {
			return DeleteUserReply{}, err
		}
		target := "/"
		if in.CallbackURL != nil && *in.CallbackURL != "" {
			target = *in.CallbackURL
		}
		mail := Mail{User: &current.User, Token: token,
			URL: c.BaseURL() + "/delete-user/callback?token=" + token + "&callbackURL=" + wire.EncodeURIComponent(target)}
		c.Go("sending a deletion mail", func(ctx context.Context) error { return o.SendVerification(ctx, mail) }, mail.secrets()...)
		return DeleteUserReply{true, "Verification email sent"}, nil
	}
	if !proven && !a.Fresh(&current.Session) {
		return DeleteUserReply{}, Fail(http.StatusBadRequest, CodeSessionExpired)
	}
	return deleteCurrentUser(c, "")
}

// DeleteUserCallbackInput is the query of the link in the mail.
type DeleteUserCallbackInput struct {
	Token       string  `query:"token" doc:"Token from the mail"`
	CallbackURL *string `query:"callbackURL" doc:"Where to go after the deletion"`
}

func deleteUserCallback(c *Ctx, in *DeleteUserCallbackInput) (DeleteUserReply, error) {
	if !c.auth.opts.User.DeleteUser.Enabled {
		return DeleteUserReply{}, Fail(http.StatusNotFound, CodeNotFound)
	}
	reply, err := finishDeletion(c, in.Token)
	if err != nil {
		return reply, err
	}
	if in.CallbackURL != nil && *in.CallbackURL != "" {
		return reply, c.Redirect(*in.CallbackURL)
	}
	return reply, nil
}

// finishDeletion deletes the current user by a token from the mail. The store is
// asked for the session: a revoked one must not delete.
func finishDeletion(c *Ctx, token string) (DeleteUserReply, error) {
	data, err := c.StoredSession()
	if err != nil {
		return DeleteUserReply{}, err
	}
	if data == nil {
		return DeleteUserReply{}, Fail(http.StatusNotFound, CodeFailedToGetUserInfo)
	}
	v, err := c.auth.store.FindVerification(c, deletionIdentifier+token)
	if err != nil && !isNotFound(err) {
		return DeleteUserReply{}, err
	}
	if err != nil || !v.ExpiresAt.After(c.Now()) || v.Value != data.User.ID {
		return DeleteUserReply{}, Fail(http.StatusNotFound, CodeInvalidToken)
	}
	return deleteCurrentUser(c, token)
}

// deleteCurrentUser deletes the session's user. A token is used up in the same
// transaction, so that only one of many callbacks deletes.
func deleteCurrentUser(c *Ctx, token string) (DeleteUserReply, error) {
	a, current := c.auth, c.Session()
	o := &a.opts.User.DeleteUser
	if o.BeforeDelete != nil {
		if err := o.BeforeDelete(c, &current.User); err != nil {
			return DeleteUserReply{}, err
		}
	}
	err := a.store.Tx(c, func(ctx context.Context) error {
		if token != "" {
			if _, err := a.store.ConsumeVerification(ctx, deletionIdentifier+token); err != nil {
				if isNotFound(err) {
					return Fail(http.StatusNotFound, CodeInvalidToken)
				}
				return err
			}
		}
		// Only one of parallel deletions finds the user.
		if err := a.store.LockUser(ctx, current.User.ID); err != nil {
			if isNotFound(err) {
				return errUnauthorized
			}
			return err
		}
		if err := a.store.DeleteUser(ctx, current.User.ID); err != nil {
			return err
		}
		return c.EmitIn(ctx, Event{Type: EventUserDeleted})
	})
	if err != nil {
		return DeleteUserReply{}, err
	}
	c.EndSession()
	if o.AfterDelete != nil {
		if err := o.AfterDelete(c, &current.User); err != nil {
			return DeleteUserReply{}, err
		}
	}
	return DeleteUserReply{true, "User deleted"}, nil
}
