package oauth

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// SignInOptions say how SignIn treats a user.
type SignInOptions struct {
	// RequestSignUp is the requestSignUp of the request.
	RequestSignUp bool
	// DisableSignUp refuses a user without an account, in addition to what the provider
	// says.
	DisableSignUp bool
	// Trusted says that the caller has proven whose domain the address is in. The address
	// then counts as verified, as with a trusted provider.
	Trusted bool
	// ForeignEmail says that the provider must not speak for the address, which is in a domain of
	// somebody else's. No user is made with it, and no user gets it (RefusedForeignEmail).
	ForeignEmail bool
	// CallbackURL is where the browser goes after the sign-in, and the link of a
	// verification mail.
	CallbackURL string
	// NewUserURL is where it goes after a sign-up. Default: CallbackURL.
	NewUserURL string
	// Redirects says that the route answers with a redirect: a gate that holds the
	// sign-in then does so too.
	Redirects bool
	// Method names the first factor for gates. Default: the provider's Config.Method.
	Method string
	// Settled runs in the transaction of the sign-in, when the user has the account and before
	// the session is made. Its error undoes everything. A database may run it again.
	Settled func(ctx context.Context, u *core.User, isNew bool) error
}

// SignedIn is the outcome of SignIn.
type SignedIn struct {
	*core.SessionData
	IsNew bool // the user was made now
}

// SignIn finds, links or makes the user of an identity, stores the tokens and signs the
// user in. It fails with a *Refusal when the user must not be signed in, and with
// core.ErrHeld when a gate holds the sign-in.
//
//  1. An account of the provider with this id: its user, whatever the address.
//  2. A user with this address: linked, if both sides have proven the address and linking
//     is allowed.
//  3. Otherwise a new user.
func (e *Engine) SignIn(c *core.Ctx, p *Provider, who *Identity, o SignInOptions) (*SignedIn, error) {
	if o.Method == "" {
		o.Method = p.method()
	}
	if err := c.BeginSignIn(o.Method); err != nil {
		if refusal, ok := errors.AsType[*core.Error](err); ok && refusal.Status < 500 && refusal.Code != "" {
			return nil, refuse(strings.ToLower(refusal.Code), err)
		}
		return nil, err
	}
	if who.Profile.Email == "" {
		e.auth.Logger().Warn("sign-in with a provider: the profile has no address; request its scope, or supply one with MapProfile", "provider", p.ID())
		return nil, refuse(RefusedNoEmail, nil)
	}
	if err := who.sound(p); err != nil {
		return nil, err
	}
	trusted, err := e.trusted(c, c, p)
	if err != nil {
		return nil, err
	}
	o.Trusted = o.Trusted || trusted
	c.SetSignInMethod(o.Method)
	for attempt := 0; ; attempt++ {
		unlocked := ""
		out, err := e.signIn(c, p, who, o, &unlocked)
		// Another request was quicker: of the same person, whose rows are there now, or one
		// that has removed the account.
		late := errors.Is(err, adapter.ErrUnique) || errors.Is(err, errMoved) || err != nil && e.deleted(c, unlocked)
		if late && attempt < maxAttempts-1 {
			continue
		}
		if late || errors.Is(err, core.ErrAbort) {
			return nil, refuse(RefusedCreateUser, err)
		}
		if err != nil {
			e.tell(c, p, err)
			if errors.Is(err, adapter.ErrBadValue) {
				// Of MapProfile, most likely: no fault of the client's, and no page of JSON for
				// the browser.
				e.log(c, "the user cannot be written: a value of MapProfile must have the Go type of its field", p, err)
				return nil, refuse(RefusedCreateUser, err)
			}
			return nil, refused(err)
		}
		return out, nil
	}
}

// maxAttempts bounds how often a sign-in is tried that loses to other requests of the same
// person: one that unlinks the account, and one that links it again.
const maxAttempts = 5

// errMoved ends an attempt whose account has been removed meanwhile, or whose user has
// another address now.
var errMoved = errors.New("oauth: the account or the address has moved")

// deleted reports whether a user, whose row was not locked, has been deleted meanwhile. The
// session of the attempt has broken the foreign key then.
func (e *Engine) deleted(c *core.Ctx, userID string) bool {
	if userID == "" {
		return false
	}
	_, err := e.auth.Store().FindUser(c, userID)
	return core.IsNotFound(err)
}

