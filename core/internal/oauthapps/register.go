package oauthapps

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// The types of clients that a registration makes.
const (
	typeWeb    = "web"
	typePublic = "public"
)

// Bounds of what a client registers.
const (
	maxURIs     = 64
	maxJoined   = 16 << 10 // of all URIs, which share a column
	maxText     = 2048
	maxContacts = 16
	maxContact  = 320 // an e-mail address (RFC 5321 4.5.3.1)
	maxMetadata = 8192
	maxStored   = 16 << 10 // of all that is kept, because anybody registers
)

// RegisterInput is the body of a registration (RFC 7591 2).
type RegisterInput struct {
	RedirectURIs      []string         `json:"redirect_uris" doc:"A list of redirect URIs"`
	AuthMethod        *string          `json:"token_endpoint_auth_method" zod:"enum=none|client_secret_basic|client_secret_post" doc:"The authentication method for the token endpoint"`
	GrantTypes        []string         `json:"grant_types" zod:"optional,each,enum=authorization_code|implicit|password|client_credentials|refresh_token|urn:ietf:params:oauth:grant-type:jwt-bearer|urn:ietf:params:oauth:grant-type:saml2-bearer"`
	ResponseTypes     []string         `json:"response_types" zod:"optional,each,enum=code|token"`
	ClientName        *string          `json:"client_name"`
	ClientURI         *string          `json:"client_uri"`
	LogoURI           *string          `json:"logo_uri"`
	Scope             *string          `json:"scope"`
	Contacts          []string         `json:"contacts" zod:"optional"`
	TosURI            *string          `json:"tos_uri"`
	PolicyURI         *string          `json:"policy_uri"`
	JWKSURI           *string          `json:"jwks_uri"`
	JWKS              *validate.Record `json:"jwks"`
	Metadata          *validate.Record `json:"metadata"`
	SoftwareID        *string          `json:"software_id"`
	SoftwareVersion   *string          `json:"software_version"`
	SoftwareStatement *string          `json:"software_statement"`
}

// Registered is the answer to a registration, in the form of RFC 7591.
type Registered struct{ body *wire.Object }

// AppendJSON appends the answer.
func (r *Registered) AppendJSON(dst []byte) []byte { return r.body.AppendJSON(dst) }

// MarshalJSON returns the answer.
func (r *Registered) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

func (r *Registered) text(name string) string {
	v, _ := r.body.Get(name)
	text, _ := v.Str()
	return text
}

// ClientID is the id of the new client.
func (r *Registered) ClientID() string { return r.text("client_id") }

// ClientSecret is its secret, or "" for a public client. It is shown this once.
func (r *Registered) ClientSecret() string { return r.text("client_secret") }

type registeredForm struct {
	ClientID                string         `json:"client_id"`
	ClientSecret            string         `json:"client_secret,omitempty" doc:"Not for public clients"`
	ClientSecretExpiresAt   int64          `json:"client_secret_expires_at,omitempty" doc:"0: never"`
	ClientIDIssuedAt        int64          `json:"client_id_issued_at"`
	RedirectURIs            []string       `json:"redirect_uris"`
	TokenEndpointAuthMethod string         `json:"token_endpoint_auth_method"`
	GrantTypes              []string       `json:"grant_types"`
	ResponseTypes           []string       `json:"response_types"`
	ClientName              string         `json:"client_name,omitempty"`
	ClientURI               string         `json:"client_uri,omitempty"`
	LogoURI                 string         `json:"logo_uri,omitempty"`
	Scope                   string         `json:"scope,omitempty"`
	Contacts                []string       `json:"contacts,omitempty"`
	TosURI                  string         `json:"tos_uri,omitempty"`
	PolicyURI               string         `json:"policy_uri,omitempty"`
	JWKSURI                 string         `json:"jwks_uri,omitempty"`
	JWKS                    map[string]any `json:"jwks,omitempty"`
	SoftwareID              string         `json:"software_id,omitempty"`
	SoftwareVersion         string         `json:"software_version,omitempty"`
	SoftwareStatement       string         `json:"software_statement,omitempty"`
	Metadata                map[string]any `json:"metadata,omitempty"`
}

// OpenAPIForm describes the answer.
func (*Registered) OpenAPIForm() any { return registeredForm{} }

