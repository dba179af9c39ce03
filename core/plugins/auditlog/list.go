package auditlog

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/listing"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// A page has so many records without a limit, and at most.
const (
	pageSize  = 100
	maxPage   = 1000
	maxEvents = 50 // names that are asked for at once
)

// Page is the part of a query that every list has.
type Page struct {
	Event         wire.Value `query:"event" zod:"union=string|string[],optional" doc:"Names of events; all by default"`
	From          *string    `query:"from" doc:"Time of the first records, such as 2026-01-01T00:00:00.000Z"`
	To            *string    `query:"to" doc:"Time before which the last records are"`
	Limit         wire.Value `query:"limit" zod:"union=string|number,optional" doc:"How many records, at most 1000; 100 by default"`
	Offset        wire.Value `query:"offset" zod:"union=string|number,optional" doc:"How many to skip"`
	SortDirection *string    `query:"sortDirection" zod:"enum=asc|desc" doc:"By time: desc, the latest first, by default, or asc"`
}

// ListInput is the query of a user's own list.
type ListInput struct{ Page }

// ListAllInput is the query of the list of everybody.
type ListAllInput struct {
	Page
	UserID         *string `query:"userId" doc:"Whom the events are about"`
	ActorID        *string `query:"actorId" doc:"Who has done it to somebody else"`
	OrganizationID *string `query:"organizationId" doc:"Where it has happened"`
	IPAddress      *string `query:"ipAddress" doc:"Address, as the records have it"`
}

// ListOrganizationInput is the query of the list of an organization.
type ListOrganizationInput struct {
	Page
	OrganizationID *string `query:"organizationId" doc:"The organization; the active one by default"`
	UserID         *string `query:"userId" doc:"Whom the events are about"`
	ActorID        *string `query:"actorId" doc:"Who has done it to somebody else"`
}

// ListReply is {"records":[…],"total":…,"limit":…,"offset":…}; total counts all records that
// match.
type ListReply struct {
	Records []*Record `json:"records"`
	Total   int64     `json:"total"`
	Limit   int       `json:"limit"`
	Offset  int       `json:"offset"`
}

// Query says which records Find and Count look for. Empty fields ask for nothing.
type Query struct {
	UserID, ActorID, OrganizationID, IPAddress string
	Events                                     []string  // one of these
	From, To                                   time.Time // From is in, To is not
	Ascending                                  bool      // the oldest first
	Limit, Offset                              int       // 0: 100 records. For Find alone
}

// Find lists records, for the application's own code: it asks nobody for permission.
func (p *Plugin) Find(ctx context.Context, q Query) ([]*Record, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = pageSize
	}
	return p.records.List(ctx, adapter.Find{
		Where: q.where(), Limit: limit, Offset: max(q.Offset, 0),
		Sort: []adapter.Sort{{Field: "createdAt", Desc: !q.Ascending}, {Field: "id", Desc: !q.Ascending}},
	})
}

// Count counts the records that match.
func (p *Plugin) Count(ctx context.Context, q Query) (int64, error) {
	return p.records.Count(ctx, q.where())
}

func (q *Query) where() adapter.Where {
	var w adapter.Where
	for _, f := range []struct{ name, value string }{
		{"userId", q.UserID}, {"actorId", q.ActorID}, {"organizationId", q.OrganizationID}, {"ipAddress", q.IPAddress},
	} {
		if f.value != "" {
			w = append(w, adapter.Cond{Field: f.name, Value: f.value})
		}
	}
	switch len(q.Events) {
	case 0:
	case 1:
		w = append(w, adapter.Cond{Field: "event", Value: q.Events[0]})
	default:
		w = append(w, adapter.Cond{Field: "event", Op: adapter.In, Value: q.Events})
	}
	if !q.From.IsZero() {
		w = append(w, adapter.Cond{Field: "createdAt", Op: adapter.Gte, Value: q.From})
	}
	if !q.To.IsZero() {
		w = append(w, adapter.Cond{Field: "createdAt", Op: adapter.Lt, Value: q.To})
	}
	return w
}

// list shows users what has happened to them. Where somebody else has done it, they do not
// learn where that person was.
func (p *Plugin) list(c *core.Ctx, in *ListInput) (ListReply, error) {
	reply, err := p.page(c, in.Page, Query{UserID: c.Session().User.ID})
	for _, r := range reply.Records {
		if r.ActorID != nil {
			r.hide()
		}
	}
	return reply, err
}

