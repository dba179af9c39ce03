package oauthproxy

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// The purposes of what is encrypted. Other values under the same key, such as the state
// in a cookie, have members that clients choose: without a purpose, one of them could pass
// for a profile.
const (
	departurePurpose = "oauth-proxy-state:"
	arrivalPurpose   = "oauth-proxy-profile:"
)

// departure is what production needs to redeem a code for a preview. It is the state
// parameter, so the provider and the browser carry it and cannot read it.
type departure struct {
	Provider string `json:"provider"`
	State    string `json:"state"`
	Verifier string `json:"verifier"`
	Nonce    string `json:"nonce,omitempty"`
	To       string `json:"to"` // the preview's callback
	ErrorURL string `json:"errorURL,omitempty"`
	Expires  int64  `json:"expires"` // milliseconds
}

// arrival is the identity that production hands to a preview.
type arrival struct {
	Provider  string         `json:"provider"`
	State     string         `json:"state"`
	ErrorURL  string         `json:"errorURL,omitempty"`
	Timestamp int64          `json:"timestamp"` // milliseconds
	Profile   profile        `json:"profile"`
	Tokens    tokens         `json:"tokens"`
	Fields    map[string]any `json:"fields,omitempty"`
}

type profile struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Email         string `json:"email"`
	Image         string `json:"image,omitempty"`
	EmailVerified bool   `json:"emailVerified"`
}

type tokens struct {
	Type                  string    `json:"tokenType,omitempty"`
	AccessToken           string    `json:"accessToken,omitempty"`
	RefreshToken          string    `json:"refreshToken,omitempty"`
	IDToken               string    `json:"idToken,omitempty"`
	AccessTokenExpiresAt  time.Time `json:"accessTokenExpiresAt,omitzero"`
	RefreshTokenExpiresAt time.Time `json:"refreshTokenExpiresAt,omitzero"`
	Scopes                []string  `json:"scopes,omitempty"`
}

// newArrival leaves out what the provider sent beside the profile: it would have to fit
// into a URL.
func newArrival(d *departure, who *oauth.Identity, now time.Time) arrival {
	p, t := who.Profile, who.Tokens
	return arrival{
		Provider: d.Provider, State: d.State, ErrorURL: d.ErrorURL, Timestamp: now.UnixMilli(), Fields: who.Fields,
		Profile: profile{ID: p.ID, Name: p.Name, Email: p.Email, Image: p.Image, EmailVerified: p.EmailVerified},
		Tokens: tokens{
			Type: t.TokenType, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, IDToken: t.IDToken,
			AccessTokenExpiresAt: t.AccessTokenExpiresAt, RefreshTokenExpiresAt: t.RefreshTokenExpiresAt, Scopes: t.Scopes,
		},
	}
}

func (a *arrival) identity() oauth.Identity {
	p, t := a.Profile, a.Tokens
	return oauth.Identity{
		Profile: &oauth2.Profile{ID: p.ID, Name: p.Name, Email: p.Email, Image: p.Image, EmailVerified: p.EmailVerified},
		Tokens: &oauth2.Tokens{
			TokenType: t.Type, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, IDToken: t.IDToken,
			AccessTokenExpiresAt: t.AccessTokenExpiresAt, RefreshTokenExpiresAt: t.RefreshTokenExpiresAt, Scopes: t.Scopes,
		},
		Fields: a.Fields,
	}
}

func (p *Plugin) seal(purpose string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return p.keys.Encrypt(purpose + string(text))
}

var errPurpose = errors.New("oauthproxy: this was encrypted for another purpose")

// open decrypts. What was encrypted for another purpose is an error.
func (p *Plugin) open(purpose, sealed string, v any) error {
	text, err := p.keys.Decrypt(sealed)
	if err != nil {
		return err
	}
	text, ok := strings.CutPrefix(text, purpose)
	if !ok {
		return errPurpose
	}
	return json.Unmarshal([]byte(text), v)
}
