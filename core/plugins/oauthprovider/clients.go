package oauthprovider

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
)

// Bounds of what a client registers.
const (
	maxURIs      = 64
	maxText      = 2048
	maxContacts  = 16
	maxContact   = 320  // an e-mail address (RFC 5321 4.5.3.1)
	maxScopes    = 4096 // bytes, as in a request
	maxStatement = 8192 // a signed token
)

// allowed asks the application whether a user may do something with clients.
func (p *Plugin) allowed(ctx context.Context, action string, s *core.SessionData) error {
	if p.opts.ClientPrivileges == nil || s == nil {
		return nil
	}
	ok, err := p.opts.ClientPrivileges(ctx, action, s)
	if err == nil && !ok {
		err = core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	}
	return err
}

// refuse makes a 400 answer of RFC 7591.
func refuse(code, description string) error {
	return core.OAuthError(http.StatusBadRequest, code, description)
}

// register makes a client that asks for it (RFC 7591).
func (p *Plugin) register(c *core.Ctx, in *ClientInput) (*Client, error) {
	o := &p.opts
	if !o.AllowDynamicClientRegistration {
		return nil, core.OAuthError(http.StatusForbidden, oauthserver.ErrAccessDenied, "Client registration is disabled")
	}
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	switch {
	case session == nil && !o.AllowUnauthenticatedClientRegistration:
		return nil, core.OAuthError(http.StatusUnauthorized, oauthserver.ErrInvalidToken, "Authentication required for client registration")
	case session != nil && session.Session.Impersonator() != "":
		return nil, core.InPerson(c)
	case in.SkipConsent != nil:
		return nil, refuse(oauthserver.ErrInvalidMetadata, "skip_consent cannot be set during dynamic client registration")
	case in.RequirePKCE != nil && !*in.RequirePKCE:
		return nil, refuse(oauthserver.ErrInvalidMetadata, "pkce is required for registered clients.")
	case o.PrivateKeyJWT && in.JWKSURI != nil && session == nil:
		return nil, oauthserver.Refuse(oauthserver.ErrInvalidMetadata, "without a user the keys are in jwks: the server asks no address that anybody names")
	case slices.Contains(in.GrantTypes, oauthserver.GrantCredentials) && session == nil:
		return nil, refuse(oauthserver.ErrInvalidMetadata, "client_credentials grant requires authenticated registration")
	case slices.Contains(in.GrantTypes, oauthserver.GrantCredentials) && o.ClientPrivileges == nil:
		// Who registers would choose what the client may do on its own.
		return nil, refuse(oauthserver.ErrInvalidMetadata, "client_credentials is not for registered clients")
	}
	if err := p.allowed(c, "create", session); err != nil {
		return nil, err
	}
	if session == nil && !(o.PrivateKeyJWT && validate.Value(in.AuthMethod) == oauthserver.AuthKey) {
		in.AuthMethod = new(oauthserver.AuthNone)
		if validate.Value(in.Type) == "web" {
			in.Type = nil
		}
	}
	allowed := o.Scopes
	if o.RegistrationAllowedScopes != nil {
		allowed = o.RegistrationAllowedScopes
	}
	if validate.Value(in.Scope) == "" {
		scopes := o.Scopes
		if o.RegistrationDefaultScopes != nil {
			scopes = o.RegistrationDefaultScopes
		}
		in.Scope = new(strings.Join(scopes, " "))
	}
	row := &clientRow{}
	if life := o.RegistrationSecretExpiresIn; life > 0 {
		row.ExpiresAt = new(c.Now().Truncate(time.Second).Add(life))
	}
	return p.make(c, row, &in.Fields, session, allowed)
}

// create makes a client of the caller.
func (p *Plugin) create(c *core.Ctx, in *ClientInput) (*Client, error) {
	if err := p.allowed(c, "create", c.Session()); err != nil {
		return nil, err
	}
	if err := p.ownGrants(in.GrantTypes); err != nil {
		return nil, err
	}
	return p.make(c, &clientRow{}, &in.Fields, c.Session(), p.opts.Scopes)
}

