package oauthserver

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/verify"
	"github.com/advantch/kernia-go/core/wire"
)

// Keys signs and verifies tokens: what the plugin with the server's keys has.
type Keys interface {
	core.Plugin
	// ConfiguredIssuer is iss as the application has set it, or "".
	ConfiguredIssuer() string
	// KeySetURL is where the public keys are, for a server at a base URL.
	KeySetURL(base string) string
	// SigningAlgorithms are those that SignToken takes. The first is the default.
	SigningAlgorithms() []string
	// PrepareSigning makes SignToken need no database for a while.
	PrepareSigning(ctx context.Context, algorithms ...string) error
	// SignToken signs claims, a JSON object, that are complete. typ is the type in the header,
	// or "". alg is one of SigningAlgorithms, or "" for the first.
	SignToken(ctx context.Context, claims []byte, typ, alg string) (string, error)
	// VerificationKeys are the keys whose signatures count.
	VerificationKeys() verify.KeySource
}

// Config configures a Server. Lifetimes are whole seconds.
type Config struct {
	Clients  Clients
	Grants   Grants
	Consents Consents
	// Keys signs. Nil: id_tokens are signed with the client's secret (HS256), and access
	// tokens are opaque.
	Keys Keys
	// Secrets stores client secrets.
	Secrets Secrets

	Scopes, Claims   []string
	AdvertisedScopes []string
	GrantTypes       []string
	Audiences        []string // resources beside those of the server itself; nil: the base URL
	MachineScopes    []string // of client_credentials without scope, for clients without scopes

	CodeLife, AccessLife, MachineLife, RefreshLife, IDTokenLife time.Duration
	ScopeLife                                                   map[string]time.Duration
	PairwiseSecret                                              string

	LoginPage, ConsentPage, SelectPage, CreatePage, PostLoginPage string
	// ShouldSelect, ShouldCreate and ShouldPostLogin say that a user must see a page first.
	// ShouldCreate may name the page. They may be nil.
	ShouldSelect, ShouldPostLogin func(ctx context.Context, a Asked) (bool, error)
	ShouldCreate                  func(ctx context.Context, a Asked) (page string, yes bool, err error)
	// Pages shows the pages of login and consent in a way of its own. Nil: LoginPage and
	// ConsentPage with the signed query.
	Pages Pages
	// ConsentReference returns what a consent is for besides the user, such as an
	// organization. It may be nil.
	ConsentReference func(ctx context.Context, a Asked) (string, error)
	// AskNative asks for consent each time where any application on the user's device can be
	// the client: a public one, at a loopback address or a scheme of its own.
	AskNative bool
	// ResolveRequestURI returns the parameters behind a request_uri, or nil. It may be nil.
	ResolveRequestURI func(ctx context.Context, requestURI, clientID string) (url.Values, error)

	// OneResource lets a grant whose authorization request names no resource ask for tokens for
	// the first of Audiences alone.
	OneResource bool
	// Opaque makes access tokens for resources opaque, too.
	Opaque bool
	// AtOrigin makes the origin of the base URL the issuer, without the base path.
	AtOrigin bool

	AccessPrefix, RefreshPrefix string
	NewAccess, NewRefresh       func(ctx context.Context) (string, error)
	SealRefresh                 func(ctx context.Context, token, sessionID string) (string, error)
	OpenRefresh                 func(ctx context.Context, token string) (string, error)
	HashToken                   func(ctx context.Context, token, kind string) (string, error)

	AccessClaims   func(ctx context.Context, a TokenAsk) (map[string]any, error)
	IDClaims       func(ctx context.Context, a TokenAsk) (map[string]any, error)
	UserInfoClaims func(ctx context.Context, a TokenAsk) (map[string]any, error)
	ReplyFields    func(ctx context.Context, a TokenAsk) (map[string]any, error)

	// Paths below the base path.
	AuthorizePath, UserInfoPath, FormPath string
	// Registration says that clients may register, and OpenRegistration that they need no
	// user for it.
	Registration, OpenRegistration bool
	// Lenient accepts what Better Auth 1.6 signs beside what this server signs: access tokens
	// without a type, and pages whose query is bound to no session.
	Lenient bool
	// ClaimPrefix begins the identifiers of values that are claimed once.
	ClaimPrefix string

	// Assertions lets clients authenticate with a key of their own, by assertions that live
	// for at most AssertionLife. DPoP binds tokens to the key of a proof that is at most
	// ProofLife old, and signed with one of ProofAlgorithms. Both need Once.
	Assertions, DPoP         bool
	AssertionLife, ProofLife time.Duration
	ProofAlgorithms          []string
	Once                     Once
	// Sessions lets clients be told that a session has ended: SessionEnds and SessionEnded are
	// hooks of sessions then. It needs Keys. Nil: they are not told.
	Sessions Sessions
}

