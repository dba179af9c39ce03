package apikey

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// CreateInput is the body of create. Clients set ConfigID, Name, ExpiresIn, Prefix,
// Metadata and OrganizationID; everything else is for calls from Go.
type CreateInput struct {
	ConfigID            *string             `json:"configId" doc:"Configuration of the key; the default one without it"`
	Name                *string             `json:"name" doc:"Name of the key"`
	ExpiresIn           *float64            `json:"expiresIn" zod:"nullish,min=1" doc:"Life of the key in seconds"`
	Prefix              *string             `json:"prefix" zod:"regex" pattern:"/^[a-zA-Z0-9_-]+$/" message:"Invalid prefix format, must be alphanumeric and contain only underscores and hyphens." doc:"Prefix of the key"`
	Remaining           *int64              `json:"remaining" zod:"nullish,min=0" doc:"Number of uses. Server only"`
	Metadata            wire.Value          `json:"metadata" doc:"A JSON object to keep with the key"`
	RefillAmount        *int64              `json:"refillAmount" zod:"min=1" doc:"Uses that the key has again after every interval. Server only"`
	RefillInterval      *int64              `json:"refillInterval" doc:"The interval in milliseconds. Server only"`
	RateLimitTimeWindow *int64              `json:"rateLimitTimeWindow" doc:"Window of the rate limit in milliseconds. Server only"`
	RateLimitMax        *int64              `json:"rateLimitMax" doc:"Uses in a window. Server only"`
	RateLimitEnabled    *bool               `json:"rateLimitEnabled" doc:"Whether the key has a rate limit. Server only"`
	Permissions         map[string][]string `json:"permissions,omitempty" doc:"Actions that the key allows, by resource. Server only"`
	UserID              *string             `json:"userId" zod:"coerce" doc:"The user whom the key is for. Server only"`
	OrganizationID      *string             `json:"organizationId" zod:"coerce" doc:"The organization whom the key is for"`
}

// serverOnly reports whether the input has what clients may not set.
func (in *CreateInput) serverOnly() bool {
	return in.RefillAmount != nil || in.RefillInterval != nil || in.RateLimitMax != nil || in.RateLimitTimeWindow != nil ||
		in.RateLimitEnabled != nil || in.Permissions != nil || in.Remaining != nil
}

// Created is the row of a new key, with the key itself, which is shown only once.
type Created struct {
	*Key
	Plain string // the key: give it to its owner and store it nowhere
	p     *Plugin
}

// AppendJSON appends the key with all that clients see of it.
func (c Created) AppendJSON(dst []byte) []byte { return c.p.appendKey(dst, c.Key, made, c.Plain) }

// MarshalJSON is AppendJSON for encoding/json.
func (c Created) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// OpenAPIForm describes the answer.
func (Created) OpenAPIForm() any { return createdForm{} }

func (p *Plugin) create(c *core.Ctx, in *CreateInput) (Created, error) {
	cf, err := p.config(or(in.ConfigID))
	if err != nil {
		return Created{}, err
	}
	client := !c.FromServer()
	session, err := c.StoredSession() // a revoked session makes no keys
	if err != nil {
		return Created{}, err
	}
	if client {
		if in.serverOnly() {
			return Created{}, core.Fail(http.StatusBadRequest, CodeServerOnly)
		}
		if in.UserID != nil {
			return Created{}, errNoSession
		}
	}
	owner, err := p.ownerOf(c, cf, in, session, client)
	if err != nil {
		return Created{}, err
	}
	k, err := p.build(c, cf, in, owner)
	if err != nil {
		return Created{}, err
	}
	plain, err := p.generate(c, cf, k)
	if err != nil {
		return Created{}, err
	}
	if k, err = p.keep(c, cf, k); err != nil {
		return Created{}, err
	}
	p.sweep(c)
	return Created{k, plain, p}, nil
}

// ownerOf decides whom a new key belongs to.
func (p *Plugin) ownerOf(c *core.Ctx, cf *config, in *CreateInput, session *core.SessionData, client bool) (string, error) {
	user := or(in.UserID)
	if session != nil {
		user = session.User.ID
	}
	if cf.Owner == Organizations {
		org := or(in.OrganizationID)
		if org == "" {
			return "", core.Fail(http.StatusBadRequest, CodeOrganizationIDRequired)
		}
		if user == "" {
			return "", errNoSession
		}
		return org, p.mayUse(c, user, org, "create")
	}
	if user == "" {
		return "", errNoSession
	}
	if !client {
		// Nobody's keys would outlive what they belong to.
		if _, err := p.auth.Store().FindUser(c, user); core.IsNotFound(err) {
			return "", core.Fail(http.StatusBadRequest, CodeInvalidUser)
		} else if err != nil {
			return "", err
		}
	}
	return user, nil
}

