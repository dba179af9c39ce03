package oauthapps

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
)

// Trusted is a client that the application has written into its program.
type Trusted struct {
	ClientID, ClientSecret string // without a secret the client is public
	Name, Icon             string
	Type                   string // "web" (default), "native", "user-agent-based" or "public"
	RedirectURLs           []string
	Metadata               map[string]any
	Disabled               bool
	SkipConsent            bool // the user is not asked
}

// store keeps clients, tokens and consents in the tables, for the server.
type store struct {
	auth        *core.Auth
	clients     *core.Table[clientRow]
	tokens      *core.Table[tokenRow]
	consents    *core.Table[consentRow]
	trusted     map[string]*Trusted
	requirePKCE bool
	refreshLife time.Duration
	rooted      sync.Map // ids of trusted clients that have a row
}

func newStore(a *core.Auth, c *Config) (*store, error) {
	s := &store{auth: a, trusted: map[string]*Trusted{}, requirePKCE: c.RequirePKCE, refreshLife: c.RefreshLife}
	for i := range c.Trusted {
		s.trusted[c.Trusted[i].ClientID] = &c.Trusted[i]
	}
	var err error
	if s.clients, err = core.TableOf[clientRow](a, ModelClient); err != nil {
		return nil, err
	}
	if s.tokens, err = core.TableOf[tokenRow](a, ModelToken); err != nil {
		return nil, err
	}
	s.consents, err = core.TableOf[consentRow](a, ModelConsent)
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

// hash is how the engine stores tokens: SHA-256 in base64url.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
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

// FindClient finds a client of the program, or of the table.
func (s *store) FindClient(ctx context.Context, id string) (*oauthserver.Client, error) {
	if t, ok := s.trusted[id]; ok {
		if err := s.root(ctx, t); err != nil {
			return nil, err
		}
		return s.trustedClient(t)
	}
	row, err := s.row(ctx, id)
	if err != nil {
		return nil, err
	}
	c := s.client(row.ClientID, validate.Value(row.ClientSecret), row.Type, split(row.RedirectURLs, ","))
	c.Disabled, c.Name, c.Logo = validate.Value(row.Disabled), row.Name, validate.Value(row.Icon)
	if text := validate.Value(row.Metadata); strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
		c.Metadata = json.RawMessage(text)
	}
	return c, nil
}

// client makes the part of a client that both kinds share. Clients may log users out to their
// redirect URIs, as Better Auth has no list of its own for that.
func (s *store) client(id, secret, kind string, redirects []string) *oauthserver.Client {
	c := &oauthserver.Client{ID: id, Secret: secret, Type: kind, RedirectURIs: redirects, PostLogoutURIs: redirects, EndSession: true}
	if kind == typePublic {
		c.Type, c.Public = "", true
	}
	required := s.requirePKCE
	c.RequirePKCE = &required
	return c
}

// plain marks the secret of a client of the program, which is no row's.
const plain = "program:"

func (s *store) trustedClient(t *Trusted) (*oauthserver.Client, error) {
	secret := ""
	if t.ClientSecret != "" {
		secret = plain + t.ClientSecret
	}
	c := s.client(t.ClientID, secret, t.Type, t.RedirectURLs)
	if secret == "" {
		c.Public = true
	}
	c.Name, c.Logo, c.Disabled, c.SkipConsent = t.Name, t.Icon, t.Disabled, t.SkipConsent
	if t.Metadata != nil {
		text, err := json.Marshal(t.Metadata)
		if err != nil {
			return nil, err
		}
		c.Metadata = text
	}
	return c, nil
}

// root gives a client of the program the row to which those of tokens and consents refer. It
// has no secret and no address, so that it lets nobody in if the program forgets the client.
func (s *store) root(ctx context.Context, t *Trusted) error {
	if _, ok := s.rooted.Load(t.ClientID); ok {
		return nil
	}
	_, err := s.row(ctx, t.ClientID)
	if core.IsNotFound(err) {
		now := s.auth.Now().Truncate(time.Second)
		_, err = s.clients.Create(ctx, &clientRow{Name: t.Name, ClientID: t.ClientID, Type: typeWeb, Disabled: new(true), CreatedAt: now, UpdatedAt: now})
		if err != nil {
			if _, again := s.row(ctx, t.ClientID); again == nil { // another request has been first
				err = nil
			}
		}
	}
	if err == nil {
		s.rooted.Store(t.ClientID, true)
	}
	return err
}

// split takes a list apart. It is nil for an empty text.
func split(text, separator string) (out []string) {
	for one := range strings.SplitSeq(text, separator) {
		if one != "" {
			out = append(out, one)
		}
	}
	return out
}

