package siwe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
)

const (
	lookupTimeout = 10 * time.Second
	maxName       = 255
	maxAvatar     = 2048
)

// VerifyInput is the body of a sign-in. Clients of Better Auth 1.6 name the wallet for
// which they have asked for a nonce. Those of Better Auth 1.7 do not.
type VerifyInput struct {
	Message       string  `json:"message" zod:"min=1" doc:"The signed message of EIP-4361"`
	Signature     string  `json:"signature" zod:"min=1" doc:"The signature, in hexadecimal digits after 0x"`
	WalletAddress *string `json:"walletAddress" zod:"regex,length=42" pattern:"/^0[xX][a-fA-F0-9]{40}$/i" doc:"The address for which the nonce was made"`
	ChainID       int64   `json:"chainId" zod:"positive,default=1" doc:"The chain for which the nonce was made. Default 1"`
	Email         *string `json:"email" zod:"email" doc:"The e-mail address of a new user"`
}

// VerifyReply is the answer to a sign-in.
type VerifyReply struct {
	Token   string    `json:"token"`
	Success bool      `json:"success"`
	User    ReplyUser `json:"user"`
}

// ReplyUser is the user who has signed in, and the wallet.
type ReplyUser struct {
	ID            string `json:"id"`
	WalletAddress string `json:"walletAddress"`
	ChainID       int64  `json:"chainId"`
}

func (p *Plugin) verify(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	if err := c.BeginSignIn(ID); err != nil {
		return VerifyReply{}, err
	}
	if p.opts.RequireEmail && in.Email == nil {
		return VerifyReply{}, core.Fail(http.StatusBadRequest, CodeEmailRequired)
	}
	proof, nonce, err := p.examine(c, in)
	if e, ok := errors.AsType[*core.Error](err); ok && e.Status < http.StatusInternalServerError {
		c.Emit(core.Event{Type: core.EventSignInFailed, Method: ID, Code: e.Code})
	}
	if err != nil {
		return VerifyReply{}, err
	}
	switch ok, err := p.opts.VerifyMessage(c, proof); {
	case err != nil:
		return VerifyReply{}, failed(err)
	case !ok:
		c.Emit(core.Event{Type: core.EventSignInFailed, Method: ID, Code: CodeInvalidSignature.Code})
		return VerifyReply{}, refuse(CodeInvalidSignature)
	}
	data, err := p.signIn(c, in, proof, nonce)
	if err != nil {
		return VerifyReply{}, err
	}
	return VerifyReply{
		Token: data.Session.Token, Success: true,
		User: ReplyUser{ID: data.User.ID, WalletAddress: proof.Address, ChainID: proof.ChainID},
	}, nil
}

// keptNonce is a stored nonce.
type keptNonce struct {
	identifier string
	made       time.Time
}

// examine checks the text of the message against what the server knows. It uses nothing
// up: only the signature shows that the wallet's owner has sent the message.
func (p *Plugin) examine(c *core.Ctx, in *VerifyInput) (Proof, keptNonce, error) {
	var identifier string
	m, parseErr := ParseMessage(in.Message)
	switch {
	case in.WalletAddress != nil:
		identifier = boundTo(checksum(*in.WalletAddress), max(in.ChainID, 1))
	case parseErr != nil:
		return Proof{}, keptNonce{}, refuse(CodeMismatch)
	default:
		identifier = noncePrefix + m.Nonce
	}
	stored, err := p.auth.Store().FindVerification(c, identifier)
	now := p.auth.Now()
	switch {
	case core.IsNotFound(err), err == nil && !stored.ExpiresAt.After(now):
		return Proof{}, keptNonce{}, refuse(CodeInvalidNonce)
	case err != nil:
		return Proof{}, keptNonce{}, err
	case parseErr != nil, !p.fits(c, m), !secret.Equal(stored.Value, m.Nonce):
		return Proof{}, keptNonce{}, refuse(CodeMismatch)
	case in.WalletAddress != nil && identifier != boundTo(m.Address, m.ChainID):
		return Proof{}, keptNonce{}, refuse(CodeMismatch)
	case !m.ExpirationTime.IsZero() && !now.Before(m.ExpirationTime):
		return Proof{}, keptNonce{}, refuse(CodeExpired)
	case now.Before(m.NotBefore):
		return Proof{}, keptNonce{}, refuse(CodeNotYetValid)
	}
	return Proof{
		Message: in.Message, Parsed: m, Signature: in.Signature, Address: m.Address, ChainID: m.ChainID,
		Nonce: stored.Value, Domain: p.opts.Domain,
	}, keptNonce{identifier, stored.CreatedAt}, nil
}

// fits reports whether a message was made on the page of this application: its domain is
// the configured one, and its URI is of that domain or of a trusted origin.
func (p *Plugin) fits(c *core.Ctx, m *Message) bool {
	if !strings.EqualFold(m.Domain, p.opts.Domain) {
		return false
	}
	u, err := url.Parse(m.URI)
	if err != nil {
		return false
	}
	return strings.EqualFold(u.Host, p.opts.Domain) || u.Host != "" && c.TrustedOrigin(u.Scheme+"://"+u.Host)
}

