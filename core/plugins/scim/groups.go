package scim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
	"github.com/advantch/kernia-go/core/wire"
)

// GroupResource is a group in the form of RFC 7643.
type GroupResource struct {
	kind   *document.Kind
	object document.Object
}

// AppendJSON appends the resource, and nothing for an answer without a body.
func (r *GroupResource) AppendJSON(dst []byte) []byte {
	if r == nil {
		return dst
	}
	return document.Append(dst, r.kind, r.object)
}

// OpenAPIForm describes the JSON form.
func (*GroupResource) OpenAPIForm() any { return groupForm{} }

// OpenAPIName names the component.
func (*GroupResource) OpenAPIName() string { return "SCIMGroup" }

// GroupList is a page of groups.
type GroupList struct{ List }

// OpenAPIForm describes the JSON form.
func (*GroupList) OpenAPIForm() any { return groupListForm{} }

// GroupGetInput names a group.
type GroupGetInput struct {
	GroupID string `path:"groupId"`
	Shown
}

// GroupChangeInput is a new state of a group, or the operations of a PATCH.
type GroupChangeInput struct {
	GroupID string     `path:"groupId"`
	Body    wire.Value `validate:"body"`
	Shown
}

// GroupDeleteInput names a group to remove.
type GroupDeleteInput struct {
	GroupID string `path:"groupId"`
}

var errGroupTaken = refuse(http.StatusConflict, document.Uniqueness, "Group already exists")

// findGroup returns a group of a connection. Groups of others do not exist for it.
func (p *Plugin) findGroup(ctx context.Context, conn *Connection, id string) (*Group, error) {
	if id == "" || !wire.ValidText(id) {
		return nil, errGroupNotFound
	}
	g, err := p.groupRows.Find(ctx, append(adapter.By("id", id), conn.rows()...))
	if missing(err) || err == nil && g.ID != id {
		return nil, errGroupNotFound
	}
	return g, err
}

// member is a member of a group: the id of the user, and the name that the connection has given.
type member struct{ id, name string }

// members reads the members of groups of a connection.
func (p *Plugin) members(ctx context.Context, conn *Connection, ids []string) (map[string][]member, error) {
	out := map[string][]member{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := p.memberRows.List(ctx, adapter.Find{Where: adapter.Where{{Field: "groupId", Op: adapter.In, Value: ids}},
		Sort: []adapter.Sort{{Field: "createdAt"}, {Field: "id"}}})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for chunk := range slices.Chunk(rows, scanPage) {
		var ids, rest []string
		for _, m := range chunk {
			ids = append(ids, m.UserID)
		}
		known, err := p.rowsOf(ctx, conn, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			switch row := known[id]; {
			case row == nil:
				rest = append(rest, id)
			case row.Owner == conn.owner():
				names[id] = row.Name
			}
		}
		if len(rest) == 0 {
			continue
		}
		// Users whom Better Auth has provisioned: the connection has given them no name.
		recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: core.ModelUser, Select: []string{"id"}, Where: adapter.Where{{Field: "id", Op: adapter.In, Value: rest}}})
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			id, _ := rec["id"].(string)
			names[id] = ""
		}
	}
	for _, m := range rows {
		if name, ok := names[m.UserID]; ok {
			out[m.GroupID] = append(out[m.GroupID], member{m.UserID, name})
		}
	}
	return out, nil
}

func (p *Plugin) groupResource(c *core.Ctx, g *Group, members []member) document.Object {
	o := document.Object{"id": g.ID, "displayName": g.DisplayName, "schemas": []any{document.GroupURN}}
	if g.ExternalID != nil {
		o["externalId"] = *g.ExternalID
	}
	var list []any
	for _, m := range members {
		one := document.Object{"value": m.id, "$ref": c.BaseURL() + usersPath + "/" + m.id, "type": "User"}
		if m.name != "" {
			one["display"] = m.name
		}
		list = append(list, one)
	}
	if list != nil {
		o["members"] = list
	}
	finish(p.groups, o, c.BaseURL()+groupsPath+"/"+g.ID, g.CreatedAt, g.UpdatedAt)
	return o
}

func (p *Plugin) wholeGroup(ctx context.Context, c *core.Ctx, conn *Connection, g *Group) (document.Object, error) {
	members, err := p.members(ctx, conn, []string{g.ID})
	if err != nil {
		return nil, err
	}
	return p.groupResource(c, g, members[g.ID]), nil
}

