package admin

import (
	"errors"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/listing"
	"github.com/advantch/kernia-go/core/wire"
)

// A page of list-users has so many users without a limit, and at most.
const (
	pageSize = 100
	maxPage  = 1000
)

// ListUsersInput is the query of list-users.
type ListUsersInput struct {
	SearchValue    *string    `query:"searchValue" doc:"Text to search for"`
	SearchField    *string    `query:"searchField" zod:"enum=email|name" doc:"Field to search in; email by default"`
	SearchOperator *string    `query:"searchOperator" zod:"enum=contains|starts_with|ends_with" doc:"Where the text is; contains by default"`
	Limit          wire.Value `query:"limit" zod:"union=string|number,optional" doc:"How many users, at most 1000; 100 by default"`
	Offset         wire.Value `query:"offset" zod:"union=string|number,optional" doc:"How many to skip"`
	SortBy         *string    `query:"sortBy" doc:"Field to sort by; createdAt by default"`
	SortDirection  *string    `query:"sortDirection" zod:"enum=asc|desc" doc:"asc or desc"`
	FilterField    *string    `query:"filterField" doc:"Field to filter by; email by default"`
	FilterValue    wire.Value `query:"filterValue" zod:"union=string|number|boolean|string[]|number[],optional" doc:"Value to filter by"`
	FilterOperator *string    `query:"filterOperator" zod:"enum=eq|ne|lt|lte|gt|gte|in|not_in|contains|starts_with|ends_with" doc:"Comparison; eq by default"`
}

// ListUsersReply is {"users":[…],"total":…,"limit":…,"offset":…}; total counts all users that
// match. Limit and offset are there when they were asked for.
type ListUsersReply struct {
	Users  []*core.User `json:"users"`
	Total  int64        `json:"total"`
	Limit  *int         `json:"limit,omitempty"`
	Offset *int         `json:"offset,omitempty"`
}

func (p *Plugin) listUsers(c *core.Ctx, in *ListUsersInput) (ListUsersReply, error) {
	var reply ListUsersReply
	if _, err := p.allow(c, needs("user", "list", CodeNotAllowedToListUsers)); err != nil {
		return reply, err
	}
	q, err := p.query(in, &reply)
	if err != nil {
		return reply, err
	}
	recs, err := p.auth.DB().FindMany(c, q)
	if errors.Is(err, adapter.ErrBadValue) { // such as a part of a serial id
		return reply, listing.BadQuery("filterValue", "cannot be compared with this field")
	}
	if err != nil {
		return reply, err
	}
	reply.Users = make([]*core.User, len(recs))
	for i, rec := range recs {
		if reply.Users[i], err = p.auth.UserOf(rec); err != nil {
			return reply, err
		}
	}
	reply.Total, err = p.auth.DB().Count(c, core.ModelUser, q.Where)
	return reply, err
}

// query makes the query of a list, and notes the page that was asked for.
func (p *Plugin) query(in *ListUsersInput, reply *ListUsersReply) (adapter.Find, error) {
	t, _ := p.auth.Schema().Table(core.ModelUser)
	q := adapter.Find{Model: core.ModelUser}
	if text := or(in.SearchValue, ""); text != "" {
		cond := adapter.Cond{Field: or(in.SearchField, "email"), Op: adapter.Op(or(in.SearchOperator, string(adapter.Contains))), Value: text}
		if cond.Field == "email" {
			cond.Value = strings.ToLower(text) // as addresses are stored
		} else {
			cond.Fold = !p.auth.DB().Capabilities().NoFold
		}
		q.Where = append(q.Where, cond)
	}
	if !in.FilterValue.IsUndefined() {
		cond, err := listing.Filter{Field: or(in.FilterField, "email"), Operator: in.FilterOperator, Value: in.FilterValue}.Cond(t)
		if err != nil {
			return q, err
		}
		q.Where = append(q.Where, cond)
	}
	var err error
	if q.Sort, err = listing.Order(t, or(in.SortBy, "createdAt"), or(in.SortDirection, "asc")); err != nil {
		return q, err
	}
	if q.Limit, err = listing.Number("limit", in.Limit, 0); err != nil {
		return q, err
	}
	if q.Limit > 0 {
		q.Limit = min(q.Limit, maxPage)
		reply.Limit = &q.Limit
	}
	if q.Offset, err = listing.Number("offset", in.Offset, 0); err != nil {
		return q, err
	}
	if q.Offset > 0 {
		reply.Offset = &q.Offset
	}
	limit := q.Limit
	if limit == 0 {
		limit = pageSize
	}
	q.Limit = limit
	return q, nil
}

// or is the text of an optional member, or another one where it is absent or empty.
func or(s *string, otherwise string) string {
	if s == nil || *s == "" {
		return otherwise
	}
	return *s
}
