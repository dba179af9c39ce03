package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
)

// ways is a server with every plugin that signs people in, and what it has sent.
type ways struct {
	*authtest.Env
	mu    sync.Mutex
	codes map[string]string // by kind and recipient
	links []magiclink.Message
}

type waysOptions struct {
	password emailpassword.Options
	username username.Options
	otp      emailotp.Options
	phone    phonenumber.Options
	anon     anonymous.Options
	siwe     siwe.Options
	last     lastloginmethod.Options
	ott      onetimetoken.Options
	bearer   bearer.Options
}

const wallet = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

func openWays(t testing.TB, change func(e *authtest.Env, o *core.Options, p *waysOptions)) *ways {
	t.Helper()
	w := &ways{Env: authtest.NewEnv(t), codes: map[string]string{}}
	keep := func(kind, to, code string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.codes[kind+" "+to] = code
	}
	p := waysOptions{password: emailpassword.Options{SendResetPassword: w.Mail("reset-password")}}
	p.otp.Send = func(_ context.Context, m emailotp.Message) error { keep(string(m.Type), m.Email, m.Code); return nil }
	p.otp.ChangeEmail.Enabled = true
	p.phone.SendOTP = func(_ context.Context, m phonenumber.Message) error { keep("phone", m.PhoneNumber, m.Code); return nil }
	p.phone.SendPasswordResetOTP = func(_ context.Context, m phonenumber.Message) error {
		keep("phone-reset", m.PhoneNumber, m.Code)
		return nil
	}
	p.phone.SignUp = &phonenumber.SignUp{}
	p.siwe.Domain = "localhost:3000"
	p.siwe.VerifyMessage = func(context.Context, siwe.Proof) (bool, error) { return true, nil }
	p.last.StoreInDatabase = true
	o := w.Options()
	o.EmailVerification.Send = w.Mail("verify-email")
	everything(w.Env, &o)
	if change != nil {
		change(w.Env, &o, &p)
	}
	o.Plugins = append(o.Plugins, emailpassword.New(p.password), username.New(p.username), emailotp.New(p.otp), phonenumber.New(p.phone),
		anonymous.New(p.anon), siwe.New(p.siwe), lastloginmethod.New(p.last), onetimetoken.New(p.ott), bearer.New(p.bearer),
		magiclink.New(magiclink.Options{Confirm: true, Send: func(_ context.Context, m magiclink.Message) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.links = append(w.links, m)
			return nil
		}}),
		deviceauthorization.New(deviceauthorization.Options{}), organization.New(organization.Options{}),
		twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
	w.Open(o)
	return w
}

func (w *ways) code(kind, to string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.codes[kind+" "+to]
}

func (w *ways) link() magiclink.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.links[len(w.links)-1]
}

func (w *ways) siweMessage(t testing.TB, c *authtest.Client, address string) object {
	t.Helper()
	nonce := c.Post("/siwe/nonce", object{}).Want(t, 200, "").JSON("nonce")
	return object{"signature": "0x00", "message": "localhost:3000 wants you to sign in with your Ethereum account:\n" + address + "\n\n\nURI: http://localhost:3000\nVersion: 1\nChain ID: 1\nNonce: " + nonce + "\nIssued At: 2026-01-01T00:00:00Z"}
}