func (p *Plugin) getGroup(c *core.Ctx, in *GroupGetInput) (*GroupResource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	g, err := p.findGroup(c, conn, in.GroupID)
	if err != nil {
		return nil, err
	}
	o, err := p.wholeGroup(c, c, conn, g)
	if err != nil || unchanged(c, o) {
		return nil, err
	}
	return &GroupResource{p.groups, in.project(p.groups, o)}, nil
}

// wanted is the state of a group that a client asks for.
type wanted struct {
	name       string
	externalID *string
	members    []string
}

func wantedGroup(o document.Object) (*wanted, error) {
	w := &wanted{}
	var ok bool
	if w.name, ok = o["displayName"].(string); !ok || strings.TrimSpace(w.name) == "" || strings.ContainsAny(w.name, "\r\n") {
		return nil, refuse(http.StatusBadRequest, document.InvalidValue, `The attribute "displayName" is required, in one line`)
	}
	if id, ok := o["externalId"].(string); ok {
		w.externalID = &id
	}
	list, _ := o["members"].([]any)
	seen := make(map[string]bool, len(list))
	for _, item := range list {
		one, _ := item.(document.Object)
		id, ok := one["value"].(string)
		if kind, _ := one["type"].(string); !ok || kind != "" && document.Fold(kind) != "user" {
			return nil, refuse(http.StatusBadRequest, document.InvalidValue, "The members of a group are users")
		}
		if !seen[id] {
			seen[id] = true
			w.members = append(w.members, id)
		}
	}
	return w, nil
}

func (p *Plugin) createGroup(c *core.Ctx, in *CreateInput) (*GroupResource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	o, err := read(p.groups, in.Body)
	if err != nil {
		return nil, err
	}
	w, err := wantedGroup(o)
	if err != nil {
		return nil, err
	}
	var made document.Object
	var g *Group
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		// Users are locked before the organization, as everywhere.
		if err := p.lockMembers(ctx, conn, w.members, nil); err != nil {
			return err
		}
		row := &Group{ProviderID: conn.ProviderID, Owner: conn.owner(), DisplayName: w.name, DisplayNameKey: document.Fold(w.name), ExternalID: w.externalID}
		n, err := p.groupRows.Count(ctx, adapter.By("providerId", conn.ProviderID).And("displayNameKey", row.DisplayNameKey))
		if err != nil {
			return err
		}
		if n > 0 {
			return errGroupTaken
		}
		if p.teams(conn) {
			t, err := p.org.NewTeam(ctx, conn.organization(), w.name)
			if err != nil {
				return err
			}
			row.TeamID = &t.ID
		}
		if g, err = p.groupRows.Create(ctx, row); err != nil {
			return err
		}
		if err := p.setMembers(ctx, conn, g, w.members, nil); err != nil {
			return err
		}
		made, err = p.wholeGroup(ctx, c, conn, g)
		if err != nil {
			return err
		}
		return p.emitGroup(ctx, conn, EventGroupCreated, g.ID)
	})
	if err != nil {
		return nil, groupRefusal(err)
	}
	c.SetHeader("Location", c.BaseURL()+groupsPath+"/"+g.ID)
	c.SetHeader("ETag", version(made))
	return &GroupResource{p.groups, in.project(p.groups, made)}, nil
}

func groupRefusal(err error) error {
	if errors.Is(err, adapter.ErrUnique) {
		return errGroupTaken
	}
	return refusal(err)
}

// teams reports whether the groups of a connection are teams.
func (p *Plugin) teams(conn *Connection) bool {
	return p.opts.Groups.Teams && p.org != nil && conn.organization() != ""
}

