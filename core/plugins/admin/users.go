package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// GetUserInput is the query of get-user.
type GetUserInput struct {
	ID string `query:"id" doc:"Id of the user"`
}

func (p *Plugin) getUser(c *core.Ctx, in *GetUserInput) (*core.User, error) {
	if _, err := p.allow(c, needs("user", "get", CodeNotAllowedToGetUser)); err != nil {
		return nil, err
	}
	u, err := p.auth.Store().FindUser(c, in.ID)
	if core.IsNotFound(err) {
		return nil, core.Fail(http.StatusNotFound, core.CodeUserNotFound)
	}
	return u, err
}

// SetRoleInput is the body of set-role.
type SetRoleInput struct {
	UserID string             `json:"userId" zod:"coerce" doc:"Id of the user"`
	Role   validate.OneOrMany `json:"role" doc:"The new role, or several"`
}

func (p *Plugin) setRole(c *core.Ctx, in *SetRoleInput) (UserReply, error) {
	n := needs("user", "set-role", CodeNotAllowedToChangeRole)
	if _, err := p.allow(c, n); err != nil {
		return UserReply{}, err
	}
	role, err := p.chosen(in.Role)
	if err != nil {
		return UserReply{}, err
	}
	var updated *core.User
	err = p.apply(c, in.UserID, change{
		permission: n,
		demotes:    p.demotedBy(adapter.Record{Role.Name: role}),
		events:     one(EventRoleChanged),
		run: func(ctx context.Context, caller, target *core.User) (err error) {
			if err := p.gives(caller, target, role); err != nil {
				return err
			}
			updated, err = p.set(ctx, target, adapter.Record{Role.Name: role})
			return err
		},
	})
	if err != nil {
		return UserReply{}, err
	}
	return UserReply{updated}, nil
}

// demotedBy reports of a user whether a change takes the right to make administrators, by
// another role or by a ban.
func (p *Plugin) demotedBy(set adapter.Record) func(target *core.User) bool {
	return func(target *core.User) bool { return !p.steward(after(target, set)) }
}

// after is a user as a change leaves it, as far as roles and bans go.
func after(u *core.User, set adapter.Record) *core.User {
	out := *u
	out.Extra = u.Extra.Clone()
	for _, name := range []string{Role.Name, core.Banned.Name, core.BanExpires.Name} {
		if value, changes := set[name]; changes {
			out.Extra[name] = value
		}
	}
	return &out
}

// CreateUserInput is the body of create-user.
type CreateUserInput struct {
	Email    string              `json:"email" doc:"E-mail address of the user"`
	Password *string             `json:"password" doc:"Password; without one the user signs in by other means"`
	Name     string              `json:"name" doc:"Name of the user"`
	Role     *validate.OneOrMany `json:"role" doc:"Role of the user, or several; Options.DefaultRole by default"`
	Data     *validate.Record    `json:"data" doc:"Further fields of the user"`
}

