package siwe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/siwe/siwetest"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

type object = map[string]any

const domain = "app.example.com"

func open(t *testing.T, o siwe.Options, more ...core.Plugin) *authtest.Env {
	t.Helper()
	o.Domain = domain
	plugins := append([]core.Plugin{siwe.New(o), emailpassword.New(emailpassword.Options{})}, more...)
	return authtest.New(t, nil, plugins...)
}

func nonce(t *testing.T, c *authtest.Client) string {
	t.Helper()
	return c.Post("/siwe/nonce", object{}).Want(t, 200, "").JSON("nonce")
}

// message is one that is accepted.
func message(w siwetest.Wallet, nonce string) string { return w.Message(domain, 1, nonce) }

func proof(w siwetest.Wallet, text string) object {
	return object{"message": text, "signature": w.Sign(text)}
}

func signIn(t *testing.T, c *authtest.Client, w siwetest.Wallet) *authtest.Answer {
	t.Helper()
	return c.Post("/siwe/verify", proof(w, message(w, nonce(t, c)))).Want(t, 200, "")
}

func rows(t *testing.T, e *authtest.Env, model string) int {
	t.Helper()
	n, err := e.Auth.DB().Count(t.Context(), model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	e := open(t, siwe.Options{})
	w := siwetest.NewWallet(1)
	c := e.Client()
	a := signIn(t, c, w)
	if a.JSON("success") != "true" || a.JSON("user", "walletAddress") != w.Address || a.JSON("user", "chainId") != "1" || a.JSON("token") == "" {
		t.Errorf("%s", a.Body)
	}
	s := c.Get("/get-session").Want(t, 200, "")
	if s.JSON("user", "name") != w.Address || s.JSON("user", "emailVerified") != "false" || s.JSON("user", "id") != a.JSON("user", "id") {
		t.Errorf("%s", s.Body)
	}
	again := signIn(t, e.Client(), w)
	if again.JSON("user", "id") != a.JSON("user", "id") || rows(t, e, core.ModelUser) != 1 || rows(t, e, siwe.ModelWallet) != 1 {
		t.Errorf("a second sign-in makes another user: %s", again.Body)
	}

	t.Run("a nonce without a body", func(t *testing.T) {
		if a := e.Client().Do("POST", "/siwe/nonce", "").Want(t, 200, ""); len(a.JSON("nonce")) != 32 {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("on another chain", func(t *testing.T) {
		c := e.Client()
		text := w.Message(domain, 137, nonce(t, c))
		if a := c.Post("/siwe/verify", proof(w, text)).Want(t, 200, ""); a.JSON("user", "chainId") != "137" || rows(t, e, core.ModelUser) != 1 {
			t.Errorf("%s", a.Body)
		}
		if rows(t, e, siwe.ModelWallet) != 2 || rows(t, e, core.ModelAccount) != 2 {
			t.Error("the chain is not stored")
		}
	})
	t.Run("unlinked, the wallet is no longer the user's", func(t *testing.T) {
		c := e.Client()
		signIn(t, c, w)
		c.Post("/unlink-account", object{"providerId": "siwe", "accountId": w.Address + ":137"}).Want(t, 200, "")
		if n := rows(t, e, siwe.ModelWallet); n != 1 {
			t.Errorf("%d wallets", n)
		}
	})
}

func TestClientOf16(t *testing.T) {
	t.Parallel()
	e := open(t, siwe.Options{})
	w := siwetest.NewWallet(1)
	for name, address := range map[string]string{
		"SIW-02 checksum": w.Address, "SIW-02 lower case": strings.ToLower(w.Address), "SIW-02 upper case": "0X" + strings.ToUpper(w.Address[2:]),
	} {
		t.Run(name, func(t *testing.T) {
			c := e.Client()
			n := c.Post("/siwe/get-nonce", object{"address": address, "chainId": 1}).Want(t, 200, "").JSON("nonce")
			in := proof(w, message(w, n))
			in["walletAddress"], in["chainId"] = address, 1
			if a := c.Post("/siwe/verify", in).Want(t, 200, ""); a.JSON("user", "walletAddress") != w.Address {
				t.Errorf("%s", a.Body)
			}
			c.Post("/siwe/verify", in).Want(t, 401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")
		})
	}
	if n := rows(t, e, core.ModelUser); n != 1 {
		t.Errorf("%d users", n)
	}
	c := e.Client()
	for name, body := range map[string]object{
		"SIW-02 a short address": {"walletAddress": w.Address[:41]},
		"SIW-02 a name":          {"walletAddress": "alice.eth"},
		"a chain of zero":        {"walletAddress": w.Address, "chainId": 0},
		"a fraction":             {"walletAddress": w.Address, "chainId": 1.5},
		"a chain alone":          {"chainId": 1},
		"something else":         {"nonce": "x"},
	} {
		if a := c.Post("/siwe/nonce", body); a.Status != 400 || a.Code() != "VALIDATION_ERROR" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	t.Run("SIW-01 a nonce for another wallet or chain", func(t *testing.T) {
		other := siwetest.NewWallet(2)
		n := c.Post("/siwe/nonce", object{"walletAddress": w.Address}).Want(t, 200, "").JSON("nonce")
		in := proof(other, message(other, n))
		in["walletAddress"] = w.Address
		c.Post("/siwe/verify", in).Want(t, 401, "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH")
		in["walletAddress"] = other.Address
		c.Post("/siwe/verify", in).Want(t, 401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")
		in = proof(w, w.Message(domain, 137, n))
		in["walletAddress"] = w.Address
		c.Post("/siwe/verify", in).Want(t, 401, "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH")
		in = proof(w, message(w, n))
		in["walletAddress"] = w.Address
		c.Post("/siwe/verify", in).Want(t, 200, "") // nothing of it has used the nonce up
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	e := open(t, siwe.Options{})
	w, other := siwetest.NewWallet(1), siwetest.NewWallet(2)
	at := func(d time.Duration) string { return e.Clock.Now().Add(d).UTC().Format(time.RFC3339) }
	after := func(line string) func(string) string { return func(text string) string { return text + "\n" + line } }
	for name, c := range map[string]struct {
		change func(string) string
		code   string
	}{
		"SIW-01 another domain":           {replace(domain+" wants", "evil.example wants"), "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
		"SIW-01 a domain that begins so":  {replace(domain+" wants", domain+".evil.example wants"), "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
		"SIW-01 a domain with a user":     {replace(domain+" wants", domain+"@evil.example wants"), "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
		"SIW-01 a URI of another site":    {replace("URI: https://"+domain, "URI: https://evil.example"), "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
		"SIW-01 a URI without a host":     {replace("URI: https://"+domain, "URI: urn:x"), "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
		"SIW-01 an unknown nonce":         {replace("Nonce: ", "Nonce: x"), "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE"},
		"SIW-01 no message":               {func(string) string { return "sign me in" }, "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
		"SIW-01 expired":                  {after("Expiration Time: " + at(-time.Second)), "UNAUTHORIZED_SIWE_MESSAGE_EXPIRED"},
		"SIW-01 expired this instant":     {after("Expiration Time: " + at(0)), "UNAUTHORIZED_SIWE_MESSAGE_EXPIRED"},
		"SIW-01 not yet valid":            {after("Not Before: " + at(time.Minute)), "UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID"},
		"SIW-01 the address of another":   {replace(w.Address, other.Address), "UNAUTHORIZED_INVALID_SIWE_SIGNATURE"},
		"SIW-02 an address in lower case": {replace(w.Address, strings.ToLower(w.Address)), "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := e.Client()
			client.Post("/siwe/verify", proof(w, c.change(message(w, nonce(t, client))))).Want(t, 401, c.code)
		})
	}
	t.Run("SIW-01 times that fit", func(t *testing.T) {
		t.Parallel()
		client := e.Client()
		text := message(w, nonce(t, client)) + "\nExpiration Time: " + at(time.Second) + "\nNot Before: " + at(0)
		client.Post("/siwe/verify", proof(w, text)).Want(t, 200, "")
	})
	t.Run("SIW-01 a signature of another message", func(t *testing.T) {
		t.Parallel()
		client := e.Client()
		n := nonce(t, client)
		in := proof(w, message(w, n))
		for _, signature := range []string{w.Sign("x"), other.Sign(message(w, n)), "0x", "x", "0xzz", strings.TrimPrefix(w.Sign(message(w, n)), "0x"), "0x" + strings.Repeat("00", 65), "0x" + strings.Repeat("ab", 9000)} {
			client.Post("/siwe/verify", object{"message": in["message"], "signature": signature}).Want(t, 401, "UNAUTHORIZED_INVALID_SIWE_SIGNATURE")
		}
		client.Post("/siwe/verify", in).Want(t, 200, "") // refusals have not used the nonce up
	})
	client := e.Client()
	for name, body := range map[string]object{
		"nothing": {}, "no signature": {"message": "x"}, "an empty message": {"message": "", "signature": "0x"},
		"a number": {"message": 1, "signature": "0x"}, "a bad address": {"message": "x", "signature": "0x", "walletAddress": "0x1"},
		"a bad e-mail": {"message": "x", "signature": "0x", "email": "x"},
	} {
		if a := client.Post("/siwe/verify", body); a.Status != 400 || a.Code() != "VALIDATION_ERROR" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func replace(from, to string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, from, to) }
}

func TestNonce(t *testing.T) {
	t.Parallel()
	w := siwetest.NewWallet(1)
	t.Run("expires", func(t *testing.T) {
		t.Parallel()
		e := open(t, siwe.Options{})
		c := e.Client()
		in := proof(w, message(w, nonce(t, c)))
		e.Clock.Add(15 * time.Minute)
		c.Post("/siwe/verify", in).Want(t, 401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")
	})
	t.Run("of one's own", func(t *testing.T) {
		t.Parallel()
		made := ""
		e := open(t, siwe.Options{Nonce: func(context.Context) (string, error) { return made, nil }})
		for _, bad := range []string{"", "short12", "with-a-dash", "ümlaut12345", strings.Repeat("a", 251)} {
			made = bad
			e.Client().Post("/siwe/nonce", object{}).Want(t, 500, "SIWE_INVALID_NONCE")
		}
		made = "abcdefgh"
		if got := nonce(t, e.Client()); got != made {
			t.Errorf("%q", got)
		}
	})
	for name, address := range map[string]string{"RACE-04 one nonce, 50 callers": "", "RACE-04 one nonce for a wallet, 50 callers": w.Address} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, siwe.Options{})
			body := object{}
			if address != "" {
				body = object{"walletAddress": address}
			}
			in := proof(w, message(w, e.Client().Post("/siwe/nonce", body).Want(t, 200, "").JSON("nonce")))
			if address != "" {
				in["walletAddress"] = address
			}
			var won atomic.Int32
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					switch a := e.Client().Post("/siwe/verify", in); {
					case a.Status == 200:
						won.Add(1)
					case a.Status != 401 || a.Code() != "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE":
						t.Errorf("%d %s", a.Status, a.Body)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || rows(t, e, core.ModelSession) != 1 || rows(t, e, core.ModelUser) != 1 {
				t.Errorf("%d sign-ins, %d sessions, %d users", won.Load(), rows(t, e, core.ModelSession), rows(t, e, core.ModelUser))
			}
		})
	}
}

// A message that was signed before the sessions were revoked does not sign in after it.
func TestRecoveryEndsNonces(t *testing.T) {
	t.Parallel()
	e := open(t, siwe.Options{})
	w := siwetest.NewWallet(1)
	owner := e.Client()
	signIn(t, owner, w)
	thief := e.Client()
	signed := proof(w, message(w, nonce(t, thief)))
	e.Clock.Add(time.Second)
	owner.Post("/revoke-sessions", object{}).Want(t, 200, "")
	thief.Post("/siwe/verify", signed).Want(t, 401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")
	e.Clock.Add(time.Second)
	signIn(t, owner, w)
}

func TestEmail(t *testing.T) {
	t.Parallel()
	e := open(t, siwe.Options{RequireEmail: true, EmailDomainName: "wallets.example.com"})
	w, other := siwetest.NewWallet(1), siwetest.NewWallet(2)
	with := func(c *authtest.Client, w siwetest.Wallet, email string) *authtest.Answer {
		in := proof(w, message(w, nonce(t, c)))
		if email != "" {
			in["email"] = email
		}
		return c.Post("/siwe/verify", in)
	}
	with(e.Client(), w, "").Want(t, 400, "VALIDATION_ERROR")
	c := e.Client()
	with(c, w, "Ada@example.com").Want(t, 200, "")
	if a := c.Get("/get-session"); a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "emailVerified") != "false" {
		t.Errorf("%s", a.Body)
	}
	t.Run("SIW-03 the e-mail of an existing user", func(t *testing.T) {
		c := e.Client()
		a := with(c, other, "ADA@example.com").Want(t, 200, "")
		s := c.Get("/get-session")
		if want := strings.ToLower(other.Address) + "@wallets.example.com"; s.JSON("user", "email") != want || rows(t, e, core.ModelUser) != 2 {
			t.Errorf("%s %s", a.Body, s.Body)
		}
	})
	t.Run("SIW-03 a known wallet keeps its address", func(t *testing.T) {
		c := e.Client()
		with(c, w, "eve@example.com").Want(t, 200, "")
		if a := c.Get("/get-session"); a.JSON("user", "email") != "ada@example.com" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("SIW-03 the wallet's address, which somebody else has signed up with", func(t *testing.T) {
		e, w := open(t, siwe.Options{EmailDomainName: "wallets.example.com"}), siwetest.NewWallet(9)
		e.Client().Post("/sign-up/email", object{"name": "Eve", "email": w.Address + "@wallets.example.com", "password": "correct horse"}).Want(t, 200, "")
		first, second := e.Client(), e.Client()
		signIn(t, first, w)
		signIn(t, second, w)
		a, b := first.Get("/get-session"), second.Get("/get-session")
		if a.JSON("user", "id") != b.JSON("user", "id") || !core.IsPlaceholderEmail(a.JSON("user", "email")) || rows(t, e, core.ModelUser) != 2 {
			t.Errorf("%s %s", a.Body, b.Body)
		}
	})
	t.Run("SIW-03 an e-mail nobody asked for", func(t *testing.T) {
		e := open(t, siwe.Options{})
		c := e.Client()
		in := proof(w, message(w, nonce(t, c)))
		in["email"] = "ada@example.com"
		c.Post("/siwe/verify", in).Want(t, 200, "")
		if a := c.Get("/get-session"); a.JSON("user", "email") == "ada@example.com" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("SIW-03 one e-mail, many wallets at once", func(t *testing.T) {
		e := open(t, siwe.Options{RequireEmail: true})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				w, c := siwetest.NewWallet(byte(10+i)), e.Client()
				in := proof(w, message(w, nonce(t, c)))
				in["email"] = "bob@example.com"
				c.Post("/siwe/verify", in).Want(t, 200, "")
			})
		}
		wg.Wait()
		n, err := e.Auth.DB().Count(t.Context(), core.ModelUser, adapter.By("email", "bob@example.com"))
		if err != nil || n != 1 || rows(t, e, core.ModelUser) != 8 {
			t.Errorf("%d users have the address, of %d, %v", n, rows(t, e, core.ModelUser), err)
		}
	})
}

func TestHooks(t *testing.T) {
	t.Parallel()
	w := siwetest.NewWallet(1)
	t.Run("a profile", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct {
			given       siwe.Profile
			name, image string
		}{
			{siwe.Profile{Name: "ada.eth", Avatar: "https://example.com/a.png"}, "ada.eth", "https://example.com/a.png"},
			{siwe.Profile{}, w.Address, ""},
			{siwe.Profile{Name: strings.Repeat("a", 256), Avatar: "javascript:alert(1)"}, w.Address, ""},
			{siwe.Profile{Name: "a\nb", Avatar: "https://" + strings.Repeat("a", 2048)}, w.Address, ""},
		} {
			asked := 0
			e := open(t, siwe.Options{LookupENS: func(_ context.Context, address string) (siwe.Profile, error) {
				asked++
				if address != w.Address {
					t.Errorf("asked about %s", address)
				}
				return row.given, nil
			}})
			c := e.Client()
			signIn(t, c, w)
			signIn(t, c, w)
			if a := c.Get("/get-session"); a.JSON("user", "name") != row.name || a.JSON("user", "image") != row.image || asked != 1 {
				t.Errorf("%+v, asked %d times: %s", row.given, asked, a.Body)
			}
		}
	})
	t.Run("an outage of the name service", func(t *testing.T) {
		t.Parallel()
		down := true
		e := open(t, siwe.Options{LookupENS: func(context.Context, string) (siwe.Profile, error) {
			if down {
				return siwe.Profile{}, errors.New("private reason")
			}
			return siwe.Profile{}, nil
		}})
		c := e.Client()
		in := proof(w, message(w, nonce(t, c)))
		if a := c.Post("/siwe/verify", in).Want(t, 401, "SOMETHING_WENT_WRONG_PLEASE_TRY_AGAIN_LATER"); strings.Contains(string(a.Body), "private") {
			t.Errorf("%s", a.Body)
		}
		down = false
		c.Post("/siwe/verify", in).Want(t, 200, "")
	})
	t.Run("a check of one's own", func(t *testing.T) {
		t.Parallel()
		e := open(t, siwe.Options{VerifyMessage: func(_ context.Context, p siwe.Proof) (bool, error) {
			if p.Address != w.Address || p.ChainID != 1 || p.Domain != domain || p.Parsed.Nonce != p.Nonce {
				t.Error("the proof does not fit")
			}
			if p.Signature == "broken" {
				return false, errors.New("private reason")
			}
			return p.Signature == "good", nil
		}})
		c := e.Client()
		text := message(w, nonce(t, c))
		c.Post("/siwe/verify", object{"message": text, "signature": "broken"}).Want(t, 401, "SOMETHING_WENT_WRONG_PLEASE_TRY_AGAIN_LATER")
		c.Post("/siwe/verify", object{"message": text, "signature": "bad"}).Want(t, 401, "UNAUTHORIZED_INVALID_SIWE_SIGNATURE")
		c.Post("/siwe/verify", object{"message": replace(domain+" wants", "evil.example wants")(text), "signature": "good"}).Want(t, 401, "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH")
		c.Post("/siwe/verify", object{"message": text, "signature": "good"}).Want(t, 200, "")
	})
	t.Run("SIW-02 a contract", func(t *testing.T) {
		t.Parallel()
		e := open(t, siwe.Options{VerifyContract: func(_ context.Context, s siwe.ContractSignature) (bool, error) {
			if s.Address != w.Address || s.ChainID != 1 || s.Hash == [32]byte{} {
				t.Error("asked about something else")
			}
			return string(s.Signature) == "owners", nil
		}})
		c := e.Client()
		text := message(w, nonce(t, c))
		c.Post("/siwe/verify", object{"message": text, "signature": "0x" + strings.Repeat("ab", 8193)}).Want(t, 401, "UNAUTHORIZED_INVALID_SIWE_SIGNATURE")
		c.Post("/siwe/verify", object{"message": text, "signature": "0x00"}).Want(t, 401, "UNAUTHORIZED_INVALID_SIWE_SIGNATURE")
		c.Post("/siwe/verify", object{"message": text, "signature": fmt.Sprintf("0x%x", "owners")}).Want(t, 200, "")
	})
}

// The contract with somebody's address on another chain may be an attacker's.
func TestContractOfAnotherChain(t *testing.T) {
	t.Parallel()
	w := siwetest.NewWallet(1)
	e := open(t, siwe.Options{VerifyContract: func(context.Context, siwe.ContractSignature) (bool, error) { return true, nil }})
	signIn(t, e.Client(), w)
	c := e.Client()
	text := strings.Replace(message(w, nonce(t, c)), "Chain ID: 1\n", "Chain ID: 10\n", 1)
	t.Run("SIW-01 it does not sign in as the owner of the key", func(t *testing.T) {
		c.Post("/siwe/verify", object{"message": text, "signature": "0x00"})
		if a := c.Get("/get-session"); a.Body != "null" {
			t.Errorf("%s", a.Body)
		}
		c.Post("/siwe/verify", object{"message": text, "signature": w.Sign(text)}).Want(t, 200, "")
	})
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	e := open(t, siwe.Options{}, twofactor.New(twofactor.Options{AllowPasswordless: true, SkipVerificationOnEnable: true}))
	w := siwetest.NewWallet(1)
	c := e.Client()
	signIn(t, c, w)
	c.Post("/two-factor/enable", object{}).Want(t, 200, "")
	other := e.Client()
	if a := signIn(t, other, w); a.JSON("twoFactorRedirect") != "true" || other.Get("/get-session").Want(t, 200, "").JSON("user", "id") != "" {
		t.Errorf("%s", a.Body)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		o    siwe.Options
		want string
	}{
		"no domain":     {siwe.Options{}, "Domain is empty"},
		"a scheme":      {siwe.Options{Domain: "https://app.example.com"}, "without scheme"},
		"a path":        {siwe.Options{Domain: "app.example.com/a"}, "without scheme"},
		"a bad address": {siwe.Options{Domain: domain, EmailDomainName: "a@b"}, "EmailDomainName"},
		"a bad column":  {siwe.Options{Domain: domain, Columns: map[string]string{"wallet": "x"}}, `"wallet"`},
	} {
		e := authtest.NewEnv(t)
		_, err := core.New(e.Options(siwe.New(row.o)))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := open(t, siwe.Options{Table: "wallets", Columns: map[string]string{"address": "wallet"}})
	signIn(t, e.Client(), siwetest.NewWallet(1))
	if n := rows(t, e, siwe.ModelWallet); n != 1 {
		t.Errorf("%d rows", n)
	}
	if p, ok := siwe.From(e.Auth); !ok || p.ID() != "siwe" {
		t.Error("From does not find it")
	}
}

// A Domain that no page of the application has is told at the start.
func TestDomainOfAnotherHost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		domain string
		change func(*core.Options)
		told   bool
	}{
		"of the base URL":     {"localhost:3000", nil, false},
		"of a trusted origin": {domain, func(o *core.Options) { o.TrustedOrigins = []string{"https://" + domain} }, false},
		"of a pattern":        {"app.example.com", func(o *core.Options) { o.TrustedOrigins = []string{"*.example.com"} }, false},
		"of a function, which may trust": {domain, func(o *core.Options) {
			o.TrustedOriginsFunc = func(context.Context, *core.Request) ([]string, error) { return nil, nil }
		}, false},
		"of nobody":        {"elsewhere.example", nil, true},
		"without the port": {"localhost", nil, true},
	} {
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
			o.BaseURL = "http://localhost:3000"
			if c.change != nil {
				c.change(o)
			}
		}, siwe.New(siwe.Options{Domain: c.domain}))
		if told := strings.Contains(e.Log.String(), "no host of a trusted origin"); told != c.told {
			t.Errorf("%s: %v\n%s", name, told, e.Log)
		}
	}
}
