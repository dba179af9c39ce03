package scim

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
	"github.com/advantch/kernia-go/core/wire"
)

// entry is a user of a connection.
type entry struct {
	user    *core.User
	account *core.Account
	row     *Provisioned // nil for a user whom Better Auth has provisioned
	groups  []*Group

	fresh      bool // the user was made just now
	judged     bool // controlled is known
	controlled bool // see Plugin.controls
}

// current reports whether the profile of the user says something else than the connection has
// said. What it says is shown to a connection that controls the user.
func (e *entry) current() bool {
	return e.row == nil || e.row.Email != e.user.Email || e.row.Name != e.user.Name
}

// Resource is a user in the form of RFC 7643.
type Resource struct {
	kind   *document.Kind
	object document.Object
}

// AppendJSON appends the resource, and nothing for an answer without a body.
func (r *Resource) AppendJSON(dst []byte) []byte {
	if r == nil {
		return dst
	}
	return document.Append(dst, r.kind, r.object)
}

// The forms below are for OpenAPI.
type (
	metaForm struct {
		ResourceType string    `json:"resourceType"`
		Created      time.Time `json:"created"`
		LastModified time.Time `json:"lastModified"`
		Location     string    `json:"location"`
		Version      string    `json:"version"`
	}
	nameForm struct {
		Formatted  string `json:"formatted,omitempty"`
		GivenName  string `json:"givenName,omitempty"`
		FamilyName string `json:"familyName,omitempty"`
	}
	emailForm struct {
		Primary bool   `json:"primary,omitempty"`
		Value   string `json:"value"`
		Type    string `json:"type,omitempty"`
	}
	userForm struct {
		ID          string      `json:"id"`
		ExternalID  string      `json:"externalId"`
		Meta        metaForm    `json:"meta"`
		UserName    string      `json:"userName"`
		Name        nameForm    `json:"name"`
		DisplayName string      `json:"displayName,omitempty"`
		Active      bool        `json:"active"`
		Emails      []emailForm `json:"emails"`
		Schemas     []string    `json:"schemas"`
	}
	memberForm struct {
		Value   string `json:"value"`
		Ref     string `json:"$ref"`
		Type    string `json:"type"`
		Display string `json:"display,omitempty"`
	}
	groupForm struct {
		ID          string       `json:"id"`
		ExternalID  string       `json:"externalId,omitempty"`
		Meta        metaForm     `json:"meta"`
		DisplayName string       `json:"displayName"`
		Members     []memberForm `json:"members,omitempty"`
		Schemas     []string     `json:"schemas"`
	}
	userListForm struct {
		Schemas      []string   `json:"schemas"`
		TotalResults int        `json:"totalResults"`
		StartIndex   int        `json:"startIndex"`
		ItemsPerPage int        `json:"itemsPerPage"`
		Resources    []userForm `json:"Resources"`
	}
	groupListForm struct {
		Schemas      []string    `json:"schemas"`
		TotalResults int         `json:"totalResults"`
		StartIndex   int         `json:"startIndex"`
		ItemsPerPage int         `json:"itemsPerPage"`
		Resources    []groupForm `json:"Resources"`
	}
)

// OpenAPIForm describes the JSON form.
func (*Resource) OpenAPIForm() any { return userForm{} }

// OpenAPIName names the component.
func (*Resource) OpenAPIName() string { return "SCIMUser" }

// List is a page of users (RFC 7644 §3.4.2).
type List struct {
	kind  *document.Kind
	Total int
	Start int // 1-based
	Items []document.Object
}

// AppendJSON appends the list.
func (l *List) AppendJSON(dst []byte) []byte {
	return appendList(dst, l.kind, l.Total, l.Start, l.Items)
}

// OpenAPIForm describes the JSON form.
func (*List) OpenAPIForm() any { return userListForm{} }

func appendList(dst []byte, k *document.Kind, total, start int, items []document.Object) []byte {
	list := make([]wire.Value, len(items))
	for i, o := range items {
		list[i] = document.Value(k, o)
	}
	return listing(total, start, list).AppendJSON(dst)
}

