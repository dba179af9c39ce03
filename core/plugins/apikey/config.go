package apikey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/storage"
)

// Owner says whom the keys of a configuration belong to.
type Owner string

// The owners of keys.
const (
	Users         Owner = "user" // the zero Owner too
	Organizations Owner = "organization"
)

// Config describes one kind of keys.
type Config struct {
	// ID names the configuration in requests (configId) and in the rows of its keys.
	// Default "default".
	ID string
	// Owner says whether the keys belong to users or to organizations. Default Users.
	// Organizations needs the plugin organization. Its members need the permission apiKey
	// with create, read, update or delete.
	Owner Owner
	// Headers are the request headers that may hold a key. The first that is not empty
	// counts. Default "x-api-key".
	Headers []string
	// Find takes the key out of a request in place of Headers; "" means that there is none.
	Find func(c *core.Ctx) (string, error)
	// Check may refuse a key before it is looked up.
	Check func(c *core.Ctx, key string) (bool, error)
	// Generate makes a key. It must be as hard to guess as Length letters, and at least 16
	// characters long. Default: Length random letters after the prefix.
	Generate func(ctx context.Context, r NewKey) (string, error)
	Length   int    // of a key without its prefix, in letters; default 64, at least 16
	Prefix   string // of keys that are made without one
	// DisableHashing stores keys as they are: anybody who reads the table has them all.
	DisableHashing bool

	MinPrefixLength, MaxPrefixLength int  // of a prefix that a client chooses; default 1 and 32
	MinNameLength, MaxNameLength     int  // default 1 and 32
	RequireName                      bool // a key needs a name
	EnableMetadata                   bool // clients may keep a JSON object with a key

	Start     StartOptions
	Expiry    ExpiryOptions
	RateLimit RateLimitOptions

	// DefaultPermissions are those of keys that are made without any.
	// DefaultPermissionsFunc decides for one owner.
	DefaultPermissions     access.Permissions
	DefaultPermissionsFunc func(ctx context.Context, ownerID string) (access.Permissions, error)

	// Sessions lets a key stand for a session of its owner, in the application's routes and
	// in those of Options.SessionPaths. The owner must be a user.
	Sessions bool
	// MaxKeys is how many keys of the configuration one owner may have. Default: no limit.
	// It applies to keys in the database: core.New refuses it with SecondaryStorage unless
	// FallbackToDatabase is set.
	MaxKeys int

	// SecondaryStorage keeps the keys in Storage, or else in core.Options.SecondaryStorage,
	// and not in the database.
	SecondaryStorage bool
	// FallbackToDatabase, with SecondaryStorage, keeps the keys in the database, and copies
	// in the secondary storage.
	FallbackToDatabase bool
	// Storage replaces core.Options.SecondaryStorage for these keys.
	Storage storage.Storage
	// DeferUpdates counts a use after the answer. More callers than a limit allows may then
	// pass at the same time.
	DeferUpdates bool
}

// NewKey is what a key is generated for.
type NewKey struct {
	Length int
	Prefix string
}

// StartOptions says what is kept of a key for people to recognize it by.
type StartOptions struct {
	Disabled bool
	Length   int // characters, those of the prefix included; default 6
}

// ExpiryOptions bounds the life of keys.
type ExpiryOptions struct {
	Default       time.Duration // of keys that are made without a life; default: they never expire
	DisableCustom bool          // nobody may choose a life
	Min           time.Duration // the shortest life that can be chosen; default one day
	Max           time.Duration // the longest; default 365 days
}

// RateLimitOptions is the limit of keys that are made without one of their own.
type RateLimitOptions struct {
	Disabled bool
	Window   time.Duration // after this time without a use the count starts again; default one day
	Max      int           // uses in a window; default 10
}

const (
	defaultID     = "default"
	defaultHeader = "x-api-key"
	day           = 24 * time.Hour

	minKeyLength = 16   // letters that must stay unknown
	maxKeyLength = 255  // of a key that is stored as it is: the column is indexed
	maxKey       = 4096 // characters of a text that is taken for a key at all
)

// config is a Config with its defaults.
type config struct {
	Config
	store store
}

// configure checks the options and fills in the defaults.
func (p *Plugin) configure(env core.Env) error {
	p.configs, p.ofOrgs = nil, nil
	given := p.opts.Configs
	if len(given) == 0 {
		given = []Config{{}}
	}
	seen := map[string]bool{}
	for i, g := range given {
		if g.ID == "" && len(given) > 1 {
			return fmt.Errorf("Options.Configs[%d].ID is empty: name each of several configurations", i)
		}
		cf := &config{Config: g}
		cf.defaults()
		if seen[cf.ID] {
			return fmt.Errorf("Options.Configs has the ID %q twice: give each configuration its own", cf.ID)
		}
		seen[cf.ID] = true
		if err := cf.check(); err != nil {
			return fmt.Errorf("the configuration %q: %w", cf.ID, err)
		}
		if cf.Owner == Organizations {
			p.ofOrgs = append(p.ofOrgs, cf.ID)
		}
		p.configs = append(p.configs, cf)
	}
	if p.opts.SessionPaths == nil {
		p.opts.SessionPaths = []string{"/get-session"}
		if env.Compat == core.CompatBetterAuth {
			p.opts.SessionPaths = []string{"*"}
		}
	}
	return nil
}

