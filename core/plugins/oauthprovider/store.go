package oauthprovider

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// store keeps clients, tokens and consents in the plugin's tables, for the server.
type store struct {
	auth     *core.Auth
	clients  *core.Table[clientRow]
	refresh  *core.Table[refreshRow]
	access   *core.Table[accessRow]
	consents *core.Table[Consent]
	once     *core.Table[assertionRow] // nil: nothing is kept that counts once
}

func newStore(a *core.Auth, once bool) (*store, error) {
	s := &store{auth: a}
	var err error
	if s.clients, err = core.TableOf[clientRow](a, ModelClient); err != nil {
		return nil, err
	}
	if s.refresh, err = core.TableOf[refreshRow](a, ModelRefresh); err != nil {
		return nil, err
	}
	if s.access, err = core.TableOf[accessRow](a, ModelAccess); err != nil {
		return nil, err
	}
	if s.consents, err = core.TableOf[Consent](a, ModelConsent); err != nil || !once {
		return s, err
	}
	s.once, err = core.TableOf[assertionRow](a, ModelAssertion)
	return s, err
}

// pointer is nil for the zero value.
func pointer[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// row finds a client by its id, as it is spelled: a database may ignore case.
func (s *store) row(ctx context.Context, id string) (*clientRow, error) {
	if id == "" || len(id) > maxClientID {
		return nil, core.ErrNotFound
	}
	row, err := s.clients.Find(ctx, adapter.By("clientId", id))
	if err == nil && row.ClientID != id {
		return nil, core.ErrNotFound
	}
	return row, err
}

func (s *store) FindClient(ctx context.Context, id string) (*oauthserver.Client, error) {
	row, err := s.row(ctx, id)
	if err != nil {
		return nil, err
	}
	return row.client(), nil
}

func (r *clientRow) client() *oauthserver.Client {
	c := &oauthserver.Client{
		ID: r.ClientID, Secret: validate.Value(r.ClientSecret), SecretExpiresAt: validate.Value(r.ExpiresAt), Public: validate.Value(r.Public),
		Disabled: validate.Value(r.Disabled), SkipConsent: validate.Value(r.SkipConsent), EndSession: validate.Value(r.EnableEndSession),
		RequirePKCE: r.RequirePKCE, Pairwise: validate.Value(r.SubjectType) == "pairwise", Type: validate.Value(r.Type), Scopes: r.Scopes,
		RedirectURIs: r.RedirectURIs, PostLogoutURIs: r.PostLogoutURIs, AuthMethod: validate.Value(r.AuthMethod), GrantTypes: r.GrantTypes,
		Name: validate.Value(r.Name), URI: validate.Value(r.URI), Logo: validate.Value(r.Icon), Terms: validate.Value(r.Terms), Policy: validate.Value(r.Policy),
		Metadata: objectOf(r.Metadata), KeySet: json.RawMessage(validate.Value(r.JWKS)), KeySetURL: validate.Value(r.JWKSURI), LogoutURI: validate.Value(r.LogoutURI),
		BoundTokens: validate.Value(r.BoundTokens),
	}
	var own struct {
		Algorithm string `json:"id_token_signed_response_alg"`
	}
	if json.Unmarshal(c.Metadata, &own) == nil {
		c.IDTokenAlgorithm = own.Algorithm
	}
	return c
}

// objectOf is the object in a column, where Better Auth writes the text of one.
func objectOf(raw json.RawMessage) json.RawMessage {
	var text string
	if len(raw) > 0 && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if len(raw) == 0 || raw[0] != '{' || !json.Valid(raw) {
		return nil
	}
	return raw
}

func (s *store) CreateAccess(ctx context.Context, t *oauthserver.AccessToken) error {
	_, err := s.access.Create(ctx, &accessRow{
		Token: t.Hash, ClientID: t.ClientID, SessionID: pointer(t.SessionID), UserID: pointer(t.UserID), ReferenceID: pointer(t.RefID),
		RefreshID: pointer(t.RefreshID), ExpiresAt: t.ExpiresAt, CreatedAt: t.CreatedAt, Scopes: notNil(t.Scopes), CodeID: pointer(t.CodeID), Resources: t.Resources,
		Confirmation: confirmation(t.Thumbprint),
	})
	return err
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (s *store) FindAccess(ctx context.Context, hash string) (*oauthserver.AccessToken, error) {
	r, err := s.access.Find(ctx, adapter.By("token", hash))
	if err != nil {
		return nil, err
	}
	bound, ok := thumbprint(r.Confirmation)
	if !ok {
		return nil, core.ErrNotFound
	}
	return &oauthserver.AccessToken{
		Hash: r.Token, ClientID: r.ClientID, SessionID: validate.Value(r.SessionID), UserID: validate.Value(r.UserID), RefID: validate.Value(r.ReferenceID),
		RefreshID: validate.Value(r.RefreshID), CodeID: validate.Value(r.CodeID), Scopes: r.Scopes, Resources: r.Resources, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
		Thumbprint: bound,
	}, nil
}

// confirmation is the column of a token that is bound to a key: {"jkt":…}, as in Better Auth 1.7.
func confirmation(thumbprint string) json.RawMessage {
	if thumbprint == "" {
		return nil
	}
	return wire.NewObject(wire.Member{Name: "jkt", Value: wire.String(thumbprint)}).AppendJSON(nil)
}

// thumbprint reads it. A binding that cannot be read is none to ignore: ok is false.
func thumbprint(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", true
	}
	var own struct{ JKT string }
	if json.Unmarshal(objectOf(raw), &own) != nil {
		return "", false
	}
	return own.JKT, own.JKT != ""
}

func (s *store) DeleteAccess(ctx context.Context, hash string) error {
	_, err := s.access.Delete(ctx, adapter.By("token", hash))
	return err
}

func (s *store) CreateRefresh(ctx context.Context, t *oauthserver.RefreshToken) (string, error) {
	row, err := s.refresh.Create(ctx, &refreshRow{
		Token: t.Hash, ClientID: t.ClientID, SessionID: pointer(t.SessionID), UserID: t.UserID, ReferenceID: pointer(t.RefID), ExpiresAt: t.ExpiresAt,
		CreatedAt: t.CreatedAt, AuthTime: pointer(t.AuthTime), Scopes: notNil(t.Scopes), CodeID: pointer(t.CodeID), Resources: t.Resources,
		Confirmation: confirmation(t.Thumbprint),
	})
	if err != nil {
		return "", err
	}
	return row.ID, nil
}

func (s *store) FindRefresh(ctx context.Context, hash string) (*oauthserver.RefreshToken, error) {
	r, err := s.refresh.Find(ctx, adapter.By("token", hash))
	if err != nil {
		return nil, err
	}
	bound, ok := thumbprint(r.Confirmation)
	if !ok {
		return nil, core.ErrNotFound
	}
	return &oauthserver.RefreshToken{
		ID: r.ID, Hash: r.Token, ClientID: r.ClientID, SessionID: validate.Value(r.SessionID), UserID: r.UserID, RefID: validate.Value(r.ReferenceID),
		CodeID: validate.Value(r.CodeID), Scopes: r.Scopes, Resources: r.Resources, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
		RevokedAt: validate.Value(r.Revoked), AuthTime: validate.Value(r.AuthTime), Thumbprint: bound,
	}, nil
}

func (s *store) RevokeRefresh(ctx context.Context, id string, at time.Time) error {
	_, err := s.refresh.Update(ctx, adapter.By("id", id).And("revoked", nil), adapter.Record{"revoked": at})
	return err
}

func (s *store) DeleteAccessOf(ctx context.Context, refreshID string) error {
	_, err := s.access.Delete(ctx, adapter.By("refreshId", refreshID))
	return err
}

// deleteRefresh removes refresh tokens with their access tokens, which not every database
// does by itself.
func (s *store) deleteRefresh(ctx context.Context, w adapter.Where) error {
	rows, err := s.refresh.List(ctx, adapter.Find{Where: w, Select: []string{"id"}})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.DeleteAccessOf(ctx, r.ID); err != nil {
			return err
		}
	}
	_, err = s.refresh.Delete(ctx, w)
	return err
}

