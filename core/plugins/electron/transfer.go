package electron

import (
	"encoding/base64"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

const codePrefix = "electron:"

// TransferInput is the query and the body of /electron/transfer-user.
type TransferInput struct {
	ClientID            string  `query:"client_id" doc:"The client id of the application"`
	State               string  `query:"state" zod:"max=512" doc:"State of the application"`
	CodeChallenge       string  `query:"code_challenge" zod:"max=128" doc:"SHA-256 of the application's verifier, in base64url"`
	CodeChallengeMethod *string `query:"code_challenge_method" doc:"S256, which is the default"`
	CallbackURL         *string `json:"callbackURL" doc:"Where the page goes afterwards; comes back in the answer"`
}

// TransferReply is {"url":…,"redirect":…,"electron_authorization_code":…}.
type TransferReply struct {
	URL      *string `json:"url"`
	Redirect bool    `json:"redirect"`
	Code     string  `json:"electron_authorization_code"`
}

// transfer makes a code for a user who is signed in already.
func (p *Plugin) transfer(c *core.Ctx, in *TransferInput) (TransferReply, error) {
	for _, check := range []struct {
		bad  bool
		code core.ErrorCode
	}{
		{in.ClientID != p.opts.ClientID, CodeClientID},
		{in.State == "", CodeStateMissing},
		{in.CodeChallenge == "", CodePKCEMissing},
		{!isS256(validate.Value(in.CodeChallengeMethod)), CodePKCEMethod},
	} {
		if check.bad {
			return TransferReply{}, core.Fail(http.StatusBadRequest, check.code)
		}
	}
	code, err := p.issue(c, request{in.ClientID, in.CodeChallenge, in.State}, c.Session())
	if err != nil {
		return TransferReply{}, err
	}
	reply := TransferReply{Code: code}
	if validate.Value(in.CallbackURL) != "" {
		reply.URL, reply.Redirect = in.CallbackURL, true
	}
	return reply, nil
}

// Members of the value of a code. The first four are Better Auth's, which exchanges a code
// of this server and the other way round.
const (
	memberUser      = "userId"
	memberChallenge = "codeChallenge"
	memberMethod    = "codeChallengeMethod"
	memberState     = "state"
	memberClient    = "clientId"
	memberSession   = "session" // token of the session that hands over
)

// issue makes a code for the user of a session, and sets the cookie in which the page finds
// it: the page leads into the application by its scheme.
func (p *Plugin) issue(c *core.Ctx, r request, s *core.SessionData) (string, error) {
	code, err := c.Auth().RandomString(32)
	if err != nil {
		return "", err
	}
	value := wire.NewObject(
		wire.Member{Name: memberUser, Value: wire.String(s.User.ID)}, wire.Member{Name: memberChallenge, Value: wire.String(r.challenge)},
		wire.Member{Name: memberMethod, Value: wire.String("s256")}, wire.Member{Name: memberState, Value: wire.String(r.state)},
		wire.Member{Name: memberClient, Value: wire.String(r.client)}, wire.Member{Name: memberSession, Value: wire.String(s.Session.Token)})
	if _, err := c.Auth().Store().CreateVerification(c, codePrefix+code, string(value.AppendJSON(nil)), c.Now().Add(p.opts.CodeTTL)); err != nil {
		return "", err
	}
	shown := wire.NewObject(wire.Member{Name: "identifier", Value: wire.String(code)}, wire.Member{Name: "state", Value: wire.String(r.state)})
	spec := c.SessionCookie().Named(p.opts.CookiePrefix + "." + p.opts.ClientID).Readable().With(p.opts.RedirectCookieTTL)
	c.SetCookie(spec, base64.URLEncoding.EncodeToString(shown.AppendJSON(nil)))
	return code, nil
}