// signIn is one attempt. It sets unlocked to the id of a user whose row is not locked.
func (e *Engine) signIn(c *core.Ctx, p *Provider, who *Identity, o SignInOptions, unlocked *string) (*SignedIn, error) {
	out := &SignedIn{}
	var held error
	contested := ""
	err := e.auth.Store().Tx(c, func(ctx context.Context) error {
		*out, held, contested = SignedIn{}, nil, ""
		user, acc, locked, err := e.owner(ctx, p, who)
		if err != nil {
			return err
		}
		if *unlocked = ""; user != nil && !locked {
			*unlocked = user.ID
		}
		known := acc != nil
		proven := known && user.EmailVerified
		switch {
		case known:
			user, err = e.prove(ctx, who, user)
		case user != nil:
			if !user.EmailVerified && (o.Trusted || who.Profile.EmailVerified) {
				contested = user.ID
			}
			user, acc, err = e.join(ctx, p, who, user, o)
		default:
			user, acc, err = e.register(c, ctx, p, who, o)
			out.IsNew = true
		}
		if err != nil {
			return err
		}
		if p.c.OverrideUserInfo && !out.IsNew {
			if user, err = e.override(ctx, who, user, o.ForeignEmail); err != nil {
				return err
			}
		}
		if o.Settled != nil {
			if err := o.Settled(ctx, user, out.IsNew); err != nil {
				return err
			}
		}
		target := ""
		if o.Redirects {
			target = o.CallbackURL
			if out.IsNew && o.NewUserURL != "" {
				target = o.NewUserURL
			}
		}
		err = core.AfterCommit(ctx, func(context.Context) error {
			if held != nil {
				return nil // no session yet
			}
			return e.keep(c, acc)
		})
		if err != nil {
			return err
		}
		out.SessionData, err = c.SignIn(ctx, user, core.SignIn{Method: o.Method, KeepForget: true, Redirect: target})
		if errors.Is(err, core.ErrHeld) {
			held, err = err, nil // the user and the account stay, a session comes later
		}
		if errors.Is(err, core.ErrAbort) {
			return refuse(RefusedCreateSession, err)
		}
		if err != nil || !known {
			return err
		}
		// The account comes after the session, which locks the user by its foreign key:
		// every transaction that locks both locks the user first, so that none deadlock.
		acc, err = e.renew(ctx, p, who, acc, user.EmailVerified != proven)
		return err
	})
	if r, ok := errors.AsType[*Refusal](err); ok && r.Code == RefusedNotLinked && contested != "" && !e.compat() {
		// A provider vouches for another person as the owner of the address. When a mail
		// proves the address, nothing of the first one is left.
		if failed := e.auth.Store().ContestSignUp(c, contested); failed != nil {
			return nil, failed
		}
	}
	if err == nil {
		err = held
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// owner finds the account of an identity with its user, or else the user who has its
// address. Both are nil when there is neither. The user's row is locked, but for a user who
// comes back and whom nothing changes (locked is false).
func (e *Engine) owner(ctx context.Context, p *Provider, who *Identity) (user *core.User, acc *core.Account, locked bool, err error) {
	store := e.auth.Store()
	acc, user, err = store.FindAccountOwner(ctx, p.ID(), who.Profile.ID)
	switch {
	case core.IsNotFound(err):
		user, err = store.FindUserByEmail(ctx, who.Profile.Email)
		if core.IsNotFound(err) {
			return nil, nil, false, nil
		}
		if err != nil {
			return nil, nil, false, err
		}
	case err != nil:
		return nil, nil, false, err
	case user == nil:
		return nil, nil, false, refuse(RefusedCreateUser, nil)
	case *e.auth.Account().UpdateOnSignIn && who.Tokens.AccessToken != "" && !p.c.OverrideUserInfo && !proves(who, user):
		// The tokens that are written to the account confirm that it is still there.
		return user, acc, false, nil
	}
	id := user.ID
	if err := store.LockUser(ctx, id); err != nil {
		return nil, nil, false, gone(err)
	}
	user, err = store.FindUser(ctx, id)
	if err == nil && acc == nil && user.Email != core.NormalizeEmail(who.Profile.Email) {
		return nil, nil, false, errMoved // before the lock
	}
	return user, acc, true, gone(err)
}

// gone makes a refusal of a user who was deleted meanwhile.
func gone(err error) error {
	if core.IsNotFound(err) {
		return refuse(RefusedCreateUser, err)
	}
	return err
}

// renew stores the tokens of a user who comes back. proven says that the address was
// proven just now.
func (e *Engine) renew(ctx context.Context, p *Provider, who *Identity, acc *core.Account, proven bool) (*core.Account, error) {
	set := adapter.Record{}
	if *e.auth.Account().UpdateOnSignIn {
		var err error
		if set, err = e.record(who.Tokens); err != nil {
			return nil, err
		}
	}
	var updated *core.Account
	var err error
	if len(set) > 0 {
		updated, err = e.auth.Store().RewriteAccount(ctx, acc, set)
	} else if updated, err = e.auth.Store().FindAccount(ctx, acc.ProviderID, acc.AccountID); err == nil && updated.ID != acc.ID {
		return nil, errMoved
	}
	switch {
	case core.IsNotFound(err) && proven:
		// The proof of the address has removed what was there before (SettleSignUp).
		return e.add(ctx, acc.UserID, p, who)
	case core.IsNotFound(err):
		return nil, errMoved
	}
	return updated, err
}

// proves tells that the provider has verified the user's address, and nobody has before.
func proves(who *Identity, user *core.User) bool {
	return who.Profile.EmailVerified && !user.EmailVerified && core.NormalizeEmail(who.Profile.Email) == user.Email
}

// prove notes that the provider has verified the user's address.
func (e *Engine) prove(ctx context.Context, who *Identity, user *core.User) (*core.User, error) {
	if !proves(who, user) {
		return user, nil
	}
	return e.auth.Store().UpdateUser(ctx, user.ID, adapter.Record{"emailVerified": true})
}

// join links an account to a user who has the same address: only when the provider has
// verified that it is this person's, and the user has proven it too. Otherwise an attacker
// who signs up first with somebody's address would share the account with its owner.
func (e *Engine) join(ctx context.Context, p *Provider, who *Identity, user *core.User, o SignInOptions) (*core.User, *core.Account, error) {
	linking := e.auth.Account().Linking
	switch {
	case linking.Disabled, linking.DisableImplicit:
		return nil, nil, refuse(RefusedNotLinked, because("a user has the address, and Options.Account.Linking does not let a sign-in link"))
	case !o.Trusted && !who.Profile.EmailVerified:
		return nil, nil, refuse(RefusedNotLinked, because("a user has the address, and the provider has not verified it: sign in as before, then link the provider"))
	case !linking.AllowUnverifiedUser && !user.EmailVerified,
		// A trusted provider proves nothing of the address either.
		!e.compat() && !user.EmailVerified && !who.Profile.EmailVerified:
		return nil, nil, refuse(RefusedNotLinked, because("a user has the address and has not verified it here: let users verify their addresses (Options.EmailVerification)"))
	}
	// The address is proven before the account is linked: what the proof removes
	// (SettleSignUp) does not include the account then.
	if !user.EmailVerified && !e.compat() {
		if err := e.auth.Store().ContestSignUp(ctx, user.ID); err != nil {
			return nil, nil, err
		}
	}
	user, err := e.prove(ctx, who, user)
	if err != nil {
		return nil, nil, err
	}
	acc, err := e.add(ctx, user.ID, p, who)
	if errors.Is(err, core.ErrAbort) {
		return nil, nil, refuse(RefusedLink, err)
	}
	if c, ok := core.CtxFrom(ctx); ok && err == nil {
		err = c.EmitIn(ctx, core.Event{Type: core.EventAccountLinked, UserID: user.ID, Method: p.ID(), SubjectID: acc.ID})
	}
	return user, acc, err
}

// register makes a user.
func (e *Engine) register(c *core.Ctx, ctx context.Context, p *Provider, who *Identity, o SignInOptions) (*core.User, *core.Account, error) {
	a, store := e.auth, e.auth.Store()
	if o.DisableSignUp || p.c.DisableSignUp || p.c.DisableImplicitSignUp && !o.RequestSignUp {
		return nil, nil, refuse(RefusedSignUp, because("there is no such user, and the provider's DisableSignUp or DisableImplicitSignUp lets nobody sign up"))
	}
	if o.ForeignEmail {
		return nil, nil, refuse(RefusedForeignEmail, because("there is no such user, and the provider may not speak for the domain of the address"))
	}
	if err := core.CheckNewEmail(who.Profile.Email); err != nil {
		return nil, nil, refuse(RefusedNoEmail, err)
	}
	fields := e.fields(who)
	extra := a.DefaultFields(core.ModelUser)
	for name, value := range fields {
		if own(name) {
			continue
		}
		if extra == nil {
			extra = core.Extra{}
		}
		extra[name] = value
	}
	row := core.User{
		Name: e.name(who), Email: who.Profile.Email, EmailVerified: who.Profile.EmailVerified, Image: e.image(who), Extra: extra,
	}
	user, err := store.CreateUser(ctx, row)
	if err != nil {
		return nil, nil, err
	}
	acc, err := e.add(ctx, user.ID, p, who)
	if err != nil {
		return nil, nil, err
	}
	err = c.EmitIn(ctx, core.Event{Type: core.EventSignUp, UserID: user.ID, Method: o.Method})
	mail := a.EmailVerification()
	if err == nil && !user.EmailVerified && !core.IsPlaceholderEmail(user.Email) && mail.Send != nil && mail.SendOnSignUp != nil && *mail.SendOnSignUp {
		err = c.SendVerification(ctx, user, o.CallbackURL)
	}
	return user, acc, err
}

// override writes the profile to the user, as Config.OverrideUserInfo asks for. Another
// address is taken over only while nobody else has it, and a placeholder not at all.
func (e *Engine) override(ctx context.Context, who *Identity, user *core.User, foreign bool) (*core.User, error) {
	set := adapter.Record{"name": e.name(who)}
	if image := e.image(who); image != nil {
		set["image"] = *image
	}
	for name, value := range e.fields(who) {
		if !own(name) {
			set[name] = value
		}
	}
	email := core.NormalizeEmail(who.Profile.Email)
	moved := email != user.Email && core.CheckNewEmail(email) == nil && !core.IsPlaceholderEmail(email)
	if moved && foreign {
		return nil, refuse(RefusedForeignEmail, because("the user has another address, and the provider may not speak for the domain of the new one"))
	}
	if moved {
		set["email"], set["emailVerified"] = email, who.Profile.EmailVerified
	}
	user, err := e.auth.Store().UpdateUser(ctx, user.ID, set)
	if err == nil && moved {
		// What was mailed to the former address must no longer work.
		err = e.auth.Store().DeleteVerificationsOf(ctx, user.ID)
	}
	return user, err
}

// add inserts the account of an identity.
func (e *Engine) add(ctx context.Context, userID string, p *Provider, who *Identity) (*core.Account, error) {
	acc := core.Account{UserID: userID, ProviderID: p.ID(), AccountID: who.Profile.ID, Extra: e.auth.DefaultFields(core.ModelAccount)}
	if err := e.fill(&acc, who.Tokens); err != nil {
		return nil, err
	}
	return e.auth.Store().CreateAccount(ctx, acc)
}

// own tells the user's fields that the engine sets by its own rules.
func own(name string) bool {
	switch name {
	case "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt":
		return true
	}
	return false
}

// fields are the added fields that a mapped profile may set: those that a user may set.
func (e *Engine) fields(who *Identity) map[string]any {
	out := map[string]any{}
	t, ok := e.auth.Schema().Table(core.ModelUser)
	if !ok {
		return out
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		value, given := who.Fields[f.Name]
		if given && !own(f.Name) && settable(f) {
			out[f.Name] = value
		}
	}
	for name := range who.Fields {
		if _, taken := out[name]; !taken && !own(name) {
			e.auth.Logger().Warn("MapProfile returned a field that is not written: declare it in Options.User.Fields, without NoInput", "field", name)
		}
	}
	return out
}

func settable(f *schema.Field) bool { return !f.NoInput }

// name is the profile's name as a user's name: one line of at most 255 characters.
func (e *Engine) name(who *Identity) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(who.Profile.Name, ""))
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	return name
}

const maxName = 255

// image is the profile's image, or nil when it does not fit a user's.
func (e *Engine) image(who *Identity) *string {
	image := who.Profile.Image
	if image == "" || e.auth.CheckFields(core.ModelUser, map[string]any{"image": image}) != nil {
		return nil
	}
	return &image
}