// build checks the input and makes the row.
func (p *Plugin) build(c *core.Ctx, cf *config, in *CreateInput, owner string) (*Key, error) {
	metadata, err := cf.metadata(in.Metadata, in.Metadata.Truthy())
	if err != nil {
		return nil, err
	}
	switch {
	case or(in.RefillAmount) != 0 && or(in.RefillInterval) == 0:
		return nil, core.Fail(http.StatusBadRequest, CodeRefillIntervalMissing)
	case or(in.RefillInterval) != 0 && or(in.RefillAmount) == 0:
		return nil, core.Fail(http.StatusBadRequest, CodeRefillAmountMissing)
	}
	now := c.Now()
	ends, err := cf.ends(in.ExpiresIn, now)
	if err != nil {
		return nil, err
	}
	if in.Prefix != nil {
		if n := validate.UTF16Len(*in.Prefix); n < cf.MinPrefixLength || n > cf.MaxPrefixLength {
			return nil, core.Fail(http.StatusBadRequest, CodeInvalidPrefixLength)
		}
	}
	if or(in.Name) != "" {
		if err := cf.checkName(*in.Name); err != nil {
			return nil, err
		}
	} else if cf.RequireName {
		return nil, core.Fail(http.StatusBadRequest, CodeNameRequired)
	}
	if ends == nil && cf.Expiry.Default > 0 {
		at := now.Add(cf.Expiry.Default)
		ends = &at
	}
	k := &Key{
		ConfigID: cf.ID, Name: in.Name, ReferenceID: owner, Prefix: in.Prefix, RefillInterval: in.RefillInterval, RefillAmount: in.RefillAmount,
		Enabled: new(true), RateLimitEnabled: new(!cf.RateLimit.Disabled), RateLimitTimeWindow: new(cf.RateLimit.Window.Milliseconds()),
		RateLimitMax: new(int64(cf.RateLimit.Max)), RequestCount: new(int64(0)), Remaining: in.Remaining, ExpiresAt: ends,
		CreatedAt: now, UpdatedAt: now, Metadata: metadata,
	}
	if k.Prefix == nil && cf.Prefix != "" {
		k.Prefix = &cf.Prefix
	}
	if in.RateLimitEnabled != nil {
		k.RateLimitEnabled = in.RateLimitEnabled
	}
	if in.RateLimitTimeWindow != nil {
		k.RateLimitTimeWindow = in.RateLimitTimeWindow
	}
	if in.RateLimitMax != nil {
		k.RateLimitMax = in.RateLimitMax
	}
	granted := access.Permissions(in.Permissions)
	if granted == nil {
		granted = cf.DefaultPermissions
		if cf.DefaultPermissionsFunc != nil {
			if granted, err = cf.DefaultPermissionsFunc(c, owner); err != nil {
				return nil, err
			}
		} else if len(granted) == 0 {
			granted = nil
		}
	}
	k.PermissionsText = p.permissionText(c, granted)
	return k, nil
}

// permissionText is the stored form of permissions, in the order that the client sent.
func (p *Plugin) permissionText(c *core.Ctx, granted access.Permissions) *string {
	if granted == nil {
		return nil
	}
	if sent, ok := c.Body().Get("permissions").Obj(); ok {
		return new(string(sent.AppendJSON(nil)))
	}
	data, err := json.Marshal(granted)
	if err != nil {
		return nil
	}
	return new(string(data))
}

// metadata checks what is to be kept with a key; nil is nothing.
func (cf *config) metadata(v wire.Value, given bool) (json.RawMessage, error) {
	if !given {
		return nil, nil
	}
	if !cf.EnableMetadata {
		return nil, core.Fail(http.StatusBadRequest, CodeMetadataDisabled)
	}
	switch v.Kind() {
	case wire.KindNull:
		return nil, nil
	case wire.KindObject, wire.KindArray:
		return v.AppendJSON(nil), nil
	}
	return nil, core.Fail(http.StatusBadRequest, CodeInvalidMetadata)
}

// ends is the time after a life in seconds, nil without one.
func (cf *config) ends(life *float64, now time.Time) (*time.Time, error) {
	if life == nil {
		return nil, nil
	}
	switch days := *life / day.Seconds(); {
	case cf.Expiry.DisableCustom:
		return nil, core.Fail(http.StatusBadRequest, CodeExpirationDisabled)
	case days < cf.Expiry.Min.Hours()/24:
		return nil, core.Fail(http.StatusBadRequest, CodeExpiresInTooSmall)
	case days > cf.Expiry.Max.Hours()/24:
		return nil, core.Fail(http.StatusBadRequest, CodeExpiresInTooLarge)
	}
	at := now.Add(time.Duration(*life * float64(time.Second))).Truncate(time.Millisecond)
	return &at, nil
}