func (p *Plugin) createUser(c *core.Ctx, in *CreateUserInput) (UserReply, error) {
	caller, err := p.allow(c, needs("user", "create", CodeNotAllowedToCreateUsers))
	if err != nil {
		return UserReply{}, err
	}
	data := wire.NewObject()
	if in.Data != nil && in.Data.Members != nil {
		data = in.Data.Members
	}
	role, err := p.newRole(c, caller, in.Role, data)
	if err != nil {
		return UserReply{}, err
	}
	set, err := p.fields(c, caller, data)
	if err != nil {
		return UserReply{}, err
	}
	for _, own := range []string{"email", "name", Role.Name} {
		delete(set, own)
	}
	email := core.NormalizeEmail(in.Email)
	if !validate.Email(email) || core.CheckNewEmail(email) != nil {
		return UserReply{}, core.Fail(http.StatusBadRequest, core.CodeInvalidEmail)
	}
	password := validate.Value(in.Password)
	if password != "" {
		if err := p.auth.CheckNewPassword(c, password); err != nil {
			return UserReply{}, err
		}
	}
	store := p.auth.Store()
	if _, err := store.FindUserByEmail(c, email); err == nil {
		return UserReply{}, core.Fail(http.StatusBadRequest, CodeUserExistsUseAnotherEmail)
	} else if !core.IsNotFound(err) {
		return UserReply{}, err
	}
	hash := ""
	if password != "" {
		if hash, err = p.auth.HashPassword(c, password); err != nil {
			return UserReply{}, err
		}
	}
	var made *core.User
	err = store.Tx(c, func(ctx context.Context) error {
		u := core.User{Name: in.Name, Email: email, Extra: p.auth.DefaultFields(core.ModelUser)}
		Role.Set(&u.Extra, role)
		for name, value := range set {
			switch name {
			case "emailVerified":
				u.EmailVerified, _ = value.(bool)
			case "image":
				if text, ok := value.(string); ok {
					u.Image = &text
				}
			default:
				u.Extra[name] = value
			}
		}
		var err error
		if made, err = store.CreateUser(ctx, u); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventUserCreated, UserID: made.ID}); err != nil || hash == "" {
			return err
		}
		_, err = store.CreateAccount(ctx, core.Account{UserID: made.ID, ProviderID: core.ProviderCredential, AccountID: made.ID, Password: &hash})
		return err
	})
	switch {
	case errors.Is(err, adapter.ErrUnique):
		return UserReply{}, p.taken(c, email, "")
	case errors.Is(err, core.ErrAbort):
		return UserReply{}, core.Fail(http.StatusInternalServerError, CodeFailedToCreateUser)
	case err != nil:
		return UserReply{}, err
	}
	return UserReply{made}, nil
}

// newRole is the stored form of a new user's role. One that is asked for, in its own place or
// among the further fields, needs the permission to set roles.
func (p *Plugin) newRole(c *core.Ctx, caller *core.User, asked *validate.OneOrMany, data *wire.Object) (string, error) {
	var names []string
	if asked != nil && (len(*asked) != 1 || (*asked)[0] != "") {
		names = *asked
	} else if v, ok := data.Get(Role.Name); ok {
		var err error
		if names, err = roleNames(v); err != nil {
			return "", err
		}
	} else {
		return p.opts.DefaultRole, nil
	}
	if _, err := p.allow(c, needs("user", "set-role", CodeNotAllowedToChangeRole)); err != nil {
		return "", err
	}
	role, err := p.chosen(names)
	if err != nil {
		return "", err
	}
	return role, p.gives(caller, nil, role)
}

// roleNames reads a role among further fields: a text, or a list of them.
func roleNames(v wire.Value) ([]string, error) {
	items, isList := v.Items()
	if !isList {
		items = []wire.Value{v}
	}
	out := make([]string, len(items))
	for i := range items {
		var ok bool
		if out[i], ok = items[i].Str(); !ok {
			return nil, core.Fail(http.StatusBadRequest, CodeInvalidRoleType)
		}
	}
	return out, nil
}

// fields reads further fields of a user, which may be such that clients cannot set. Those of a
// ban need the permission to ban. The role is left to others.
func (p *Plugin) fields(c *core.Ctx, caller *core.User, data *wire.Object) (adapter.Record, error) {
	if given(data, core.Banned.Name, BanReason.Name, core.BanExpires.Name) {
		if _, err := p.allow(c, needs("user", "ban", CodeNotAllowedToBanUsers)); err != nil {
			return nil, err
		}
	}
	plain := wire.NewObject()
	for _, m := range data.Members() {
		switch m.Name {
		case Role.Name, "createdAt", "updatedAt":
		default:
			plain.Set(m.Name, m.Value)
		}
	}
	return p.auth.ParseTrusted(core.ModelUser, plain)
}

func given(data *wire.Object, names ...string) bool {
	for _, name := range names {
		if _, ok := data.Get(name); ok {
			return true
		}
	}
	return false
}

