package main

import (
	"encoding/base64"
	"encoding/json"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["passkey"] = passkeyPlugin }

// passkeyPlugin maps the options of @better-auth/passkey.
func passkeyPlugin(_ *instance, s *section) core.Plugin {
	o := passkey.Options{RPID: s.text("rpID"), RPName: s.text("rpName")}
	if origin, ok := s.get("origin").Str(); ok {
		o.Origins = []string{origin}
	} else {
		o.Origins = s.texts("origin")
	}
	selection := s.sub("authenticatorSelection")
	o.AuthenticatorSelection = passkey.AuthenticatorSelection{
		Attachment: selection.text("authenticatorAttachment"), ResidentKey: selection.text("residentKey"), UserVerification: selection.text("userVerification"),
	}
	selection.flag("requireResidentKey") // Better Auth replaces it by the value that follows from residentKey
	o.ChallengeCookie = s.sub("advanced").text("webAuthnChallengeCookie")
	table := s.sub("schema").sub("passkey")
	o.Table, o.Columns = table.text("modelName"), columns(table)

	r := s.sub("registration")
	o.Registration.WithoutSession = !r.flagOr("requireSession", true)
	o.Registration.Extensions = extensions(r)
	if f := r.function("resolveUser"); f != nil {
		o.Registration.ResolveUser = func(c *core.Ctx, context string) (*passkey.RegistrationUser, error) {
			v, err := f.call(c, object("ctx", contextOf(c, false), "context", orNull(context)))
			if err != nil || absent(v) {
				return nil, err
			}
			return passkeyUser(v), nil
		}
	}
	if f := r.function("afterVerification"); f != nil {
		o.Registration.AfterVerification = func(c *core.Ctx, x *passkey.Registration) (string, error) {
			v, err := f.call(c, object("ctx", contextOf(c, false), "verification", verifiedRegistration(x.Verified),
				"user", object("id", x.User.ID, "name", x.User.Name, "displayName", orNull(x.User.DisplayName)),
				"clientData", x.Response, "context", orNull(x.Context)))
			if err != nil {
				return "", err
			}
			id, _ := v.Get("userId").Str()
			return id, nil
		}
	}
	a := s.sub("authentication")
	o.Authentication.Extensions = extensions(a)
	if f := a.function("afterVerification"); f != nil {
		o.Authentication.AfterVerification = func(c *core.Ctx, x *passkey.Authentication) error {
			_, err := f.call(c, object("ctx", contextOf(c, false), "verification", object("verified", true, "authenticationInfo", object(
				"newCounter", int(x.Verified.Counter), "credentialID", x.Verified.ID, "userVerified", x.Verified.UserVerified,
				"credentialDeviceType", x.Verified.DeviceType, "credentialBackedUp", x.Verified.BackedUp,
				"authenticatorExtensionResults", undefined, "origin", x.Verified.Origin, "rpID", x.Verified.RPID,
			)), "clientData", x.Response))
			return err
		}
	}
	return passkey.New(o)
}

// extensions reads an object, or a function that returns one.
func extensions(s *section) func(*core.Ctx) (json.RawMessage, error) {
	v := s.get("extensions")
	if v.IsUndefined() {
		return nil
	}
	f := s.all.function(v)
	return func(c *core.Ctx) (json.RawMessage, error) {
		result := v
		if f != nil {
			var err error
			if result, err = f.call(c, object("ctx", contextOf(c, false))); err != nil || absent(result) {
				return nil, err
			}
		}
		result, err := plain(result)
		return result.AppendJSON(nil), err
	}
}

func passkeyUser(v wire.Value) *passkey.RegistrationUser {
	text := func(name string) string {
		s, _ := v.Get(name).Str()
		return s
	}
	return &passkey.RegistrationUser{ID: text("id"), Name: text("name"), DisplayName: text("displayName")}
}

func verifiedRegistration(v *passkey.VerifiedRegistration) wire.Value {
	transports := undefined
	if v.Transports != nil {
		transports = encode(v.Transports)
	}
	return object("verified", true, "registrationInfo", object(
		"fmt", v.Format, "aaguid", v.AAGUID, "credentialType", "public-key",
		"credential", object("id", v.ID, "publicKey", octets(v.PublicKey), "counter", int(v.Counter), "transports", transports),
		"attestationObject", octets(v.AttestationObject), "userVerified", v.UserVerified,
		"credentialDeviceType", v.DeviceType, "credentialBackedUp", v.BackedUp, "origin", v.Origin, "rpID", v.RPID,
		"authenticatorExtensionResults", undefined,
	))
}

func octets(b []byte) wire.Value { return object("$bytes", base64.StdEncoding.EncodeToString(b)) }

func orNull(text string) wire.Value {
	if text == "" {
		return wire.Null()
	}
	return wire.String(text)
}
