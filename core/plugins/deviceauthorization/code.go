package deviceauthorization

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// userAlphabet has no letters and digits that look alike.
const userAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// attempts is how often codes are made when one is taken.
const attempts = 3

// CodeInput is the body of /device/code, as JSON or as a form.
type CodeInput struct {
	ClientID string  `json:"client_id" zod:"max=2048" doc:"The client ID of the application"`
	UserID   *string `json:"user_id" doc:"The only user who may approve the device"`
	Scope    *string `json:"scope" doc:"Space-separated list of scopes"`
}

// CodeReply is the answer of RFC 8628 §3.2.
type CodeReply struct {
	DeviceCode              string `json:"device_code" doc:"What the device polls with"`
	UserCode                string `json:"user_code" doc:"What the device shows to its user"`
	VerificationURI         string `json:"verification_uri" doc:"The page on which the user enters the code"`
	VerificationURIComplete string `json:"verification_uri_complete" doc:"The page with the code in its query"`
	ExpiresIn               int64  `json:"expires_in" doc:"Lifetime of the codes in seconds"`
	Interval                int64  `json:"interval" doc:"Pause between two polls in seconds"`
}

// code begins the flow: it makes the two codes of a device.
func (p *Plugin) code(c *core.Ctx, in *CodeInput) (CodeReply, error) {
	if err := p.checkRequest(c, in); err != nil {
		return CodeReply{}, err
	}
	if err := c.BeginSignIn(ID); err != nil {
		return CodeReply{}, cmp.Or(refusal(err), err)
	}
	p.cleanup.run(c, p)
	row := deviceCode{
		ExpiresAt: c.Now().Add(p.opts.ExpiresIn), Status: pending, Interval: new(p.opts.Interval.Milliseconds()),
		ClientID: &in.ClientID, Scope: in.Scope,
	}
	if id := validate.Value(in.UserID); id != "" {
		row.UserID = &id
	}
	code, err := p.create(c, &row)
	if err != nil {
		return CodeReply{}, err
	}
	page := wire.SetSearchParams(c.Resolve(p.opts.VerificationURI))
	return CodeReply{
		DeviceCode: code, UserCode: row.UserCode,
		VerificationURI: page, VerificationURIComplete: wire.SetSearchParams(page, [2]string{"user_code", row.UserCode}),
		ExpiresIn: int64(p.opts.ExpiresIn / time.Second), Interval: int64(p.opts.Interval / time.Second),
	}, nil
}

// checkRequest asks the application whether a device may get codes.
func (p *Plugin) checkRequest(c *core.Ctx, in *CodeInput) error {
	if in.ClientID == "" {
		return refuse(errInvalidRequest, "client_id is required")
	}
	known, err := p.knows(c, in.ClientID)
	if err != nil {
		return err
	}
	if !known {
		return refuse(errInvalidClient, "Invalid client ID")
	}
	if p.opts.OnDeviceAuthRequest == nil {
		return nil
	}
	return p.opts.OnDeviceAuthRequest(c, in.ClientID, validate.Value(in.Scope))
}

func (p *Plugin) knows(ctx context.Context, clientID string) (bool, error) {
	if p.opts.ValidateClient == nil {
		return true, nil
	}
	return p.opts.ValidateClient(ctx, clientID)
}

// create stores a row under new codes and returns the device code. Unique keys tell
// whether a code is taken.
func (p *Plugin) create(ctx context.Context, row *deviceCode) (string, error) {
	for range attempts {
		code, err := p.generate(ctx, p.opts.GenerateDeviceCode, p.opts.DeviceCodeLength, secret.Alphanumeric)
		if err != nil {
			return "", fmt.Errorf("making a device code: %w", err)
		}
		if row.UserCode, err = p.generate(ctx, p.opts.GenerateUserCode, p.opts.UserCodeLength, userAlphabet); err != nil {
			return "", fmt.Errorf("making a user code: %w", err)
		}
		row.DeviceCode = p.stored(code)
		_, err = p.codes.Create(ctx, row)
		if errors.Is(err, adapter.ErrUnique) {
			continue
		}
		return code, err
	}
	return "", core.OAuthError(http.StatusServiceUnavailable, errUnavailable, "Failed to generate a unique device code")
}

func (p *Plugin) generate(ctx context.Context, own func(context.Context) (string, error), length int, alphabet string) (string, error) {
	if own == nil {
		return secret.Random(p.auth.Rand(), length, alphabet)
	}
	code, err := own(ctx)
	if err == nil && !isCode(code) {
		err = fmt.Errorf("the generator has to return 1 to %d printable characters", maxCode)
	}
	return code, err
}

// isCode reports whether a text can be a code. Others are not looked up.
func isCode(text string) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= maxCode && !strings.ContainsFunc(text, unicode.IsControl)
}

// stored is a device code at rest: hashed, so that a reader of the database cannot redeem
// it. A Better Auth server on the same database expects it as it is.
func (p *Plugin) stored(code string) string {
	if p.plain {
		return code
	}
	return secret.SHA256URL(code)
}
