package jwt

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/verify"
	"github.com/advantch/kernia-go/core/wire"
)

// SignInput is the input of SignJWT. Sign is its short form.
type SignInput struct {
	Payload validate.Record `json:"payload" doc:"Claims to sign"`
	// OverrideOptions take the place of the options: where it has jwt, nothing of the
	// plugin's Issuer, Audience, ExpiresIn, ExpiresAt and Sign counts.
	OverrideOptions *Override `json:"overrideOptions,omitempty" doc:"Options in place of the plugin's"`
}

// Override has options of one token, by Better Auth's names.
type Override struct {
	_   struct{}     `validate:"strict"`
	JWT *OverrideJWT `json:"jwt,omitempty"`
}

// OverrideJWT has options of one token, by Better Auth's names.
type OverrideJWT struct {
	_              struct{}    `validate:"strict"`
	Issuer         *string     `json:"issuer,omitempty"`
	Audience       *wire.Value `json:"audience,omitempty" zod:"union=string|string[]"`
	ExpirationTime *float64    `json:"expirationTime,omitempty" doc:"Moment at which the token ends, in seconds since 1970"`
	ExpiresIn      *float64    `json:"expiresIn,omitempty" zod:"positive" doc:"Life of the token, in seconds"`
}

func (p *Plugin) signJWT(c *core.Ctx, in *SignInput) (TokenReply, error) {
	t := p.terms(c)
	if in.OverrideOptions != nil && in.OverrideOptions.JWT != nil {
		own, err := in.OverrideOptions.JWT.terms()
		if err != nil {
			return TokenReply{}, err
		}
		t = own.withOrigin(c)
	}
	token, err := p.issue(c, in.Payload.Members, t)
	var wrong *claimError
	if errors.As(err, &wrong) {
		return TokenReply{}, invalid("payload." + wrong.claim)
	}
	return TokenReply{token}, err
}

func invalid(field string) error {
	return &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: "[body." + field + "] Invalid input"}
}

// maxLife is the longest life of a token that overrides ask for, in seconds: over a century.
const maxLife = 1 << 32

func (o *OverrideJWT) terms() (terms, error) {
	t := terms{expiresIn: 15 * time.Minute}
	if o.Issuer != nil {
		t.issuer = *o.Issuer
	}
	if o.Audience != nil {
		if one, ok := o.Audience.Str(); ok && one != "" {
			t.audience = []string{one}
		}
		items, isList := o.Audience.Items()
		t.list = isList
		for _, item := range items {
			one, _ := item.Str()
			t.audience = append(t.audience, one)
		}
	}
	if o.ExpirationTime != nil {
		if *o.ExpirationTime < 0 || *o.ExpirationTime >= maxTime {
			return t, invalid("overrideOptions.jwt.expirationTime")
		}
		t.expiresAt = int64(*o.ExpirationTime)
	}
	if o.ExpiresIn != nil {
		if *o.ExpiresIn > maxLife {
			return t, invalid("overrideOptions.jwt.expiresIn")
		}
		t.expiresIn = time.Duration(*o.ExpiresIn * float64(time.Second))
	}
	return t, nil
}

// SignOptions are options of one token, in place of the plugin's. Those that are zero are
// the plugin's.
type SignOptions struct {
	Issuer    string
	Audience  []string
	ExpiresIn time.Duration
}

// Sign signs claims: a value that encoding/json writes as an object. Claims that say iss,
// aud, exp, iat, nbf and jti keep them; iss, aud and exp are added otherwise. The kid of
// the token is in the key set. The error is an *core.Error.
func (p *Plugin) Sign(ctx context.Context, claims any, o SignOptions) (string, error) {
	payload, err := objectOf(claims)
	if err != nil {
		return "", err
	}
	set := func(name string, v wire.Value) {
		if _, ok := payload.Get(name); !ok {
			payload.Set(name, v)
		}
	}
	if o.Issuer != "" {
		set("iss", wire.String(o.Issuer))
	}
	if len(o.Audience) > 0 {
		set("aud", (&terms{audience: o.Audience}).aud())
	}
	if o.ExpiresIn > 0 && p.keys.a != nil {
		set("exp", wire.Int(p.keys.a.Now().Add(o.ExpiresIn).Unix()))
	}
	reply, err := p.SignJWT.Call(ctx, &SignInput{Payload: validate.Record{Members: payload}})
	return reply.Token, err
}

// VerifyInput is the input of VerifyJWT. Verify is its short form.
type VerifyInput struct {
	Token  string  `json:"token" doc:"Token to verify"`
	Issuer *string `json:"issuer,omitempty" doc:"Issuer in place of the plugin's"`
}

// VerifyReply is {"payload":…}, and null for a token that is not valid.
type VerifyReply struct {
	Payload *Claims `json:"payload"`

	token *verify.Token
	err   error
}

// keySource verifies signatures.
type keySource = verify.KeySource

// newRemote is the key set at Options.RemoteURL, which the application has configured.
func newRemote(a *core.Auth, address string) (keySource, error) {
	return verify.NewRemoteKeys(verify.RemoteOptions{URL: address, Client: a.HTTP(), Clock: a.Now})
}

// source are the keys that verify: the plugin's own, or those of Options.Sign.
func (p *Plugin) source() keySource {
	if p.remote != nil {
		return p.remote
	}
	return &p.keys
}

func (p *Plugin) verifyJWT(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	t := p.terms(c)
	if in.Issuer != nil && *in.Issuer != "" {
		t.issuer = *in.Issuer
	}
	tokens, err := verify.NewTokens(verify.TokenOptions{Keys: p.source(), Issuer: t.issuer, Audience: t.audience, Leeway: -1, Clock: c.Now})
	if err != nil {
		return VerifyReply{}, err
	}
	token, err := tokens.Verify(c, in.Token)
	switch {
	case verify.ReasonOf(err) != "":
		return VerifyReply{err: err}, nil
	case err != nil:
		return VerifyReply{}, err
	}
	return VerifyReply{Payload: &Claims{token.Payload()}, token: token}, nil
}

// VerifyOptions are options of one verification. Issuer is the plugin's when it is empty.
type VerifyOptions struct{ Issuer string }

// Verify verifies a token of this server: its signature by a key of the table whose grace
// has not ended, its issuer, its audience and its time. The error is a *verify.Error for a
// token that is refused. That the session has not ended, and the user is not banned, it
// does not tell.
func (p *Plugin) Verify(ctx context.Context, token string, o VerifyOptions) (*verify.Token, error) {
	in := &VerifyInput{Token: token}
	if o.Issuer != "" {
		in.Issuer = &o.Issuer
	}
	reply, err := p.VerifyJWT.Call(ctx, in)
	if err != nil {
		return nil, err
	}
	return reply.token, reply.err
}