func (s *store) DeleteFamily(ctx context.Context, clientID, userID string) error {
	return s.deleteRefresh(ctx, adapter.By("clientId", clientID).And("userId", userID))
}

func (s *store) DeleteByCode(ctx context.Context, codeID string) error {
	if err := s.deleteRefresh(ctx, adapter.By("authorizationCodeId", codeID)); err != nil {
		return err
	}
	_, err := s.access.Delete(ctx, adapter.By("authorizationCodeId", codeID))
	return err
}

// DeleteTokensOf removes all tokens that a client has for a user.
func (s *store) deleteTokensOf(ctx context.Context, clientID, userID string) error {
	if err := s.DeleteFamily(ctx, clientID, userID); err != nil {
		return err
	}
	_, err := s.access.Delete(ctx, adapter.By("clientId", clientID).And("userId", userID))
	return err
}

// forget removes what belongs to a user: what they have allowed, and their tokens. Their
// clients go with them, too.
func (s *store) forget(ctx context.Context, userID string) error {
	if err := s.disown(ctx, userID); err != nil {
		return err
	}
	rows, err := s.clients.List(ctx, adapter.Find{Where: adapter.By("userId", userID)})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.deleteClient(ctx, r.ClientID); err != nil {
			return err
		}
	}
	return nil
}

