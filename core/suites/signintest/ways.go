package signintest

import (
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/siwe/siwetest"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type (
	client = *authtest.Client
	answer = *authtest.Answer
)

var person = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: Email, EmailVerified: true}

// Ways are those of core and the plugins of its module.
func Ways() []Way {
	return []Way{
		{Name: "sign-up with a password", Method: "sign-up", LastMethod: "email", Enter: (*World).enterBySignUp},
		{Name: "e-mail and password", Method: "email", LastMethod: "email", Enter: func(w *World, c client) answer {
			w.SignUp()
			return c.Post("/sign-in/email", body{"email": Email, "password": Password})
		}},
		{Name: "user name and password", Method: "username", LastMethod: "username", Enter: func(w *World, c client) answer {
			w.SignUp()
			return c.Post("/sign-in/username", body{"username": Username, "password": Password})
		}},
		{Name: "phone number and password", Method: "phone-number", LastMethod: "phone-number", Enter: func(w *World, c client) answer {
			w.SignUp()
			set := adapter.Record{phonenumber.PhoneNumber.Name: Number, phonenumber.Verification.Name: true}
			if _, err := w.Auth.Store().UpdateUserByEmail(w.T.Context(), Email, set); err != nil {
				w.T.Fatal(err)
			}
			return c.Post("/sign-in/phone-number", body{"phoneNumber": Number, "password": Password})
		}},
		{Name: "phone number and code", Method: "phone-number", LastMethod: "phone-number", Enter: func(w *World, c client) answer {
			c.Post("/phone-number/send-otp", body{"phoneNumber": Number}).Want(w.T, 200, "")
			return c.Post("/phone-number/verify", body{"phoneNumber": Number, "code": w.Sent("phone")})
		}},
		{Name: "magic link", Method: "magic-link", LastMethod: "magic-link", Enter: func(w *World, c client) answer {
			c.Post("/sign-in/magic-link", body{"email": Email}).Want(w.T, 200, "")
			return c.Get("/magic-link/verify?callbackURL=/home&token=" + w.Sent("link"))
		}},
		{Name: "e-mail and code", Method: "email-otp", LastMethod: "email-otp", Enter: func(w *World, c client) answer {
			return c.Post("/sign-in/email-otp", body{"email": Email, "otp": w.mailed("sign-in")})
		}},
		{Name: "code that verifies the address", Method: "email-verification", Enter: func(w *World, c client) answer {
			w.SignUp()
			return c.Post("/email-otp/verify-email", body{"email": Email, "otp": w.mailed("email-verification")})
		}},
		{Name: "link that verifies the address", Method: "email-verification", Enter: func(w *World, c client) answer {
			w.SignUp()
			c.Post("/send-verification-email", body{"email": Email}).Want(w.T, 200, "")
			return c.Get("/verify-email?callbackURL=/home&token=" + w.Sent("verification"))
		}},
		{Name: "link that changes the address", Method: "email-change", Enter: func(w *World, c client) answer {
			w.Home().Post("/change-email", body{"newEmail": "countess@example.com"}).Want(w.T, 200, "")
			return c.Get("/verify-email?callbackURL=/home&token=" + w.Sent("verification"))
		}},
		{Name: "provider", Method: "acme", LastMethod: "acme", Enter: func(w *World, c client) answer {
			return c.Get(w.back(c.Post("/sign-in/social", body{"provider": "acme", "callbackURL": "/home"}).Want(w.T, 200, "").JSON("url")))
		}},
		{Name: "provider's id_token", Method: "google", LastMethod: "google", Enter: func(w *World, c client) answer {
			return c.Post("/sign-in/social", body{"provider": "google", "idToken": body{"token": google(w.Clock.Now())}})
		}},
		{Name: "generic OAuth", Method: "forge", LastMethod: "forge", Enter: func(w *World, c client) answer {
			return c.Get(w.back(c.Post("/sign-in/oauth2", body{"providerId": "forge", "callbackURL": "/home"}).Want(w.T, 200, "").JSON("url")))
		}},
		{Name: "single sign-on", Method: "sso", LastMethod: "sso", Enter: func(w *World, c client) answer {
			return c.Get(w.back(c.Post("/sign-in/sso", body{"providerId": "corp", "callbackURL": "/home"}).Want(w.T, 200, "").JSON("url")))
		}},
		{Name: "single sign-on by SAML", Method: "sso", LastMethod: "sso", Enter: func(_ *World, c client) answer {
			form := url.Values{"SAMLResponse": {`{"ID":"_a","NameID":"` + Email + `"}`}}.Encode()
			return c.Do("POST", "/sso/saml2/sp/acs/saml", form, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
		}},
		{Name: "one tap", Method: "google", LastMethod: "google", Enter: func(w *World, c client) answer {
			return c.Post("/one-tap/callback", body{"idToken": google(w.Clock.Now())})
		}},
		{Name: "provider in a popup", Method: "acme", LastMethod: "acme", Enter: func(w *World, c client) answer {
			to, _ := c.Get("/oauth-popup/start?provider=acme&popupNonce=n1&callbackURL=/home&popupOrigin=" + authtest.BaseURL).Location()
			a := c.Get(w.back(to))
			a.Body = strings.ReplaceAll(a.Body, `"token":""`, "")
			return a
		}},
		{Name: "provider by way of production", Method: "acme", LastMethod: "acme", Enter: (*World).enterByProxy, Plugins: func(*World) []core.Plugin {
			return []core.Plugin{oauthproxy.New(oauthproxy.Options{ProductionURL: other})}
		}},
		{Name: "wallet", Method: "siwe", LastMethod: "siwe", Enter: func(w *World, c client) answer {
			wallet := siwetest.NewWallet(1)
			text := wallet.Message("app.example.com", 1, c.Post("/siwe/nonce", body{}).Want(w.T, 200, "").JSON("nonce"))
			return c.Post("/siwe/verify", body{"message": text, "signature": wallet.Sign(text)})
		}},
		{Name: "anonymous visit", Method: "anonymous", LastMethod: "anonymous", Enter: func(_ *World, c client) answer {
			return c.Post("/sign-in/anonymous", body{})
		}},
		{Name: "one-time token", Exempt: "it hands on a session that has passed the gates, and a sign-in that is held has no token",
			Enter: func(w *World, c client) answer {
				return c.Post("/one-time-token/verify", body{"token": w.Home().Get("/one-time-token/generate").Want(w.T, 200, "").JSON("token")})
			}},
		{Name: "desktop application", Method: "electron", LastMethod: "electron", Exempt: "a session that has passed the gates hands the user over",
			Enter: func(w *World, c client) answer {
				const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
				a := w.Home().Post("/electron/transfer-user?client_id=electron&state=s1&code_challenge="+challenge, body{}).Want(w.T, 200, "")
				return c.Post("/electron/token", body{
					"token": a.JSON("electron_authorization_code"), "state": "s1", "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
				})
			}},
		{Name: "device", Method: "device-authorization", LastMethod: "device-authorization", Detached: true,
			Exempt: "a session that has passed the gates approves it: docs/decisions/0305",
			Enter: func(w *World, c client) answer {
				home, a := w.Home(), c.Post("/device/code", body{"client_id": "cli"}).Want(w.T, 200, "")
				home.Get("/device?user_code="+a.JSON("user_code")).Want(w.T, 200, "")
				home.Post("/device/approve", body{"userCode": a.JSON("user_code")}).Want(w.T, 200, "")
				return c.Post("/device/token", body{"grant_type": deviceauthorization.GrantType, "device_code": a.JSON("device_code"), "client_id": "cli"})
			}},
	}
}

func (w *World) enterBySignUp(c client) answer { return w.signUp(c) }

// mailed is a code of the plugin email-otp.
func (w *World) mailed(kind string) string {
	w.T.Helper()
	w.Client().Post("/email-otp/send-verification-otp", body{"email": Email, "type": kind}).Want(w.T, 200, "")
	return w.Sent(kind)
}

// google is an id_token that was issued now.
func google(at time.Time) string {
	now := at.Unix()
	return idptest.Sign(map[string]any{
		"iss": "https://accounts.google.com", "aud": "client", "sub": "1001", "name": "Ada Lovelace", "email": Email, "email_verified": true, "iat": now, "exp": now + 3600,
	})
}

// back goes to a provider's page, and returns the callback, which is not called yet.
func (w *World) back(authorize string) string {
	w.T.Helper()
	return w.below(authtest.BaseURL, w.visit(authorize))
}

func (w *World) visit(authorize string) string {
	w.T.Helper()
	who := person
	if to, err := url.Parse(authorize); err == nil {
		who.Nonce = to.Query().Get("nonce")
	}
	return idptest.Visit(w.T, w.Auth.HTTP(), idptest.As(authorize, who))
}

// below is the path of an address below the base path of a server.
func (w *World) below(origin, address string) string {
	w.T.Helper()
	path, ok := strings.CutPrefix(address, origin+"/api/auth")
	if !ok {
		w.T.Fatalf("the browser is sent to %q, want %s", address, origin)
	}
	return path
}

// enterByProxy begins here, which is a preview, and comes back by way of production.
func (w *World) enterByProxy(c client) answer {
	w.T.Helper()
	o := w.Options(oauthproxy.New(oauthproxy.Options{ProductionURL: other}), social.New(idptest.Local("acme").Config()))
	o.BaseURL, o.Database, o.HTTPClient, o.TrustedOrigins = other, memory.New(), w.Auth.HTTP(), []string{authtest.BaseURL}
	a, err := core.New(o)
	if err != nil {
		w.T.Fatal(err)
	}
	production := &authtest.Client{Auth: a, Origin: other}
	begun := c.Post("/sign-in/social", body{"provider": "acme", "callbackURL": "/home"}).Want(w.T, 200, "")
	to, _ := production.Get(w.below(other, w.visit(begun.JSON("url")))).Location()
	return c.Get(w.below(authtest.BaseURL, to))
}
