// Package siwe signs users in with an Ethereum wallet: they sign a message (EIP-4361) that
// holds a nonce of the server. See https://better-auth.com/docs/plugins/siwe.
// Plugin id: "siwe".
package siwe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id. It is also the provider id of the accounts of wallets, and the
// method of their sign-ins.
const ID = "siwe"

// Options configures the plugin. Domain is required.
type Options struct {
	// Domain is the host, with a port if it is not the default one, of the page on which
	// users sign: "app.example.com". A message that names another domain is refused.
	Domain string
	// EmailDomainName is the domain of the addresses that users are given:
	// 0x…@EmailDomainName. Nobody else must be able to receive mail there. Default: the
	// origin of the base URL, which makes an address that no mail reaches.
	EmailDomainName string
	// RequireEmail requires an e-mail address in the body of a sign-in (Better Auth's
	// anonymous: false). A new user gets it, unverified, unless another user has it. Default
	// false.
	RequireEmail bool
	// Nonce makes a nonce: 8 to 250 ASCII letters and digits that nobody can guess (getNonce).
	// Default: 32 random ones.
	Nonce func(ctx context.Context) (string, error)
	// VerifyMessage reports whether a wallet has signed the message. It replaces only the
	// check of the signature; the text of the message is always checked. A signature that it
	// accepts on one chain signs in the owner of the address on every chain, as in Better
	// Auth. Default: the signature of a key (EIP-191), else VerifyContract.
	VerifyMessage func(ctx context.Context, p Proof) (bool, error)
	// VerifyContract reports whether a wallet that is a contract accepts a signature
	// (EIP-1271: isValidSignature on the chain). It signs in the owner on that chain only:
	// the contract with the same address on another chain may be somebody else's. Default:
	// such wallets are refused.
	VerifyContract func(ctx context.Context, s ContractSignature) (bool, error)
	// LookupENS returns the name and the picture of a new user (ensLookup). Default: the
	// address is the name, and there is no picture.
	LookupENS func(ctx context.Context, address string) (Profile, error)
	// Table is the name of the table walletAddress in the database. Columns maps logical
	// names to column names.
	Table   string
	Columns map[string]string
}

// Proof is a signed message whose text has been checked.
type Proof struct {
	Message   string // the signed text
	Parsed    *Message
	Signature string // as the client has sent it
	Address   string // with the checksum of EIP-55
	ChainID   int64
	Nonce     string // as the server has made it
	Domain    string // Options.Domain
}

// ContractSignature is what isValidSignature of EIP-1271 is asked about.
type ContractSignature struct {
	Address   string // of the contract
	ChainID   int64
	Hash      [32]byte // of the message, by EIP-191
	Signature []byte   // at most 8 KiB
}

// Profile is what a name service knows about an address. A field that is empty or does
// not fit into a user is ignored.
type Profile struct{ Name, Avatar string }

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	GetSIWENonce *core.Op[NonceInput, NonceReply]
	// GetNonce is GetSIWENonce by another path.
	GetNonce *core.Op[NonceInput, NonceReply]
	Verify   *core.Op[VerifyInput, VerifyReply]

	auth *core.Auth
	opts Options
	// ownVerifier says that the application has set VerifyMessage.
	ownVerifier bool
	wallets     *core.Table[wallet]
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: o, ownVerifier: o.VerifyMessage != nil}
	if o.VerifyMessage == nil {
		p.opts.VerifyMessage = p.verifySignature
	}
	p.GetSIWENonce = core.Post("getSiweNonce", "/siwe/nonce", p.nonce, core.Doc("Make a nonce for a message to sign"))
	p.GetNonce = core.Post("getNonce", "/siwe/get-nonce", p.nonce, core.Doc("Make a nonce for a message to sign"))
	p.Verify = core.Post("verifySiweMessage", "/siwe/verify", p.verify, core.SignsIn(), core.Doc("Sign in with a signed message"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "siwe".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if err := p.check(); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{
		Tables: []schema.Table{walletTable(p.opts.Table, p.opts.Columns)},
		SignInMethods: []core.SignInMethod{{Name: ID, Label: "Ethereum wallet", Usable: func(ctx context.Context, u *core.User, _ []*core.Account) (bool, error) {
			n, err := p.wallets.Count(ctx, adapter.By("userId", u.ID))
			return n > 0, err
		}}},
		Disown:    p.disown,
		AsksEnded: true,
		Errors: []core.ErrorCode{
			CodeInvalidNonce, CodeInvalidSignature, CodeMismatch, CodeExpired, CodeNotYetValid, CodeBadNonce, CodeFailed, CodeEmailRequired,
		},
		Init: func(_ context.Context, a *core.Auth) (err error) {
			p.auth = a
			if !a.TrustsOrigin("https://"+p.opts.Domain) && !a.TrustsOrigin("http://"+p.opts.Domain) {
				a.Logger().Warn("Domain is no host of a trusted origin, so users on your pages cannot sign in: set Domain to the host of the page on which they sign, and add its origin to TrustedOrigins if it is not that of BaseURL",
					"plugin", ID, "Domain", p.opts.Domain)
			}
			if p.opts.Nonce == nil {
				p.opts.Nonce = func(context.Context) (string, error) { return a.RandomString(32) }
			}
			p.wallets, err = core.TableOf[wallet](a, ModelWallet)
			return err
		},
	}
	m.Store.Account.BeforeDelete = p.unlinked
	return m, nil
}

func (p *Plugin) check() error {
	o := p.opts
	switch {
	case o.Domain == "":
		return errors.New(`Domain is empty: set it to the host of the page on which users sign, such as "app.example.com"`)
	case !isAuthority(o.Domain) || strings.Contains(o.Domain, "@"):
		return fmt.Errorf(`Domain is %q: set it to a host without scheme and path, such as "app.example.com" or "localhost:3000"`, o.Domain)
	case strings.ContainsAny(o.EmailDomainName, "@ \t\r\n"):
		return fmt.Errorf(`EmailDomainName is %q: set it to a domain, such as "wallets.example.com"`, o.EmailDomainName)
	}
	return checkColumns(o.Columns)
}
