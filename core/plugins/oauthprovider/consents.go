package oauthprovider

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
)

// ConsentQuery is the query of /oauth2/get-consent.
type ConsentQuery struct {
	ID string `query:"id"`
}

// ConsentBody is the body of /oauth2/delete-consent.
type ConsentBody struct {
	ID string `json:"id"`
}

// UpdateConsentInput is the body of /oauth2/update-consent.
type UpdateConsentInput struct {
	ID     string        `json:"id"`
	Update ConsentUpdate `json:"update"`
}

// ConsentUpdate has the scopes that are left of a consent.
type ConsentUpdate struct {
	Scopes []string `json:"scopes"`
}

// ownConsent finds a consent of the caller.
func (p *Plugin) ownConsent(c *core.Ctx, id string) (*Consent, error) {
	if id == "" {
		return nil, oauthserver.Fail(http.StatusNotFound, oauthserver.ErrNotFound, "missing id parameter")
	}
	row, err := p.store.consents.FindID(c, id)
	switch {
	case core.IsNotFound(err):
		return nil, oauthserver.Fail(http.StatusNotFound, oauthserver.ErrNotFound, "no consent")
	case err != nil:
		return nil, err
	case row.UserID == nil || *row.UserID != c.Session().User.ID:
		return nil, core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	}
	return row, nil
}

func (p *Plugin) getConsent(c *core.Ctx, in *ConsentQuery) (*Consent, error) {
	return p.ownConsent(c, in.ID)
}

func (p *Plugin) getConsents(c *core.Ctx, _ *core.NoInput) ([]*Consent, error) {
	return p.store.consents.List(c, adapter.Find{Where: adapter.By("userId", c.Session().User.ID), Limit: maxClients})
}

// updateConsent changes the scopes of a consent. Scopes that are taken away end the client's
// tokens, which have them.
func (p *Plugin) updateConsent(c *core.Ctx, in *UpdateConsentInput) (*Consent, error) {
	row, err := p.ownConsent(c, in.ID)
	if err != nil {
		return nil, err
	}
	in.Update.Scopes = once(in.Update.Scopes)
	client, err := p.store.FindClient(c, row.ClientID)
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	allowed := p.opts.Scopes
	if client != nil && client.Scopes != nil {
		allowed = client.Scopes
	}
	owner := row.ClientID
	if client, err := p.store.row(c, row.ClientID); err == nil {
		owner = cmp.Or(validate.Value(client.ReferenceID), validate.Value(client.UserID), owner)
	}
	if slices.ContainsFunc(in.Update.Scopes, func(s string) bool { return !slices.Contains(allowed, s) }) {
		return nil, oauthserver.Refuse(oauthserver.ErrInvalidRequest, "unable to provide scopes to "+owner)
	}
	less := slices.ContainsFunc(row.Scopes, func(s string) bool { return !slices.Contains(in.Update.Scopes, s) })
	var changed *Consent
	err = c.Auth().Store().Tx(c, func(ctx context.Context) (err error) {
		if err := c.Auth().Store().LockUser(ctx, c.Session().User.ID); err != nil {
			return err
		}
		changed, err = p.store.consents.Update(ctx, adapter.By("id", row.ID).And("userId", c.Session().User.ID),
			adapter.Record{"scopes": notNil(in.Update.Scopes), "updatedAt": c.Now().Truncate(time.Second)})
		if err == nil && less {
			err = p.store.deleteTokensOf(ctx, row.ClientID, c.Session().User.ID)
		}
		return err
	})
	if core.IsNotFound(err) {
		return nil, oauthserver.Fail(http.StatusNotFound, oauthserver.ErrNotFound, "no consent")
	}
	return changed, err
}

// deleteConsent takes a consent back, and with it the client's tokens for the user.
func (p *Plugin) deleteConsent(c *core.Ctx, in *ConsentBody) (*Nothing, error) {
	row, err := p.ownConsent(c, in.ID)
	if err != nil {
		return nil, err
	}
	return nothing(c.Auth().Store().Tx(c, func(ctx context.Context) error {
		if err := c.Auth().Store().LockUser(ctx, c.Session().User.ID); err != nil {
			return err
		}
		if _, err := p.store.consents.Delete(ctx, adapter.By("id", row.ID)); err != nil {
			return err
		}
		return p.store.deleteTokensOf(ctx, row.ClientID, c.Session().User.ID)
	}))
}