// ownGrants refuses client_credentials where nobody decides who makes clients: a user would
// give themselves every scope of the application.
func (p *Plugin) ownGrants(grants []string) error {
	if p.opts.ClientPrivileges == nil && slices.Contains(grants, oauthserver.GrantCredentials) {
		return refuse(oauthserver.ErrInvalidMetadata, "client_credentials is only for clients that an administrator makes")
	}
	return nil
}

// adminCreate makes a client with what only an administrator may set. With WithHeader the
// caller owns it.
func (p *Plugin) adminCreate(c *core.Ctx, in *AdminClientInput) (*Client, error) {
	session, err := p.administrator(c, "create")
	if err != nil {
		return nil, err
	}
	row := &clientRow{SkipConsent: in.SkipConsent, EnableEndSession: in.EnableEndSession, RequirePKCE: in.RequirePKCE, ExpiresAt: moment(in.SecretExpiresAt)}
	if in.Metadata != nil {
		row.Metadata = in.Metadata.Members.AppendJSON(nil)
	}
	return p.make(c, row, &in.Fields, session, p.opts.Scopes)
}

func moment(seconds *float64) *time.Time {
	if seconds == nil || *seconds <= 0 || *seconds > 1<<38 {
		return nil
	}
	return new(time.Unix(int64(*seconds), 0).UTC())
}

// administrator is the session of a call from Go, nil for the application itself.
func (p *Plugin) administrator(c *core.Ctx, action string) (*core.SessionData, error) {
	if c.FromServer() {
		return nil, nil
	}
	session, err := c.StoredSession()
	if err == nil && session == nil {
		err = core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	}
	if err != nil {
		return nil, err
	}
	return session, p.allowed(c, action, session)
}

// make checks and stores a client.
func (p *Plugin) make(c *core.Ctx, row *clientRow, f *Fields, session *core.SessionData, allowed []string) (*Client, error) {
	o := &p.opts
	p.known(f)
	f.apply(row)
	if row.AuthMethod == nil {
		row.AuthMethod = new(oauthserver.AuthBasic)
	}
	if len(row.GrantTypes) == 0 {
		row.GrantTypes = []string{oauthserver.GrantCode}
	}
	if row.ResponseTypes == nil {
		row.ResponseTypes = []string{"code"}
	}
	if err := p.check(row, allowed); err != nil {
		return nil, err
	}
	var err error
	if row.ClientID, err = p.random(c, o.GenerateClientID); err != nil {
		return nil, err
	}
	public := *row.AuthMethod == oauthserver.AuthNone
	secret := ""
	if public || *row.AuthMethod == oauthserver.AuthKey {
		row.ExpiresAt = nil
	} else {
		if secret, err = p.random(c, o.GenerateClientSecret); err != nil {
			return nil, err
		}
		stored, err := secrets{p}.Store(c, secret)
		if err != nil {
			return nil, err
		}
		row.ClientSecret = &stored
		secret = o.ClientSecretPrefix + secret
	}
	row.Public, row.Disabled = &public, new(false)
	now := c.Now().Truncate(time.Second)
	row.CreatedAt, row.UpdatedAt = &now, &now
	if session != nil {
		row.UserID = &session.User.ID
		if o.ClientReference != nil {
			reference, err := o.ClientReference(c, session)
			if err != nil {
				return nil, err
			}
			if reference != "" {
				row.UserID, row.ReferenceID = nil, &reference
			}
		}
	}
	var made *clientRow
	err = c.Recorded(func(ctx context.Context) (err error) {
		if made, err = p.store.clients.Create(ctx, row); err != nil {
			return err
		}
		return oauthserver.ClientCreated(ctx, c, validate.Value(row.UserID))
	})
	if err != nil {
		return nil, err
	}
	c.SetHeader("Cache-Control", "no-store")
	c.SetHeader("Pragma", "no-cache")
	return &Client{row: made, Secret: secret}, nil
}

