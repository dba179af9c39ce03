package core

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
)

// Compat chooses between the answers of the Kernia product and those of Better
// Auth 1.6.11 in the few places where the two differ; docs/compatibility.md
// lists them all.
type Compat int

const (
	// CompatKernia is the default: INVALID_CREDENTIALS, EMAIL_ALREADY_IN_USE, JSON
	// for unknown routes, Argon2id, AES-256-GCM at rest.
	CompatKernia Compat = iota
	// CompatBetterAuth is byte-level parity with 1.6.11, and storage formats that a
	// Node server on the same database and secret reads.
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
	// DynamicBaseURL derives the base URL from each request's host, for an
	// application with several hosts. Exclusive with BaseURL.
	DynamicBaseURL *DynamicBaseURL

	// Secret signs cookies and encrypts at rest: at least 32 random characters.
	Secret string
	// Secrets is the rotation list; its first entry is used for everything new, the
	// others are still accepted. With it, Secret is the legacy secret.
	Secrets []secret.Versioned

	// Database keeps the rows: gormadapter.New(db), memory.New(), …
	Database adapter.Database
	// Stateless keeps sessions in the cookie cache alone, for an application that has
	// no lasting database: pass memory.New() as Database. The cache is encrypted (JWE)
	// and lives as long as the session; get-session renews it. Routes that must not
	// trust a cookie, such as update-user, work until the process ends.
	Stateless bool
	// SecondaryStorage keeps sessions, rate limits and verification values in a
	// key-value store instead of the database.
	SecondaryStorage storage.Storage

	Plugins []Plugin
	Compat  Compat

	// TrustedOrigins may call the API from a browser and be redirect targets, beside
	// the base URL's own origin: "https://app.example.com", "https://*.example.com",
	// "myapp://". TrustedOriginsFunc adds origins for one request.
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
	// Store hooks of the application; they run after those of plugins.
	Store StoreHooks

	// DisabledPaths are routes that answer 404, by path below BasePath ("/sign-up/email").
	DisabledPaths []string
	// SkipOriginCheck lists routes whose redirect parameters and origin are not
	// checked, by exact path below BasePath. "*" switches the check of redirect
	// parameters off; DisableCSRFCheck that of the Origin header.
	SkipOriginCheck  []string
	DisableCSRFCheck bool

	// ErrorURL is where GET /error redirects to, with error and error_description
	// in the query. Default: a page of its own.
	ErrorURL string
	// OnError sees every error that is answered with a 5xx.
	OnError func(ctx context.Context, err error)
	// OnEvent receives security events: sign-ins, failures, revocations, limits. It
	// runs on the caller's goroutine and must not block.
	OnEvent func(ctx context.Context, e Event)

	// Logger is for operators. Default slog.Default(). Tokens and passwords never reach it.
	Logger *slog.Logger
	// Clock is the time. Default time.Now.
	Clock func() time.Time
	// Rand is the source of tokens. Default crypto/rand.Reader.
	Rand io.Reader
	// Background runs a task after the answer is on its way, for example the sending
	// of a mail. Default: a bounded pool that Close drains. A function that calls the
	// task at once makes mail part of the request, as 1.6.11 does.
	Background func(task func())

	// MaxBody bounds request bodies, in bytes. Default 1 MiB.
	MaxBody int64
	// AllowWeakSecret accepts a short or guessable secret with a warning in the log.
	// For tests, and for a server whose users' cookies depend on such a secret.
	AllowWeakSecret bool
	// SkipTrailingSlashes routes "/ok/" as "/ok". Default: 404, as 1.6.11.
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
	ChangeEmail ChangeEmailOptions
	DeleteUser  DeleteUserOptions
}

// ChangeEmailOptions configures POST /change-email.
type ChangeEmailOptions struct {
	Enabled bool
	// SendConfirmation asks the owner of the current, verified address before a mail
	// goes to the new one. Without it the mail goes to the new address at once.
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
}

