package scim

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

// TokenStorage says how the secret part of tokens is stored. The zero value stores a SHA-256
// hash in base64url, Better Auth's "hashed".
type TokenStorage struct {
	// Encrypted stores it encrypted under the server's secret.
	Encrypted bool
	// Plain stores it as it is, which is the default of Better Auth 1.6.
	Plain bool
	// Hash makes the stored form in place of SHA-256.
	Hash func(ctx context.Context, token string) (string, error)
	// Encrypt and Decrypt make and read the stored form. Set both or neither.
	Encrypt func(ctx context.Context, token string) (string, error)
	Decrypt func(ctx context.Context, stored string) (string, error)
}

const (
	tokenLength = 24 // of the secret part, as in Better Auth 1.6
	minToken    = 24 // of the secret part of a static connection
)

func (s *TokenStorage) check() error {
	n := 0
	for _, set := range []bool{s.Encrypted, s.Plain, s.Hash != nil, s.Encrypt != nil || s.Decrypt != nil} {
		if set {
			n++
		}
	}
	if n > 1 {
		return errors.New("Options.Tokens has several ways to store a token: set one")
	}
	if (s.Encrypt == nil) != (s.Decrypt == nil) {
		return errors.New("Options.Tokens has one of Encrypt and Decrypt: set both")
	}
	return nil
}

func (p *Plugin) store(ctx context.Context, token string) (string, error) {
	switch s := &p.opts.Tokens; {
	case s.Plain:
		return token, nil
	case s.Encrypted:
		return p.auth.Keys().Encrypt(token)
	case s.Hash != nil:
		return s.Hash(ctx, token)
	case s.Encrypt != nil:
		return s.Encrypt(ctx, token)
	}
	return secret.SHA256URL(token), nil
}

// verify reports whether a token is the stored one, in a time that tells nothing.
func (p *Plugin) verify(ctx context.Context, stored, token string) (bool, error) {
	switch s := &p.opts.Tokens; {
	case s.Encrypted:
		plain, err := p.auth.Keys().Decrypt(stored)
		return err == nil && secret.Equal(plain, token), nil // what cannot be read is no token
	case s.Decrypt != nil:
		plain, err := s.Decrypt(ctx, stored)
		return err == nil && secret.Equal(plain, token), err
	}
	mine, err := p.store(ctx, token)
	return err == nil && secret.Equal(stored, mine), err
}

// BearerToken is the token of a static connection, for the settings of the directory.
func (c StaticConnection) BearerToken() string {
	return bearer(c.Token, c.ProviderID, c.OrganizationID)
}

// bearer is what a directory sends: the secret part with the names of the connection.
func bearer(token, providerID, organizationID string) string {
	text := token + ":" + providerID
	if organizationID != "" {
		text += ":" + organizationID
	}
	return base64.URLEncoding.EncodeToString([]byte(text))
}

// maxBearer bounds the token of a request, in bytes.
const maxBearer = 2048

// Connection is a connection between a directory and this server.
type Connection struct {
	ID             string  `json:"id"`
	ProviderID     string  `json:"providerId"`
	OrganizationID *string `json:"organizationId"`

	static   bool
	userID   string // who made it; empty when nobody knows
	forOwner bool   // it may do to owners of its organization what an owner may
}

// Static reports whether the connection is one of Options.Connections.
func (c *Connection) Static() bool { return c.static }

func (c *Connection) organization() string {
	if c.OrganizationID == nil {
		return ""
	}
	return *c.OrganizationID
}

// owner names whose connection it is. A connection reads only what connections of the same
// owner have written, and an id of a provider whose users belong to one owner is not given to
// another.
func (c *Connection) owner() string {
	switch {
	case c.organization() != "":
		return "organization:" + c.organization()
	case c.static:
		return "application"
	}
	return "user:" + c.userID
}

func unauthorized(detail string) *core.Error {
	e := refuse(http.StatusUnauthorized, "", detail)
	e.Header = []core.HeaderField{{Name: "WWW-Authenticate", Value: `Bearer realm="SCIM"`}}
	return e
}

// connection returns the connection whose token a request has.
func (p *Plugin) connection(c *core.Ctx) (*Connection, error) {
	header := ""
	if c.Req.Header != nil {
		header = c.Req.Header.Get("Authorization")
	}
	token := header
	if scheme, rest, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return nil, unauthorized("SCIM token is required")
	}
	invalid := unauthorized("Invalid SCIM token")
	if len(token) > maxBearer {
		return nil, invalid
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(token, "="))
	if err != nil || !wire.ValidText(string(raw)) {
		return nil, invalid
	}
	plain, names, _ := strings.Cut(string(raw), ":")
	providerID, organizationID, _ := strings.Cut(names, ":")
	if plain == "" || providerID == "" {
		return nil, invalid
	}
	if s := p.staticOf(providerID); s != nil && (organizationID == "" || organizationID == s.OrganizationID) {
		if !secret.Equal(s.Token, plain) {
			return nil, invalid
		}
		return s.connection(), nil
	}
	w := adapter.By("providerId", providerID)
	if organizationID != "" {
		w = w.And("organizationId", organizationID)
	}
	row, err := p.providers.Find(c, w)
	if missing(err) {
		return nil, invalid
	}
	if err != nil {
		return nil, err
	}
	ok, err := p.verify(c, row.Token, plain)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, invalid
	}
	conn := p.connectionOf(row)
	if ok, err = p.inForce(c, conn); err == nil && !ok {
		err = invalid
	}
	return conn, err
}

// staticOf is the connection of the options with an id, nil when there is none.
func (p *Plugin) staticOf(providerID string) *StaticConnection {
	for i := range p.opts.Connections {
		if s := &p.opts.Connections[i]; s.ProviderID == providerID {
			return s
		}
	}
	return nil
}

// rows are the conditions of what the connection, or a former one of the same owner and id, has
// written.
func (c *Connection) rows() adapter.Where {
	return adapter.By("owner", c.owner()).And("providerId", c.ProviderID)
}

// connection is the static connection as one that has called.
func (c *StaticConnection) connection() *Connection {
	conn := &Connection{ProviderID: c.ProviderID, static: true, forOwner: true}
	if c.OrganizationID != "" {
		conn.OrganizationID = &c.OrganizationID
	}
	return conn
}

// inForce reports whether the user who has made the token of a connection could make it today:
// a token does not outlive its maker, nor the maker's rights in the organization. A token that an
// owner has made may do to owners what an owner may; another one leaves them alone. Of a token of
// Better Auth's nobody may know the maker; it stays in force.
func (p *Plugin) inForce(ctx context.Context, conn *Connection) (bool, error) {
	if conn.static || conn.userID == "" {
		return true, nil
	}
	u, err := p.auth.Store().FindUser(ctx, conn.userID)
	if missing(err) {
		return false, nil
	}
	if err != nil || u.BannedAt(p.auth.Now()) {
		return false, err
	}
	if conn.organization() == "" || p.org == nil {
		return true, nil
	}
	m, err := p.org.Membership(ctx, u.ID, conn.organization())
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	conn.forOwner = p.isOwner(m)
	return hasRole(m, p.requiredRoles()), nil
}

func (p *Plugin) connectionOf(row *Provider) *Connection {
	conn := &Connection{ID: row.ID, ProviderID: row.ProviderID, OrganizationID: row.OrganizationID}
	if conn.OrganizationID != nil && *conn.OrganizationID == "" {
		conn.OrganizationID = nil
	}
	if row.UserID != nil {
		conn.userID = *row.UserID
	}
	return conn
}
