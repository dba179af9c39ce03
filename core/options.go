package core

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/internal/comparison"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
)

// Compat chooses between the answers of Kernia and those of Better Auth 1.6 in
// the few places where the two differ. docs/compatibility.md lists them all.
type Compat int

const (
	// CompatKernia is the default: INVALID_CREDENTIALS, EMAIL_ALREADY_IN_USE, JSON
	// for unknown routes, Argon2id, AES-256-GCM at rest.
	CompatKernia Compat = iota
	// CompatBetterAuth answers byte for byte like Better Auth 1.6, and writes storage
	// formats that a Node server with the same database and secret can read.
	CompatBetterAuth
)

// Options configures New. Database, BaseURL and a secret are required; the zero
// value of everything else is the default.
type Options struct {
	// AppName is shown to people, for example in mails and authenticator apps. Default "Kernia".
	AppName string

	// BaseURL is the public address, scheme and host: "https://app.example.com".
	// A path in it replaces BasePath. It decides the Secure cookie attribute and is
	// the first trusted origin.
	BaseURL string
	// BasePath is where the routes live. Default "/api/auth".
	BasePath string
	// PublicPath is where clients see the routes, when a proxy in front changes the path:
	// "/svc/api/auth" where it strips "/svc" and sends the rest to BasePath. Links,
	// callbacks of providers and the OpenAPI document have it. BaseURL has no path then.
	// Default: BasePath.
	PublicPath string
	// DynamicBaseURL derives the base URL from each request's host, for an
	// application with several hosts. Exclusive with BaseURL.
	DynamicBaseURL *DynamicBaseURL

	// Secret signs cookies and encrypts at rest: at least 32 random characters.
	Secret string
	// Secrets is the rotation list. Its first entry is used for everything new; the
	// others are still accepted. When Secrets is set, Secret is the legacy secret.
	Secrets []secret.Versioned

	// Database stores the rows: gormadapter.New(db), memory.New(), …
	Database adapter.Database
	// Stateless keeps sessions in the cookie cache alone, for an application that has
	// no lasting database: pass memory.New() as Database. The cache is encrypted (JWE)
	// and lives as long as the session; get-session renews it. Routes that must not
	// trust a cookie, such as update-user, find the session only until the process
	// ends.
	Stateless bool
	// SecondaryStorage keeps sessions, rate limits and verification values in a
	// key-value store instead of the database.
	SecondaryStorage storage.Storage

	Plugins []Plugin
	Compat  Compat

	// TrustedOrigins are origins, besides that of the base URL, that may call the
	// API from a browser and be redirect targets: "https://app.example.com",
	// "https://*.example.com", "myapp://", "com.example.app:/",
	// "android:apk-key-hash:…", "file://". TrustedOriginsFunc adds origins for one
	// request.
	TrustedOrigins     []string
	TrustedOriginsFunc func(ctx context.Context, req *Request) ([]string, error)

	User              UserOptions
	Session           SessionOptions
	Account           AccountOptions
	Verification      VerificationOptions
	EmailVerification EmailVerificationOptions
	RateLimit         RateLimitOptions
	Cookies           CookieOptions
	IPAddress         clientip.Options
	Password          PasswordOptions
	IDs               IDOptions

	// Before and After run around every route, before and after those of plugins.
	Before, After func(*Ctx) error
	// Store hooks of the application. They run after those of plugins.
	Store StoreHooks

	// DisabledPaths are routes that answer 404, by path below BasePath ("/sign-up/email").
	DisabledPaths []string
	// SkipOriginCheck lists routes whose redirect parameters and origin are not
	// checked, by exact path below BasePath. "*" switches off the check of
	// redirect parameters. DisableCSRFCheck switches off the check of the
	// Origin header.
	SkipOriginCheck  []string
	DisableCSRFCheck bool

	// ErrorURL is where GET /error redirects to, with error and error_description
	// in the query. Default: /error shows a built-in page.
	ErrorURL string
	// OnError receives every error that is answered with a 5xx, unless the client
	// disconnected before the answer.
	OnError func(ctx context.Context, err error)
	// OnEvent receives security events: sign-ins, failures, revocations, limits. It
	// runs on the caller's goroutine and must not block.
	OnEvent func(ctx context.Context, e Event)

	// Observer is told when work begins and ends, for traces and metrics: see core/otel.
	Observer *Observer
	// Logger is for operators. Default slog.Default(). Tokens and passwords never reach it.
	Logger *slog.Logger
	// Clock returns the time. Default time.Now.
	Clock func() time.Time
	// Rand is the random source of tokens. Default crypto/rand.Reader.
	Rand io.Reader
	// Background runs a task after the answer is on its way, for example the sending
	// of a mail. Default: a bounded pool that Close drains. A function that calls the
	// task at once sends mail as part of the request, as Better Auth 1.6 does.
	Background func(task func())
	// BackgroundTimeout is the time after which the context of a background task
	// ends. A task that keeps running then gives up its place in the pool. Default
	// 30 seconds; negative: never.
	BackgroundTimeout time.Duration
	// Timeout bounds each call, over HTTP and from Go, and SessionFrom. The context
	// of the database, the storage, the hashing queue and the application's functions
	// ends after it, and a call that fails because of it is answered with 503
	// SERVER_BUSY. Default 10 seconds; negative: none.
	Timeout time.Duration

	// HTTPClient sends requests to hosts that the application configures, such as
	// social providers. It is used unchanged. Default outbound.Default(): 15
	// seconds, TLS 1.2 or later, bounded idle connections.
	HTTPClient *http.Client
	// GuardedHTTP configures the client for hosts that users supply. It reaches
	// only public addresses; list identity providers on your own network in Allow.
	GuardedHTTP outbound.Options

	// MaxBody bounds request bodies, in bytes. Default 1 MiB.
	MaxBody int64
	// AllowWeakSecret accepts a short or guessable secret and logs a warning. It is
	// for tests, and for a server whose users' cookies depend on such a secret.
	AllowWeakSecret bool
	// Comparison has no values that an application could write: it is for the programs
	// that compare this server with Better Auth. Default: no exceptions.
	Comparison comparison.Allowances
	// SkipTrailingSlashes routes "/ok/" as "/ok". Default: 404, as in Better
	// Auth 1.6.
	SkipTrailingSlashes bool
}