// disown removes what lets clients act for a user.
func (s *store) disown(ctx context.Context, userID string) error {
	if err := s.deleteRefresh(ctx, adapter.By("userId", userID)); err != nil {
		return err
	}
	if _, err := s.access.Delete(ctx, adapter.By("userId", userID)); err != nil {
		return err
	}
	_, err := s.consents.Delete(ctx, adapter.By("userId", userID))
	return err
}

// deleteClient removes a client with its tokens and consents.
func (s *store) deleteClient(ctx context.Context, id string) error {
	if err := s.deleteRefresh(ctx, adapter.By("clientId", id)); err != nil {
		return err
	}
	if _, err := s.access.Delete(ctx, adapter.By("clientId", id)); err != nil {
		return err
	}
	if _, err := s.consents.Delete(ctx, adapter.By("clientId", id)); err != nil {
		return err
	}
	_, err := s.clients.Delete(ctx, adapter.By("clientId", id))
	return err
}

// removeExpired removes tokens that have ended. A revoked refresh token stays until its time, so
// that its reuse is noticed.
func (s *store) removeExpired(ctx context.Context, now time.Time) error {
	ended := adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: now}}
	if _, err := s.access.Delete(ctx, ended); err != nil {
		return err
	}
	if s.once != nil {
		if _, err := s.once.Delete(ctx, ended); err != nil {
			return err
		}
	}
	return s.deleteRefresh(ctx, ended)
}

// UseOnce stores a key, which the database takes once.
func (s *store) UseOnce(ctx context.Context, key string, until time.Time) (bool, error) {
	_, err := s.once.Create(ctx, &assertionRow{JTI: &key, ExpiresAt: until})
	if errors.Is(err, adapter.ErrUnique) {
		return false, nil
	}
	return err == nil, err
}

// ClientsOf finds the clients that have tokens of a session.
func (s *store) ClientsOf(ctx context.Context, sessionID string) ([]*oauthserver.Client, error) {
	var ids []string
	access, err := s.access.List(ctx, adapter.Find{Where: adapter.By("sessionId", sessionID), Select: []string{"clientId"}})
	if err != nil {
		return nil, err
	}
	for _, r := range access {
		ids = append(ids, r.ClientID)
	}
	refresh, err := s.refresh.List(ctx, adapter.Find{Where: adapter.By("sessionId", sessionID), Select: []string{"clientId"}})
	if err != nil {
		return nil, err
	}
	for _, r := range refresh {
		ids = append(ids, r.ClientID)
	}
	var out []*oauthserver.Client
	for _, id := range once(ids) {
		client, err := s.FindClient(ctx, id)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, client)
	}
	return out, nil
}

// consent finds the consent for a reference, or the one without: what a user has allowed for
// an organization counts for that one alone.
func (s *store) consent(ctx context.Context, clientID, userID, referenceID string) (*Consent, error) {
	w := adapter.By("clientId", clientID).And("userId", userID).And("referenceId", deref(pointer(referenceID)))
	return s.consents.Find(ctx, w)
}

func (s *store) FindConsent(ctx context.Context, clientID, userID, referenceID string) ([]string, error) {
	row, err := s.consent(ctx, clientID, userID, referenceID)
	if err != nil {
		return nil, err
	}
	return row.Scopes, nil
}

// KeepConsent stores a consent. Requests about one user take turns, so that there is one row.
func (s *store) KeepConsent(ctx context.Context, clientID, userID, referenceID string, scopes []string) error {
	return s.auth.Store().Tx(ctx, func(ctx context.Context) error {
		if err := s.auth.Store().LockUser(ctx, userID); err != nil {
			return err
		}
		now := s.auth.Now().Truncate(time.Second)
		row, err := s.consent(ctx, clientID, userID, referenceID)
		if err == nil {
			_, err = s.consents.Update(ctx, adapter.By("id", row.ID), adapter.Record{"scopes": notNil(scopes), "updatedAt": now})
			return err
		}
		if !errors.Is(err, core.ErrNotFound) {
			return err
		}
		_, err = s.consents.Create(ctx, &Consent{
			ClientID: clientID, UserID: &userID, ReferenceID: pointer(referenceID), Scopes: notNil(scopes), CreatedAt: now, UpdatedAt: now,
		})
		return err
	})
}
