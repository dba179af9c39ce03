package oidcprovider

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

// Options configures the plugin. LoginPage is needed. Lifetimes are whole seconds.
type Options struct {
	// LoginPage is the path or URL where users sign in. It gets the client's request in its
	// query; any sign-in there continues the request.
	LoginPage string
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
	// RequirePKCE makes clients with a secret use PKCE, too. Those without one, and requests
	// for offline_access, always do. Only S256 is accepted.
	RequirePKCE bool
	// AskNativeClients shows the page of consent each time for public clients at a loopback
	// address or a private scheme. Default: an earlier consent counts.
	AskNativeClients bool
	// AllowDynamicClientRegistration opens /oauth2/register to everybody. Otherwise a user
	// must be signed in.
	AllowDynamicClientRegistration bool
	// TrustedClients are written into the program.
	TrustedClients []TrustedClient
	// UseJWTPlugin signs id_tokens with the keys of the plugin jwt. Default: with the client's
	// secret (HS256), and public clients get none.
	UseJWTPlugin bool
	// StoreClientSecret keeps secrets. Default SecretHashed with UseJWTPlugin, and
	// SecretEncrypted otherwise. Secrets of Better Auth's default, which are kept as they
	// are, count in each case. HashClientSecret and the pair of EncryptClientSecret and
	// DecryptClientSecret keep them in a way of your own.
	StoreClientSecret                        SecretStorage
	HashClientSecret                         func(ctx context.Context, secret string) (string, error)
	EncryptClientSecret, DecryptClientSecret func(ctx context.Context, text string) (string, error)
	// GenerateClientID and GenerateClientSecret make random texts of your own.
	GenerateClientID, GenerateClientSecret func(ctx context.Context) (string, error)
	// GetAdditionalUserInfoClaim adds claims to id_tokens and to the answer of UserInfo. They
	// cannot replace those of the protocol.
	GetAdditionalUserInfoClaim func(ctx context.Context, a ClaimAsk) (map[string]any, error)
	// Metadata adds members to the document of discovery. What the plugin says stays.
	Metadata map[string]any
	// Tables are the names of tables in the database, by model. Columns are those of columns,
	// by model and field.
	Tables  map[string]string
	Columns map[string]map[string]string
}

func (o *Options) config() oauthapps.Config {
	c := oauthapps.Config{
		Trusted: o.TrustedClients, DefaultScope: o.DefaultScope, CodeLife: o.CodeExpiresIn, AccessLife: o.AccessTokenExpiresIn, RefreshLife: o.RefreshTokenExpiresIn,
		LoginPage: o.LoginPage, ConsentPage: o.ConsentPage, RequirePKCE: o.RequirePKCE, AskNative: o.AskNativeClients,
		Secrets: oauthapps.Secrets{Storage: o.StoreClientSecret, Hash: o.HashClientSecret, Encrypt: o.EncryptClientSecret, Decrypt: o.DecryptClientSecret},
		Claims:  o.GetAdditionalUserInfoClaim, WithKeys: o.UseJWTPlugin, OpenRegistration: o.AllowDynamicClientRegistration,
		NewID: o.GenerateClientID, NewSecret: o.GenerateClientSecret, Metadata: o.Metadata, Names: oauthapps.Names{Tables: o.Tables, Columns: o.Columns},
		AuthorizePath: authorizePath, TokenPath: tokenPath, UserInfoPath: userInfoPath, RegisterPath: registerPath, EndSessionPath: endSessionPath,
	}
	c.Defaults(o.Scopes)
	return c
}