// DynamicBaseURL derives the base URL from the host of each request.
type DynamicBaseURL struct {
	// AllowedHosts are exact hosts or patterns ("*.example.com", "localhost:3000").
	AllowedHosts []string
	// Fallback is the base URL for hosts that are not allowed. Default: they are refused.
	Fallback string
	// Protocol is "http" or "https". Default: that of the request.
	Protocol string
	// TrustForwarded reads X-Forwarded-Host and X-Forwarded-Proto. Only behind a
	// proxy that sets them.
	TrustForwarded bool
}

// TableOptions renames a table and adds fields to it.
type TableOptions struct {
	Table   string            // name in the database
	Columns map[string]string // logical field → column
	Fields  []schema.Field    // further fields
}

// UserOptions configures users.
type UserOptions struct {
	TableOptions
	// MaxImage is how many characters the image of a user may have, a URL or a data URL.
	// Default 65536. Negative: no bound. Names have at most 255.
	MaxImage    int
	ChangeEmail ChangeEmailOptions
	DeleteUser  DeleteUserOptions
}

// ChangeEmailOptions configures POST /change-email.
type ChangeEmailOptions struct {
	Enabled bool
	// SendConfirmation asks the owner of the current, verified address before a mail
	// is sent to the new one. Without it the mail is sent to the new address at
	// once.
	SendConfirmation func(ctx context.Context, m ChangeEmailMail) error
	// UpdateWithoutVerification changes the address of an unverified user at once.
	UpdateWithoutVerification bool
}

// ChangeEmailMail is the mail to the current address.
type ChangeEmailMail struct {
	User     *User
	NewEmail string
	URL      string
	Token    string
}

// DeleteUserOptions configures POST /delete-user.
type DeleteUserOptions struct {
	Enabled bool
	// SendVerification sends a link that completes the deletion. Without it, a
	// password or a fresh session is enough.
	SendVerification func(ctx context.Context, m Mail) error
	// TokenTTL is the life of that link. Default 24 hours.
	TokenTTL     time.Duration
	BeforeDelete func(ctx context.Context, u *User) error // an error stops the deletion
	AfterDelete  func(ctx context.Context, u *User) error
}

// Mail is a message with a link that the application sends. The address of the user
// and the link are safe in a header; the name is as the user typed it: encode it
// before it goes into a header (net/mail.Address does) or into HTML.
type Mail struct {
	User  *User
	URL   string
	Token string
	// SetPassword, of a verification mail, says that somebody else may have signed up
	// with the address: the user has no password after the verification. Tell the reader
	// to set one, by a reset.
	SetPassword bool
}