func (p *Plugin) listAll(c *core.Ctx, in *ListAllInput) (ListReply, error) {
	return p.page(c, in.Page, Query{
		UserID: validate.Value(in.UserID), ActorID: validate.Value(in.ActorID),
		OrganizationID: validate.Value(in.OrganizationID), IPAddress: validate.Value(in.IPAddress),
	})
}

// administrator is middleware that lets those pass who may list the records of everybody, and
// the application itself.
func (p *Plugin) administrator(c *core.Ctx) error {
	if c.FromServer() {
		return nil
	}
	if err := core.RequireStoredSession(c); err != nil {
		return err
	}
	if err := core.InPerson(c); err != nil {
		return err
	}
	u := &c.Session().User
	if p.admins != nil && p.admins.HasPermission(u, Permissions()) {
		return nil
	}
	if p.opts.Allow != nil {
		if ok, err := p.opts.Allow(c, u); ok || err != nil {
			return err
		}
	}
	return core.Fail(http.StatusForbidden, CodeForbidden)
}

// active is the session's field of the plugin organization.
var active = core.Field[string]{Name: "activeOrganizationId"}

// listOrganization answers alike for an organization that does not exist and one that the
// caller may not look into.
func (p *Plugin) listOrganization(c *core.Ctx, in *ListOrganizationInput) (ListReply, error) {
	id := validate.Value(in.OrganizationID)
	if id == "" {
		id, _ = active.Of(c.Session().Session.Extra)
	}
	if id == "" {
		return ListReply{}, core.Fail(http.StatusBadRequest, CodeNoOrganization)
	}
	_, allowed, err := p.organizations.MayUse(c, c.Session().User.ID, id, Permissions())
	if err != nil {
		return ListReply{}, err
	}
	if !allowed {
		return ListReply{}, core.Fail(http.StatusForbidden, CodeForbidden)
	}
	reply, err := p.page(c, in.Page, Query{OrganizationID: id, UserID: validate.Value(in.UserID), ActorID: validate.Value(in.ActorID)})
	if !p.opts.OrganizationAddresses {
		for _, r := range reply.Records {
			r.hide()
		}
	}
	return reply, err
}

// hide removes where the one who did it was.
func (r *Record) hide() { r.SessionID, r.IPAddress, r.UserAgent, r.RequestID = nil, nil, nil, nil }

func (p *Plugin) page(c *core.Ctx, in Page, q Query) (ListReply, error) {
	reply := ListReply{Records: []*Record{}}
	if err := in.read(&q); err != nil {
		return reply, err
	}
	records, err := p.Find(c, q)
	if errors.Is(err, adapter.ErrBadValue) {
		return reply, listing.BadQuery("userId", "expected an id")
	}
	if err != nil {
		return reply, err
	}
	total, err := p.Count(c, q)
	return ListReply{records, total, q.Limit, q.Offset}, err
}

// read takes the common part of a query.
func (in Page) read(q *Query) (err error) {
	items, many := in.Event.Items()
	if !many && !in.Event.IsUndefined() {
		items = []wire.Value{in.Event}
	}
	for _, item := range items {
		if name, _ := item.Str(); name != "" && !slices.Contains(q.Events, name) {
			q.Events = append(q.Events, name)
		}
	}
	if len(q.Events) > maxEvents {
		return listing.BadQuery("event", "expected at most 50 names")
	}
	for _, t := range []struct {
		name string
		text *string
		to   *time.Time
	}{{"from", in.From, &q.From}, {"to", in.To, &q.To}} {
		if text := validate.Value(t.text); text != "" {
			at, ok := wire.ParseTime(text)
			if !ok {
				return listing.BadQuery(t.name, "expected a time such as 2026-01-01T00:00:00.000Z")
			}
			*t.to = at
		}
	}
	q.Ascending = validate.Value(in.SortDirection) == "asc"
	if q.Limit, err = listing.Number("limit", in.Limit, pageSize); err != nil {
		return err
	}
	q.Limit = min(q.Limit, maxPage)
	q.Offset, err = listing.Number("offset", in.Offset, 0)
	return err
}
