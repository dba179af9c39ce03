package mcp

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core/internal/oauthapps"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
)

// SecretStorage says how client secrets are kept.
type SecretStorage = oauthapps.SecretStorage

// The ways to keep client secrets.
const (
	SecretPlain     = oauthapps.SecretPlain
	SecretHashed    = oauthapps.SecretHashed
	SecretEncrypted = oauthapps.SecretEncrypted
)

// TrustedClient is a client that is written into the program. It needs no row in the database.
type TrustedClient = oauthapps.Trusted

// ClaimAsk is what GetAdditionalUserInfoClaim is asked with.
type ClaimAsk = oauthserver.TokenAsk

// Options configures the plugin. LoginPage is needed. Those from ConsentPage on are oidcConfig
// of Better Auth. Lifetimes are whole seconds.
type Options struct {
	// LoginPage is the path or URL where users sign in. It gets the client's request in its
	// query; any sign-in there continues the request.
	LoginPage string
	// Resources are the URLs of the MCP servers that Require guards, such as
	// https://app.example.com/mcp (resource). Default: the origin of the base URL, which stands
	// for every route. A token for one of them is refused by the others. One that names none is
	// for the first.
	Resources []string

	// ConsentPage is the path or URL of the page of consent. It gets consent_code, client_id
	// and scope. Default: a plain page of the plugin.
	ConsentPage string
	// Scopes are further scopes beside openid, profile, email and offline_access.
	Scopes []string
	// DefaultScope has the scopes of a request that names none, separated by spaces. Default
	// openid.
	DefaultScope string
	// CodeExpiresIn is the life of authorization codes and of pages. Default 10 minutes.
	CodeExpiresIn time.Duration
	// AccessTokenExpiresIn is the life of access tokens and id_tokens. Default an hour.
	AccessTokenExpiresIn time.Duration
	// RefreshTokenExpiresIn is the life of refresh tokens. Default 7 days.
	RefreshTokenExpiresIn time.Duration
	// AskNativeClients shows the page of consent each time for public clients at a loopback
	// address or a private scheme. Default: an earlier consent counts.
	AskNativeClients bool
	// TrustedClients are written into the program.
	TrustedClients []TrustedClient
	// UseJWTPlugin signs id_tokens with the keys of the plugin jwt. Default: with the client's
	// secret (HS256), and public clients get none.
	UseJWTPlugin bool
	// StoreClientSecret keeps secrets. Default SecretHashed with UseJWTPlugin, and
	// SecretEncrypted otherwise. Secrets of Better Auth, which are kept as they are, count in
	// each case. HashClientSecret and the pair of EncryptClientSecret and DecryptClientSecret
	// keep them in a way of your own.
	StoreClientSecret                        SecretStorage
	HashClientSecret                         func(ctx context.Context, secret string) (string, error)
	EncryptClientSecret, DecryptClientSecret func(ctx context.Context, text string) (string, error)
	// GenerateClientID and GenerateClientSecret make random texts of your own.
	GenerateClientID, GenerateClientSecret func(ctx context.Context) (string, error)
	// GetAdditionalUserInfoClaim adds claims to id_tokens and to the answer of UserInfo. They
	// cannot replace those of the protocol.
	GetAdditionalUserInfoClaim func(ctx context.Context, a ClaimAsk) (map[string]any, error)
	// Metadata adds members to the document of the authorization server. What the plugin says
	// stays.
	Metadata map[string]any
	// Tables are the names of tables in the database, by model. Columns are those of columns,
	// by model and field.
	Tables  map[string]string
	Columns map[string]map[string]string
}

// config is that of the provider. Clients of the protocol always use PKCE.
func (o *Options) config() oauthapps.Config {
	c := oauthapps.Config{
		Trusted: o.TrustedClients, DefaultScope: o.DefaultScope, CodeLife: o.CodeExpiresIn, AccessLife: o.AccessTokenExpiresIn, RefreshLife: o.RefreshTokenExpiresIn,
		LoginPage: o.LoginPage, ConsentPage: o.ConsentPage, RequirePKCE: true, AskNative: o.AskNativeClients,
		Secrets: oauthapps.Secrets{Storage: o.StoreClientSecret, Hash: o.HashClientSecret, Encrypt: o.EncryptClientSecret, Decrypt: o.DecryptClientSecret},
		Claims:  o.GetAdditionalUserInfoClaim, WithKeys: o.UseJWTPlugin, OpenRegistration: true, SecretLast: true, Audiences: o.Resources,
		NewID: o.GenerateClientID, NewSecret: o.GenerateClientSecret, Metadata: o.Metadata, Names: oauthapps.Names{Tables: o.Tables, Columns: o.Columns},
		AuthorizePath: authorizePath, TokenPath: tokenPath, UserInfoPath: userInfoPath, RegisterPath: registerPath,
	}
	c.Defaults(o.Scopes)
	return c
}