func (p *Plugin) random(ctx context.Context, own func(context.Context) (string, error)) (string, error) {
	if own != nil {
		return own(ctx)
	}
	return p.auth.RandomString(32)
}

// known forgets the members for which the server has no option.
func (p *Plugin) known(f *Fields) {
	o, k := &p.opts, &f.KeyFields
	if !o.PrivateKeyJWT {
		k.JWKS, k.JWKSURI = nil, nil
	}
	if !o.BackChannelLogout {
		k.LogoutURI, k.LogoutSession = nil, nil
	}
	if !o.DPoP {
		k.BoundTokens = nil
	}
}

// checkKeys refuses keys and addresses of a client that make no sense.
func (p *Plugin) checkKeys(r *clientRow, method string) error {
	bad := func(description string) error { return refuse(oauthserver.ErrInvalidMetadata, description) }
	switch {
	case method == oauthserver.AuthKey && !p.opts.PrivateKeyJWT:
		return bad("unsupported token_endpoint_auth_method " + method)
	case method == oauthserver.AuthKey && r.JWKS == nil && r.JWKSURI == nil:
		return bad("private_key_jwt requires either jwks or jwks_uri")
	case r.JWKS != nil && r.JWKSURI != nil:
		return bad("jwks and jwks_uri cannot be used together")
	}
	if r.JWKS != nil {
		if err := oauthserver.CheckKeySet([]byte(*r.JWKS)); err != nil {
			return bad(err.Error())
		}
	}
	for _, address := range []*string{r.JWKSURI, r.LogoutURI} {
		if address == nil {
			continue
		}
		if err := p.server.CheckKeySetURL(*address); err != nil {
			return bad(err.Error())
		}
	}
	return nil
}

// check refuses a client that makes no sense (RFC 7591 3.2.2), in Better Auth's words where it
// has some.
func (p *Plugin) check(r *clientRow, allowed []string) error {
	bad := func(description string) error { return refuse(oauthserver.ErrInvalidMetadata, description) }
	for _, list := range [][]string{r.RedirectURIs, r.PostLogoutURIs} {
		if len(list) > maxURIs {
			return refuse(oauthserver.ErrInvalidRedirectURI, "too many URIs")
		}
		for _, uri := range list {
			if err := oauthserver.CheckRedirectURI(uri); err != nil {
				return refuse(oauthserver.ErrInvalidRedirectURI, err.Error())
			}
		}
	}
	for _, one := range []*string{r.URI, r.Icon, r.Terms, r.Policy} {
		if one != nil && *one != "" {
			if u, err := url.Parse(*one); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(*one) > maxText {
				return bad("client_uri, logo_uri, tos_uri and policy_uri must be addresses of the web")
			}
		}
	}
	for _, one := range []*string{r.Name, r.SoftwareID, r.SoftwareVersion} {
		if one != nil && len(*one) > maxText {
			return bad("client_name, software_id or software_version is too long")
		}
	}
	if len(r.Contacts) > maxContacts || slices.ContainsFunc(r.Contacts, func(one string) bool { return len(one) > maxContact }) {
		return bad("contacts are too many or too long")
	}
	if len(validate.Value(r.SoftwareStatement)) > maxStatement {
		return bad("software_statement is too long")
	}
	if len(strings.Join(r.Scopes, " ")) > maxScopes {
		return refuse(oauthserver.ErrInvalidScope, "scope is too long")
	}
	method, kind := validate.Value(r.AuthMethod), validate.Value(r.Type)
	public := method == oauthserver.AuthNone
	code := len(r.GrantTypes) == 0 || slices.Contains(r.GrantTypes, oauthserver.GrantCode)
	switch {
	case kind != "" && public && kind != "native" && kind != "user-agent-based":
		return bad("Type must be 'native' or 'user-agent-based' for public applications")
	case kind != "" && !public && kind != "web":
		return bad("Type must be 'web' for confidential applications")
	case public && slices.Contains(r.GrantTypes, oauthserver.GrantCredentials):
		return bad("client_credentials needs a client with a secret")
	case code && len(r.RedirectURIs) == 0:
		return refuse(oauthserver.ErrInvalidRedirectURI, "Redirect URIs are required for authorization_code and implicit grant types")
	case code && len(r.ResponseTypes) > 0 && !slices.Contains(r.ResponseTypes, "code"):
		return bad("When 'authorization_code' grant type is used, 'code' response type must be included")
	}
	if err := p.checkKeys(r, method); err != nil {
		return err
	}
	if algorithm := r.client().IDTokenAlgorithm; algorithm != "" {
		known := []string{"HS256"}
		if p.server.Keys != nil {
			known = p.server.Keys.SigningAlgorithms()
		}
		if !slices.Contains(known, algorithm) {
			return bad("id_token_signed_response_alg must be one of " + strings.Join(known, ", "))
		}
	}
	if validate.Value(r.SubjectType) == "pairwise" {
		if p.opts.PairwiseSecret == "" {
			return bad("pairwise subject_type requires server pairwiseSecret configuration")
		}
		hosts := map[string]bool{}
		for _, one := range r.RedirectURIs {
			hosts[oauthserver.Sector(one)] = true
		}
		if len(hosts) > 1 {
			return bad("pairwise clients with redirect_uris on different hosts require a sector_identifier_uri, which is not yet supported. All redirect_uris must share the same host.")
		}
	}
	for _, s := range r.Scopes {
		if !slices.Contains(allowed, s) {
			return refuse(oauthserver.ErrInvalidScope, "cannot request scope "+s)
		}
	}
	return nil
}