// Asked is what a question about a user knows.
type Asked struct {
	Session  *core.SessionData
	ClientID string
	Scopes   []string
}

// TokenAsk is what a question about the claims of a token knows. User is nil for a client's
// own token.
type TokenAsk struct {
	User        *core.User
	ClientID    string
	Scopes      []string
	Resources   []string
	ReferenceID string
	Metadata    json.RawMessage // of the client; nil for none
	GrantType   string
	Claims      json.RawMessage // of the access token, at UserInfo
}

// Server runs the flows.
type Server struct {
	Config
	auth     *core.Auth
	remote   remotes
	plans    plans
	tellers  tellers
	metadata documents
}

// New makes a server. Call it in Manifest.Init.
func New(a *core.Auth, c Config) *Server { return &Server{Config: c, auth: a} }

// Issuer is iss: one text in every token, answer and document.
func (s *Server) Issuer(c *core.Ctx) string {
	own := c.BaseURL()
	if s.AtOrigin {
		own = Origin(own)
	}
	if s.Keys != nil {
		return cmp.Or(s.Keys.ConfiguredIssuer(), own)
	}
	return own
}

// Origin is a URL without its path.
func Origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return u.Scheme + "://" + u.Host
}

// hash is the default storage of tokens and secrets, Better Auth's: SHA-256 in base64url.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The kinds of tokens that Config.HashToken is told.
const (
	kindAccess  = "access_token"
	kindRefresh = "refresh_token"
	kindCode    = "authorization_code"
)

// stored is what a token is looked up by.
func (s *Server) stored(ctx context.Context, token, kind string) (string, error) {
	if s.HashToken != nil {
		return s.HashToken(ctx, token, kind)
	}
	return hash(token), nil
}

// subject is sub for a client: the user's id, or one that only the clients of the same host
// know (OpenID Connect Core 8.1).
func (s *Server) subject(userID string, client *Client) string {
	if !s.hides(client) {
		return userID
	}
	mac := hmac.New(sha256.New, []byte(s.PairwiseSecret))
	mac.Write([]byte(Sector(client.RedirectURIs[0]) + "." + userID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// hides reports whether a client may not know what others know.
func (s *Server) hides(client *Client) bool {
	return client.Pairwise && s.PairwiseSecret != "" && len(client.RedirectURIs) > 0
}

// sid is the name of a session for a client, as subject is that of a user: two clients that
// both have the id of the row would know that they have the same user.
func (s *Server) sid(sessionID string, client *Client) string {
	if !s.hides(client) {
		return sessionID
	}
	mac := hmac.New(sha256.New, []byte(s.PairwiseSecret))
	mac.Write([]byte("sid\n" + Sector(client.RedirectURIs[0]) + "\n" + sessionID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Sector is what redirect URIs of one owner have in common: the host, as JavaScript's URL.host
// writes it, without a default port. That of a scheme of an application is the scheme: what
// follows it may be the same anywhere.
func Sector(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	if u.Scheme == "http" {
		return strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + ":"
}

// session finds a session that has not ended by the id of its row. It returns nil when there
// is none.
func (s *Server) session(ctx context.Context, id string) (*core.SessionData, error) {
	if id == "" {
		return nil, nil
	}
	row, err := s.auth.DB().FindOne(ctx, adapter.Find{Model: core.ModelSession, Where: adapter.By("id", id), Select: []string{"token"}})
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	token, _ := row["token"].(string)
	found, err := s.auth.Store().FindSession(ctx, token)
	switch {
	case core.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case found.Session.ID != id || !found.Session.ExpiresAt.After(s.auth.Now()):
		return nil, nil
	}
	return found, nil
}

// user finds a user who may have tokens, or nil.
func (s *Server) user(ctx context.Context, id string) (*core.User, error) {
	u, err := s.auth.Store().FindUser(ctx, id)
	switch {
	case core.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case u.BannedAt(s.auth.Now()):
		return nil, nil
	}
	return u, nil
}

// add sets members of an application in an object, without those that are taken or reserved.
func add(o *wire.Object, own map[string]any, reserved ...string) error {
	if len(own) == 0 {
		return nil
	}
	text, err := json.Marshal(own)
	if err != nil {
		return err
	}
	v, err := wire.Parse(text, wire.Limits{})
	if err != nil {
		return err
	}
	members, _ := v.Obj()
next:
	for _, m := range members.Members() {
		for _, r := range reserved {
			if m.Name == r {
				continue next
			}
		}
		o.Set(m.Name, m.Value)
	}
	return nil
}

// now is the time in whole seconds, as tokens have it.
func (s *Server) now() time.Time { return s.auth.Now().Truncate(time.Second) }