// Register makes a client that asks for it (RFC 7591). session is that of the user who owns the
// client, or nil.
func (p *Provider) Register(c *core.Ctx, in *RegisterInput, session *core.SessionData) (*Registered, error) {
	if session != nil && session.Session.Impersonator() != "" {
		return nil, core.InPerson(c)
	}
	if err := in.check(p.cfg.Scopes); err != nil {
		return nil, err
	}
	method := oauthserver.AuthBasic
	if in.AuthMethod != nil {
		method = *in.AuthMethod
	}
	id, err := p.random(c, p.cfg.NewID)
	if err != nil {
		return nil, err
	}
	now := c.Now().Truncate(time.Second)
	row := &clientRow{
		Name: validate.Value(in.ClientName), Icon: in.LogoURI, ClientID: id, RedirectURLs: strings.Join(in.RedirectURIs, ","), Type: typeWeb, Disabled: new(false),
		CreatedAt: now, UpdatedAt: now, ClientSecret: new(""),
	}
	if in.Metadata != nil {
		row.Metadata = new(string(in.Metadata.Members.AppendJSON(nil)))
	}
	if session != nil {
		row.UserID = &session.User.ID
	}
	secret := ""
	if method == oauthserver.AuthNone {
		row.Type = typePublic
	} else {
		if secret, err = p.random(c, p.cfg.NewSecret); err != nil {
			return nil, err
		}
		if !p.cfg.WithKeys && len(secret) < minSecret {
			return nil, fmt.Errorf("GenerateClientSecret makes secrets of fewer than %d bytes, which sign id_tokens", minSecret)
		}
		stored, err := p.cfg.Secrets.Store(c, secret)
		if err != nil {
			return nil, err
		}
		row.ClientSecret = &stored
	}
	err = c.Recorded(func(ctx context.Context) error {
		if _, err := p.store.clients.Create(ctx, row); err != nil {
			return err
		}
		return oauthserver.ClientCreated(ctx, c, validate.Value(row.UserID))
	})
	if err != nil {
		return nil, err
	}
	c.SetHeader("Cache-Control", "no-store")
	c.SetHeader("Pragma", "no-cache")
	return in.answer(id, secret, method, now, p.cfg.SecretLast), nil
}

func (p *Provider) random(ctx context.Context, own func(context.Context) (string, error)) (string, error) {
	if own != nil {
		return own(ctx)
	}
	return p.auth.RandomString(32)
}

// refuse makes a 400 answer of RFC 7591.
func refuse(code, description string) error {
	return core.OAuthError(http.StatusBadRequest, code, description)
}

func badMetadata(description string) error {
	return refuse(oauthserver.ErrInvalidMetadata, description)
}

// check refuses what a client may not register. The grants that the server does not have are
// left out of the answer (RFC 7591 2).
func (in *RegisterInput) check(scopes []string) error {
	code := in.GrantTypes == nil || slices.Contains(in.GrantTypes, oauthserver.GrantCode)
	implicit := slices.Contains(in.GrantTypes, "implicit")
	switch {
	case len(in.RedirectURIs) == 0:
		return refuse(oauthserver.ErrInvalidRedirectURI, "Redirect URIs are required for authorization_code and implicit grant types")
	case len(in.RedirectURIs) > maxURIs || len(strings.Join(in.RedirectURIs, ",")) > maxJoined:
		return refuse(oauthserver.ErrInvalidRedirectURI, "too many URIs")
	case in.GrantTypes != nil && in.ResponseTypes != nil && code && !slices.Contains(in.ResponseTypes, "code"):
		return badMetadata("When 'authorization_code' grant type is used, 'code' response type must be included")
	case in.GrantTypes != nil && in.ResponseTypes != nil && implicit && !slices.Contains(in.ResponseTypes, "token"):
		return badMetadata("When 'implicit' grant type is used, 'token' response type must be included")
	case !code:
		return badMetadata("the server has the grant authorization_code alone, with refresh_token")
	}
	if in.stored() > maxStored {
		return badMetadata("redirect_uris, client_name, logo_uri and metadata are too long together")
	}
	for _, uri := range in.RedirectURIs {
		if err := oauthserver.CheckRedirectURI(uri); err != nil {
			return refuse(oauthserver.ErrInvalidRedirectURI, err.Error())
		}
		if strings.Contains(uri, ",") { // which separates them in the table
			return refuse(oauthserver.ErrInvalidRedirectURI, "Redirect URI must not have a comma: write %2C")
		}
	}
	for _, one := range []*string{in.ClientURI, in.LogoURI, in.TosURI, in.PolicyURI, in.JWKSURI} {
		if one != nil && *one != "" {
			if u, err := url.Parse(*one); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(*one) > maxText {
				return badMetadata("client_uri, logo_uri, tos_uri, policy_uri and jwks_uri must be addresses of the web")
			}
		}
	}
	for _, one := range []*string{in.ClientName, in.SoftwareID, in.SoftwareVersion, in.Scope} {
		if one != nil && len(*one) > maxText {
			return badMetadata("client_name, software_id, software_version or scope is too long")
		}
	}
	if len(in.Contacts) > maxContacts || slices.ContainsFunc(in.Contacts, func(one string) bool { return len(one) > maxContact }) {
		return badMetadata("contacts are too many or too long")
	}
	if len(validate.Value(in.SoftwareStatement)) > maxMetadata || in.size() > maxMetadata {
		return badMetadata("metadata, jwks or software_statement is too long")
	}
	for one := range strings.FieldsSeq(validate.Value(in.Scope)) {
		if !slices.Contains(scopes, one) {
			return refuse(oauthserver.ErrInvalidScope, "cannot request scope "+oauthserver.Printable(one))
		}
	}
	return nil
}