// ClientQuery is the query of /oauth2/get-client and /oauth2/public-client.
type ClientQuery struct {
	ClientID string `query:"client_id"`
}

// ClientBody is the body of /oauth2/delete-client and /oauth2/client/rotate-secret.
type ClientBody struct {
	ClientID string `json:"client_id"`
}

func errNoClient() error {
	return oauthserver.Fail(http.StatusNotFound, oauthserver.ErrNotFound, "client not found")
}

// own finds a client of the caller.
func (p *Plugin) own(c *core.Ctx, action, id string) (*clientRow, error) {
	session := c.Session()
	if err := p.allowed(c, action, session); err != nil {
		return nil, err
	}
	row, err := p.store.row(c, id)
	if core.IsNotFound(err) {
		return nil, errNoClient()
	}
	if err != nil {
		return nil, err
	}
	ok := false
	switch {
	case row.UserID != nil:
		ok = *row.UserID == session.User.ID
	case row.ReferenceID != nil && p.opts.ClientReference != nil:
		reference, err := p.opts.ClientReference(c, session)
		if err != nil {
			return nil, err
		}
		ok = reference != "" && reference == *row.ReferenceID
	}
	if !ok {
		return nil, core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	}
	return row, nil
}

func (p *Plugin) get(c *core.Ctx, in *ClientQuery) (*Client, error) {
	row, err := p.own(c, "read", in.ClientID)
	if err != nil {
		return nil, err
	}
	return &Client{row: row}, nil
}

func (p *Plugin) public(c *core.Ctx, in *ClientQuery) (*Client, error) {
	row, err := p.store.row(c, in.ClientID)
	if core.IsNotFound(err) || err == nil && validate.Value(row.Disabled) {
		return nil, errNoClient()
	}
	if err != nil {
		return nil, err
	}
	return row.face(), nil
}

// PreloginInput is the body of /oauth2/public-client-prelogin.
type PreloginInput struct {
	ClientID   string  `json:"client_id"`
	OAuthQuery *string `json:"oauth_query" doc:"The query of the login page"`
}

