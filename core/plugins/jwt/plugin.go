// Package jwt gives signed-in clients JSON Web Tokens for other services, and publishes the
// keys with which those verify them. See https://better-auth.com/docs/plugins/jwt.
// Plugin id: "jwt".
package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "jwt"

const (
	tokenPath      = "/token"
	getSessionPath = "/get-session"
	header         = "set-auth-jwt"
)

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// Algorithm signs tokens (Better Auth's keyPairConfig.alg). Default EdDSA. Tokens of
	// another algorithm stay valid: a new key is made for the new one.
	Algorithm Algorithm
	// Further are algorithms whose keys are published beside those of Algorithm, for other
	// plugins that sign: an OpenID provider may have clients that know RS256 only. A key is made
	// when it is first needed.
	Further []Algorithm
	// RSABits is the length of new keys for RS256 and PS256 (modulusLength). Default 2048.
	RSABits int
	// RotationInterval is for how long a key signs. Then a new one is made, by the next
	// call that needs it. Default: for ever.
	RotationInterval time.Duration
	// GracePeriod is for how long a key verifies after it has signed for the last time.
	// Default 30 days; negative: not at all.
	GracePeriod time.Duration
	// DisablePrivateKeyEncryption stores new private keys as they are. Stored keys are
	// read in either form.
	DisablePrivateKeyEncryption bool
	// JWKSPath is the path of the key set below the base path. Default "/jwks".
	JWKSPath string
	// RemoteURL says that the key set is published there. There is no JWKSPath then. It
	// needs Algorithm.
	RemoteURL string
	// CacheFor is for how long the keys of the table are used before they are read again.
	// A kid that is not known is looked up at once, at most once a second. Default 10
	// seconds.
	CacheFor time.Duration

	// Issuer is iss. Default: the origin of the base URL.
	Issuer string
	// Audience is aud: a text when there is one, and a list when there are several.
	// Default: the origin of the base URL.
	Audience []string
	// ExpiresIn is the life of a token (expirationTime). Default 15 minutes.
	ExpiresIn time.Duration
	// ExpiresAt is a moment at which all tokens end, in place of ExpiresIn.
	ExpiresAt time.Time
	// DefinePayload returns the claims of a session's token: a value that encoding/json
	// writes as an object. It may set iss, aud, exp, iat, nbf and jti; sub is GetSubject's.
	// Default: the user as /get-session sends it, without fields of these names.
	DefinePayload func(ctx context.Context, s *core.SessionData) (any, error)
	// GetSubject returns sub. Default: the id of the user, also in place of "".
	GetSubject func(ctx context.Context, s *core.SessionData) (string, error)
	// Sign signs in place of the plugin's own keys, for example in a key management
	// service. It gets the claims, a JSON object with exp, iss and aud, and returns a
	// token. It needs RemoteURL, whose keys then verify.
	Sign func(ctx context.Context, claims []byte) (string, error)
	// DisableHeader leaves out the header set-auth-jwt of /get-session
	// (disableSettingJwtHeader).
	DisableHeader bool

	// Adapter keeps the keys in another place than the table.
	Adapter Adapter
	// Table is the name of the table jwks in the database. Columns maps logical names of
	// fields to names of columns.
	Table   string
	Columns map[string]string
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	JWKS      *core.Op[core.NoInput, KeySet]
	Token     *core.Op[core.NoInput, TokenReply]
	SignJWT   *core.Op[SignInput, TokenReply]
	VerifyJWT *core.Op[VerifyInput, VerifyReply]

	opts   Options
	keys   keyStore
	recent recent
	remote keySource
	// plain says that no field of the user has the name of a registered claim.
	plain bool
	// impersonable says that sessions may be impersonations, whose tokens end with them.
	impersonable bool
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.Audience, o.Further = slices.Clone(o.Audience), slices.Clone(o.Further)
	p := &Plugin{opts: o}
	if o.RemoteURL == "" {
		p.JWKS = core.Get("getJwks", cmp.Or(o.JWKSPath, "/jwks"), p.jwks, core.DocID("getJSONWebKeySet"), core.Doc("The public keys that verify tokens, a JSON Web Key Set"))
	}
	p.Token = core.Get("getToken", tokenPath, p.token, core.Use(core.RequireStoredSession), core.DocID("getJSONWebToken"), core.Doc("A JSON Web Token for the current session"))
	p.SignJWT = core.Server("signJWT", p.signJWT, core.Doc("Sign claims"))
	p.VerifyJWT = core.Server("verifyJWT", p.verifyJWT, core.Doc("Verify a token"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "jwt".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if err := p.opts.check(); err != nil {
		return core.Manifest{}, err
	}
	p.opts.defaults()
	table := jwksTable(p.opts.Table, p.opts.Columns)
	for name := range p.opts.Columns {
		if !slices.ContainsFunc(table.Fields, func(f schema.Field) bool { return f.Name == name }) {
			return core.Manifest{}, fmt.Errorf("Options.Columns renames %q, which the table does not have", name)
		}
	}
	m := core.Manifest{Tables: []schema.Table{table}, Init: p.bind}
	if !p.opts.DisableHeader {
		m.After = []core.Hook{{Match: core.Paths(getSessionPath), Run: p.announce}}
	}
	return m, nil
}

func (o *Options) check() error {
	switch {
	case o.Algorithm != "" && !slices.Contains(Algorithms, o.Algorithm):
		return fmt.Errorf("Options.Algorithm %q must be one of %v", o.Algorithm, Algorithms)
	case slices.ContainsFunc(o.Further, func(a Algorithm) bool { return !slices.Contains(Algorithms, a) || a == cmp.Or(o.Algorithm, EdDSA) }):
		return fmt.Errorf("Options.Further %v must have algorithms of %v other than Algorithm", o.Further, Algorithms)
	case len(o.Further) > 0 && o.RemoteURL != "":
		return errors.New("Options.Further is for keys of the table: leave it out beside RemoteURL")
	case o.RSABits != 0 && !o.Algorithm.isRSA() && !slices.ContainsFunc(o.Further, Algorithm.isRSA):
		return errors.New("Options.RSABits is for RS256 and PS256: set Algorithm, or leave it out")
	case o.RSABits != 0 && (o.RSABits < 2048 || o.RSABits > 8192 || o.RSABits%8 != 0):
		return fmt.Errorf("Options.RSABits is %d: give 2048 to 8192, a multiple of 8", o.RSABits)
	case o.RotationInterval < 0 || o.RotationInterval > 0 && o.RotationInterval < time.Second:
		return fmt.Errorf("Options.RotationInterval is %v: give at least a second", o.RotationInterval)
	case o.CacheFor < 0 || o.CacheFor > time.Hour:
		return fmt.Errorf("Options.CacheFor is %v: give at most an hour", o.CacheFor)
	case o.ExpiresIn < 0 || o.ExpiresIn > 0 && o.ExpiresIn < time.Second:
		return fmt.Errorf("Options.ExpiresIn is %v: give at least a second", o.ExpiresIn)
	case o.ExpiresIn != 0 && !o.ExpiresAt.IsZero():
		return errors.New("set either Options.ExpiresIn or ExpiresAt, not both")
	case slices.Contains(o.Audience, ""):
		return errors.New("Options.Audience has an empty text: leave it out")
	case o.Sign != nil && o.RemoteURL == "":
		return errors.New("Options.Sign needs RemoteURL, the address of the keys that verify its signatures")
	case o.RemoteURL != "" && o.Algorithm == "":
		return errors.New("Options.RemoteURL needs Algorithm: name the one that the keys there are for, such as jwt.ES256")
	case o.RemoteURL != "" && o.JWKSPath != "":
		return errors.New("set either Options.RemoteURL or JWKSPath, not both")
	case o.JWKSPath != "" && (!strings.HasPrefix(o.JWKSPath, "/") || strings.Contains(o.JWKSPath, "..") || strings.ContainsAny(o.JWKSPath, ":*?#% ") || len(o.JWKSPath) < 2):
		return fmt.Errorf("Options.JWKSPath %q must look like \"/.well-known/jwks.json\"", o.JWKSPath)
	}
	if o.RemoteURL != "" {
		if u, err := url.Parse(o.RemoteURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return errors.New("Options.RemoteURL must be an absolute URL")
		}
	}
	return nil
}

func (o *Options) defaults() {
	o.Algorithm = cmp.Or(o.Algorithm, EdDSA)
	o.RSABits = cmp.Or(o.RSABits, 2048)
	o.GracePeriod = max(cmp.Or(o.GracePeriod, 30*24*time.Hour), 0)
	o.CacheFor = cmp.Or(o.CacheFor, 10*time.Second)
	o.ExpiresIn = cmp.Or(o.ExpiresIn, 15*time.Minute)
}

// bind runs at the end of core.New.
func (p *Plugin) bind(ctx context.Context, a *core.Auth) (err error) {
	table, err := core.TableOf[row](a, ModelJWKS)
	if err != nil {
		return err
	}
	p.keys.a, p.keys.o, p.keys.table = a, &p.opts, table
	if p.opts.Sign != nil {
		if p.remote, err = newRemote(a, p.opts.RemoteURL); err != nil {
			return fmt.Errorf("Options.RemoteURL: %w", err)
		}
	}
	users, _ := a.Schema().Table(core.ModelUser)
	p.plain = !slices.ContainsFunc(users.Fields, func(f schema.Field) bool { return slices.Contains(registered, f.Name) })
	if sessions, ok := a.Schema().Table(core.ModelSession); ok {
		_, p.impersonable = sessions.Field(core.ImpersonatedBy.Name)
	}
	if o := &p.opts; o.RotationInterval > 0 && o.ExpiresAt.IsZero() && o.GracePeriod < o.ExpiresIn {
		a.Logger().WarnContext(ctx, "jwt: GracePeriod is shorter than ExpiresIn, so that tokens end with their key, before their time",
			"gracePeriod", o.GracePeriod, "expiresIn", o.ExpiresIn)
	}
	return nil
}