func (c *config) defaults() {
	c.ID = cmp.Or(c.ID, defaultID)
	c.Owner = cmp.Or(c.Owner, Users)
	if len(c.Headers) == 0 {
		c.Headers = []string{defaultHeader}
	}
	c.Length = cmp.Or(c.Length, 64)
	c.MinPrefixLength, c.MaxPrefixLength = cmp.Or(c.MinPrefixLength, 1), cmp.Or(c.MaxPrefixLength, 32)
	c.MinNameLength, c.MaxNameLength = cmp.Or(c.MinNameLength, 1), cmp.Or(c.MaxNameLength, 32)
	c.Start.Length = cmp.Or(c.Start.Length, 6)
	c.Expiry.Min, c.Expiry.Max = cmp.Or(c.Expiry.Min, day), cmp.Or(c.Expiry.Max, 365*day)
	c.RateLimit.Window, c.RateLimit.Max = cmp.Or(c.RateLimit.Window, day), cmp.Or(c.RateLimit.Max, 10)
	c.DefaultPermissions = c.DefaultPermissions.Clone()
}

func (c *config) check() error {
	switch {
	case c.Owner != Users && c.Owner != Organizations:
		return fmt.Errorf("Owner is %q: use apikey.Users or apikey.Organizations", c.Owner)
	case slices.Contains(c.Headers, ""):
		return errors.New("Headers has an empty name: leave it out")
	case c.Length < minKeyLength || c.Length > maxKey/2:
		return fmt.Errorf("Length is %d: give 16 to %d letters", c.Length, maxKey/2)
	case c.DisableHashing && c.Length+max(c.MaxPrefixLength, len(c.Prefix)) > maxKeyLength:
		return fmt.Errorf("Length %d with a prefix is too long for DisableHashing: the column has room for %d characters", c.Length, maxKeyLength)
	case c.MinPrefixLength < 0 || c.MaxPrefixLength < c.MinPrefixLength:
		return fmt.Errorf("MinPrefixLength %d and MaxPrefixLength %d leave no length: raise the second", c.MinPrefixLength, c.MaxPrefixLength)
	case c.MinNameLength < 0 || c.MaxNameLength < c.MinNameLength:
		return fmt.Errorf("MinNameLength %d and MaxNameLength %d leave no length: raise the second", c.MinNameLength, c.MaxNameLength)
	case c.Start.Length < 0 || c.Generate == nil && c.Start.Length > c.Length-minKeyLength:
		return fmt.Errorf("Start.Length is %d: at least %d letters of a key must stay unknown, so give at most %d", c.Start.Length, minKeyLength, c.Length-minKeyLength)
	case c.Expiry.Default < 0 || c.Expiry.Min < 0 || c.Expiry.Max < c.Expiry.Min:
		return fmt.Errorf("Expiry.Min %v and Expiry.Max %v leave no life: raise the second", c.Expiry.Min, c.Expiry.Max)
	case c.RateLimit.Window < time.Millisecond || c.RateLimit.Max < 0:
		return fmt.Errorf("RateLimit allows %d uses in %v: give a window of at least a millisecond and a count above 0", c.RateLimit.Max, c.RateLimit.Window)
	case c.Sessions && c.Owner != Users:
		return errors.New("Sessions needs keys that belong to users: a key of an organization stands for nobody")
	case c.MaxKeys < 0:
		return fmt.Errorf("MaxKeys is %d: give a count, or 0 for no limit", c.MaxKeys)
	case !c.SecondaryStorage && (c.FallbackToDatabase || c.Storage != nil):
		return errors.New("FallbackToDatabase and Storage are for keys in a secondary storage: set SecondaryStorage too")
	case c.MaxKeys > 0 && c.SecondaryStorage && !c.FallbackToDatabase:
		return errors.New("MaxKeys holds for keys in the database: set FallbackToDatabase too, or leave it out")
	}
	return nil
}

// place gives a configuration its store.
func (p *Plugin) place(cf *config) error {
	if !cf.SecondaryStorage {
		cf.store = p.rows
		return nil
	}
	s := cf.Storage
	if s == nil {
		s = p.auth.SecondaryStorage()
	}
	if s == nil {
		return fmt.Errorf("apikey: the configuration %q keeps its keys in a secondary storage: set core.Options.SecondaryStorage, or Storage in the configuration", cf.ID)
	}
	if cf.FallbackToDatabase {
		cf.store = &cached{p.rows, &secondary{p: p, Storage: s}}
	} else {
		cf.store = &secondary{p: p, Storage: s}
	}
	return nil
}

// config finds a configuration by its id; unknown ones are the default.
func (p *Plugin) config(id string) (*config, error) {
	if id != "" {
		if cf := p.exactly(id); cf != nil {
			return cf, nil
		}
	}
	if cf := p.exactly(defaultID); cf != nil {
		return cf, nil
	}
	return nil, core.Fail(http.StatusBadRequest, CodeNoDefaultConfig)
}

func (p *Plugin) exactly(id string) *config {
	i := slices.IndexFunc(p.configs, func(c *config) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return p.configs[i]
}

// presented takes the key out of a request, "" when there is none.
func (c *config) presented(call *core.Ctx) (string, error) {
	if c.Find != nil {
		return c.Find(call)
	}
	if call.Req.Header == nil {
		return "", nil
	}
	for _, name := range c.Headers {
		if value := call.Req.Header.Get(name); value != "" {
			return value, nil
		}
	}
	return "", nil
}