// prelogin shows a client to a page of sign-in, whose query names it.
func (p *Plugin) prelogin(c *core.Ctx, in *PreloginInput) (*Client, error) {
	if !p.opts.AllowPublicClientPrelogin {
		return nil, core.FailText(http.StatusBadRequest, "Bad Request")
	}
	page, ok := p.server.Open(validate.Value(in.OAuthQuery))
	if !ok || page.Client() != in.ClientID {
		return nil, oauthserver.Fail(http.StatusUnauthorized, oauthserver.ErrInvalidSignature, "")
	}
	return p.public(c, &ClientQuery{ClientID: in.ClientID})
}

// maxClients bounds the list of one owner.
const maxClients = 1000

func (p *Plugin) list(c *core.Ctx, _ *core.NoInput) ([]*Client, error) {
	session := c.Session()
	if err := p.allowed(c, "list", session); err != nil {
		return nil, err
	}
	w := adapter.By("userId", session.User.ID)
	if p.opts.ClientReference != nil {
		reference, err := p.opts.ClientReference(c, session)
		if err != nil {
			return nil, err
		}
		if reference != "" {
			w = adapter.By("referenceId", reference)
		}
	}
	rows, err := p.store.clients.List(c, adapter.Find{Where: w, Limit: maxClients})
	if err != nil {
		return nil, err
	}
	out := make([]*Client, len(rows))
	for i, r := range rows {
		out[i] = &Client{row: r}
	}
	return out, nil
}

func (p *Plugin) update(c *core.Ctx, in *UpdateInput) (*Client, error) {
	row, err := p.own(c, "update", in.ClientID)
	if err != nil {
		return nil, err
	}
	f := in.Update.fields()
	allowed, err := p.ownChange(row, f)
	if err != nil {
		return nil, err
	}
	return p.change(c, adapter.By("id", row.ID).And("skipConsent", deref(row.SkipConsent)), row, f, allowed, nil)
}

// ownChange refuses what the owner of a client may not change, and returns the scopes that
// the client may have then.
func (p *Plugin) ownChange(row *clientRow, f *Fields) (allowed []string, err error) {
	differs := func(list, before []string) bool { return list != nil && !slices.Equal(list, before) }
	var scopes []string
	if f.Scope != nil {
		scopes = scopesOf(*f.Scope)
	}
	if validate.Value(row.SkipConsent) && (differs(f.RedirectURIs, row.RedirectURIs) || differs(f.PostLogoutURIs, row.PostLogoutURIs) || differs(scopes, row.Scopes)) {
		// The administrator trusts these addresses and scopes: no user is asked.
		return nil, oauthserver.Fail(http.StatusForbidden, oauthserver.ErrAccessDenied, "only an administrator changes URIs and scopes of a client without consent")
	}
	allowed = p.opts.Scopes
	if row.Scopes != nil && p.opts.RegistrationAllowedScopes != nil {
		allowed = slices.Concat(row.Scopes, p.opts.RegistrationAllowedScopes)
	}
	if !slices.Contains(row.GrantTypes, oauthserver.GrantCredentials) {
		return allowed, p.ownGrants(f.GrantTypes)
	}
	if row.Scopes != nil && p.opts.ClientPrivileges == nil {
		allowed = row.Scopes
	}
	return allowed, nil
}