// E1
func TestScratchCrossSite(t *testing.T) {
	w := openWays(t, nil)
	evil := []core.HeaderField{header("Origin", "https://evil.example"), header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Dest", "document")}
	for _, op := range w.Auth.Operations() {
		for _, m := range op.Methods {
			if op.Path == "" || m == "GET" {
				continue
			}
			for _, ct := range []string{"", "application/x-www-form-urlencoded", "text/plain", "application/json"} {
				body := "x=1"
				if ct == "application/json" {
					body = "{}"
				}
				c := w.Client()
				a := c.Do(m, op.Path, body, append(evil, header("Content-Type", ct))...)
				if ct == "" || a.Status == 200 {
					a2 := w.Client().Do(m, op.Path, "", evil...)
					if a.Status != 403 || a2.Status != 403 {
						fmt.Printf("CROSS %-40s %-34s %d %s | empty %d %s cookie=%v\n", op.Path, ct, a.Status, a.Code(), a2.Status, a2.Code(), a2.Header.Values("Set-Cookie"))
					}
				}
			}
		}
	}
}

// E2
func TestScratchDisplay(t *testing.T) {
	w := openWays(t, func(_ *authtest.Env, _ *core.Options, p *waysOptions) {
		p.username.ValidateDisplay = func(_ context.Context, s string) (bool, error) { return !strings.Contains(s, "admin"), nil }
	})
	w.Client().Post("/email-otp/send-verification-otp", object{"email": ada, "type": "sign-in"}).Want(t, 200, "")
	a := w.Client().Post("/sign-in/email-otp", object{"email": ada, "otp": w.code("sign-in", ada), "displayUsername": "admin"})
	fmt.Println("DISPLAY otp", a.Status, a.Body)
	w.Client().Post("/phone-number/send-otp", object{"phoneNumber": "+15550100100"}).Want(t, 200, "")
	a = w.Client().Post("/phone-number/verify", object{"phoneNumber": "+15550100100", "code": w.code("phone", "+15550100100"), "displayUsername": "admin", "username": "x y"})
	fmt.Println("DISPLAY phone", a.Status, a.Body)
	a = w.Client().Post("/phone-number/verify", object{"phoneNumber": "+15550100100", "code": w.code("phone", "+15550100100"), "displayUsername": "admin", "email": "victim@example.com", "name": "x", "image": "javascript:1", "emailVerified": true})
	fmt.Println("DISPLAY phone", a.Status, a.Body)
}

// E3
func TestScratchSynthetic(t *testing.T) {
	w := openWays(t, func(_ *authtest.Env, _ *core.Options, p *waysOptions) { p.password.RequireEmailVerification = true })
	up := func(email, name string) *authtest.Answer {
		return w.Client().Post("/sign-up/email", object{"name": "A", "email": email, "password": passphrase, "username": name, "displayUsername": "Ada L"})
	}
	fmt.Println("SYN real ", up(ada, "Mixed_Case").Body)
	fmt.Println("SYN real ", up(bob, "Mixed_Case2").Body)
	fmt.Println("SYN synth", up(ada, "Mixed_Case3").Body)
}

// E4
func TestScratchLimits(t *testing.T) {
	w := openWays(t, func(_ *authtest.Env, o *core.Options, p *waysOptions) { o.RateLimit = core.RateLimitOptions{} })
	w.Client().Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, "")
	n := 0
	for i := range 12 {
		for _, r := range []struct {
			p string
			b object
		}{{"/email-otp/send-verification-otp", object{"email": ada, "type": "forget-password"}}, {"/email-otp/request-password-reset", object{"email": ada}}, {"/forget-password/email-otp", object{"email": ada}}} {
			c := w.Client()
			c.IP = fmt.Sprintf("198.51.100.%d", i)
			if c.Post(r.p, r.b).Status == 200 {
				n++
			}
		}
	}
	fmt.Println("LIMIT reset codes per minute", n)
	// captcha etc later
	av := 0
	for range 200 {
		if w.Client().Post("/is-username-available", object{"username": "adal"}).Status == 200 {
			av++
		}
	}
	fmt.Println("LIMIT username available in 10s", av)
}

// E5
func TestScratchReuse(t *testing.T) {
	w := openWays(t, func(_ *authtest.Env, _ *core.Options, p *waysOptions) { p.otp.Resend = emailotp.Reuse })
	victim := w.Client()
	victim.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, "")
	mallory := w.Client()
	mallory.Post("/email-otp/request-password-reset", object{"email": ada}).Want(t, 200, "")
	code := w.code("forget-password", ada)
	w.Clock.Add(time.Minute)
	victim.Post("/change-password", object{"currentPassword": passphrase, "newPassword": "another horse battery", "revokeOtherSessions": true}).Want(t, 200, "")
	w.Clock.Add(time.Minute)
	a := mallory.Copy().Post("/email-otp/reset-password", object{"email": ada, "otp": code, "password": "mallory's password"})
	fmt.Println("REUSE without resend", a.Status, a.Body)
	mallory.Post("/email-otp/request-password-reset", object{"email": ada}).Want(t, 200, "")
	a = mallory.Post("/email-otp/reset-password", object{"email": ada, "otp": code, "password": "mallory's password"})
	fmt.Println("REUSE with resend", a.Status, a.Body)
}

// E6
func TestScratchPhoneReset(t *testing.T) {
	w := openWays(t, nil)
	n := "+15550100100"
	in := func() *authtest.Client {
		c := w.Client()
		c.Post("/phone-number/send-otp", object{"phoneNumber": n}).Want(t, 200, "")
		c.Post("/phone-number/verify", object{"phoneNumber": n, "code": w.code("phone", n)}).Want(t, 200, "")
		return c
	}
	mallory := in()
	mallory.Post("/phone-number/request-password-reset", object{"phoneNumber": n}).Want(t, 200, "")
	code := w.code("phone-reset", n)
	mallory.Post("/update-user", object{"phoneNumber": nil}).Want(t, 200, "")
	w.Clock.Add(time.Minute)
	in()
	a := w.Client().Post("/phone-number/reset-password", object{"phoneNumber": n, "otp": code, "newPassword": "mallory's password"})
	fmt.Println("PHONE RESET of a former owner", a.Status, a.Body)
}

