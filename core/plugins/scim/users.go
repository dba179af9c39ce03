package scim

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Shown says which attributes an answer has (RFC 7644 §3.9).
type Shown struct {
	Attributes         *string `query:"attributes" doc:"Names of the attributes to return, with commas"`
	ExcludedAttributes *string `query:"excludedAttributes" doc:"Names of the attributes to leave out, with commas"`
}

func (s *Shown) project(k *document.Kind, o document.Object) document.Object {
	return document.Project(k, o, text(s.Attributes), text(s.ExcludedAttributes))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// GetInput names a user.
type GetInput struct {
	UserID string `path:"userId"`
	Shown
}

// CreateInput is a new resource.
type CreateInput struct {
	Body wire.Value `validate:"body"`
	Shown
}

// ChangeInput is a new state of a user, or the operations of a PATCH.
type ChangeInput struct {
	UserID string     `path:"userId"`
	Body   wire.Value `validate:"body"`
	Shown
}

// DeleteInput names a user to remove.
type DeleteInput struct {
	UserID string `path:"userId"`
}

func (p *Plugin) getUser(c *core.Ctx, in *GetInput) (*Resource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	e, err := p.find(c, conn, in.UserID)
	if err != nil {
		return nil, err
	}
	o := p.resource(c, e)
	if unchanged(c, o) {
		return nil, nil
	}
	return &Resource{p.users, in.project(p.users, o)}, nil
}

// unchanged answers 304 to a client that has this version, and sets the header ETag.
func unchanged(c *core.Ctx, o document.Object) bool {
	tag := version(o)
	c.SetHeader("ETag", tag)
	if c.Req.Header == nil {
		return false
	}
	if given := c.Req.Header.Get("If-None-Match"); given != "" && listed(given, tag) {
		c.SetStatus(http.StatusNotModified)
		return true
	}
	return false
}

// listed reports whether a header names an entity tag, compared weakly (RFC 9110 §8.8.3.2).
func listed(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// precondition refuses a change of another version than the client has seen.
func precondition(c *core.Ctx, o document.Object) error {
	if c.Req.Header == nil {
		return nil
	}
	if given := c.Req.Header.Get("If-Match"); given != "" && !listed(given, version(o)) {
		return refuse(http.StatusPreconditionFailed, "", "The resource has changed since the version of If-Match")
	}
	return nil
}

// read reads a resource that a client has sent.
func read(k *document.Kind, body wire.Value) (document.Object, error) {
	in, ok := body.Obj()
	if !ok {
		return nil, errNoValue
	}
	if schemas := in.Members(); len(schemas) == 0 {
		return nil, errNoValue
	}
	o, err := document.Read(k, in)
	if err != nil {
		return nil, refusal(err)
	}
	delete(o, "password") // directories send one, which nobody ever gets to know
	return o, nil
}

// identity is what the tables need of a user.
type identity struct {
	userName, key, accountID, email, name string
	emails                                string
	active                                bool
	attributes                            string
}

// maxEmails bounds the addresses of a user.
const maxEmails = 20

// identify reads the identity of a user, and refuses one that cannot be stored.
func (p *Plugin) identify(o document.Object) (*identity, error) {
	id := &identity{active: true}
	var ok bool
	if id.userName, ok = o["userName"].(string); !ok {
		return nil, refuse(http.StatusBadRequest, document.InvalidValue, `The attribute "userName" is required`)
	}
	id.key = document.Fold(id.userName)
	if id.accountID, ok = o["externalId"].(string); !ok {
		id.accountID = id.key
	}
	if active, ok := o["active"].(bool); ok {
		id.active = active
	}
	list, _ := o["emails"].([]any)
	if len(list) > maxEmails {
		return nil, refuse(http.StatusBadRequest, document.InvalidValue, `"emails" has too many values`)
	}
	id.emails = "\n"
	for _, item := range list {
		one, _ := item.(document.Object)
		value, ok := one["value"].(string)
		if !ok || !validate.Email(value) {
			return nil, refuse(http.StatusBadRequest, document.InvalidValue, `A value of "emails" is no address`)
		}
		id.emails += document.Fold(value) + "\n"
	}
	id.email = id.key
	if one := primary(o); one != nil {
		id.email, _ = one["value"].(string)
	}
	id.email = core.NormalizeEmail(id.email)
	if core.CheckOwnEmail(id.email) != nil || strings.ContainsAny(id.email, "\r\n\t ") {
		return nil, refuse(http.StatusBadRequest, document.InvalidValue, "The address of the user is not allowed")
	}
	if len(list) == 0 {
		id.emails += id.email + "\n"
		o["emails"] = []any{document.Object{"primary": true, "value": id.email}}
	} else if one := primary(o); one["primary"] == nil {
		one["primary"] = true
	}
	id.name = fullName(o, id.email)
	kept := document.Clone(o)
	for _, name := range []string{"id", "meta", "schemas", "externalId", "userName", "active", "groups"} {
		delete(kept, name)
	}
	if id.attributes = string(document.Append(nil, p.users, kept)); len(id.attributes) > maxAttributes {
		return nil, refuse(http.StatusBadRequest, document.InvalidValue, "The attributes of the user are too long")
	}
	return id, nil
}

// maxName bounds the names of users, in bytes.
const maxName = 255

// fullName is the name of a user, as Better Auth 1.6 makes it, or else displayName.
func fullName(o document.Object, email string) string {
	name, _ := o["name"].(document.Object)
	part := func(key string) string {
		s, _ := name[key].(string)
		return strings.TrimSpace(s)
	}
	full := part("formatted")
	if full == "" {
		full = strings.TrimSpace(part("givenName") + " " + part("familyName"))
	}
	if full == "" {
		full, _ = o["displayName"].(string)
	}
	if full = strings.Join(strings.FieldsFunc(full, func(r rune) bool { return r == '\r' || r == '\n' || r == 0 }), " "); full == "" {
		full = email
	}
	if len(full) > maxName {
		full = strings.ToValidUTF8(full[:maxName], "")
	}
	return full
}

// formatName writes the formatted name, which the directory has not sent.
func formatName(o document.Object) {
	name, _ := o["name"].(document.Object)
	if name == nil {
		return
	}
	if _, ok := name["formatted"]; !ok {
		if full := fullName(document.Object{"name": name}, ""); full != "" {
			name["formatted"] = full
		}
	}
}

func (p *Plugin) createUser(c *core.Ctx, in *CreateInput) (*Resource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	o, err := read(p.users, in.Body)
	if err != nil {
		return nil, err
	}
	formatName(o)
	id, err := p.identify(o)
	if err != nil {
		return nil, err
	}
	var e *entry
	var linked bool
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		var err error
		if e, linked, err = p.provision(ctx, conn, id); err != nil {
			return err
		}
		event := EventUserCreated
		if linked {
			event = EventUserLinked
		}
		if err := p.emit(ctx, conn, event, e.user.ID); err != nil || id.active {
			return err
		}
		return p.emit(ctx, conn, EventUserDeactivated, e.user.ID)
	})
	if err != nil {
		return nil, refusal(err)
	}
	made := p.resource(c, e)
	c.SetHeader("Location", c.BaseURL()+usersPath+"/"+e.user.ID)
	c.SetHeader("ETag", version(made))
	return &Resource{p.users, in.project(p.users, made)}, nil
}