// signIn uses the nonce up and signs in the owner of the wallet, who is made if there is
// none.
func (p *Plugin) signIn(c *core.Ctx, in *VerifyInput, proof Proof, nonce keptNonce) (*core.SessionData, error) {
	profile, err := p.lookUp(c, proof)
	if err != nil {
		return nil, failed(err)
	}
	data, _, err := c.SignInOrUp(core.Arrival{
		SignIn: core.SignIn{Method: ID},
		Use:    func(ctx context.Context) error { return p.use(ctx, nonce.identifier, proof.Nonce) },
		Made:   nonce.made,
		Find: func(ctx context.Context) (*core.User, error) {
			return p.owner(ctx, proof)
		},
		Known: func(ctx context.Context, u *core.User) (*core.User, error) { return u, p.connectAnew(ctx, u, proof) },
		Make:  func(ctx context.Context) (*core.User, error) { return p.makeUser(ctx, c, in.Email, proof, profile) },
	})
	switch {
	case errors.Is(err, core.ErrEnded):
		return nil, refuse(CodeInvalidNonce)
	case errors.Is(err, core.ErrUserNotMade):
		return nil, failed(err)
	case errors.Is(err, core.ErrSessionNotMade):
		return nil, core.Fail(http.StatusInternalServerError, core.CodeFailedToCreateSession)
	}
	return data, err
}

// use uses the nonce up. Of many callers one goes on.
func (p *Plugin) use(ctx context.Context, identifier, nonce string) error {
	v, err := p.auth.Store().ConsumeVerification(ctx, identifier)
	switch {
	case core.IsNotFound(err):
		return refuse(CodeInvalidNonce)
	case err != nil:
		return err
	case !secret.Equal(v.Value, nonce): // a newer one was asked for meanwhile
		return refuse(CodeMismatch)
	}
	return nil
}

// connectAnew gives a known user the wallet on a chain on which it was not seen yet.
func (p *Plugin) connectAnew(ctx context.Context, u *core.User, proof Proof) error {
	n, err := p.wallets.Count(ctx, adapter.By(fieldAddress, proof.Address).And(fieldChain, proof.ChainID))
	if err != nil || n > 0 {
		return err
	}
	return p.connect(ctx, u.ID, proof.Address, proof.ChainID, false)
}

// lookUp asks the name service about a wallet without an owner. It runs before the
// transaction, which must not wait for another system.
func (p *Plugin) lookUp(c *core.Ctx, proof Proof) (Profile, error) {
	if p.opts.LookupENS == nil {
		return Profile{}, nil
	}
	if _, err := p.owner(c, proof); !core.IsNotFound(err) {
		return Profile{}, err
	}
	ctx, cancel := context.WithTimeout(c, lookupTimeout)
	defer cancel()
	return p.opts.LookupENS(ctx, proof.Address)
}

func (p *Plugin) makeUser(ctx context.Context, c *core.Ctx, email *string, proof Proof, profile Profile) (*core.User, error) {
	name, avatar := proof.Address, ""
	if fitsText(profile.Name, maxName) {
		name = profile.Name
	}
	if fitsText(profile.Avatar, maxAvatar) && isURI(profile.Avatar) && !isScript(profile.Avatar) {
		avatar = profile.Avatar
	}
	own, err := p.walletEmail(ctx, c, proof.Address)
	if err != nil {
		return nil, err
	}
	u, err := p.createUser(ctx, core.User{Name: name, Email: own, Image: &avatar}, email)
	if err != nil {
		return nil, err
	}
	return u, p.connect(ctx, u.ID, proof.Address, proof.ChainID, true)
}

// createUser makes a user with the given address or, when somebody has it or it is not
// asked for, with that of the wallet.
func (p *Plugin) createUser(ctx context.Context, u core.User, email *string) (*core.User, error) {
	store := p.auth.Store()
	if !p.opts.RequireEmail || email == nil {
		return store.CreateUser(ctx, u)
	}
	if err := core.CheckOwnEmail(*email); err != nil {
		return nil, err
	}
	_, err := store.FindUserByEmail(ctx, *email)
	if err == nil {
		return store.CreateUser(ctx, u)
	}
	if !core.IsNotFound(err) {
		return nil, err
	}
	var made *core.User
	err = store.Tx(ctx, func(ctx context.Context) (err error) {
		given := u
		given.Email = *email
		made, err = store.CreateUser(ctx, given)
		return err
	})
	if errors.Is(err, adapter.ErrUnique) { // somebody else was quicker
		return store.CreateUser(ctx, u)
	}
	return made, err
}

// walletEmail is the address of a user who has given none. When somebody has it already,
// who need not own the wallet, it is a random placeholder: nobody can keep a wallet from
// signing in.
func (p *Plugin) walletEmail(ctx context.Context, c *core.Ctx, address string) (string, error) {
	domain := p.opts.EmailDomainName
	if domain == "" {
		domain = c.BaseURL()
		if u, err := url.Parse(domain); err == nil {
			domain = u.Scheme + "://" + u.Host
		}
	}
	email := address + "@" + domain
	_, err := p.auth.Store().FindUserByEmail(ctx, email)
	if core.IsNotFound(err) {
		return email, nil
	}
	if err != nil {
		return "", err
	}
	if n, err := p.wallets.Count(ctx, adapter.By(fieldAddress, address)); err != nil || n > 0 {
		return email, err // that of the address on another chain: this sign-in is refused
	}
	random, err := p.auth.RandomString(32)
	return strings.ToLower(random) + "@" + ID + ".placeholder.invalid", err
}

func fitsText(s string, limit int) bool {
	return s != "" && len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// isScript reports whether a picture's URL could run as a script. The owner of a name
// chooses it.
func isScript(target string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(target), ":")
	return scheme == "javascript" || scheme == "vbscript"
}