// SessionOptions configures sessions.
type SessionOptions struct {
	TableOptions
	ExpiresIn time.Duration // default 7 days
	// UpdateAge is the age after which a session's expiry is moved on. Default 1 day;
	// negative: on every use.
	UpdateAge time.Duration
	// FreshAge is how long a session counts as fresh. Default 1 day; negative: always.
	FreshAge time.Duration
	// DisableRefresh keeps the expiry that a session was made with.
	DisableRefresh bool
	// DeferRefresh makes GET /get-session read-only: it answers needsRefresh, and the
	// client refreshes with POST.
	DeferRefresh bool
	CookieCache  CookieCacheOptions
	// MaxPerUser ends a user's oldest sessions when there are more. Default 0: no limit.
	MaxPerUser int
	// StoreInDatabase keeps sessions in the database although there is a secondary storage.
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

// CookieCacheOptions configures the cookie cache: a signed copy of session and
// user in a cookie that saves the database read until it expires. A session that
// was revoked elsewhere stays visible for at most MaxAge on routes that read the
// cache; sensitive routes never do.
type CookieCacheOptions struct {
	Enabled  bool
	MaxAge   time.Duration // default 5 minutes
	Strategy CacheStrategy
	// Version makes all caches of another version invalid. Default "1".
	Version string
	// VersionFunc computes the version from session and user instead.
	VersionFunc func(s *Session, u *User) string
	// RefreshAge, with Options.Stateless, is how long before the cache's end it is
	// written anew. Default a fifth of MaxAge.
	RefreshAge time.Duration
}

// AccountOptions configures linked accounts.
type AccountOptions struct {
	TableOptions
	// AllowUnlinkingAll lets a user remove the last account.
	AllowUnlinkingAll bool
}

// IdentifierStorage says how a verification identifier is kept at rest.
type IdentifierStorage struct {
	// Mode is "plain", "hashed" (SHA-256, base64url) or "custom". Default "hashed"
	// under CompatKernia, "plain" under CompatBetterAuth. Reading always accepts plain.
	Mode string
	Hash func(identifier string) (string, error) // for "custom"
	// Overrides by prefix of the identifier; the first match wins.
	Overrides []IdentifierOverride
}

// IdentifierOverride is another storage for identifiers with a prefix.
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
	// Send sends the link. Without it the routes answer VERIFICATION_EMAIL_NOT_ENABLED.
	Send func(ctx context.Context, m Mail) error
	// SendOnSignUp sends after sign-up. Default: only when the e-mail and password
	// plugin requires verification. Use core.Bool.
	SendOnSignUp *bool
	// SendOnSignIn sends when an unverified user signs in and verification is required.
	SendOnSignIn bool
	// AutoSignIn signs the user in when the link is opened.
	AutoSignIn bool
	TTL        time.Duration // life of the link; default 1 hour
	// MinAnswerTime is how long somebody who is signed out waits for the answer of
	// /send-verification-email at least, so that its time does not tell who has an
	// unverified address, also when mails are sent before the answer (see
	// Options.Background). It is real time. Default 500 ms, as in Better Auth since
	// 1.6.19; negative: none.
	MinAnswerTime time.Duration
	Before        func(ctx context.Context, u *User) error
	After         func(ctx context.Context, u *User) error
}

// Bool returns a pointer to b, for options that tell "not set" from false.
func Bool(b bool) *bool { return &b }

// RateLimitOptions configures the rate limiter, which is on by default.
type RateLimitOptions struct {
	Disabled bool
	Default  ratelimit.Rule // default 100 requests in 10 seconds
	Rules    []ratelimit.Custom
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
	// is https. Use core.Bool.
	Secure *bool
	// CrossSubDomain sets the Domain attribute, by default to BaseURL's host.
	CrossSubDomain bool
	Domain         string
	// Attributes changes the defaults of every cookie: SameSite, Path, Partitioned, ….
	Attributes func(name string, a *cookie.Attributes)
	// Names renames single cookies: "session_token" → full name without __Secure-.
	Names map[string]string
}

// PasswordOptions configures hashing. The limits of length belong to the
// emailpassword plugin.
type PasswordOptions struct {
	// Algorithm of new hashes. Default Argon2id under CompatKernia, Better Auth's
	// scrypt under CompatBetterAuth. Every known format is accepted.
	Algorithm *password.Algorithm
	Argon2    password.Argon2Params // default m=64 MiB, t=3, p=4
	Parallel  int                   // concurrent hashes; default: cores
	Queue     int                   // waiting hashes; further ones are refused with 503
}

// IDOptions configures primary keys.
type IDOptions struct {
	Kind schema.IDKind
	// New makes the id of a row. Default: 32 random letters and digits.
	New func(model string) (string, error)
}

// PasswordPolicy is what the plugin that owns passwords tells the kernel.
type PasswordPolicy struct {
	MinLength, MaxLength int // in UTF-16 code units, as JavaScript counts; defaults 8 and 128
	Hash                 func(ctx context.Context, password string) (string, error)
	Verify               func(ctx context.Context, hash, password string) (bool, error)
}