func listing(total, start int, items []wire.Value) wire.Value {
	return wire.ObjectOf(wire.NewObject(
		wire.Member{Name: "schemas", Value: wire.Array(wire.String(document.ListURN))},
		wire.Member{Name: "totalResults", Value: wire.Int(int64(total))},
		wire.Member{Name: "startIndex", Value: wire.Int(int64(start))},
		wire.Member{Name: "itemsPerPage", Value: wire.Int(int64(len(items)))},
		wire.Member{Name: "Resources", Value: wire.Array(items...)},
	))
}

func stamp(t time.Time) string { return strings.Trim(string(wire.AppendTime(nil, t)), `"`) }

// primary is the address that counts as the user's: the primary one, or else the first.
func primary(o document.Object) (email document.Object) {
	list, _ := o["emails"].([]any)
	for _, item := range list {
		one, _ := item.(document.Object)
		if _, ok := one["value"].(string); !ok {
			continue
		}
		if email == nil || one["primary"] == true {
			email = one
		}
		if one["primary"] == true {
			break
		}
	}
	return email
}

// tree is a user without what the server itself says of it: id and meta. It has what the
// connection has said, and what has become of it only if the connection controls the user.
func (p *Plugin) tree(e *entry) document.Object {
	o := document.Object{}
	u := e.user
	changed := e.controlled && e.current()
	userName, name := e.account.AccountID, e.account.AccountID // all that a row of Better Auth's has of a stranger
	if e.row != nil {
		if v, err := wire.Parse([]byte(e.row.Attributes), wire.Limits{}); err == nil {
			if members, ok := v.Obj(); ok {
				if kept, err := document.Read(p.users, members); err == nil {
					o = kept
				}
			}
		}
		userName, name = e.row.UserName, e.row.Name
	}
	o["userName"], o["active"] = userName, e.row == nil || e.row.Active
	if changed && (e.row == nil || e.row.Name != u.Name) {
		name = u.Name
		o["name"], o["displayName"] = document.Object{"formatted": name}, name
	}
	if full, ok := o["name"].(document.Object); !ok || full["formatted"] == nil { // as Better Auth 1.6
		if !ok {
			full = document.Object{}
			o["name"] = full
		}
		full["formatted"] = name
	}
	if _, ok := o["displayName"]; !ok {
		o["displayName"] = name
	}
	if changed && (e.row == nil || e.row.Email != u.Email) { // the user's own address has changed since
		if one := primary(o); one != nil {
			one["value"] = u.Email
		} else {
			o["emails"] = []any{document.Object{"primary": true, "value": u.Email}}
		}
		if e.row == nil || e.row.UserNameKey == e.row.Email {
			o["userName"] = u.Email
		}
	}
	o["externalId"] = e.account.AccountID
	return o
}

// resource is the whole form of a user.
func (p *Plugin) resource(c *core.Ctx, e *entry) document.Object {
	o := p.tree(e)
	o["id"] = e.user.ID
	created, modified := e.account.CreatedAt, e.account.CreatedAt
	if e.controlled && e.current() {
		created, modified = e.user.CreatedAt, e.user.UpdatedAt
	}
	if e.row != nil && e.row.UpdatedAt.After(modified) {
		modified = e.row.UpdatedAt
	}
	schemas := []any{document.UserURN}
	if _, ok := o[document.EnterpriseURN]; ok {
		schemas = append(schemas, document.EnterpriseURN)
	}
	o["schemas"] = schemas
	var groups []any
	for _, g := range e.groups {
		groups = append(groups, document.Object{"value": g.ID, "$ref": c.BaseURL() + groupsPath + "/" + g.ID, "display": g.DisplayName, "type": "direct"})
	}
	if groups != nil {
		o["groups"] = groups
	}
	finish(p.users, o, c.BaseURL()+usersPath+"/"+e.user.ID, created, modified)
	return o
}

