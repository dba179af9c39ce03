package oauth

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// Refusal is the reason why a flow ends without a session or a link. The page may be
// told its code, in the error parameter of the redirect.
type Refusal struct {
	// Code is Better Auth's word, such as "account_not_linked".
	Code string
	// Description is the provider's own text, untrusted. Usually "".
	Description string
	// Untrusted says that Code is what the provider, or a stranger in its name, has sent.
	Untrusted bool
	// To is where the error is shown: the ErrorURL of the request, or "" when the state
	// is not known.
	To string
	// Cause is for the log, never sent.
	Cause error
}

// The codes of refusals.
const (
	RefusedState          = "please_restart_the_process"
	RefusedStateMismatch  = "state_mismatch"
	RefusedStateMissing   = "state_not_found"
	RefusedIssuerMismatch = "issuer_mismatch"
	RefusedIssuerMissing  = "issuer_missing"
	RefusedNoCode         = "no_code"
	RefusedCode           = "invalid_code"
	RefusedUserInfo       = "unable_to_get_user_info"
	RefusedNoEmail        = "email_not_found"
	RefusedNotLinked      = "account_not_linked"
	RefusedForeignEmail   = "email_outside_of_domain"
	RefusedSignUp         = "signup_disabled"
	RefusedCreateUser     = "unable_to_create_user"
	RefusedCreateSession  = "unable_to_create_session"
	RefusedLink           = "unable_to_link_account"
	RefusedLinkEmail      = "email_doesn't_match"
	RefusedLinkTaken      = "account_already_linked_to_different_user"
	RefusedProvider       = "oauth_provider_not_found"
)

func (r *Refusal) Error() string { return "oauth: " + r.Code }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Message is the code in words, as the routes that answer with JSON send it.
func (r *Refusal) Message() string { return strings.ReplaceAll(r.Code, "_", " ") }

func refuse(code string, cause error) *Refusal { return &Refusal{Code: code, Cause: cause} }

// because is why an account is not linked, for the log: which proof is missing, or which
// option decides.
type because string

func (b because) Error() string { return string(b) }

// tell logs why an account was not linked.
func (e *Engine) tell(ctx context.Context, p *Provider, err error) {
	r, refused := errors.AsType[*Refusal](err)
	why, known := errors.AsType[because](err)
	if refused && known {
		e.log(ctx, r.Code, p, why)
	}
}

// refused makes a refusal of what a hook or a gate says in the way of an API error,
// such as "you are banned". Failures of the server stay what they are.
func refused(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Status >= 500 || e.Status < 400 || errors.Is(err, core.ErrHeld) {
		return err
	}
	code := e.Message
	if code == "" {
		code = e.Code
	}
	return refuse(strings.ReplaceAll(code, " ", "_"), err)
}

// Show redirects to the page that shows a refusal, with its code in the parameter error,
// and reports the failed sign-in as an event. otherwise is the page when the flow has none
// of its own; "" is the application's. An error that is no *Refusal is returned as it is.
func Show(c *core.Ctx, err error, otherwise string) error {
	return show(c, err, otherwise, WithParams)
}

// ShowForm is Show with the parameters written as a form, for /callback/:id: a space is
// "+" and an apostrophe "%27" there, as in Better Auth.
func ShowForm(c *core.Ctx, err error, otherwise string) error {
	return show(c, err, otherwise, func(to string, q wire.Query) string { return to + separator(to) + q.Encode() })
}

func show(c *core.Ctx, err error, otherwise string, address func(to string, q wire.Query) string) error {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		return err
	}
	r.report(c)
	name := "error"
	if r.Code == RefusedStateMissing && c.Auth().Compat() == core.CompatBetterAuth {
		name = "state" // as Better Auth has it
	}
	q := wire.Query{{Name: name, Value: r.Code}}
	if r.Description != "" {
		q = append(q, wire.Pair{Name: "error_description", Value: r.Description})
	}
	return c.Redirect(address(cmp.Or(r.To, otherwise, c.ErrorURL()), q))
}

// separator is what comes before further parameters of a URL.
func separator(to string) string {
	if strings.Contains(to, "?") {
		return "&"
	}
	return "?"
}

// report emits the event of a sign-in that failed. What a stranger has sent is no code.
func (r *Refusal) report(c *core.Ctx) {
	code := r.Code
	if r.Untrusted {
		code = "provider_error"
	}
	c.Emit(core.Event{Type: core.EventSignInFailed, Code: code})
}

// Report emits the event of a sign-in that a provider has refused, for a route that
// redirects by itself.
func Report(c *core.Ctx) { (&Refusal{Untrusted: true}).report(c) }

// WithParams adds parameters to the URL of a page, each percent-encoded by itself.
func WithParams(to string, q wire.Query) string {
	for _, p := range q {
		to += separator(to) + wire.EncodeURIComponent(p.Name) + "=" + wire.EncodeURIComponent(p.Value)
	}
	return to
}
