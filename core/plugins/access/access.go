// Package access implements role-based access control: statements list the actions
// of each resource, a role holds some of them, and a role authorizes a request. It
// is Better Auth's access module (better-auth/plugins/access), which the
// organization and admin plugins share. It stores nothing and does not know users.
package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Permissions are actions by resource, for example {"project": {"create", "update"}}.
// They describe which actions exist, which a role may do, and which a request asks
// for.
type Permissions map[string][]string

// Clone returns a copy that shares nothing with p.
func (p Permissions) Clone() Permissions {
	out := make(Permissions, len(p))
	for resource, actions := range p {
		out[resource] = slices.Clone(actions)
	}
	return out
}

// Control is the set of statements that roles are made of. It is immutable.
type Control struct{ statements Permissions }

// NewControl makes a Control of all resources and their actions
// (createAccessControl).
func NewControl(statements Permissions) *Control {
	return &Control{statements.Clone()}
}

// Statements returns all resources and their actions.
func (c *Control) Statements() Permissions { return c.statements.Clone() }

// Has reports whether a resource is known.
func (c *Control) Has(resource string) bool {
	_, ok := c.statements[resource]
	return ok
}

// NewRole makes a role of some of the statements. It panics when the Control does not
// have a resource or an action, because a misspelt permission would silently grant
// nothing.
func (c *Control) NewRole(granted Permissions) *Role {
	for _, resource := range slices.Sorted(maps.Keys(granted)) {
		known, ok := c.statements[resource]
		if !ok {
			panic(fmt.Sprintf("access: a role names the resource %q, which the statements do not have", resource))
		}
		for _, action := range granted[resource] {
			if !slices.Contains(known, action) {
				panic(fmt.Sprintf("access: a role names %s:%s, which the statements do not have", resource, action))
			}
		}
	}
	return NewRole(granted)
}

// Role is a set of permissions. It is immutable.
type Role struct{ granted Permissions }

// NewRole makes a role without a Control, for permissions that are known only at run
// time.
func NewRole(granted Permissions) *Role { return &Role{granted.Clone()} }

// Permissions returns what the role may do.
func (r *Role) Permissions() Permissions { return r.granted.Clone() }

// With returns a role that also has the permissions in more.
func (r *Role) With(more Permissions) *Role {
	out := r.granted.Clone()
	for resource, actions := range more {
		list := out[resource]
		if list == nil {
			list = []string{}
		}
		for _, action := range actions {
			if !slices.Contains(list, action) {
				list = append(list, action)
			}
		}
		out[resource] = list
	}
	return &Role{out}
}

// Connector joins the parts of a request.
type Connector string

// The connectors.
const (
	And Connector = "AND" // every part is needed; the default
	Or  Connector = "OR"  // one part is enough
)

// Actions are the actions that a request asks for on one resource.
type Actions struct {
	Names     []string
	Connector Connector // default And
}

// Request is what is to be authorized.
type Request map[string]Actions

// Authorize reports whether the role has all requested permissions. An empty request,
// or a resource without actions, is never authorized, so that a list that is empty by
// mistake grants nothing. Better Auth 1.6 authorizes a resource without actions.
func (r *Role) Authorize(asked Permissions) bool {
	if r == nil || len(asked) == 0 {
		return false
	}
	for resource, names := range asked {
		if !r.has(resource, Actions{Names: names}) {
			return false
		}
	}
	return true
}

// AuthorizeRequest is Authorize for requests with connectors: connector joins the
// resources, and the Connector of each Actions joins its names. With Or, the search
// continues after a resource that the role does not know; in Better Auth 1.6 it ends
// there.
func (r *Role) AuthorizeRequest(asked Request, connector Connector) bool {
	if r == nil || len(asked) == 0 {
		return false
	}
	for resource, actions := range asked {
		has := r.has(resource, actions)
		if has && connector == Or {
			return true
		}
		if !has && connector != Or {
			return false
		}
	}
	return connector != Or
}

func (r *Role) has(resource string, asked Actions) bool {
	granted, known := r.granted[resource]
	if !known || len(asked.Names) == 0 {
		return false
	}
	for _, name := range asked.Names {
		has := slices.Contains(granted, name)
		if has && asked.Connector == Or {
			return true
		}
		if !has && asked.Connector != Or {
			return false
		}
	}
	return asked.Connector != Or
}

// Missing lists the requested permissions that are not granted, as "resource:action"
// in the order of the resources' names.
func (r *Role) Missing(asked Permissions) []string {
	var out []string
	for _, resource := range slices.Sorted(maps.Keys(asked)) {
		for _, action := range asked[resource] {
			if r == nil || !slices.Contains(r.granted[resource], action) {
				out = append(out, resource+":"+action)
			}
		}
	}
	return out
}

// Split splits a stored list of roles: the exact texts between commas, without
// empty ones. It keeps spaces: Better Auth 1.6 stores what it is given and grants
// nothing for " owner", so trimming would grant a role that the user does not have
// there.
func Split(roles string) []string {
	var out []string
	for name := range strings.SplitSeq(roles, ",") {
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// Names parses lists of roles in a request: names between commas, trimmed, without
// empty and repeated ones. Join makes the stored form.
func Names(lists ...string) []string {
	var out []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Join returns the stored form of a list of roles.
func Join(roles []string) string { return strings.Join(roles, ",") }

// Read reads what a client asks for: an object of lists of strings.
func Read(v wire.Value) (Permissions, bool) {
	o, ok := v.Obj()
	if !ok {
		return nil, false
	}
	out := Permissions{}
	for _, m := range o.Members() {
		items, ok := m.Value.Items()
		if !ok {
			return nil, false
		}
		actions := make([]string, len(items))
		for i := range items {
			if actions[i], ok = items[i].Str(); !ok {
				return nil, false
			}
		}
		if m.Name != "__proto__" {
			out[m.Name] = actions
		}
	}
	return out, true
}

// ReadAsked reads what a has-permission route asks for from its body: the member
// permissions, or its older name permission, which Better Auth 1.6 accepts and never grants.
// A body with both or with neither is an issue, and both results are nil.
func ReadAsked(body wire.Value, issues *validate.Issues) (older, asked Permissions) {
	older, first := Read(body.Get("permission"))
	asked, second := Read(body.Get("permissions"))
	if first == second {
		issues.Fatal("Invalid input")
		return nil, nil
	}
	return older, asked
}