// taken is the answer to a value that another user has: the address, or another one that is
// unique.
func (p *Plugin) taken(ctx context.Context, email, userID string) error {
	if email != "" {
		switch u, err := p.auth.Store().FindUserByEmail(ctx, email); {
		case err == nil && u.ID != userID:
			return core.Fail(http.StatusBadRequest, CodeUserExistsUseAnotherEmail)
		case err != nil && !core.IsNotFound(err):
			return err
		}
	}
	if userID == "" {
		return core.Fail(http.StatusUnprocessableEntity, CodeFailedToCreateUser)
	}
	return core.Fail(http.StatusUnprocessableEntity, core.CodeFailedToUpdateUser)
}

// UpdateUserInput is the body of update-user.
type UpdateUserInput struct {
	UserID string          `json:"userId" zod:"coerce" doc:"Id of the user"`
	Data   validate.Record `json:"data" doc:"Fields of the user to change"`
}

func (p *Plugin) updateUser(c *core.Ctx, in *UpdateUserInput) (*core.User, error) {
	n := needs("user", "update", CodeNotAllowedToUpdateUsers)
	caller, err := p.allow(c, n)
	if err != nil {
		return nil, err
	}
	set, err := p.changes(c, caller, in)
	if err != nil {
		return nil, err
	}
	role, changesRole := set[Role.Name].(string)
	email, changesEmail := set["email"].(string)
	ch := change{permission: n}
	if given(in.Data.Members, Role.Name, core.Banned.Name, core.BanExpires.Name) {
		ch.demotes = p.demotedBy(set)
	}
	var updated *core.User
	banned := false // by this change
	ch.run = func(ctx context.Context, caller, target *core.User) (err error) {
		now := p.auth.Now()
		banned = !target.BannedAt(now) && after(target, set).BannedAt(now)
		if banned && caller != nil && caller.ID == target.ID {
			return core.Fail(http.StatusBadRequest, CodeCannotBanYourself)
		}
		if changesRole {
			if err := p.gives(caller, target, role); err != nil {
				return err
			}
		}
		fields := adapter.Record{}
		for name, value := range set {
			fields[name] = value
		}
		if changesEmail && email != target.Email {
			// Nobody has proven the new address, and what was sent to the old one ends.
			if _, said := fields["emailVerified"]; !said {
				fields["emailVerified"] = false
			}
			if err := p.auth.Store().DeleteVerificationsOf(ctx, target.ID); err != nil {
				return err
			}
		}
		if updated, err = p.set(ctx, target, fields); err != nil {
			return err
		}
		return p.endIfBanned(ctx, updated)
	}
	ch.events = func() []core.EventType {
		out := []core.EventType{EventUserUpdated}
		if changesRole {
			out = append(out, EventRoleChanged)
		}
		if banned {
			out = append(out, EventUserBanned)
		}
		return out
	}
	err = p.apply(c, in.UserID, ch)
	if errors.Is(err, adapter.ErrUnique) {
		return nil, p.taken(c, email, in.UserID)
	}
	if err != nil {
		return nil, err
	}
	return updated, nil
}