func (p *Plugin) adminUpdate(c *core.Ctx, in *AdminUpdateInput) (*Client, error) {
	if _, err := p.administrator(c, "update"); err != nil {
		return nil, err
	}
	row, err := p.store.row(c, in.ClientID)
	if core.IsNotFound(err) {
		return nil, errNoClient()
	}
	if err != nil {
		return nil, err
	}
	u := &in.Update
	record := adapter.Record{}
	for name, v := range map[string]*bool{"disabled": u.Disabled, "skipConsent": u.SkipConsent, "enableEndSession": u.EnableEndSession, "requirePKCE": u.RequirePKCE} {
		if v != nil {
			record[name] = *v
		}
	}
	if u.Metadata != nil {
		row.Metadata = u.Metadata.Members.AppendJSON(nil)
		record["metadata"] = row.Metadata
	}
	if u.SecretExpiresAt != nil {
		record["expiresAt"] = deref(moment(u.SecretExpiresAt))
	}
	return p.change(c, adapter.By("id", row.ID), row, u.UpdateFields.fields(), p.opts.Scopes, record)
}

// change stores the members of an update beside those of record, and no others: another
// request may have changed them since the row was read.
func (p *Plugin) change(c *core.Ctx, w adapter.Where, row *clientRow, f *Fields, allowed []string, record adapter.Record) (*Client, error) {
	sector := ""
	if len(row.RedirectURIs) > 0 {
		sector = oauthserver.Sector(row.RedirectURIs[0])
	}
	p.known(f)
	f.apply(row)
	if f.GrantTypes != nil && len(f.GrantTypes) == 0 {
		row.GrantTypes = []string{oauthserver.GrantCode}
	}
	if err := p.check(row, allowed); err != nil {
		return nil, err
	}
	if validate.Value(row.SubjectType) == "pairwise" && (len(row.RedirectURIs) == 0 || oauthserver.Sector(row.RedirectURIs[0]) != sector) {
		return nil, refuse(oauthserver.ErrInvalidRedirectURI, "the host of a pairwise client stays: its subjects would change")
	}
	if record == nil {
		record = adapter.Record{}
	}
	record["updatedAt"] = c.Now().Truncate(time.Second)
	f.record(row, record)
	changed, err := p.store.clients.Update(c, w, record)
	if core.IsNotFound(err) {
		return nil, errNoClient()
	}
	if err != nil {
		return nil, err
	}
	return &Client{row: changed}, nil
}

// deref is the value of a pointer, or nil, as records have null.
func deref[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

// rotate gives a client a new secret. The old one ends.
func (p *Plugin) rotate(c *core.Ctx, in *ClientBody) (*Client, error) {
	row, err := p.own(c, "rotate", in.ClientID)
	if err != nil {
		return nil, err
	}
	if validate.Value(row.Public) || row.ClientSecret == nil {
		return nil, oauthserver.Refuse(oauthserver.ErrInvalidClient, "public clients cannot be updated")
	}
	secret, err := p.random(c, p.opts.GenerateClientSecret)
	if err != nil {
		return nil, err
	}
	stored, err := secrets{p}.Store(c, secret)
	if err != nil {
		return nil, err
	}
	var changed *clientRow
	err = c.Recorded(func(ctx context.Context) (err error) {
		set := adapter.Record{"clientSecret": stored, "updatedAt": c.Now().Truncate(time.Second)}
		if changed, err = p.store.clients.Update(ctx, adapter.By("id", row.ID), set); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventSecretRotated, UserID: c.Session().User.ID})
	})
	if core.IsNotFound(err) {
		return nil, errNoClient()
	}
	if err != nil {
		return nil, err
	}
	return &Client{row: changed, Secret: p.opts.ClientSecretPrefix + secret}, nil
}

func (p *Plugin) remove(c *core.Ctx, in *ClientBody) (*Nothing, error) {
	row, err := p.own(c, "delete", in.ClientID)
	if err != nil {
		return nil, err
	}
	return nothing(c.Auth().Store().Tx(c, func(ctx context.Context) error {
		if err := p.store.deleteClient(ctx, row.ClientID); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventClientDeleted, UserID: c.Session().User.ID})
	}))
}

// Nothing is the answer null. Better Auth 1.6 sends no body.
type Nothing struct{}

// nothing is the answer null, or an error.
func nothing(err error) (*Nothing, error) { return nil, err }