// provision makes a user of a connection.
func (p *Plugin) provision(ctx context.Context, conn *Connection, id *identity) (e *entry, linked bool, err error) {
	store := p.auth.Store()
	if _, err := store.FindAccount(ctx, conn.ProviderID, id.accountID); err == nil || !core.IsNotFound(err) {
		return nil, false, orTaken(err)
	}
	// The row of a user whom the connection had before.
	before, err := p.claimants(ctx, conn, id)
	if err != nil {
		return nil, false, err
	}
	for _, row := range before {
		if _, err := p.account(ctx, conn.ProviderID, row.UserID); err == nil || !core.IsNotFound(err) {
			return nil, false, orTaken(err)
		}
	}
	u, err := store.FindUserByEmail(ctx, id.email)
	if err != nil && !core.IsNotFound(err) {
		return nil, false, err
	}
	var own *Provisioned
	if err == nil {
		linked = true
		if err := store.LockUser(ctx, u.ID); err != nil {
			return nil, false, err
		}
		if _, err := p.account(ctx, conn.ProviderID, u.ID); err == nil || !core.IsNotFound(err) {
			return nil, false, orTaken(err)
		}
		if own, err = p.rowOf(ctx, conn, u.ID); err != nil {
			return nil, false, err
		}
		if own == nil && !(p.opts.LinkExistingUsers && u.EmailVerified) {
			return nil, false, errTaken
		}
	}
	// What is left of other users who are gone makes room.
	for _, row := range before {
		if own == nil || row.ID != own.ID {
			if _, err := p.provisioned.Delete(ctx, adapter.By("id", row.ID)); err != nil {
				return nil, false, err
			}
		}
	}
	if u == nil {
		if u, err = store.CreateUser(ctx, core.User{Email: id.email, Name: id.name}); err != nil {
			return nil, false, err
		}
	}
	e = &entry{user: u, fresh: !linked}
	if e.account, err = store.CreateAccount(ctx, core.Account{UserID: u.ID, ProviderID: conn.ProviderID, AccountID: id.accountID,
		AccessToken: new(string), RefreshToken: new(string)}); err != nil {
		return nil, false, err
	}
	e.row = &Provisioned{ProviderID: conn.ProviderID, UserID: u.ID, Made: !linked, Owner: conn.owner()}
	if own != nil {
		e.row.Made, e.row.Ban, e.row.ID = own.Made, own.Ban, own.ID
		if _, err := p.provisioned.Delete(ctx, adapter.By("id", own.ID)); err != nil {
			return nil, false, err
		}
	}
	p.fill(e, id)
	if err := p.join(ctx, conn, e); err != nil {
		return nil, false, err
	}
	if id.active && own != nil {
		if err := p.reactivate(ctx, conn, e); err != nil {
			return nil, false, err
		}
	}
	if !id.active {
		if err := p.deactivate(ctx, conn, e); err != nil {
			return nil, false, err
		}
	}
	e.row.ID = ""
	e.row, err = p.provisioned.Create(ctx, e.row)
	return e, linked, err
}

