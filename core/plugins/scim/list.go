package scim

import (
	"context"
	"net/http"
	"strconv"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
)

// ListInput is the query of a list (RFC 7644 §3.4.2).
type ListInput struct {
	Filter     *string `query:"filter" doc:"Which resources; RFC 7644 §3.4.2.2"`
	StartIndex *string `query:"startIndex" doc:"The first one, from 1"`
	Count      *string `query:"count" doc:"How many at most; 100 by default"`
	Shown
}

// The sizes of pages.
const (
	pageSize = 100  // by default
	maxPage  = 1000 // at most
	scanPage = 500  // rows that a filter reads at once
)

// page reads the numbers of a list: startIndex below 1 is 1, count below 0 is 0, and what is
// too much is cut (RFC 7644 §3.4.2.4).
func (in *ListInput) page() (start, count int, err error) {
	start, count = 1, pageSize
	for _, n := range []struct {
		name string
		text *string
		to   *int
		low  int
		most int
	}{{"startIndex", in.StartIndex, &start, 1, 1 << 30}, {"count", in.Count, &count, 0, maxPage}} {
		if n.text == nil || *n.text == "" {
			continue
		}
		value, err := strconv.ParseFloat(*n.text, 64)
		if err != nil || value != value {
			return 0, 0, refuse(http.StatusBadRequest, document.InvalidValue, n.name+" is no number")
		}
		*n.to = int(min(max(value, float64(n.low)), float64(n.most)))
	}
	return start, count, nil
}

func (p *Plugin) listUsers(c *core.Ctx, in *ListInput) (*List, error) {
	conn, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	start, count, err := in.page()
	if err != nil {
		return nil, err
	}
	out := &List{kind: p.users, Start: start}
	if text(in.Filter) == "" {
		return out, p.pageOfUsers(c, conn, in, out, count)
	}
	filter, err := document.ParseFilter(p.users, *in.Filter)
	if err != nil {
		return nil, refusal(err)
	}
	take := func(list []*entry) {
		for _, e := range list {
			o := p.resource(c, e)
			if !document.Matches(filter, o) {
				continue
			}
			if out.Total++; out.Total >= start && len(out.Items) < count {
				out.Items = append(out.Items, in.project(p.users, o))
			}
		}
	}
	if name, value, ok := document.Equalities(filter, "id", "externalId", "userName", "emails.value"); ok {
		list, err := p.candidates(c, conn, name, value)
		take(list)
		return out, err
	}
	for offset := 0; ; offset += scanPage {
		if offset >= p.opts.MaxScan {
			return nil, refuse(http.StatusBadRequest, document.TooMany, "The filter would look at too many users: compare id, externalId, userName or emails by eq")
		}
		accounts, err := p.accounts(c, conn, scanPage, offset)
		if err != nil {
			return nil, err
		}
		list, err := p.load(c, conn, accounts)
		if err != nil {
			return nil, err
		}
		if take(list); len(accounts) < scanPage {
			return out, nil
		}
	}
}

// pageOfUsers reads a page of all users of a connection.
func (p *Plugin) pageOfUsers(c *core.Ctx, conn *Connection, in *ListInput, out *List, count int) error {
	n, err := p.auth.DB().Count(c, core.ModelAccount, adapter.By("providerId", conn.ProviderID))
	if err != nil || n == 0 {
		return err
	}
	out.Total = int(n)
	if count == 0 || out.Start > out.Total {
		return nil
	}
	accounts, err := p.accounts(c, conn, count, out.Start-1)
	if err != nil {
		return err
	}
	list, err := p.load(c, conn, accounts)
	if err != nil {
		return err
	}
	out.Total -= len(accounts) - len(list) // those who have left the organization elsewhere
	for _, e := range list {
		out.Items = append(out.Items, in.project(p.users, p.resource(c, e)))
	}
	return nil
}

// accounts reads accounts of a connection, in the order of their making.
func (p *Plugin) accounts(ctx context.Context, conn *Connection, limit, offset int) ([]*core.Account, error) {
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: core.ModelAccount, Where: adapter.By("providerId", conn.ProviderID),
		Sort: []adapter.Sort{{Field: "createdAt"}, {Field: "id"}}, Limit: limit, Offset: offset})
	if err != nil {
		return nil, err
	}
	return p.accountsOf(recs)
}

func (p *Plugin) accountsOf(recs []adapter.Record) ([]*core.Account, error) {
	out := make([]*core.Account, len(recs))
	for i, rec := range recs {
		var err error
		if out[i], err = p.auth.AccountOf(rec); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// candidates reads the users that may have a value, by an index.
func (p *Plugin) candidates(ctx context.Context, conn *Connection, name, value string) ([]*entry, error) {
	var ids []string
	switch name {
	case "id":
		ids = []string{value}
	case "externalId":
		acc, err := p.auth.Store().FindAccount(ctx, conn.ProviderID, value)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return p.load(ctx, conn, []*core.Account{acc})
	default:
		value = document.Fold(value)
		w := adapter.By("providerId", conn.ProviderID)
		if name == "userName" {
			w = w.And("userNameKey", value)
		} else {
			w = append(w, adapter.Cond{Field: "emails", Op: adapter.Contains, Value: "\n" + value + "\n"})
		}
		rows, err := p.provisioned.List(ctx, adapter.Find{Where: w, Limit: maxPage})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			ids = append(ids, row.UserID)
		}
		// Users whom Better Auth has provisioned, and those whose address has changed since.
		u, err := p.auth.Store().FindUserByEmail(ctx, value)
		if err != nil && !core.IsNotFound(err) {
			return nil, err
		}
		if err == nil {
			ids = append(ids, u.ID)
		}
	}
	var out []*entry
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		e, err := p.find(ctx, conn, id)
		if err == errUserNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