// SessionOptions configures sessions.
type SessionOptions struct {
	TableOptions
	ExpiresIn time.Duration // default 7 days
	// UpdateAge is the age after which a use of the session extends its expiry.
	// Default 1 day; negative: on every use.
	UpdateAge time.Duration
	// FreshAge is how long a session counts as fresh. Default 1 day; negative: always.
	FreshAge time.Duration
	// DisableRefresh never extends the expiry that a session was made with.
	DisableRefresh bool
	// DeferRefresh makes GET /get-session read-only: the answer contains
	// needsRefresh, and the client refreshes with POST.
	DeferRefresh bool
	CookieCache  CookieCacheOptions
	// MaxPerUser is how many sessions a user can have; the oldest ones beyond it
	// end. Default 1,000; negative: no limit.
	MaxPerUser int
	// StoreInDatabase keeps sessions in the database as well when there is a secondary
	// storage.
	StoreInDatabase bool
	// PreserveInDatabase keeps the rows of revoked sessions when both are used.
	PreserveInDatabase bool
}

// CacheStrategy is the format of the session_data cookie.
type CacheStrategy string

// The cookie cache strategies.
const (
	CacheCompact CacheStrategy = "compact" // base64url JSON with an HMAC (default)
	CacheJWT     CacheStrategy = "jwt"     // HS256
	CacheJWE     CacheStrategy = "jwe"     // A256CBC-HS512, encrypted
)

// CookieCacheOptions configures the cookie cache: a cookie with a signed copy of
// the session and user, which saves the database read until it expires. On
// routes that read the cache, a session that was revoked elsewhere stays valid
// for at most MaxAge. Sensitive routes never read it.
type CookieCacheOptions struct {
	Enabled  bool
	MaxAge   time.Duration // default 5 minutes
	Strategy CacheStrategy
	// Version is written into each cache; caches of another version are
	// invalid. Default "1".
	Version string
	// VersionFunc computes the version from session and user instead.
	VersionFunc func(s *Session, u *User) string
	// RefreshAge, with Options.Stateless, is how long before its expiry the cache
	// is renewed. Default a fifth of MaxAge.
	RefreshAge time.Duration
}

// AccountOptions configures linked accounts.
type AccountOptions struct {
	TableOptions
	// AllowUnlinkingAll lets a user remove the last account.
	AllowUnlinkingAll bool
	Linking           LinkingOptions
	// EncryptTokens encrypts the tokens of providers in the database. Default: true
	// under CompatKernia, false under CompatBetterAuth. Tokens that were stored the other
	// way can still be read. Set it with new(true) or new(false).
	EncryptTokens *bool
	// UpdateOnSignIn stores the new tokens whenever a user signs in with a provider.
	// Default true. Set it with new(false).
	UpdateOnSignIn *bool
	// StoreCookie keeps the account of a sign-in with a provider, with its tokens, in
	// the encrypted account_data cookie for five minutes, which spares get-access-token
	// a read. Another browser of the user that has one can use it until then, although the
	// account was unlinked. Options.Stateless switches it on.
	StoreCookie bool
	// StateInCookie keeps the state of a flow with a provider in an encrypted cookie
	// instead of the database. Such a state can be used more than once within ten
	// minutes, by the same browser. Options.Stateless switches it on.
	StateInCookie bool
	// SkipStateCookieCheck accepts a callback in a browser that did not begin the flow.
	// It makes login CSRF possible: an attacker can sign a victim in to the attacker's
	// account.
	SkipStateCookieCheck bool
}

// LinkingOptions decides when a sign-in with a provider may add an account to an
// existing user. docs/account-linking.md describes the risk of each option.
type LinkingOptions struct {
	// Disabled never links, neither by a sign-in nor by /link-social.
	Disabled bool
	// DisableImplicit links by /link-social only.
	DisableImplicit bool
	// TrustedProviders are ids of providers whose addresses count as verified although
	// the provider does not say so. TrustedProvidersFunc adds ids for one request.
	TrustedProviders     []string
	TrustedProvidersFunc func(ctx context.Context, req *Request) ([]string, error)
	// AllowDifferentEmails lets /link-social link an account with another address than
	// the user's.
	AllowDifferentEmails bool
	// AllowUnverifiedUser links although the user's own address is not verified
	// (requireLocalEmailVerified: false). Under CompatBetterAuth a stranger who signed
	// up first with the address can then still sign in. Under CompatKernia the sign-in
	// methods from before are removed.
	AllowUnverifiedUser bool
	// UpdateUser writes name and image of an account that /link-social links to the
	// user.
	UpdateUser bool
}

// IdentifierStorage says how verification identifiers are stored.
type IdentifierStorage struct {
	// Mode is "plain", "hashed" (SHA-256, base64url) or "custom". Default "hashed"
	// under CompatKernia, "plain" under CompatBetterAuth. Plain identifiers can always
	// be read.
	Mode string
	// Hash is for "custom". It is called in transactions, so it must not ask other systems.
	Hash func(identifier string) (string, error)
	// Overrides by prefix of the identifier; the first match wins.
	Overrides []IdentifierOverride
}