func orTaken(err error) error {
	if err == nil {
		return errTaken
	}
	return err
}

// fill writes the identity into the row of a user.
func (p *Plugin) fill(e *entry, id *identity) {
	r := e.row
	r.AccountID, r.UserName, r.UserNameKey, r.Emails, r.Active, r.Attributes = id.accountID, id.userName, id.key, id.emails, id.active, id.attributes
	r.Email, r.Name = id.email, id.name
}

func (p *Plugin) updateUser(c *core.Ctx, in *ChangeInput) (*Resource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	o, err := read(p.users, in.Body)
	if err != nil {
		return nil, err
	}
	formatName(o)
	changed, err := p.changeUser(c, conn, in.UserID, func(before document.Object) (document.Object, error) {
		next := document.Clone(o)
		if _, ok := next["active"]; !ok {
			next["active"] = before["active"] // a directory that does not manage it leaves it as it is
		}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return &Resource{p.users, in.project(p.users, changed)}, nil
}

func (p *Plugin) patchUser(c *core.Ctx, in *ChangeInput) (*Resource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	ops, err := readPatch(p.users, in.Body)
	if err != nil {
		return nil, err
	}
	changed, err := p.changeUser(c, conn, in.UserID, func(before document.Object) (document.Object, error) {
		next, known, err := document.Apply(p.users, before, ops)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, errNothing
		}
		delete(next, "password")
		followName(before, next)
		followDisplayName(before, next)
		followUserName(before, next)
		return next, nil
	})
	if err != nil || in.Attributes == nil {
		return nil, err // 204, as in Better Auth 1.6
	}
	c.SetStatus(http.StatusOK)
	return &Resource{p.users, in.project(p.users, changed)}, nil
}

func readPatch(k *document.Kind, body wire.Value) ([]document.Operation, error) {
	in, ok := body.Obj()
	if !ok {
		return nil, errNoValue
	}
	ops, err := document.ReadPatch(k, in)
	return ops, refusal(err)
}

// followName makes the whole name of changed parts, as Better Auth 1.6 does: the other part is
// kept, or taken out of the former name.
func followName(before, next document.Object) {
	old, _ := before["name"].(document.Object)
	name, _ := next["name"].(document.Object)
	if name == nil {
		return
	}
	get := func(o document.Object, key string) string { s, _ := o[key].(string); return s }
	given, family := get(name, "givenName"), get(name, "familyName")
	if given == get(old, "givenName") && family == get(old, "familyName") || get(name, "formatted") != get(old, "formatted") {
		if _, ok := name["formatted"]; !ok {
			formatName(next)
		}
		return
	}
	words := strings.Split(get(old, "formatted"), " ")
	if given == "" && get(old, "givenName") == "" {
		if given = strings.Join(words[:len(words)-1], " "); given == "" {
			given = get(old, "formatted")
		}
	}
	if family == "" && get(old, "familyName") == "" {
		family = strings.Join(words[1:], " ")
	}
	if full := strings.TrimSpace(strings.TrimSpace(given) + " " + strings.TrimSpace(family)); full != "" {
		name["formatted"] = full
	}
}

// followDisplayName makes the name to display anew, where it was no name of its own.
func followDisplayName(before, next document.Object) {
	old, _ := before["name"].(document.Object)
	name, _ := next["name"].(document.Object)
	if was := before["displayName"]; was == next["displayName"] && was == old["formatted"] && name["formatted"] != was {
		delete(next, "displayName")
	}
}

// followUserName changes the address together with the user name that it is the same as.
func followUserName(before, next document.Object) {
	was, _ := before["userName"].(string)
	is, _ := next["userName"].(string)
	one, old := primary(next), primary(before)
	if was == is || one == nil || old == nil || one["value"] != old["value"] {
		return
	}
	if address, _ := old["value"].(string); document.Fold(address) == document.Fold(was) {
		one["value"] = core.NormalizeEmail(is)
	}
}

// changeUser changes a user of a connection, while the user is locked, and returns the whole
// resource.
func (p *Plugin) changeUser(c *core.Ctx, conn *Connection, userID string, change func(before document.Object) (document.Object, error)) (document.Object, error) {
	if _, err := p.find(c, conn, userID); err != nil {
		return nil, err // strangers lock no row
	}
	var e *entry
	err := p.auth.Store().Tx(c, func(ctx context.Context) error {
		if err := p.auth.Store().LockUser(ctx, userID); err != nil {
			if missing(err) {
				return errUserNotFound
			}
			return err
		}
		var err error
		if e, err = p.find(ctx, conn, userID); err != nil {
			return err
		}
		if err := precondition(c, p.resource(c, e)); err != nil {
			return err
		}
		before := p.tree(e)
		next, err := change(before)
		if err != nil {
			return err
		}
		id, err := p.identify(next)
		if err != nil {
			return err
		}
		was, _ := before["active"].(bool)
		is := id.active
		if err := p.save(ctx, conn, e, id, was); err != nil {
			return err
		}
		if err := p.emit(ctx, conn, EventUserUpdated, userID); err != nil || was == is {
			return err
		}
		if is {
			return p.emit(ctx, conn, EventUserReactivated, userID)
		}
		return p.emit(ctx, conn, EventUserDeactivated, userID)
	})
	if err != nil {
		return nil, refusal(err)
	}
	changed := p.resource(c, e)
	c.SetHeader("ETag", version(changed))
	return changed, nil
}

// save writes a user of a connection.
func (p *Plugin) save(ctx context.Context, conn *Connection, e *entry, id *identity, active bool) (err error) {
	store := p.auth.Store()
	if id.accountID != e.account.AccountID {
		other, err := store.FindAccount(ctx, conn.ProviderID, id.accountID)
		if err == nil && other.ID != e.account.ID {
			return errTaken
		}
		if err != nil && !core.IsNotFound(err) {
			return err
		}
		if e.account, err = store.UpdateAccount(ctx, e.account.ID, adapter.Record{"accountId": id.accountID}); err != nil {
			return err
		}
	}
	controlled, err := p.controls(ctx, conn, e)
	if err != nil {
		return err
	}
	if controlled {
		if id.email != e.user.Email {
			other, err := store.FindUserByEmail(ctx, id.email)
			if err == nil && other.ID != e.user.ID {
				return errTaken
			}
			if err != nil && !core.IsNotFound(err) {
				return err
			}
			if e.user, err = store.ChangeEmail(ctx, e.user.Email, id.email, false); err != nil {
				return err
			}
		}
		if e.user, err = store.UpdateUser(ctx, e.user.ID, adapter.Record{"name": id.name, "updatedAt": p.auth.Now()}); err != nil {
			return err
		}
	}
	fresh := e.row == nil
	if fresh {
		e.row = &Provisioned{ProviderID: conn.ProviderID, UserID: e.user.ID, Made: made(e), Owner: conn.owner()}
	}
	if err := p.makeRoom(ctx, conn, e, id); err != nil {
		return err
	}
	p.fill(e, id)
	if active && !id.active {
		err = p.deactivate(ctx, conn, e)
	} else if id.active && !active {
		err = p.reactivate(ctx, conn, e)
	}
	if err != nil {
		return err
	}
	if fresh {
		e.row, err = p.provisioned.Create(ctx, e.row)
		return err
	}
	r := e.row
	e.row, err = p.provisioned.Update(ctx, adapter.By("id", r.ID), adapter.Record{"accountId": r.AccountID, "userName": r.UserName, "userNameKey": r.UserNameKey,
		"emails": r.Emails, "email": r.Email, "name": r.Name, "active": r.Active, "attributes": r.Attributes, "role": orNull(r.Role), "ban": orNull(r.Ban), "updatedAt": p.auth.Now()})
	return err
}

// orNull is the value of a column that may be null.
func orNull(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// claimants lists the rows of a connection with the user name or the account of an identity. Two
// reads by unique keys stay quick where one that has either would not.
func (p *Plugin) claimants(ctx context.Context, conn *Connection, id *identity) ([]*Provisioned, error) {
	of := adapter.By("providerId", conn.ProviderID)
	rows, err := p.provisioned.List(ctx, adapter.Find{Where: of.And("userNameKey", id.key)})
	if err != nil {
		return nil, err
	}
	more, err := p.provisioned.List(ctx, adapter.Find{Where: of.And("accountId", id.accountID)})
	for _, row := range more {
		if !slices.ContainsFunc(rows, func(known *Provisioned) bool { return known.ID == row.ID }) {
			rows = append(rows, row)
		}
	}
	return rows, err
}

// makeRoom refuses a user name of another user of the connection, and removes what is left of
// one who is gone.
func (p *Plugin) makeRoom(ctx context.Context, conn *Connection, e *entry, id *identity) error {
	rows, err := p.claimants(ctx, conn, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.UserID == e.user.ID {
			continue
		}
		if _, err := p.account(ctx, conn.ProviderID, row.UserID); err == nil || !core.IsNotFound(err) {
			return orTaken(err)
		}
		if _, err := p.provisioned.Delete(ctx, adapter.By("id", row.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plugin) deleteUser(c *core.Ctx, in *DeleteInput) (*core.Raw, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	if _, err := p.find(c, conn, in.UserID); err != nil {
		return nil, err
	}
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		if err := p.auth.Store().LockUser(ctx, in.UserID); err != nil {
			if missing(err) {
				return errUserNotFound
			}
			return err
		}
		e, err := p.find(ctx, conn, in.UserID)
		if err != nil {
			return err
		}
		if err := precondition(c, p.resource(c, e)); err != nil {
			return err
		}
		controlled, err := p.controls(ctx, conn, e)
		if err != nil {
			return err
		}
		if controlled && conn.organization() == "" {
			if p.admin != nil {
				if err := p.admin.KeepAdmin(ctx, e.user.ID); err != nil {
					return err
				}
			}
			if err := p.auth.Store().DeleteUser(ctx, e.user.ID); err != nil {
				return err
			}
			return p.emit(ctx, conn, EventUserDeleted, in.UserID)
		}
		if err := p.unlink(ctx, conn, e, controlled); err != nil {
			return err
		}
		return p.emit(ctx, conn, EventUserUnlinked, in.UserID)
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &core.Raw{Status: http.StatusNoContent}, nil
}

// unlink takes a user out of a connection and its organization. The row stays, so that the
// directory can provision the same user again.
func (p *Plugin) unlink(ctx context.Context, conn *Connection, e *entry, controlled bool) error {
	if err := p.spareOwner(ctx, conn, e); err != nil {
		return err
	}
	store := p.auth.Store()
	if e.row == nil {
		id, err := p.identify(p.tree(e))
		if err != nil {
			return err
		}
		e.row = &Provisioned{ProviderID: conn.ProviderID, UserID: e.user.ID, Made: made(e), Owner: conn.owner()}
		p.fill(e, id)
		if e.row, err = p.provisioned.Create(ctx, e.row); err != nil {
			return err
		}
	}
	if err := store.DeleteAccount(ctx, e.account.ID); err != nil {
		return err
	}
	if err := p.forgetGroups(ctx, conn, e.user.ID); err != nil {
		return err
	}
	if conn.organization() == "" {
		return nil
	}
	if err := p.leave(ctx, conn, e.user.ID); err != nil || !controlled {
		return err // the sessions of others are none of the connection's business
	}
	return store.DeleteSessions(ctx, e.user.ID)
}