// adopt hashes a token that Better Auth has stored as it is, 32 letters, at its first use. No
// hash has that form, so that what stands in the table is never a token itself.
func (s *store) adopt(ctx context.Context, field, token string) error {
	if !letters32(token) {
		return nil
	}
	row, err := s.tokens.Find(ctx, adapter.By(field, token))
	if core.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	stored := row.AccessToken
	if field == fieldRefresh {
		stored = row.RefreshToken
	}
	if stored != token { // a database may ignore case
		return nil
	}
	_, err = s.tokens.Update(ctx, adapter.By("id", row.ID).And(field, token), adapter.Record{field: hash(token)})
	if core.IsNotFound(err) { // another request has been first
		return nil
	}
	return err
}

// The columns of tokens.
const (
	fieldAccess  = "accessToken"
	fieldRefresh = "refreshToken"
)

// letters32 reports whether a text is what Better Auth 1.6 makes: 32 letters.
func letters32(text string) bool {
	if len(text) != 32 {
		return false
	}
	for i := range len(text) {
		if c := text[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// nobodys is a token that nobody has.
func (s *store) nobodys() (string, error) {
	text, err := s.auth.RandomString(32)
	return hash(text), err
}

func (s *store) CreateAccess(ctx context.Context, t *oauthserver.AccessToken) error {
	if t.RefreshID != "" {
		row, err := s.tokens.FindID(ctx, t.RefreshID)
		if err != nil {
			return err
		}
		// One row holds both, unless the access token has less than the grant.
		if row.Scopes == strings.Join(t.Scopes, " ") && slices.Equal(row.Resources, t.Resources) {
			_, err = s.tokens.Update(ctx, adapter.By("id", t.RefreshID), adapter.Record{"accessToken": t.Hash, "accessTokenExpiresAt": t.ExpiresAt})
			return err
		}
	}
	none, err := s.nobodys()
	if err != nil {
		return err
	}
	_, err = s.tokens.Create(ctx, &tokenRow{
		AccessToken: t.Hash, RefreshToken: none, AccessExpiresAt: t.ExpiresAt, RefreshExpiresAt: t.ExpiresAt, ClientID: t.ClientID, UserID: pointer(t.UserID),
		Scopes: strings.Join(t.Scopes, " "), CreatedAt: t.CreatedAt, UpdatedAt: t.CreatedAt, SessionID: pointer(t.SessionID), CodeID: pointer(t.CodeID), Resources: t.Resources,
	})
	return err
}

func (s *store) FindAccess(ctx context.Context, hash string) (*oauthserver.AccessToken, error) {
	r, err := s.tokens.Find(ctx, adapter.By("accessToken", hash))
	if err != nil {
		return nil, err
	}
	t := &oauthserver.AccessToken{
		Hash: r.AccessToken, ClientID: r.ClientID, SessionID: validate.Value(r.SessionID), UserID: validate.Value(r.UserID), CodeID: validate.Value(r.CodeID),
		Scopes: split(r.Scopes, " "), Resources: r.Resources, CreatedAt: r.CreatedAt, ExpiresAt: r.AccessExpiresAt,
	}
	if r.CodeID == nil { // of Better Auth, whose tokens know no session: it does not end with one
		t.RefreshID = r.ID
	}
	return t, nil
}

func (s *store) DeleteAccess(ctx context.Context, hash string) error {
	_, err := s.tokens.Update(ctx, adapter.By("accessToken", hash), adapter.Record{"accessTokenExpiresAt": s.auth.Now().Truncate(time.Second)})
	if core.IsNotFound(err) {
		return nil
	}
	return err
}

func (s *store) CreateRefresh(ctx context.Context, t *oauthserver.RefreshToken) (string, error) {
	none, err := s.nobodys()
	if err != nil {
		return "", err
	}
	row, err := s.tokens.Create(ctx, &tokenRow{
		AccessToken: none, RefreshToken: t.Hash, AccessExpiresAt: t.CreatedAt, RefreshExpiresAt: t.ExpiresAt, ClientID: t.ClientID, UserID: pointer(t.UserID),
		Scopes: strings.Join(t.Scopes, " "), CreatedAt: t.CreatedAt, UpdatedAt: t.CreatedAt, SessionID: pointer(t.SessionID), CodeID: pointer(t.CodeID),
		AuthTime: pointer(t.AuthTime), Resources: t.Resources,
	})
	if err != nil {
		return "", err
	}
	return row.ID, nil
}

// FindRefresh finds a refresh token. Better Auth stores one for every code and gives it out for
// offline_access alone.
func (s *store) FindRefresh(ctx context.Context, hash string) (*oauthserver.RefreshToken, error) {
	r, err := s.tokens.Find(ctx, adapter.By("refreshToken", hash))
	if err != nil {
		return nil, err
	}
	return &oauthserver.RefreshToken{
		ID: r.ID, Hash: r.RefreshToken, ClientID: r.ClientID, SessionID: validate.Value(r.SessionID), UserID: validate.Value(r.UserID), CodeID: validate.Value(r.CodeID),
		Scopes: split(r.Scopes, " "), Resources: r.Resources, CreatedAt: r.CreatedAt, ExpiresAt: r.RefreshExpiresAt, RevokedAt: validate.Value(r.Revoked),
		AuthTime: validate.Value(r.AuthTime),
	}, nil
}

func (s *store) RevokeRefresh(ctx context.Context, id string, at time.Time) error {
	_, err := s.tokens.Update(ctx, adapter.By("id", id).And("revoked", nil), adapter.Record{"revoked": at, "updatedAt": at})
	return err
}

func (s *store) DeleteAccessOf(ctx context.Context, refreshID string) error {
	_, err := s.tokens.Update(ctx, adapter.By("id", refreshID), adapter.Record{"accessTokenExpiresAt": s.auth.Now().Truncate(time.Second)})
	if core.IsNotFound(err) {
		return nil
	}
	return err
}

func (s *store) DeleteFamily(ctx context.Context, clientID, userID string) error {
	_, err := s.tokens.Delete(ctx, adapter.By("clientId", clientID).And("userId", userID))
	return err
}

func (s *store) DeleteByCode(ctx context.Context, codeID string) error {
	_, err := s.tokens.Delete(ctx, adapter.By("authorizationCodeId", codeID))
	return err
}

// forget removes what belongs to a user. Their clients go with them.
func (s *store) forget(ctx context.Context, userID string) error {
	if err := s.disown(ctx, userID); err != nil {
		return err
	}
	rows, err := s.clients.List(ctx, adapter.Find{Where: adapter.By("userId", userID)})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := s.tokens.Delete(ctx, adapter.By("clientId", r.ClientID)); err != nil {
			return err
		}
		if _, err := s.consents.Delete(ctx, adapter.By("clientId", r.ClientID)); err != nil {
			return err
		}
	}
	_, err = s.clients.Delete(ctx, adapter.By("userId", userID))
	return err
}

// disown removes what lets clients act for a user.
func (s *store) disown(ctx context.Context, userID string) error {
	if _, err := s.tokens.Delete(ctx, adapter.By("userId", userID)); err != nil {
		return err
	}
	_, err := s.consents.Delete(ctx, adapter.By("userId", userID))
	return err
}

// removeExpired removes rows both of whose tokens have ended. A revoked refresh token stays
// until its time, so that its reuse is noticed.
func (s *store) removeExpired(ctx context.Context, now time.Time) error {
	_, err := s.tokens.Delete(ctx, adapter.Where{{Field: "refreshTokenExpiresAt", Op: adapter.Lt, Value: now}, {Field: "accessTokenExpiresAt", Op: adapter.Lt, Value: now}})
	return err
}

// given finds the newest consent. Better Auth adds a row at each answer.
func (s *store) given(ctx context.Context, clientID, userID string) (*consentRow, error) {
	rows, err := s.consents.List(ctx, adapter.Find{
		Where: adapter.By("clientId", clientID).And("userId", userID), Sort: []adapter.Sort{{Field: "updatedAt", Desc: true}}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, core.ErrNotFound
	}
	return rows[0], nil
}

func (s *store) FindConsent(ctx context.Context, clientID, userID, _ string) ([]string, error) {
	row, err := s.given(ctx, clientID, userID)
	if err == nil && !row.Given {
		err = core.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return split(row.Scopes, " "), nil
}

// KeepConsent stores a consent. Requests about one user take turns, so that there is one row.
func (s *store) KeepConsent(ctx context.Context, clientID, userID, _ string, scopes []string) error {
	return s.auth.Store().Tx(ctx, func(ctx context.Context) error {
		if err := s.auth.Store().LockUser(ctx, userID); err != nil {
			return err
		}
		now := s.auth.Now().Truncate(time.Second)
		row, err := s.given(ctx, clientID, userID)
		if err == nil {
			_, err = s.consents.Update(ctx, adapter.By("id", row.ID), adapter.Record{"scopes": strings.Join(scopes, " "), "consentGiven": true, "updatedAt": now})
			return err
		}
		if !errors.Is(err, core.ErrNotFound) {
			return err
		}
		_, err = s.consents.Create(ctx, &consentRow{ClientID: clientID, UserID: userID, Scopes: strings.Join(scopes, " "), CreatedAt: now, UpdatedAt: now, Given: true})
		return err
	})
}