func (cf *config) checkName(name string) error {
	if n := validate.UTF16Len(name); n < cf.MinNameLength || n > cf.MaxNameLength {
		return core.Fail(http.StatusBadRequest, CodeInvalidNameLength)
	}
	return nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// generate makes a key and gives the row its stored form.
func (p *Plugin) generate(ctx context.Context, cf *config, k *Key) (plain string, err error) {
	prefix := or(k.Prefix)
	if cf.Generate != nil {
		plain, err = cf.Generate(ctx, NewKey{cf.Length, prefix})
		if err == nil && (len(plain) < minKeyLength || len(plain) > maxKey) {
			err = errors.New("apikey: Generate has returned a key that is shorter than 16 characters, or longer than 4096: make a longer or shorter one")
		}
		if err == nil && cf.DisableHashing && len(plain) > maxKeyLength {
			err = errors.New("apikey: Generate has returned a key that is longer than 255 characters, which DisableHashing has no room for")
		}
	} else if plain, err = secret.Random(p.auth.Rand(), cf.Length, letters); err == nil {
		plain = prefix + plain
	}
	if err != nil {
		return "", err
	}
	k.Hash = cf.hash(plain)
	if !cf.Start.Disabled {
		// Of a short key of the application's own, something stays unknown, too.
		k.Start = new(firstUnits(plain, min(cf.Start.Length, validate.UTF16Len(plain)-minKeyLength)))
	}
	return plain, nil
}

// firstUnits is JavaScript's substring(0, n).
func firstUnits(s string, n int) string {
	units := 0
	for i, r := range s {
		w := 1
		if r > 0xffff {
			w = 2
		}
		if units+w > n {
			return s[:i]
		}
		units += w
	}
	return s
}

// keep stores a new key, if its owner is still there and may have one more.
func (p *Plugin) keep(c *core.Ctx, cf *config, k *Key) (*Key, error) {
	if _, alone := cf.store.(*secondary); alone {
		id, err := p.newID()
		if err != nil {
			return nil, err
		}
		k.ID = id
		if k, err = cf.store.create(c, k); err != nil {
			return nil, err
		}
		// Whoever removes the owner from now on finds the key.
		if _, err := p.auth.DB().FindOne(c, adapter.Find{Model: cf.ownerModel(), Where: adapter.By("id", k.ReferenceID)}); err != nil {
			return nil, errors.Join(cf.gone(err), cf.store.remove(c, k))
		}
		if err := c.EmitIn(c, cf.event(EventCreated, k)); err != nil {
			return nil, errors.Join(err, cf.store.remove(c, k))
		}
		return k, nil
	}
	var out *Key
	err := p.auth.Store().Tx(c, func(ctx context.Context) error {
		if cf.MaxKeys > 0 || cf.unseen() {
			// Of two requests at once the second waits here, and counts the first key; the end
			// of the owner waits too.
			if _, err := p.auth.Lock(ctx, cf.ownerModel(), k.ReferenceID); err != nil {
				return cf.gone(err)
			}
		}
		if cf.MaxKeys > 0 {
			n, err := p.keys.Count(ctx, adapter.By("referenceId", k.ReferenceID).And("configId", cf.ID))
			if err != nil {
				return err
			}
			if n >= int64(cf.MaxKeys) {
				return core.Fail(http.StatusConflict, CodeTooManyKeys)
			}
		}
		fresh := k.clone()
		var err error
		if out, err = cf.store.create(ctx, fresh); err != nil {
			return err
		}
		return c.EmitIn(ctx, cf.event(EventCreated, out))
	})
	return out, err
}

// ownerModel is the table of the owners.
func (cf *config) ownerModel() string {
	if cf.Owner == Organizations {
		return "organization"
	}
	return core.ModelUser
}

// unseen reports whether a verification may not read the owner: a key that is made while
// its owner ends must not stay then.
func (cf *config) unseen() bool {
	_, copied := cf.store.(*cached)
	return copied || cf.Owner == Organizations
}

// gone is the answer where the owner has ended meanwhile.
func (cf *config) gone(err error) error {
	switch {
	case !core.IsNotFound(err):
		return err
	case cf.Owner == Organizations:
		return core.Fail(http.StatusForbidden, CodeNotMember)
	}
	return errNoSession
}

// newID makes the id of a key that is no row.
func (p *Plugin) newID() (string, error) {
	if p.auth.Schema().IDs == schema.IDUUID {
		return secret.UUID(p.auth.Rand())
	}
	return secret.ID(p.auth.Rand())
}