// finish adds meta. The version follows from everything else, so that it also changes with what
// another server writes.
func finish(k *document.Kind, o document.Object, location string, created, modified time.Time) {
	meta := document.Object{"resourceType": k.Name, "created": stamp(created), "lastModified": stamp(modified), "location": location}
	o["meta"] = meta
	sum := sha256.Sum256(document.Append(nil, k, o))
	meta["version"] = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

func version(o document.Object) string {
	meta, _ := o["meta"].(document.Object)
	v, _ := meta["version"].(string)
	return v
}

// account finds the account of a connection's user.
func (p *Plugin) account(ctx context.Context, providerID, userID string) (*core.Account, error) {
	accounts, err := p.auth.Store().FindAccounts(ctx, userID)
	if missing(err) {
		return nil, core.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	for _, acc := range accounts {
		if acc.ProviderID == providerID {
			return acc, nil
		}
	}
	return nil, core.ErrNotFound
}

// find returns a user of a connection. Users of others do not exist for it.
func (p *Plugin) find(ctx context.Context, conn *Connection, userID string) (*entry, error) {
	if !wire.ValidText(userID) {
		return nil, errUserNotFound
	}
	acc, err := p.account(ctx, conn.ProviderID, userID)
	if core.IsNotFound(err) {
		return nil, errUserNotFound
	}
	if err != nil {
		return nil, err
	}
	list, err := p.load(ctx, conn, []*core.Account{acc})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || list[0].user.ID != userID {
		return nil, errUserNotFound
	}
	return list[0], nil
}

// load reads the users of accounts, in their order. Those who have left the organization of the
// connection are left out.
func (p *Plugin) load(ctx context.Context, conn *Connection, accounts []*core.Account) ([]*entry, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	ids := make([]string, len(accounts))
	for i, acc := range accounts {
		ids[i] = acc.UserID
	}
	users := map[string]*core.User{}
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: core.ModelUser, Where: adapter.Where{{Field: "id", Op: adapter.In, Value: ids}}})
	if err != nil {
		return nil, err
	}
	for _, rec := range recs {
		u, err := p.auth.UserOf(rec)
		if err != nil {
			return nil, err
		}
		users[u.ID] = u
	}
	rows, err := p.rowsOf(ctx, conn, ids)
	if err != nil {
		return nil, err
	}
	members := map[string]bool{}
	if orgID := conn.organization(); orgID != "" && p.org != nil {
		recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: "member", Select: []string{"userId"}, Where: adapter.Where{{Field: "organizationId", Value: orgID}, {Field: "userId", Op: adapter.In, Value: ids}}})
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			id, _ := rec["userId"].(string)
			members[id] = true
		}
	}
	var out []*entry
	for _, acc := range accounts {
		u, row := users[acc.UserID], rows[acc.UserID]
		suspended := row != nil && !row.Active
		if row != nil && row.Owner != conn.owner() {
			continue // of another connection that has had the id
		}
		if u == nil || conn.organization() != "" && !members[u.ID] && !suspended {
			continue
		}
		out = append(out, &entry{user: u, account: acc, row: row})
	}
	var unsure []*entry
	for _, e := range out {
		if e.current() {
			unsure = append(unsure, e)
		}
	}
	if err := p.judge(ctx, conn, unsure); err != nil {
		return nil, err
	}
	return out, p.loadGroups(ctx, conn, out, ids)
}

// rowsOf reads what is known of users by the id of a connection, of all its owners.
func (p *Plugin) rowsOf(ctx context.Context, conn *Connection, userIDs []string) (map[string]*Provisioned, error) {
	list, err := p.provisioned.List(ctx, adapter.Find{Where: adapter.Where{{Field: "userId", Op: adapter.In, Value: userIDs}, {Field: "providerId", Value: conn.ProviderID}}})
	rows := make(map[string]*Provisioned, len(list))
	for _, row := range list {
		rows[row.UserID] = row
	}
	return rows, err
}
