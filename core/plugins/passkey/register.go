package passkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// RegistrationOptionsInput is the query of generate-register-options.
type RegistrationOptionsInput struct {
	AuthenticatorAttachment *string `query:"authenticatorAttachment" zod:"enum=platform|cross-platform" doc:"The kind of authenticator to ask for; default either"`
	Name                    *string `query:"name" doc:"The account name that the authenticator shows; default the e-mail address"`
	Context                 *string `query:"context" doc:"Handed to ResolveUser when there is no session"`
}

// CreationOptions is what the client passes to navigator.credentials.create
// (WebAuthn §5.4), its bytes in base64url.
type CreationOptions struct {
	Challenge              string             `json:"challenge"`
	RP                     RelyingParty       `json:"rp"`
	User                   UserEntity         `json:"user"`
	PubKeyCredParams       []CredentialParam  `json:"pubKeyCredParams"`
	Timeout                int                `json:"timeout"` // milliseconds
	Attestation            string             `json:"attestation"`
	ExcludeCredentials     []Descriptor       `json:"excludeCredentials"`
	AuthenticatorSelection SelectionCriterion `json:"authenticatorSelection"`
	Extensions             wire.Value         `json:"extensions"`
	Hints                  []string           `json:"hints"`
}

// RelyingParty is {"name":…,"id":…}.
type RelyingParty struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// UserEntity is {"id":…,"name":…,"displayName":…}; the id is the user handle.
type UserEntity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// CredentialParam is {"alg":…,"type":"public-key"}.
type CredentialParam struct {
	Alg  int    `json:"alg"`
	Type string `json:"type"`
}

// Descriptor names a credential.
type Descriptor struct {
	ID         string   `json:"id"`
	Transports []string `json:"transports,omitempty"`
	Type       string   `json:"type"`
}

// SelectionCriterion is the selection of authenticators.
type SelectionCriterion struct {
	ResidentKey             string `json:"residentKey"`
	UserVerification        string `json:"userVerification"`
	AuthenticatorAttachment string `json:"authenticatorAttachment,omitempty"`
	RequireResidentKey      bool   `json:"requireResidentKey"`
}

const timeout = 60_000

// mayRegister is the guard of both halves of a registration: a fresh session, or
// none where the options allow that. An old session is not enough even then.
func (p *Plugin) mayRegister(c *core.Ctx) error {
	if p.opts.Registration.WithoutSession {
		if s, err := c.StoredSession(); err != nil || s == nil {
			return err
		}
	}
	return core.RequireFresh(c)
}

func (p *Plugin) registrationOptions(c *core.Ctx, in *RegistrationOptionsInput) (*CreationOptions, error) {
	user, err := p.registrant(c, validate.Value(in.Context))
	if err != nil {
		return nil, err
	}
	keys, err := p.passkeysOf(c, user.ID)
	if err != nil {
		return nil, err
	}
	extensions, err := object(c, p.opts.Registration.Extensions)
	if err != nil {
		return nil, err
	}
	if extensions == nil {
		extensions = &wire.Object{}
	}
	extensions.Set("credProps", wire.Bool(true))
	handle, err := userHandle(c, user)
	if err != nil {
		return nil, err
	}
	value, err := newChallenge(c)
	if err != nil {
		return nil, err
	}
	s := p.opts.AuthenticatorSelection
	o := &CreationOptions{
		Challenge: value,
		RP:        RelyingParty{first(p.opts.RPName, c.Auth().AppName()), p.rpID(c)},
		User: UserEntity{base64.RawURLEncoding.EncodeToString(handle),
			first(validate.Value(in.Name), user.Name, user.ID), first(user.DisplayName, user.Name, user.ID)},
		Timeout: timeout, Attestation: "none", ExcludeCredentials: descriptors(keys),
		AuthenticatorSelection: SelectionCriterion{s.ResidentKey, s.UserVerification, first(validate.Value(in.AuthenticatorAttachment), s.Attachment), s.ResidentKey == "required"},
		Extensions:             wire.ObjectOf(extensions), Hints: []string{},
	}
	for _, alg := range algorithms {
		o.PubKeyCredParams = append(o.PubKeyCredParams, CredentialParam{alg, "public-key"})
	}
	ch := challenge{ceremony: registration, value: value, user: *user, context: validate.Value(in.Context), named: in.Context != nil, bound: true}
	if s := c.Session(); s != nil {
		ch.session = s.Session.ID
	}
	return o, p.keep(c, ch)
}

// registrant is the user for whom the caller may make a passkey.
func (p *Plugin) registrant(c *core.Ctx, context string) (*RegistrationUser, error) {
	if s := c.Session(); s != nil {
		name := first(s.User.Email, s.User.ID)
		return &RegistrationUser{ID: s.User.ID, Name: name, DisplayName: name}, nil
	}
	if !p.opts.Registration.WithoutSession {
		return nil, core.Fail(http.StatusUnauthorized, CodeSessionRequired)
	}
	resolve := p.opts.Registration.ResolveUser
	if resolve == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeResolveUserRequired)
	}
	user, err := resolve(c, context)
	if err != nil {
		return nil, err
	}
	if user == nil || user.ID == "" || user.Name == "" {
		return nil, core.Fail(http.StatusBadRequest, CodeResolvedUserInvalid)
	}
	return user, nil
}