// E8
func TestScratchBearer(t *testing.T) {
	w := openWays(t, func(_ *authtest.Env, _ *core.Options, p *waysOptions) { p.bearer.RequireSignature = true })
	c := w.Client()
	c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, "")
	tok := tokenOf(c)
	for _, v := range []string{tok, tok + ".", "." + tok, tok + ".x", "%", "%zz.%zz", strings.Repeat("a", 100_000), strings.Repeat("a.", 50_000), "", " ", "a b", tok + "." + strings.Repeat("A", 43) + "="} {
		a := w.Client().Get("/get-session", header("Authorization", "Bearer "+v))
		if a.Status != 200 || a.Body != "null" {
			fmt.Println("BEARER", len(v), v[:min(20, len(v))], a.Status, a.Body)
		}
	}
}

// E9
func TestScratchSiwe(t *testing.T) {
	w := openWays(t, func(_ *authtest.Env, _ *core.Options, p *waysOptions) { p.siwe.EmailDomainName = "wallets.example.com" })
	m := w.Client()
	fmt.Println("SIWE pre", m.Post("/sign-up/email", object{"name": "A", "email": wallet + "@wallets.example.com", "password": passphrase}).Status)
	c := w.Client()
	a := c.Post("/siwe/verify", w.siweMessage(t, c, wallet))
	fmt.Println("SIWE victim", a.Status, a.Body)
}

// E22
func TestScratchFuzz(t *testing.T) { fuzzRoutes(t, openWays(t, nil)) }

func fuzzRoutes(t *testing.T, w *ways) {
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters  []struct{ Name, In string } `json:"parameters"`
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						Properties map[string]struct{ Type any } `json:"properties"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.Auth.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	signed := w.Client()
	signed.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, "")
	full := object{"email": "n@example.com", "password": passphrase, "name": "N", "newPassword": passphrase, "currentPassword": passphrase, "newEmail": bob, "token": "x", "providerId": "x", "username": "adal", "otp": "123456", "type": "sign-in", "phoneNumber": "+15550100100", "code": "123456", "message": "x", "signature": "0x00", "walletAddress": wallet, "chainId": 1, "client_id": "x", "device_code": "x", "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "userCode": "ABCDEFGH", "slug": "s", "organizationId": "x", "role": "member", "invitationId": "x"}
	values := []any{nil, true, 0, 1.5, -1, 1e300, "", "x", []any{}, []any{"a"}, object{}, object{"$ne": nil}, object{"__proto__": object{"a": 1}}, strings.Repeat("a", 5000), strings.Repeat("é", 3000), "a\u0000b", "'; DROP TABLE user; --", "\u202e", "😀", "%00", "../../x", "\r\nSet-Cookie: a=b"}
	n := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			var names []string
			for _, c := range op.RequestBody.Content {
				for name := range c.Schema.Properties {
					names = append(names, name)
				}
				break
			}
			p := strings.NewReplacer("{", "", "}", "").Replace(path)
			try := func(what string, c *authtest.Client, a *authtest.Answer) {
				n++
				if a.Status >= 500 && a.Status != 501 {
					fmt.Printf("FUZZ %s %s %s: %d %s\n", method, p, what, a.Status, a.Body)
				}
			}
			if strings.EqualFold(method, "get") {
				for _, q := range op.Parameters {
					for _, v := range []string{"%00", "x", "", "%ff%fe", strings.Repeat("a", 5000), "%F0%9F%98%80", "a&" + q.Name + "=b", "%27%3B--", "%ED%A0%80"} {
						try(q.Name+"="+v[:min(len(v), 10)], signed, signed.Copy().Get(p+"?"+q.Name+"="+v))
						try(q.Name+"="+v[:min(len(v), 10)], nil, w.Client().Get(p+"?"+q.Name+"="+v))
					}
				}
				continue
			}
			for _, raw := range []string{`null`, `[]`, `"x"`, `1`, `{`, ``, `{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, `{"__proto__":{"x":1},"constructor":1}`} {
				try("body "+raw[:min(len(raw), 20)], nil, w.Client().Do(strings.ToUpper(method), p, raw))
			}
			if strings.Contains(p, "delete-user") || strings.Contains(p, "sign-out") || strings.Contains(p, "revoke") || strings.Contains(p, "delete-anonymous") {
				continue
			}
			for _, name := range names {
				for _, v := range values {
					body := object{}
					for k, x := range full {
						for _, known := range names {
							if k == known {
								body[k] = x
							}
						}
					}
					body[name] = v
					try(fmt.Sprintf("%s=%.30q", name, fmt.Sprint(v)), nil, w.Client().Post(p, body))
					if !strings.Contains(p, "password") && !strings.Contains(p, "two-factor") && !strings.Contains(p, "sign-") {
						try(fmt.Sprintf("signed %s=%.30q", name, fmt.Sprint(v)), nil, signed.Copy().Post(p, body))
					}
				}
			}
		}
	}
	fmt.Println("FUZZ calls", n)
}

var _ = adapter.By
