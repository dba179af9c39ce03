package apikey

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

// Shown is the row of a key as clients see it, without the key itself.
type Shown struct {
	*Key
	p *Plugin
}

// AppendJSON appends the key with all that clients see of it.
func (s *Shown) AppendJSON(dst []byte) []byte {
	if s == nil || s.Key == nil {
		return append(dst, "null"...)
	}
	return s.p.appendKey(dst, s.Key, shown, "")
}

// MarshalJSON is AppendJSON for encoding/json.
func (s *Shown) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// OpenAPIForm describes the answer.
func (*Shown) OpenAPIForm() any { return shownForm{} }

type shownForm struct {
	*Key
	Permissions map[string][]string `json:"permissions" openapi:"null"`
	Metadata    json.RawMessage     `json:"metadata"`
}

type createdForm struct {
	*Key
	Plain       string              `json:"key"`
	Permissions map[string][]string `json:"permissions" openapi:"null"`
	Metadata    json.RawMessage     `json:"metadata"`
}

// find returns a key that a user may do something with, by its id and configuration.
func (p *Plugin) find(c *core.Ctx, configID *string, id, userID, action string) (*config, *Key, error) {
	lookup, err := p.config(or(configID))
	if err != nil {
		return nil, nil, err
	}
	k, err := lookup.store.byID(c, id)
	if core.IsNotFound(err) {
		return nil, nil, errNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	if k.config() != lookup.ID {
		return nil, nil, errNotFound
	}
	if lookup.Owner == Organizations {
		return lookup, k, p.mayUse(c, userID, k.ReferenceID, action)
	}
	if k.ReferenceID != userID {
		return nil, nil, errNotFound
	}
	return lookup, k, nil
}

// GetInput is the query of get.
type GetInput struct {
	ConfigID *string `query:"configId" doc:"Configuration of the key; the default one without it"`
	ID       string  `query:"id" doc:"Id of the key"`
}

func (p *Plugin) get(c *core.Ctx, in *GetInput) (Shown, error) {
	cf, k, err := p.find(c, in.ConfigID, in.ID, c.Session().User.ID, "read")
	if err != nil {
		return Shown{}, err
	}
	p.sweep(c)
	p.repair(c, cf, k)
	return Shown{k, p}, nil
}

// UpdateInput is the body of update. Clients set ConfigID, KeyID, Name, Enabled, Metadata
// and ExpiresIn; everything else is for calls from Go.
type UpdateInput struct {
	ConfigID *string `json:"configId" doc:"Configuration of the key; the default one without it"`
	KeyID    string  `json:"keyId" doc:"Id of the key"`
	UserID   *string `json:"userId" zod:"coerce" doc:"The user whom the key belongs to. Server only"`
	Name     *string `json:"name" doc:"New name"`
	Enabled  *bool   `json:"enabled" doc:"Whether the key is good"`
	// Remaining, RefillAmount, RefillInterval: server only.
	Remaining      *int64     `json:"remaining" zod:"min=1" doc:"Number of uses. Server only"`
	RefillAmount   *int64     `json:"refillAmount" doc:"Uses that the key has again after every interval. Server only"`
	RefillInterval *int64     `json:"refillInterval" doc:"The interval in milliseconds. Server only"`
	Metadata       wire.Value `json:"metadata" doc:"A JSON object to keep with the key"`
	// ExpiresIn is the life from now on, in seconds. null (in Go wire.Null()) removes the
	// expiry.
	ExpiresIn           wire.Value `json:"expiresIn" doc:"Life of the key from now on, in seconds; null for no end"`
	RateLimitEnabled    *bool      `json:"rateLimitEnabled" doc:"Whether the key has a rate limit. Server only"`
	RateLimitTimeWindow *int64     `json:"rateLimitTimeWindow" doc:"Window of the rate limit in milliseconds. Server only"`
	RateLimitMax        *int64     `json:"rateLimitMax" doc:"Uses in a window. Server only"`
	// Permissions replace those of the key. An empty map allows nothing.
	Permissions map[string][]string `json:"permissions,omitempty" zod:"nullable" doc:"Actions that the key allows, by resource. Server only"`
}

func (in *UpdateInput) serverOnly(c *core.Ctx) bool {
	return in.RefillAmount != nil || in.RefillInterval != nil || in.RateLimitMax != nil || in.RateLimitTimeWindow != nil ||
		in.RateLimitEnabled != nil || in.Remaining != nil || !c.Body().Get("permissions").IsUndefined()
}

func (p *Plugin) update(c *core.Ctx, in *UpdateInput) (Shown, error) {
	life, err := readLife(in.ExpiresIn)
	if err != nil {
		return Shown{}, err
	}
	session, err := c.StoredSession() // a revoked session changes no keys
	if err != nil {
		return Shown{}, err
	}
	user := or(in.UserID)
	switch {
	case session != nil && user != "" && user != session.User.ID, session == nil && (!c.FromServer() || user == ""):
		return Shown{}, errNoSession
	case session != nil:
		user = session.User.ID
	}
	if !c.FromServer() && in.serverOnly(c) {
		return Shown{}, core.Fail(http.StatusBadRequest, CodeServerOnly)
	}
	cf, k, err := p.find(c, in.ConfigID, in.KeyID, user, "update")
	if err != nil {
		return Shown{}, err
	}
	changes, err := p.changes(c, cf, in, life)
	if err != nil {
		return Shown{}, err
	}
	if len(changes) == 0 {
		return Shown{}, core.Fail(http.StatusBadRequest, CodeNoValues)
	}
	set := adapter.Record{}
	for _, ch := range changes {
		set[ch.field] = ch.value
	}
	before := k
	err = c.Recorded(func(ctx context.Context) (err error) {
		k, err = cf.store.update(ctx, before, set, func(k *Key) {
			for _, ch := range changes {
				ch.apply(k)
			}
		})
		if err != nil {
			return err
		}
		return c.EmitIn(ctx, cf.event(EventUpdated, k))
	})
	if core.IsNotFound(err) {
		err = errNotFound // deleted meanwhile
	}
	if err != nil {
		return Shown{}, err
	}
	p.sweep(c)
	p.repair(c, cf, k)
	return Shown{k, p}, nil
}

// readLife reads expiresIn: absent is undefined, null is null.
func readLife(v wire.Value) (wire.Value, error) {
	bad := func(message string) error {
		e := core.Fail(http.StatusBadRequest, core.CodeValidationError)
		e.Message = "[body.expiresIn] " + message
		return e
	}
	if v.IsUndefined() || v.IsNull() {
		return v, nil
	}
	n, ok := v.Num()
	if !ok {
		return v, bad("Invalid input: expected number, received " + v.Kind().String())
	}
	if n < 1 {
		return v, bad("Too small: expected number to be >=1")
	}
	return v, nil
}

// edit is one changed field.
type edit struct {
	field string
	value any
	apply func(*Key)
}

// changes checks the input and lists what it changes.
func (p *Plugin) changes(c *core.Ctx, cf *config, in *UpdateInput, life wire.Value) ([]edit, error) {
	var out []edit
	add := func(field string, value any, apply func(*Key)) { out = append(out, edit{field, value, apply}) }
	if in.Name != nil {
		if err := cf.checkName(*in.Name); err != nil {
			return nil, err
		}
		add("name", *in.Name, func(k *Key) { k.Name = in.Name })
	}
	if in.Enabled != nil {
		add("enabled", *in.Enabled, func(k *Key) { k.Enabled = in.Enabled })
	}
	if !life.IsUndefined() {
		if cf.Expiry.DisableCustom {
			return nil, core.Fail(http.StatusBadRequest, CodeExpirationDisabled)
		}
		var at *time.Time
		if n, ok := life.Num(); ok {
			var err error
			if at, err = cf.ends(&n, c.Now()); err != nil {
				return nil, err
			}
		}
		add("expiresAt", stamp(at), func(k *Key) { k.ExpiresAt = at })
	}
	if !in.Metadata.IsUndefined() && cf.EnableMetadata {
		kept, err := cf.metadata(in.Metadata, true)
		if err != nil {
			return nil, err
		}
		var value any
		if kept != nil {
			value = string(kept)
		}
		add("metadata", value, func(k *Key) { k.Metadata = kept })
	}
	whole := func(field string, n *int64, set func(*Key)) {
		if n != nil {
			add(field, *n, set)
		}
	}
	whole("remaining", in.Remaining, func(k *Key) { k.Remaining = in.Remaining })
	switch {
	case in.RefillAmount != nil && in.RefillInterval == nil:
		return nil, core.Fail(http.StatusBadRequest, CodeRefillIntervalMissing)
	case in.RefillInterval != nil && in.RefillAmount == nil:
		return nil, core.Fail(http.StatusBadRequest, CodeRefillAmountMissing)
	}
	whole("refillAmount", in.RefillAmount, func(k *Key) { k.RefillAmount = in.RefillAmount })
	whole("refillInterval", in.RefillInterval, func(k *Key) { k.RefillInterval = in.RefillInterval })
	if in.RateLimitEnabled != nil {
		add("rateLimitEnabled", *in.RateLimitEnabled, func(k *Key) { k.RateLimitEnabled = in.RateLimitEnabled })
	}
	whole("rateLimitTimeWindow", in.RateLimitTimeWindow, func(k *Key) { k.RateLimitTimeWindow = in.RateLimitTimeWindow })
	whole("rateLimitMax", in.RateLimitMax, func(k *Key) { k.RateLimitMax = in.RateLimitMax })
	if sent := c.Body().Get("permissions"); !sent.IsUndefined() {
		granted := p.permissionText(c, access.Permissions(in.Permissions))
		var value any
		if granted != nil {
			value = *granted
		}
		add("permissions", value, func(k *Key) { k.PermissionsText = granted })
	}
	return out, nil
}

// event is an event of a key: of its user, or of its organization and the caller.
func (c *config) event(t core.EventType, k *Key) core.Event {
	e := core.Event{Type: t, SubjectID: k.ID}
	if c.Owner == Organizations {
		e.OrganizationID = k.ReferenceID
	} else {
		e.UserID = k.ReferenceID
	}
	return e
}

// DeleteInput is the body of delete.
type DeleteInput struct {
	ConfigID *string `json:"configId" doc:"Configuration of the key; the default one without it"`
	KeyID    string  `json:"keyId" doc:"Id of the key"`
}

func (p *Plugin) delete(c *core.Ctx, in *DeleteInput) (core.SuccessReply, error) {
	user := &c.Session().User
	if user.BannedAt(c.Now()) {
		return core.SuccessReply{}, core.Fail(http.StatusUnauthorized, CodeUserBanned)
	}
	cf, k, err := p.find(c, in.ConfigID, in.KeyID, user.ID, "delete")
	if err != nil {
		return core.SuccessReply{}, err
	}
	err = c.Recorded(func(ctx context.Context) error {
		if err := cf.store.remove(ctx, k); err != nil {
			return err
		}
		return c.EmitIn(ctx, cf.event(EventDeleted, k))
	})
	if err != nil {
		return core.SuccessReply{}, err
	}
	p.sweep(c)
	return core.SuccessReply{Success: true}, nil
}

// ListInput is the query of list.
type ListInput struct {
	ConfigID       *string `query:"configId" doc:"Keys of one configuration"`
	OrganizationID *string `query:"organizationId" doc:"Keys of an organization in place of one's own"`
	Limit          *int64  `query:"limit" zod:"coerce,nonnegative" doc:"Length of the page; at most 1000"`
	Offset         *int64  `query:"offset" zod:"coerce,nonnegative" doc:"Keys before the page"`
	SortBy         *string `query:"sortBy" doc:"Field to sort by, for example createdAt"`
	SortDirection  *string `query:"sortDirection" zod:"enum=asc|desc" doc:"Direction, asc or desc"`
}

// ListReply is {"apiKeys":…,"total":…}, with limit and offset when they were asked for.
type ListReply struct {
	APIKeys []*Shown `json:"apiKeys"`
	Total   int64    `json:"total"`
	Limit   *int64   `json:"limit,omitempty"`
	Offset  *int64   `json:"offset,omitempty"`
}

// maxList is the length of the longest page.
const maxList = 1000

func (p *Plugin) list(c *core.Ctx, in *ListInput) (ListReply, error) {
	owner, kind := c.Session().User.ID, Users
	if org := or(in.OrganizationID); org != "" {
		if err := p.mayUse(c, owner, org, "read"); err != nil {
			return ListReply{}, err
		}
		owner, kind = org, Organizations
	}
	q := adapter.Find{Where: p.ownedBy(owner, kind), Limit: maxList}
	if in.SortBy != nil && *in.SortBy != "" {
		t, _ := p.auth.Schema().Table(Model)
		if f, ok := t.Field(*in.SortBy); !ok || f.Hidden {
			e := core.Fail(http.StatusBadRequest, core.CodeValidationError)
			e.Message = "[query.sortBy] Invalid input: expected a field of an API key"
			return ListReply{}, e
		}
		q.Sort = []adapter.Sort{{Field: *in.SortBy, Desc: or(in.SortDirection) == "desc"}}
	} else {
		q.Sort = []adapter.Sort{{Field: "createdAt"}}
	}
	if id := or(in.ConfigID); id != "" {
		if _, err := p.config(id); err != nil {
			return ListReply{}, err
		}
		q.Where = q.Where.And("configId", id)
	}
	if in.Limit != nil {
		q.Limit = int(min(*in.Limit, maxList))
	}
	q.Offset = int(min(or(in.Offset), 1<<31-1))
	reply := ListReply{APIKeys: []*Shown{}, Limit: in.Limit, Offset: in.Offset}
	keys, total, err := p.page(c, owner, kind, or(in.ConfigID), q)
	if err != nil {
		return ListReply{}, err
	}
	reply.Total = total
	for _, k := range keys {
		if cf := p.exactly(k.config()); cf != nil {
			p.repair(c, cf, k)
		}
		reply.APIKeys = append(reply.APIKeys, &Shown{k, p})
	}
	p.sweep(c)
	return reply, nil
}

// ownedBy is the condition for rows of an owner. Ids of users and organizations may be the
// same, so the configuration decides.
func (p *Plugin) ownedBy(owner string, kind Owner) adapter.Where {
	w := adapter.By("referenceId", owner)
	switch {
	case kind == Organizations:
		w = append(w, adapter.Cond{Field: "configId", Op: adapter.In, Value: slices.Clone(p.ofOrgs)})
	case len(p.ofOrgs) > 0:
		w = append(w, adapter.Cond{Field: "configId", Op: adapter.NotIn, Value: slices.Clone(p.ofOrgs)})
	}
	return w
}

// page reads a page of an owner's keys, and how many there are.
func (p *Plugin) page(ctx context.Context, owner string, kind Owner, configID string, q adapter.Find) ([]*Key, int64, error) {
	var elsewhere []*secondary
	inTable := false
	lookup, _ := p.config(configID)
	for _, cf := range p.configs {
		if configID != "" && cf != lookup {
			continue
		}
		s, alone := cf.store.(*secondary)
		if !alone {
			inTable = true
		} else if !slices.ContainsFunc(elsewhere, func(o *secondary) bool { return sameStorage(o.Storage, s.Storage) }) {
			elsewhere = append(elsewhere, s)
		}
	}
	if len(elsewhere) == 0 {
		total, err := p.keys.Count(ctx, q.Where)
		if err != nil || q.Limit == 0 {
			return nil, total, err
		}
		keys, err := p.keys.List(ctx, q)
		for _, k := range keys {
			k.settle()
		}
		return keys, total, err
	}
	var all []*Key
	if inTable {
		whole := q
		whole.Limit, whole.Offset = maxList, 0
		rows, err := p.keys.List(ctx, whole)
		if err != nil {
			return nil, 0, err
		}
		for _, k := range rows {
			all = append(all, k.settle())
		}
	}
	for _, s := range elsewhere {
		keys, err := s.list(ctx, owner, maxList)
		if err != nil {
			return nil, 0, err
		}
		keys = slices.DeleteFunc(keys, func(k *Key) bool {
			return k.ReferenceID != owner || p.kindOf(k) != kind || configID != "" && k.config() != configID ||
				slices.ContainsFunc(all, func(other *Key) bool { return other.ID == k.ID })
		})
		p.sort(keys, q.Sort[0])
		all = append(all, keys...)
	}
	total := int64(len(all))
	all = all[min(q.Offset, len(all)):]
	return all[:min(q.Limit, len(all))], total, nil
}

func sameStorage(a, b storage.Storage) (same bool) {
	defer func() { _ = recover() }() // types that do not compare are different
	return a == b
}

// kindOf is whom a key belongs to, by its configuration.
func (p *Plugin) kindOf(k *Key) Owner {
	if slices.Contains(p.ofOrgs, k.config()) {
		return Organizations
	}
	return Users
}

// sort sorts keys that no database has sorted, as JavaScript compares them. Null is first.
func (p *Plugin) sort(keys []*Key, by adapter.Sort) {
	slices.SortStableFunc(keys, func(a, b *Key) int {
		n := compare(a.value(by.Field), b.value(by.Field))
		if by.Desc {
			n = -n
		}
		return n
	})
}

func (k *Key) value(field string) wire.Value {
	if field == "id" {
		return wire.String(k.ID)
	}
	if _, own := ownFields[field]; !own {
		return wire.Value{}
	}
	v, err := wire.Parse(k.appendField(nil, field, stored, ""), wire.Limits{})
	if err != nil {
		return wire.Value{}
	}
	return v
}

func compare(a, b wire.Value) int {
	rank := func(v wire.Value) int {
		if v.IsNull() || v.IsUndefined() {
			return 0
		}
		return 1
	}
	if n := rank(a) - rank(b); n != 0 || rank(a) == 0 {
		return n
	}
	if x, ok := a.Num(); ok {
		y, _ := b.Num()
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	x, y := string(a.AppendJSON(nil)), string(b.AppendJSON(nil))
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// repair stores metadata again that an older version of Better Auth has stored as JSON in
// JSON.
func (p *Plugin) repair(c *core.Ctx, cf *config, k *Key) {
	if !k.again {
		return
	}
	if _, alone := cf.store.(*secondary); alone {
		return
	}
	before, err := json.Marshal(string(k.Metadata))
	if err != nil {
		return
	}
	var after any
	if k.Metadata != nil {
		after = string(k.Metadata)
	}
	w := adapter.By("id", k.ID).And("metadata", string(before))
	c.Go("storing the metadata of an API key again", func(ctx context.Context) error {
		_, err := p.auth.DB().UpdateMany(ctx, Model, w, adapter.Record{"metadata": after})
		return err
	})
}