// stored is how many bytes of a registration are kept.
func (in *RegisterInput) stored() int {
	n := len(validate.Value(in.ClientName)) + len(validate.Value(in.LogoURI))
	for _, uri := range in.RedirectURIs {
		n += len(uri) + 1
	}
	if in.Metadata != nil && in.Metadata.Members != nil {
		n += len(in.Metadata.Members.AppendJSON(nil))
	}
	return n
}

func (in *RegisterInput) size() (n int) {
	for _, one := range []*validate.Record{in.Metadata, in.JWKS} {
		if one != nil && one.Members != nil {
			n = max(n, len(one.Members.AppendJSON(nil)))
		}
	}
	return n
}

// answer repeats what the client has registered.
func (in *RegisterInput) answer(id, secret, method string, now time.Time, secretLast bool) *Registered {
	o := wire.NewObject(wire.Member{Name: "client_id", Value: wire.String(id)})
	addSecret := func() {
		if secret != "" {
			o.Set("client_secret", wire.String(secret))
			o.Set("client_secret_expires_at", wire.Int(0))
		}
	}
	if !secretLast {
		addSecret()
	}
	o.Set("client_id_issued_at", wire.Int(now.Unix()))
	texts := func(name string, list []string) {
		if list == nil {
			return
		}
		items := make([]wire.Value, len(list))
		for i, one := range list {
			items[i] = wire.String(one)
		}
		o.Set(name, wire.Array(items...))
	}
	text := func(name string, v *string) {
		if v != nil {
			o.Set(name, wire.String(*v))
		}
	}
	record := func(name string, v *validate.Record) {
		if v != nil && v.Members != nil {
			o.Set(name, wire.ObjectOf(v.Members))
		}
	}
	grants := []string{oauthserver.GrantCode}
	if slices.Contains(in.GrantTypes, oauthserver.GrantRefresh) {
		grants = append(grants, oauthserver.GrantRefresh)
	}
	texts("redirect_uris", in.RedirectURIs)
	o.Set("token_endpoint_auth_method", wire.String(method))
	texts("grant_types", grants)
	texts("response_types", []string{"code"})
	text("client_name", in.ClientName)
	text("client_uri", in.ClientURI)
	text("logo_uri", in.LogoURI)
	text("scope", in.Scope)
	texts("contacts", in.Contacts)
	text("tos_uri", in.TosURI)
	text("policy_uri", in.PolicyURI)
	text("jwks_uri", in.JWKSURI)
	record("jwks", in.JWKS)
	text("software_id", in.SoftwareID)
	text("software_version", in.SoftwareVersion)
	text("software_statement", in.SoftwareStatement)
	record("metadata", in.Metadata)
	if secretLast {
		addSecret()
	}
	return &Registered{o}
}