// userHandle is the value by which authenticators tell the accounts of one site apart.
// For a known user it is the user's id: a new passkey replaces a deleted one in the
// same authenticator, and a sign-in can be checked to name its owner. Better Auth 1.6
// makes a new one each time. So does this function for visitors, whose user only
// AfterVerification knows.
func userHandle(c *core.Ctx, user *RegistrationUser) ([]byte, error) {
	if c.Session() != nil && len(user.ID) <= 64 {
		return []byte(user.ID), nil
	}
	random, err := secret.Random(c.Auth().Rand(), handleLength, handleAlphabet)
	return []byte(random), err
}

// Better Auth 1.6's user handles.
const (
	handleLength   = 32
	handleAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// VerifyRegistrationInput is the body of verify-registration.
type VerifyRegistrationInput struct {
	Response wire.Value `json:"response" doc:"What navigator.credentials.create returned, as JSON"`
	Name     *string    `json:"name" doc:"Name of the passkey"`
}

func (p *Plugin) verifyRegistration(c *core.Ctx, in *VerifyRegistrationInput) (*Passkey, error) {
	failed := core.Fail(http.StatusBadRequest, CodeRegistrationFailed)
	origins := p.origins(c)
	if len(origins) == 0 {
		return nil, failed
	}
	ch, err := p.take(c, registration)
	if err != nil {
		return nil, err
	}
	session := c.Session()
	if !ch.mayFinish(c) {
		return nil, core.Fail(http.StatusUnauthorized, CodeNotAllowed)
	}
	verified, err := verifyRegistration(in.Response, expectation{
		challenge: ch.value, rpID: p.rpID(c), origins: origins,
		userVerification: p.opts.AuthenticatorSelection.UserVerification == "required",
	})
	if err != nil {
		c.Auth().Logger().LogAttrs(c, slog.LevelInfo, "a registration of a passkey was refused", slog.String("reason", err.Error()))
		return nil, failed
	}
	user := ch.user
	user.Name = first(user.Name, user.ID)
	owner := user.ID
	if after := p.opts.Registration.AfterVerification; after != nil {
		id, err := after(c, &Registration{User: user, Context: ch.context, Verified: verified, Response: in.Response.AppendJSON(nil)})
		if err != nil {
			return nil, err
		}
		if id != "" && session != nil && id != session.User.ID {
			return nil, core.Fail(http.StatusUnauthorized, CodeNotAllowed)
		}
		owner = first(id, owner)
	}
	return p.store(c, owner, in.Name, verified)
}

// store writes a verified credential for its owner.
func (p *Plugin) store(c *core.Ctx, owner string, name *string, v *VerifiedRegistration) (*Passkey, error) {
	now := c.Now()
	key := &Passkey{
		Name: name, PublicKey: base64.StdEncoding.EncodeToString(v.PublicKey), UserID: owner, CredentialID: v.ID,
		Counter: int64(v.Counter), DeviceType: v.DeviceType, BackedUp: v.BackedUp, CreatedAt: &now, AAGUID: &v.AAGUID,
	}
	if v.Transports != nil {
		joined := strings.Join(v.Transports, ",")
		key.Transports = &joined
	}
	store := c.Auth().Store()
	var made *Passkey
	err := store.Tx(c, func(ctx context.Context) error {
		// The lock keeps the owner from being deleted before the row is written.
		err := store.LockUser(ctx, owner)
		if core.IsNotFound(err) {
			return core.Fail(http.StatusBadRequest, CodeResolvedUserInvalid)
		}
		if err != nil {
			return err
		}
		// An adopted table has no unique key.
		n, err := p.passkeys.Count(ctx, adapter.By("credentialID", v.ID))
		if err != nil {
			return err
		}
		if n > 0 {
			return adapter.ErrUnique
		}
		if made, err = p.passkeys.Create(ctx, key); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventRegistered, UserID: owner, SubjectID: made.ID})
	})
	switch {
	case errors.Is(err, adapter.ErrUnique):
		return nil, core.Fail(http.StatusBadRequest, CodePreviouslyRegistered)
	case errors.Is(err, adapter.ErrBadValue):
		// MySQL keeps the id in 255 characters, and an adopted column may be shorter.
		return nil, core.Fail(http.StatusBadRequest, CodeRegistrationFailed)
	case err != nil:
		return nil, err
	}
	return made, nil
}

// passkeysOf lists a user's passkeys, oldest first.
func (p *Plugin) passkeysOf(ctx *core.Ctx, userID string) ([]*Passkey, error) {
	out, err := p.passkeys.List(ctx, adapter.Find{Where: adapter.By("userId", userID)})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b *Passkey) int {
		switch {
		case a.CreatedAt == nil && b.CreatedAt == nil:
			return 0
		case a.CreatedAt == nil:
			return -1
		case b.CreatedAt == nil:
			return 1
		}
		return a.CreatedAt.Compare(*b.CreatedAt)
	})
	return out, nil
}

func descriptors(keys []*Passkey) []Descriptor {
	out := make([]Descriptor, len(keys))
	for i, k := range keys {
		out[i] = Descriptor{k.CredentialID, k.transports(), "public-key"}
	}
	return out
}

// object calls an option that returns extensions; nil for none.
func object(c *core.Ctx, f func(*core.Ctx) (json.RawMessage, error)) (*wire.Object, error) {
	if f == nil {
		return nil, nil
	}
	raw, err := f(c)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	v, err := wire.Parse(raw, wire.Limits{})
	if err != nil {
		return nil, fmt.Errorf("passkey: Extensions: %w", err)
	}
	o, ok := v.Obj()
	if !ok {
		return nil, errors.New("passkey: Extensions returned JSON that is not an object")
	}
	return o, nil
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