// IdentifierOverride sets another storage for identifiers with a prefix.
type IdentifierOverride struct {
	Prefix string
	IdentifierStorage
}

// VerificationOptions configures the verification table: single-use values such
// as reset tokens.
type VerificationOptions struct {
	TableOptions
	StoreIdentifier IdentifierStorage
	// StoreInDatabase keeps values in the database although there is a secondary storage.
	StoreInDatabase bool
	// DisableCleanup keeps expired rows.
	DisableCleanup bool
}

// EmailVerificationOptions configures the verification of e-mail addresses.
type EmailVerificationOptions struct {
	// Send sends the link. Without it the routes fail with
	// VERIFICATION_EMAIL_NOT_ENABLED.
	Send func(ctx context.Context, m Mail) error
	// SendOnSignUp sends after sign-up. Default: only when the e-mail and password
	// plugin requires verification. Set it with new(true) or new(false).
	SendOnSignUp *bool
	// SendOnSignIn sends when an unverified user signs in and verification is required.
	SendOnSignIn bool
	// AutoSignIn signs the user in when the link is opened.
	AutoSignIn bool
	TTL        time.Duration // life of the link; default 1 hour
	// MinAnswerTime is the least time that /send-verification-email takes for a
	// client without a session, even when mails are sent before the answer (see
	// Options.Background). Otherwise the response time would reveal which addresses
	// are registered and unverified. It is measured in real time, not by
	// Options.Clock. Default 500 ms, as in Better Auth since 1.6.19; negative:
	// none.
	MinAnswerTime time.Duration
	Before        func(ctx context.Context, u *User) error
	After         func(ctx context.Context, u *User) error
}

// RateLimitOptions configures the rate limiter, which is on by default.
type RateLimitOptions struct {
	Disabled bool
	Default  ratelimit.Rule // default 100 requests in 10 seconds
	Rules    []ratelimit.Custom
	// Account is the rule for requests that hash a password for one account, from all
	// addresses together; see Hashes. It applies in addition to the rule for each
	// address. Default 30 requests in 10 seconds; negative Max: no such rule.
	Account ratelimit.Rule
	// Mails is the rule for requests that mail one address a link: to verify it, to reset a
	// password, to change an address or to delete a user. All of them count together, from
	// all addresses of clients, and so does an address that nobody has. A mail that another
	// request causes, such as a sign-in, counts too, and is left out when there were too
	// many. Default 5 requests in a minute; negative Max: no such rule.
	Mails ratelimit.Rule
	// Storage is "memory", "database" or "secondary-storage". Default: the secondary
	// storage when there is one, else memory.
	Storage string
	Custom  ratelimit.Store // replaces Storage
	Table   TableOptions    // of the rateLimit table, with Storage "database"
}

// CookieOptions configures cookies.
type CookieOptions struct {
	Prefix string // default "better-auth"
	// Secure sets the Secure attribute and the __Secure- prefix. Default: when BaseURL
	// is https. Set it with new(true) or new(false).
	Secure *bool
	// CrossSubDomain sets the Domain attribute, by default to BaseURL's host.
	CrossSubDomain bool
	Domain         string
	// Attributes changes the defaults of every cookie: SameSite, Path, Partitioned, ….
	Attributes func(name string, a *cookie.Attributes)
	// Names renames single cookies: "session_token" → full name without __Secure-.
	Names map[string]string
}

// PasswordOptions configures hashing. The emailpassword plugin has the limits
// of password length.
type PasswordOptions struct {
	// Algorithm of new hashes. Default Argon2id under CompatKernia, Better Auth's
	// scrypt under CompatBetterAuth. Every known format is accepted.
	Algorithm *password.Algorithm
	Argon2    password.Argon2Params // default m=64 MiB, t=3, p=4
	Parallel  int                   // concurrent hashes; default: cores
	Queue     int                   // waiting hashes; more are refused with 503
	// MaxWait is the longest expected wait for a hash, computed from the measured
	// rate. A request that would wait longer is refused with 503 and a
	// Retry-After. Default 5 seconds; negative: no limit.
	MaxWait time.Duration
}

// IDOptions configures primary keys.
type IDOptions struct {
	Kind schema.IDKind
	// New makes the id of a row. It is called in transactions, so it must not ask other
	// systems. Default: 32 random letters and digits.
	New func(model string) (string, error)
}