// lockMembers locks the users who join or leave a group, in the order of their ids, and
// refuses those who are no users of the connection.
func (p *Plugin) lockMembers(ctx context.Context, conn *Connection, joining, leaving []string) error {
	all := slices.Concat(joining, leaving)
	slices.Sort(all)
	joins := make(map[string]bool, len(joining))
	for _, id := range joining {
		joins[id] = true
	}
	for _, id := range slices.Compact(all) {
		err := core.ErrNotFound
		if wire.ValidText(id) {
			err = p.auth.Store().LockUser(ctx, id)
		}
		if err != nil && !missing(err) {
			return err
		}
		if joins[id] {
			if err == nil {
				_, err = p.find(ctx, conn, id)
			}
			if err == errUserNotFound || missing(err) {
				return refuse(http.StatusBadRequest, document.InvalidValue, "A member is no user of this connection")
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// setMembers writes who joins and leaves a group, with what the group is in the organization.
func (p *Plugin) setMembers(ctx context.Context, conn *Connection, g *Group, joining, leaving []string) error {
	for _, id := range leaving {
		if _, err := p.memberRows.Delete(ctx, adapter.By("groupId", g.ID).And("userId", id)); err != nil {
			return err
		}
		if g.TeamID != nil && p.teams(conn) {
			if err := ignoreGone(p.org.LeaveTeam(ctx, conn.organization(), *g.TeamID, id)); err != nil {
				return err
			}
		}
	}
	for _, id := range joining {
		if _, err := p.memberRows.Create(ctx, &GroupMember{GroupID: g.ID, UserID: id}); err != nil {
			return err
		}
		if err := p.joinTeam(ctx, conn, g, id); err != nil {
			return err
		}
	}
	return p.giveRoles(ctx, conn, slices.Concat(joining, leaving))
}

// ignoreGone ignores that a team, a member or a user has been removed by other means.
func ignoreGone(err error) error {
	for _, code := range []core.ErrorCode{organization.CodeTeamNotFound, organization.CodeUserIsNotAMemberOfTheOrganization, organization.CodeMemberNotFound,
		core.CodeUserNotFound, organization.CodeOrganizationNotFound} {
		if core.HasCode(err, code) {
			return nil
		}
	}
	return err
}

func (p *Plugin) joinTeam(ctx context.Context, conn *Connection, g *Group, userID string) error {
	if g.TeamID == nil || !p.teams(conn) {
		return nil
	}
	return ignoreGone(p.org.JoinTeam(ctx, conn.organization(), *g.TeamID, userID))
}

// givesRoles reports whether the groups of a connection give roles.
func (p *Plugin) givesRoles(conn *Connection) bool {
	return p.opts.Groups != nil && p.opts.Groups.Roles != nil && p.org != nil && conn.organization() != ""
}

// giveRoles sets the roles of users in the organization to those of their groups. Only a
// connection that acts for an owner makes owners, and changes the roles of owners.
func (p *Plugin) giveRoles(ctx context.Context, conn *Connection, userIDs []string) error {
	if !p.givesRoles(conn) {
		return nil
	}
	creator, given := p.org.CreatorRole(), map[string][]string{} // by group
	for chunk := range slices.Chunk(userIDs, scanPage) {
		groups, err := p.groupsOf(ctx, conn, chunk)
		if err != nil {
			return err
		}
		for _, id := range chunk {
			m, err := p.org.Membership(ctx, id, conn.organization())
			if missing(err) {
				continue
			}
			if err != nil {
				return err
			}
			if p.isOwner(m) && !conn.forOwner {
				continue
			}
			roles := []string{p.opts.MemberRole}
			for _, g := range groups[id] {
				more, known := given[g.ID]
				if !known {
					if more, err = p.opts.Groups.Roles(ctx, conn, g); err != nil {
						return err
					}
					given[g.ID] = more
				}
				for _, r := range more {
					if r != creator || conn.forOwner {
						roles = append(roles, r)
					}
				}
			}
			slices.Sort(roles)
			roles = slices.Compact(roles)
			have := slices.Sorted(slices.Values(m.Roles()))
			if slices.Equal(have, roles) {
				continue
			}
			if _, err := p.org.SetRoles(ctx, conn.organization(), id, roles); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupsOf lists the groups of users of a connection by user.
func (p *Plugin) groupsOf(ctx context.Context, conn *Connection, userIDs []string) (map[string][]*Group, error) {
	rows, err := p.memberRows.List(ctx, adapter.Find{Where: adapter.Where{{Field: "userId", Op: adapter.In, Value: userIDs}},
		Sort: []adapter.Sort{{Field: "createdAt"}, {Field: "id"}}})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var ids []string
	for _, m := range rows {
		ids = append(ids, m.GroupID)
	}
	list, err := p.groupRows.List(ctx, adapter.Find{Where: append(conn.rows(), adapter.Cond{Field: "id", Op: adapter.In, Value: ids})})
	if err != nil {
		return nil, err
	}
	byID := map[string]*Group{}
	for _, g := range list {
		byID[g.ID] = g
	}
	out := map[string][]*Group{}
	for _, m := range rows {
		if g := byID[m.GroupID]; g != nil {
			out[m.UserID] = append(out[m.UserID], g)
		}
	}
	return out, nil
}

func (p *Plugin) loadGroups(ctx context.Context, conn *Connection, list []*entry, ids []string) error {
	if p.groupRows == nil || len(list) == 0 {
		return nil
	}
	groups, err := p.groupsOf(ctx, conn, ids)
	for _, e := range list {
		e.groups = groups[e.user.ID]
	}
	return err
}

// regrant gives a user who is a member again what the groups stand for.
func (p *Plugin) regrant(ctx context.Context, conn *Connection, userID string) error {
	if p.groupRows == nil {
		return nil
	}
	groups, err := p.groupsOf(ctx, conn, []string{userID})
	if err != nil {
		return err
	}
	if len(groups[userID]) == 0 {
		return nil
	}
	for _, g := range groups[userID] {
		if err := p.joinTeam(ctx, conn, g, userID); err != nil {
			return err
		}
	}
	return p.giveRoles(ctx, conn, []string{userID})
}

// forgetGroups takes a user out of the groups of a connection.
func (p *Plugin) forgetGroups(ctx context.Context, conn *Connection, userID string) error {
	if p.groupRows == nil {
		return nil
	}
	groups, err := p.groupsOf(ctx, conn, []string{userID})
	if err != nil {
		return err
	}
	for _, g := range groups[userID] {
		if _, err := p.memberRows.Delete(ctx, adapter.By("groupId", g.ID).And("userId", userID)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plugin) updateGroup(c *core.Ctx, in *GroupChangeInput) (*GroupResource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	o, err := read(p.groups, in.Body)
	if err != nil {
		return nil, err
	}
	changed, err := p.changeGroup(c, conn, in.GroupID, func(document.Object) (document.Object, error) { return o, nil })
	if err != nil {
		return nil, err
	}
	return &GroupResource{p.groups, in.project(p.groups, changed)}, nil
}

func (p *Plugin) patchGroup(c *core.Ctx, in *GroupChangeInput) (*GroupResource, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	ops, err := readPatch(p.groups, in.Body)
	if err != nil {
		return nil, err
	}
	changed, err := p.changeGroup(c, conn, in.GroupID, func(before document.Object) (document.Object, error) {
		next, known, err := document.Apply(p.groups, before, ops)
		if err == nil && !known {
			err = errNothing
		}
		return next, err
	})
	if err != nil || in.Attributes == nil {
		return nil, err
	}
	c.SetStatus(http.StatusOK)
	return &GroupResource{p.groups, in.project(p.groups, changed)}, nil
}

// errMoved means that what a change was planned for has changed before it was locked.
var errMoved = errors.New("scim: another change came first")

// maxAttempts bounds how often a change that others precede is tried.
const maxAttempts = 100

// again makes a change, and makes it again as long as others come first.
func again(change func() error) error {
	err := errMoved
	for attempt := 0; errors.Is(err, errMoved) && attempt < maxAttempts; attempt++ {
		err = change()
	}
	return err
}

// changeGroup changes a group of a connection and returns the whole resource.
func (p *Plugin) changeGroup(c *core.Ctx, conn *Connection, groupID string, change func(before document.Object) (document.Object, error)) (document.Object, error) {
	var changed document.Object
	err := again(func() (err error) {
		changed, err = p.attemptGroup(c, conn, groupID, change)
		return err
	})
	if err != nil {
		return nil, groupRefusal(err)
	}
	c.SetHeader("ETag", version(changed))
	return changed, nil
}

// attemptGroup reads a group, locks the users who join and leave, and then the group. It
// starts over when others have joined or left meanwhile.
func (p *Plugin) attemptGroup(c *core.Ctx, conn *Connection, groupID string, change func(document.Object) (document.Object, error)) (document.Object, error) {
	plan := func(ctx context.Context) (g *Group, before document.Object, w *wanted, had []string, err error) {
		if g, err = p.findGroup(ctx, conn, groupID); err != nil {
			return
		}
		if before, err = p.wholeGroup(ctx, c, conn, g); err != nil {
			return
		}
		if err = precondition(c, before); err != nil {
			return
		}
		list, _ := before["members"].([]any)
		for _, item := range list {
			one, _ := item.(document.Object)
			id, _ := one["value"].(string)
			had = append(had, id)
		}
		next, err := change(before)
		if err == nil {
			w, err = wantedGroup(next)
		}
		return
	}
	was, _, w, had, err := plan(c)
	if err != nil {
		return nil, err
	}
	var changed document.Object
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		joining, leaving := difference(w.members, had), difference(had, w.members)
		locked := leaving
		if p.givesRoles(conn) && w.renames(was) {
			locked = had // whatever a group gives may follow from its name
		}
		if err := p.lockMembers(ctx, conn, joining, locked); err != nil {
			return err
		}
		if err := p.lockOrganization(ctx, conn); err != nil {
			return err
		}
		if _, err := p.groupRows.Lock(ctx, groupID); err != nil {
			if missing(err) {
				return errGroupNotFound
			}
			return err
		}
		g, _, now, hadNow, err := plan(ctx)
		if err != nil {
			return err
		}
		if !slices.Equal(difference(now.members, hadNow), joining) || !slices.Equal(difference(hadNow, now.members), leaving) {
			return errMoved
		}
		renamed := now.renames(g)
		if renamed && !w.renames(was) && p.givesRoles(conn) {
			return errMoved // another change has renamed it, and not all members are locked
		}
		if err := p.renameGroup(ctx, conn, g, now); err != nil {
			return err
		}
		if g, err = p.groupRows.Update(ctx, adapter.By("id", g.ID), adapter.Record{"displayName": now.name, "displayNameKey": document.Fold(now.name),
			"externalId": orNull(now.externalID), "updatedAt": p.auth.Now()}); err != nil {
			return err
		}
		if err := p.setMembers(ctx, conn, g, joining, leaving); err != nil {
			return err
		}
		if renamed {
			if err := p.giveRoles(ctx, conn, difference(now.members, joining)); err != nil {
				return err
			}
		}
		if changed, err = p.wholeGroup(ctx, c, conn, g); err != nil {
			return err
		}
		return p.emitGroup(ctx, conn, EventGroupUpdated, g.ID)
	})
	return changed, err
}

// renames reports whether a wanted state changes what the roles of a group may follow from.
func (w *wanted) renames(g *Group) bool {
	same := w.externalID == nil && g.ExternalID == nil || w.externalID != nil && g.ExternalID != nil && *w.externalID == *g.ExternalID
	return w.name != g.DisplayName || !same
}

// lockOrganization locks the organization of a connection whose groups are something in it: it
// comes before the group, as when it is deleted.
func (p *Plugin) lockOrganization(ctx context.Context, conn *Connection) error {
	if !p.teams(conn) && !p.givesRoles(conn) {
		return nil
	}
	_, err := p.auth.Lock(ctx, organization.ModelOrganization, conn.organization())
	if missing(err) {
		return nil
	}
	return err
}

// difference lists what is in a and not in b.
func difference(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, id := range b {
		in[id] = true
	}
	var out []string
	for _, id := range a {
		if !in[id] {
			out = append(out, id)
		}
	}
	return out
}

// renameGroup refuses the name of another group, and renames the team.
func (p *Plugin) renameGroup(ctx context.Context, conn *Connection, g *Group, w *wanted) error {
	if w.name == g.DisplayName {
		return nil
	}
	other, err := p.groupRows.Find(ctx, adapter.By("providerId", conn.ProviderID).And("displayNameKey", document.Fold(w.name)))
	if err == nil && other.ID != g.ID {
		return errGroupTaken
	}
	if err != nil && !core.IsNotFound(err) {
		return err
	}
	if g.TeamID == nil || !p.teams(conn) {
		return nil
	}
	return ignoreGone(p.org.RenameTeam(ctx, conn.organization(), *g.TeamID, w.name))
}

func (p *Plugin) deleteGroup(c *core.Ctx, in *GroupDeleteInput) (*core.Raw, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	if err := again(func() error { return p.attemptDelete(c, conn, in.GroupID) }); err != nil {
		return nil, groupRefusal(err)
	}
	return &core.Raw{Status: http.StatusNoContent}, nil
}

func (p *Plugin) attemptDelete(c *core.Ctx, conn *Connection, groupID string) error {
	ids := func(ctx context.Context) ([]string, error) {
		rows, err := p.memberRows.List(ctx, adapter.Find{Where: adapter.By("groupId", groupID)})
		var out []string
		for _, m := range rows {
			out = append(out, m.UserID)
		}
		slices.Sort(out)
		return out, err
	}
	if _, err := p.findGroup(c, conn, groupID); err != nil {
		return err
	}
	had, err := ids(c)
	if err != nil {
		return err
	}
	return p.auth.Store().Tx(c, func(ctx context.Context) error {
		if err := p.lockMembers(ctx, conn, nil, had); err != nil {
			return err
		}
		if err := p.lockOrganization(ctx, conn); err != nil {
			return err
		}
		g, err := p.findGroup(ctx, conn, groupID)
		if err != nil {
			return err
		}
		if _, err := p.groupRows.Lock(ctx, g.ID); err != nil {
			if missing(err) {
				return errGroupNotFound
			}
			return err
		}
		now, err := ids(ctx)
		if err != nil {
			return err
		}
		if !slices.Equal(now, had) {
			return errMoved
		}
		o, err := p.wholeGroup(ctx, c, conn, g)
		if err != nil {
			return err
		}
		if err := precondition(c, o); err != nil {
			return err
		}
		if g.TeamID != nil && p.teams(conn) {
			if err := ignoreGone(p.org.DropTeam(ctx, conn.organization(), *g.TeamID)); err != nil {
				return err
			}
		}
		if _, err := p.memberRows.Delete(ctx, adapter.By("groupId", g.ID)); err != nil {
			return err
		}
		if _, err := p.groupRows.Delete(ctx, adapter.By("id", g.ID)); err != nil {
			return err
		}
		if err := p.giveRoles(ctx, conn, now); err != nil {
			return err
		}
		return p.emitGroup(ctx, conn, EventGroupDeleted, g.ID)
	})
}

func (p *Plugin) listGroups(c *core.Ctx, in *ListInput) (*GroupList, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	start, count, err := in.page()
	if err != nil {
		return nil, err
	}
	out := &GroupList{List{kind: p.groups, Start: start}}
	w := conn.rows()
	order := []adapter.Sort{{Field: "createdAt"}, {Field: "id"}}
	bare := text(in.Attributes) == "" && slices.ContainsFunc(strings.Split(text(in.ExcludedAttributes), ","), func(s string) bool {
		return document.Fold(strings.TrimSpace(s)) == "members"
	})
	resources := func(rows []*Group, members bool) ([]document.Object, error) {
		var ids []string
		for _, g := range rows {
			ids = append(ids, g.ID)
		}
		if !members {
			ids = nil
		}
		who, err := p.members(c, conn, ids)
		var list []document.Object
		for _, g := range rows {
			list = append(list, p.groupResource(c, g, who[g.ID]))
		}
		return list, err
	}
	if text(in.Filter) == "" {
		n, err := p.groupRows.Count(c, w)
		if out.Total = int(n); err != nil || count == 0 || start > out.Total {
			return out, err
		}
		rows, err := p.groupRows.List(c, adapter.Find{Where: w, Sort: order, Limit: count, Offset: start - 1})
		if err != nil {
			return nil, err
		}
		list, err := resources(rows, !bare)
		for _, o := range list {
			out.Items = append(out.Items, in.project(p.groups, o))
		}
		return out, err
	}
	filter, err := document.ParseFilter(p.groups, *in.Filter)
	if err != nil {
		return nil, refusal(err)
	}
	if name, value, ok := document.Equalities(filter, "id", "displayName", "externalId"); ok {
		if name == "displayName" {
			name, value = "displayNameKey", document.Fold(value)
		}
		w = w.And(name, value)
	}
	for offset := 0; ; offset += scanPage {
		if offset >= p.opts.MaxScan {
			return nil, refuse(http.StatusBadRequest, document.TooMany, "The filter would look at too many groups: compare id, externalId or displayName by eq")
		}
		rows, err := p.groupRows.List(c, adapter.Find{Where: w, Sort: order, Limit: scanPage, Offset: offset})
		if missing(err) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		list, err := resources(rows, !bare || document.Names(filter, "members"))
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if !document.Matches(filter, o) {
				continue
			}
			if out.Total++; out.Total >= start && len(out.Items) < count {
				out.Items = append(out.Items, in.project(p.groups, o))
			}
		}
		if len(rows) < scanPage {
			return out, nil
		}
	}
}