// changes reads the fields of update-user and checks the permission that each needs.
func (p *Plugin) changes(c *core.Ctx, caller *core.User, in *UpdateUserInput) (adapter.Record, error) {
	data := in.Data.Members
	switch {
	case data == nil || data.Len() == 0:
		return nil, core.Fail(http.StatusBadRequest, CodeNoDataToUpdate)
	case given(data, "password"):
		return nil, core.Fail(http.StatusBadRequest, CodePasswordInUpdate)
	case given(data, "id"):
		return nil, core.Fail(http.StatusBadRequest, CodeIDInUpdate)
	}
	role, changesRole := data.Get(Role.Name)
	stored := ""
	if changesRole {
		if _, err := p.allow(c, needs("user", "set-role", CodeNotAllowedToChangeRole)); err != nil {
			return nil, err
		}
		names, err := roleNames(role)
		if err != nil {
			return nil, err
		}
		if stored, err = p.chosen(names); err != nil {
			return nil, err
		}
	}
	set, err := p.fields(c, caller, data)
	if err != nil {
		return nil, err
	}
	if changesRole {
		set[Role.Name] = stored
	}
	if bans, _ := set[core.Banned.Name].(bool); bans && caller != nil && caller.ID == in.UserID {
		return nil, core.Fail(http.StatusBadRequest, CodeCannotBanYourself)
	}
	if given(data, "email", "emailVerified") {
		if _, err := p.allow(c, needs("user", "set-email", CodeNotAllowedToSetEmail)); err != nil {
			return nil, err
		}
	}
	if text, ok := set["email"].(string); ok {
		email := core.NormalizeEmail(text)
		if !validate.Email(email) || core.CheckNewEmail(email) != nil {
			return nil, core.Fail(http.StatusBadRequest, core.CodeInvalidEmail)
		}
		switch u, err := p.auth.Store().FindUserByEmail(c, email); {
		case err == nil && u.ID != in.UserID:
			return nil, core.Fail(http.StatusBadRequest, CodeUserExistsUseAnotherEmail)
		case err != nil && !core.IsNotFound(err):
			return nil, err
		}
		set["email"] = email
	}
	if given(data, "phoneNumber", "phoneNumberVerified") {
		if _, err := p.allow(c, needs("user", "set-phone", CodeNotAllowedToSetPhone)); err != nil {
			return nil, err
		}
	}
	if len(set) == 0 {
		return nil, core.Fail(http.StatusBadRequest, CodeNoDataToUpdate)
	}
	return set, nil
}

func (p *Plugin) removeUser(c *core.Ctx, in *UserInput) (core.SuccessReply, error) {
	n := needs("user", "delete", CodeNotAllowedToDeleteUsers)
	caller, err := p.allow(c, n)
	if err != nil {
		return core.SuccessReply{}, err
	}
	if caller != nil && caller.ID == in.UserID {
		return core.SuccessReply{}, core.Fail(http.StatusBadRequest, CodeCannotRemoveYourself)
	}
	err = p.apply(c, in.UserID, change{
		permission: n,
		demotes:    func(*core.User) bool { return true },
		events:     one(EventUserRemoved),
		run: func(ctx context.Context, _, target *core.User) error {
			return p.auth.Store().DeleteUser(ctx, target.ID)
		},
	})
	if err != nil {
		return core.SuccessReply{}, err
	}
	return core.SuccessReply{Success: true}, nil
}

// SetPasswordInput is the body of set-user-password.
type SetPasswordInput struct {
	NewPassword string `json:"newPassword" zod:"nonempty" message:"newPassword cannot be empty" doc:"The new password"`
	UserID      string `json:"userId" zod:"coerce,nonempty" message:"userId cannot be empty" doc:"Id of the user"`
}

func (p *Plugin) setUserPassword(c *core.Ctx, in *SetPasswordInput) (core.StatusReply, error) {
	n := needs("user", "set-password", CodeNotAllowedToSetPassword)
	if _, err := p.allow(c, n); err != nil {
		return core.StatusReply{}, err
	}
	if err := p.auth.CheckPasswordLength(in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	if _, err := p.reach(c, n, in.UserID); err != nil { // before a hash is made for nobody
		return core.StatusReply{}, err
	}
	if err := p.auth.CheckNewPassword(c, in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	hash, err := p.auth.HashPassword(c, in.NewPassword)
	if err != nil {
		return core.StatusReply{}, err
	}
	store := p.auth.Store()
	err = p.apply(c, in.UserID, change{permission: n, events: one(EventPasswordSet), run: func(ctx context.Context, caller, target *core.User) error {
		if err := store.SetPassword(ctx, target.ID, hash); err != nil {
			return err
		}
		switch {
		case !p.opts.RevokeSessionsOnSetPassword:
			return store.DeleteVerificationsOf(ctx, target.ID)
		case caller != nil && caller.ID == target.ID:
			return store.DeleteOtherSessions(ctx, target.ID, c.Session().Session.Token)
		}
		return store.DeleteSessions(ctx, target.ID)
	}})
	if err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{Status: true}, nil
}
