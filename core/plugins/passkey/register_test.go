package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
)

func TestRegistration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		algorithm int
		flags     byte
		device    string
		backedUp  bool
	}{
		"EdDSA":                     {passkeytest.EdDSA, passkeytest.UserPresent | passkeytest.UserVerified, passkey.SingleDevice, false},
		"ES256, may be backed up":   {passkeytest.ES256, passkeytest.UserPresent | passkeytest.BackupEligible, passkey.MultiDevice, false},
		"RS256, is backed up":       {passkeytest.RS256, passkeytest.UserPresent | passkeytest.BackupEligible | passkeytest.BackupState, passkey.MultiDevice, true},
		"ES256, without a counter":  {passkeytest.ES256, passkeytest.UserPresent, passkey.SingleDevice, false},
		"EdDSA, without user check": {passkeytest.EdDSA, passkeytest.UserPresent, passkey.SingleDevice, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, passkey.Options{})
			c, key := passkeytest.SignUp(t, e, adaEmail), passkeytest.New(authtest.BaseURL)
			key.Algorithm, key.Flags, key.Transports = test.algorithm, test.flags, []string{"usb", "nfc"}
			key.NoCounter = strings.Contains(name, "counter")
			key.AAGUID = [16]byte{0xea, 0x9b, 0x8d, 0x66, 15: 0xd4}
			a := passkeytest.Register(c, key, forgery{}).Want(t, 200, "")
			for member, want := range map[string]string{
				"deviceType": test.device, "transports": "usb,nfc", "aaguid": "ea9b8d66-0000-0000-0000-0000000000d4",
				"credentialID": key.Keys[0].CredentialID(), "userId": userID(c), "createdAt": "2026-01-01T00:00:00.000Z", "name": "null",
			} {
				if got := a.JSON(member); got != want {
					t.Errorf("%s is %q, want %q", member, got, want)
				}
			}
			if got := a.JSON("backedUp") == "true"; got != test.backedUp {
				t.Errorf("backed up: %v", got)
			}
			for range 2 {
				passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "")
			}
			if ev := lastEvent(e, passkey.EventRegistered); ev == nil || ev.UserID != userID(c) {
				t.Errorf("event %+v", ev)
			}
		})
	}
}

func TestRegistrationOptions(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{
		RPID: "example.com", RPName: "An example",
		AuthenticatorSelection: passkey.AuthenticatorSelection{Attachment: "cross-platform", ResidentKey: "required", UserVerification: "discouraged"},
		Registration: passkey.RegistrationOptions{Extensions: func(*core.Ctx) (json.RawMessage, error) {
			return json.RawMessage(`{"minPinLength":true}`), nil
		}},
	})
	c := passkeytest.SignUp(t, e, adaEmail)
	a := c.Get("/passkey/generate-register-options?name=Laptop").Want(t, 200, "")
	challenge, handle := a.JSON("challenge"), base64.RawURLEncoding.EncodeToString([]byte(userID(c)))
	want := `{"challenge":"` + challenge + `","rp":{"name":"An example","id":"example.com"},"user":{"id":"` + handle +
		`","name":"Laptop","displayName":"ada@example.com"},"pubKeyCredParams":[{"alg":-8,"type":"public-key"},{"alg":-7,"type":"public-key"},{"alg":-257,"type":"public-key"}],` +
		`"timeout":60000,"attestation":"none","excludeCredentials":[],"authenticatorSelection":{"residentKey":"required","userVerification":"discouraged",` +
		`"authenticatorAttachment":"cross-platform","requireResidentKey":true},"extensions":{"minPinLength":true,"credProps":true},"hints":[]}`
	if a.Body != want {
		t.Errorf("got  %s\nwant %s", a.Body, want)
	}
	if line := a.Header.Get("Set-Cookie"); !strings.HasPrefix(line, cookieName+"=") || !strings.HasSuffix(line, "; Max-Age=300; Path=/; HttpOnly; SameSite=Lax") {
		t.Errorf("cookie %s", line)
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, e *authtest.Env, c *authtest.Client, key *passkeytest.Authenticator)
	for name, run := range map[string]step{
		"PKY-01 a whole assertion again": func(t *testing.T, e *authtest.Env, _ *authtest.Client, key *passkeytest.Authenticator) {
			v := e.Client()
			body := object{"response": key.Get(v.Get("/passkey/generate-authenticate-options").Body, forgery{})}
			cookie := v.Cookie(cookieName)
			v.Post("/passkey/verify-authentication", body).Want(t, 200, "")
			v.SetCookie(cookieName, cookie)
			v.Post("/passkey/verify-authentication", body).Want(t, 400, "CHALLENGE_NOT_FOUND")
		},
		"PKY-01 after a failure": func(t *testing.T, e *authtest.Env, _ *authtest.Client, key *passkeytest.Authenticator) {
			v := e.Client()
			options := v.Get("/passkey/generate-authenticate-options").Body
			v.Post("/passkey/verify-authentication", object{"response": key.Get(options, forgery{RPID: "evil.example"})}).Want(t, 401, "AUTHENTICATION_FAILED")
			v.Post("/passkey/verify-authentication", object{"response": key.Get(options, forgery{})}).Want(t, 400, "CHALLENGE_NOT_FOUND")
		},
		"PKY-03 challenge of a registration at sign-in": func(t *testing.T, _ *authtest.Env, c *authtest.Client, key *passkeytest.Authenticator) {
			options := c.Get("/passkey/generate-register-options").Body
			c.Post("/passkey/verify-authentication", object{"response": key.Get(options, forgery{})}).Want(t, 400, "CHALLENGE_NOT_FOUND")
		},
		"PKY-03 challenge of a sign-in at registration": func(t *testing.T, e *authtest.Env, c *authtest.Client, _ *passkeytest.Authenticator) {
			options := c.Copy().Get("/passkey/generate-register-options").Body
			mine := c.Get("/passkey/generate-authenticate-options")
			forged := forgery{ClientData: object{"challenge": mine.JSON("challenge")}}
			c.Post("/passkey/verify-registration", object{"response": passkeytest.New(authtest.BaseURL).Create(options, forged)}).Want(t, 400, "CHALLENGE_NOT_FOUND")
		},
		"PKY-15 cookie of another browser": func(t *testing.T, e *authtest.Env, _ *authtest.Client, key *passkeytest.Authenticator) {
			v, other := e.Client(), e.Client()
			body := object{"response": key.Get(v.Get("/passkey/generate-authenticate-options").Body, forgery{})}
			other.Post("/passkey/verify-authentication", body).Want(t, 400, "CHALLENGE_NOT_FOUND")
			other.Get("/passkey/generate-authenticate-options")
			other.Post("/passkey/verify-authentication", body).Want(t, 401, "AUTHENTICATION_FAILED")
		},
		"PKY-15 cookie with a forged signature": func(t *testing.T, e *authtest.Env, _ *authtest.Client, key *passkeytest.Authenticator) {
			v := e.Client()
			body := object{"response": key.Get(v.Get("/passkey/generate-authenticate-options").Body, forgery{})}
			token, _, _ := strings.Cut(v.Cookie(cookieName), ".")
			for _, forged := range []string{token, token + ".", token + "." + strings.Repeat("A", 43) + "%3D"} {
				v.SetCookie(cookieName, forged)
				v.Post("/passkey/verify-authentication", body).Want(t, 400, "CHALLENGE_NOT_FOUND")
			}
		},
		"PKY-15 after five minutes": func(t *testing.T, e *authtest.Env, c *authtest.Client, key *passkeytest.Authenticator) {
			v := e.Client()
			body := object{"response": key.Get(v.Get("/passkey/generate-authenticate-options").Body, forgery{})}
			reg := object{"response": passkeytest.New(authtest.BaseURL).Create(c.Get("/passkey/generate-register-options").Body, forgery{})}
			e.Clock.Add(5 * time.Minute)
			v.Post("/passkey/verify-authentication", body).Want(t, 400, "CHALLENGE_NOT_FOUND")
			c.Post("/passkey/verify-registration", reg).Want(t, 400, "CHALLENGE_NOT_FOUND")
		},
		"PKY-15 registration of another user": func(t *testing.T, e *authtest.Env, c *authtest.Client, _ *passkeytest.Authenticator) {
			options := c.Get("/passkey/generate-register-options").Body
			bob := passkeytest.SignUp(t, e, bobEmail)
			bob.SetCookie(cookieName, c.Cookie(cookieName))
			bob.Post("/passkey/verify-registration", object{"response": passkeytest.New(authtest.BaseURL).Create(options, forgery{})}).
				Want(t, 401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, passkey.Options{})
			c, key, _ := ada(t, e)
			run(t, e, c, key)
			if n := len(passkeytest.Rows(t, e)); n != 1 {
				t.Errorf("%d passkeys", n)
			}
		})
	}
}

func TestChallengeEntropy(t *testing.T) {
	t.Parallel()
	t.Run("PKY-16 32 random bytes, never twice", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{})
		c := passkeytest.SignUp(t, e, adaEmail)
		seen := map[string]bool{}
		for range 50 {
			for _, path := range []string{"/passkey/generate-authenticate-options", "/passkey/generate-register-options"} {
				text := c.Get(path).Want(t, 200, "").JSON("challenge")
				raw, err := base64.RawURLEncoding.DecodeString(text)
				if err != nil || len(raw) != 32 || seen[text] {
					t.Fatalf("challenge %q: %v", text, err)
				}
				seen[text] = true
			}
		}
	})
	t.Run("PKY-16 nothing without randomness", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{}, func(_ *authtest.Env, o *core.Options) { o.Rand = bytes.NewReader(nil) })
		a := e.Client().Get("/passkey/generate-authenticate-options").Want(t, 500, "INTERNAL_SERVER_ERROR")
		if a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%v", a.Header)
		}
	})
}

// refusedBoth are forgeries that neither ceremony takes.
func refusedBoth() map[string]forgery {
	out := map[string]forgery{
		"PKY-05 relying party":               {RPID: "evil.example"},
		"PKY-06 no user presence":            {Flags: ptr(passkeytest.UserVerified)},
		"PKY-06 backed up, but not eligible": {Flags: ptr(passkeytest.UserPresent | passkeytest.BackupState)},
		"PKY-12 no client data":              {Inner: object{"clientDataJSON": nil}},
		"PKY-12 empty client data":           {ClientDataJSON: []byte("{}")},
		"PKY-12 client data that are a list": {ClientDataJSON: []byte("[]")},
		"PKY-12 client data cut off":         {ClientDataJSON: []byte(`{"type":"webauthn.get"`)},
		"PKY-11 short authenticator data":    {AuthData: func(d []byte) []byte { return d[:36] }},
		"PKY-11 bytes at the end":            {AuthData: func(d []byte) []byte { return append(d, 0) }},
		"PKY-11 extensions that are missing": {AuthData: func(d []byte) []byte { d[32] |= 0x80; return d }},
		"PKY-11 id differs from raw id":      {Response: object{"rawId": "AAAA"}},
		"PKY-11 id with padding":             {Response: object{"id": "AA==", "rawId": "AA=="}},
		"PKY-11 another type":                {Response: object{"type": "password"}},
		"PKY-11 no type":                     {Response: object{"type": nil}},
		"PKY-11 no response":                 {Response: object{"response": nil}},
		"PKY-11 a response that is a text":   {Response: object{"response": "x"}},
		"PKY-11 numbers for bytes":           {Inner: object{"clientDataJSON": 5}},
	}
	for name, origin := range map[string]any{
		"elsewhere": "https://evil.example", "https": "https://localhost:3000", "another port": "http://localhost:3001", "no port": "http://localhost",
		"a sub-domain": "http://a.localhost:3000", "a suffix": "http://localhost:3000.evil.example", "user info": "http://localhost:3000@evil.example",
		"user info before": "http://evil@localhost:3000", "a path": "http://localhost:3000/", "upper case": "HTTP://LOCALHOST:3000", "null": "null",
		"nothing": "", "absent": nil, "a list": []string{authtest.BaseURL},
	} {
		out["PKY-04 origin: "+name] = forgery{ClientData: object{"origin": origin}}
	}
	for name, data := range map[string]object{
		"inside of a foreign page": {"crossOrigin": true}, "below one": {"crossOrigin": true, "topOrigin": "https://evil.example"},
		"below its own": {"topOrigin": authtest.BaseURL}, "a text": {"crossOrigin": "true"},
	} {
		out["PKY-04 "+name] = forgery{ClientData: data}
	}
	return out
}

// challenges are forgeries of the challenge, made of the right one.
var challenges = map[string]func(string) any{
	"PKY-12 challenge with padding":    func(s string) any { return s + "=" },
	"PKY-12 challenge in base64":       func(s string) any { return strings.NewReplacer("-", "+", "_", "/").Replace(s) + "=" },
	"PKY-12 challenge with a line end": func(s string) any { return s + "\n" },
	"PKY-12 challenge encoded twice":   func(s string) any { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"PKY-12 challenge cut off":         func(s string) any { return s[:42] },
	"PKY-12 challenge in upper case":   func(s string) any { return strings.ToUpper(s) },
	"PKY-12 empty challenge":           func(string) any { return "" },
	"PKY-12 challenge absent":          func(string) any { return nil },
	"PKY-12 challenge as a list":       func(s string) any { return []string{s} },
}

// clientData makes client data whose members are spelled in other ways.
func clientData(kind, challenge string) map[string][]byte {
	right := `"type":"` + kind + `","challenge":"` + challenge + `","origin":"` + authtest.BaseURL + `"`
	return map[string][]byte{
		"PKY-12 byte order mark":         []byte("\uFEFF{" + right + "}"),
		"PKY-12 names in upper case":     []byte("{" + strings.Replace(right, `"type"`, `"Type"`, 1) + "}"),
		"PKY-12 a second type":           []byte("{" + right + `,"type":"webauthn.other"}`),
		"PKY-12 a second value":          []byte("{" + right + "}{" + right + "}"),
		"PKY-12 UTF-16":                  {0xFF, 0xFE, '{', 0, '}', 0},
		"PKY-12 a comment":               []byte("/**/{" + right + "}"),
		"PKY-12 a NUL":                   []byte("{" + right + `,"x":"\u0000"}`),
		"PKY-12 nested beyond all sense": []byte("{" + right + `,"x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + "}"),
	}
}

func wantRefusedRegistration(t *testing.T, forge func(options string) forgery) {
	t.Helper()
	e := start(t, passkey.Options{})
	c, key := passkeytest.SignUp(t, e, adaEmail), passkeytest.New(authtest.BaseURL)
	options := c.Get("/passkey/generate-register-options").Want(t, 200, "").Body
	a := c.Post("/passkey/verify-registration", object{"response": key.Create(options, forge(options))}).Want(t, 400, "FAILED_TO_VERIFY_REGISTRATION")
	wantNoLeak(t, e, a)
	if n := len(passkeytest.Rows(t, e)); n != 0 {
		t.Errorf("%d passkeys", n)
	}
}

func challengeOf(options string) string {
	var o struct{ Challenge string }
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		panic(err)
	}
	return o.Challenge
}

func TestRefusedRegistrations(t *testing.T) {
	t.Parallel()
	refuse := func(name string, forge func(options string) forgery) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusedRegistration(t, forge)
		})
	}
	for name, f := range refusedBoth() {
		refuse(name, func(string) forgery { return f })
	}
	for name, change := range challenges {
		refuse(name, func(options string) forgery {
			return forgery{ClientData: object{"challenge": change(challengeOf(options))}}
		})
	}
	for name := range clientData("", "") {
		refuse(name, func(options string) forgery {
			return forgery{ClientDataJSON: clientData("webauthn.create", challengeOf(options))[name]}
		})
	}
	refuse("PKY-12 type of a sign-in", func(string) forgery { return forgery{ClientData: object{"type": "webauthn.get"}} })

	p256 := elliptic.P256().Params()
	broken, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]byte{
		"off the curve":            passkeytest.EC2Key(passkeytest.ES256, 1, bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)),
		"the point zero":           passkeytest.EC2Key(passkeytest.ES256, 1, make([]byte, 32), make([]byte, 32)),
		"short coordinates":        passkeytest.EC2Key(passkeytest.ES256, 1, p256.Gx.Bytes()[:31], p256.Gy.Bytes()),
		"another curve":            passkeytest.EC2Key(passkeytest.ES256, 2, p256.Gx.Bytes(), p256.Gy.Bytes()),
		"ES384, not offered":       passkeytest.EC2Key(-35, 2, elliptic.P384().Params().Gx.Bytes(), elliptic.P384().Params().Gy.Bytes()),
		"unknown algorithm":        passkeytest.EC2Key(-12345, 1, p256.Gx.Bytes(), p256.Gy.Bytes()),
		"HMAC":                     passkeytest.EC2Key(5, 1, p256.Gx.Bytes(), p256.Gy.Bytes()),
		"RSA with 512 bits":        passkeytest.RSAKey(new(big.Int).SetBytes(bytes.Repeat([]byte{0xaf}, 64)), 65537),
		"RSA with 1024 bits":       passkeytest.RSAKey(broken.N, 65537),
		"RSA with 65536 bits":      passkeytest.RSAKey(new(big.Int).SetBytes(bytes.Repeat([]byte{0xaf}, 8192)), 65537),
		"RSA with a huge exponent": passkeytest.RSAKey(new(big.Int).SetBytes(bytes.Repeat([]byte{0xaf}, 256)), 1<<40+1),
		"a text":                   {0x63, 'k', 'e', 'y'},
		"nothing":                  {},
		"an empty map":             {0xa0},
		"indefinite length":        {0xbf, 0x01, 0x02, 0xff},
		"a duplicate member":       {0xa2, 0x03, 0x26, 0x03, 0x26},
		"deep nesting":             bytes.Repeat([]byte{0x81}, 5000),
		"a bomb":                   {0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a tag":                    {0xc0, 0xa0},
	} {
		refuse("PKY-11 key: "+name, func(string) forgery { return forgery{PublicKey: key} })
	}
	for name, object := range map[string]func([]byte) []byte{
		"nothing":           func([]byte) []byte { return []byte{0} },
		"cut off":           func(d []byte) []byte { return d[:len(d)/2] },
		"bytes at the end":  func(d []byte) []byte { return append(d, 0xa0) },
		"indefinite length": func(d []byte) []byte { d[0] = 0xbf; return append(d, 0xff) },
		"a bomb":            func([]byte) []byte { return []byte{0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff} },
		"nesting":           func([]byte) []byte { return bytes.Repeat([]byte{0xa1, 0x61, 'a'}, 3000) },
		"ten thousand bytes of zero": func([]byte) []byte {
			return make([]byte, 10000)
		},
	} {
		refuse("PKY-11 attestation object: "+name, func(string) forgery { return forgery{Attestation: object} })
	}
	for name, f := range map[string]forgery{
		"no flag of a credential":       {AuthData: func(d []byte) []byte { d[32] &^= 0x40; return d }},
		"a credential id that is short": {AuthData: func(d []byte) []byte { d[53], d[54] = 0xff, 0xff; return d }},
		"a credential id of 1024 bytes": {ID: make([]byte, 1024)},
		"no credential id":              {ID: []byte{}},
		"another id than reported":      {Response: object{"id": "AAAA", "rawId": "AAAA"}},
		"transports that are a text":    {Inner: object{"transports": "usb"}},
		"transports with a comma":       {Inner: object{"transports": []string{"usb,nfc"}}},
		"transports without end":        {Inner: object{"transports": bytes.Split(bytes.Repeat([]byte("usb,"), 100), []byte(","))}},
	} {
		refuse("PKY-11 "+name, func(string) forgery { return f })
	}
	for name, f := range map[string]forgery{
		"a statement where there is none": {Statement: object{"sig": []byte{1}}},
		"an unknown format":               {Format: "made-up"},
		"packed without a signature":      {Format: "packed", Statement: object{"alg": passkeytest.ES256}},
		"packed with a wrong signature":   {Format: "packed", Statement: object{"alg": passkeytest.ES256, "sig": []byte{0x30, 0}}},
		"packed, certificate of nonsense": {Format: "packed", Statement: object{"alg": passkeytest.ES256, "sig": []byte{0x30, 0}, "x5c": [][]byte{{1, 2, 3}}}},
		"packed, forged certificate":      {Format: "packed", Statement: object{"alg": passkeytest.ES256, "sig": []byte{0x30, 0}, "x5c": [][]byte{certificate(t, nil)}}},
		"packed, no certificates":         {Format: "packed", Statement: object{"alg": passkeytest.ES256, "sig": []byte{0x30, 0}, "x5c": [][]byte{}}},
		"TPM of nonsense":                 {Format: "tpm", Statement: object{"ver": "2.0", "alg": -257, "sig": []byte{1}, "x5c": [][]byte{{1}}, "certInfo": []byte{1}, "pubArea": []byte{1}}},
		"SafetyNet of nonsense":           {Format: "android-safetynet", Statement: object{"ver": "1", "response": []byte("a.b.c")}},
		"Android key of nonsense":         {Format: "android-key", Statement: object{"alg": -7, "sig": []byte{1}, "x5c": [][]byte{{1}}}},
		"Apple of nonsense":               {Format: "apple", Statement: object{"x5c": [][]byte{{1}}}},
		"U2F of nonsense":                 {Format: "fido-u2f", Statement: object{"sig": []byte{1}, "x5c": [][]byte{{1}}}},
		"compound of nonsense":            {Format: "compound", Statement: []object{{"fmt": "none", "attStmt": object{}}}},
	} {
		refuse("PKY-13 "+name, func(string) forgery { return f })
	}
}

// certificate makes a certificate that names itself one of an authenticator.
func certificate(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	if key == nil {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	aaguid, err := asn1.Marshal(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		Subject: pkix.Name{Country: []string{"SE"}, Organization: []string{"Forger"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Key"},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: aaguid},
		},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A well-signed attestation is accepted and proves nothing: the row is that of a
// passkey without attestation.
func TestAttestationsAreNotTrusted(t *testing.T) {
	t.Parallel()
	forger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, statement := range map[string]func(a *passkeytest.Authenticator) func(authData, hash []byte) any{
		"PKY-13 packed, signed by the key itself": func(a *passkeytest.Authenticator) func(authData, hash []byte) any {
			return func(authData, hash []byte) any {
				return object{"alg": passkeytest.ES256, "sig": a.Sign(append(bytes.Clone(authData), hash...))}
			}
		},
		"PKY-13 packed, signed with a forged certificate": func(*passkeytest.Authenticator) func(authData, hash []byte) any {
			return func(authData, hash []byte) any {
				digest := sha256.Sum256(append(bytes.Clone(authData), hash...))
				sig, err := ecdsa.SignASN1(rand.Reader, forger, digest[:])
				if err != nil {
					panic(err)
				}
				return object{"alg": passkeytest.ES256, "sig": sig, "x5c": [][]byte{certificate(t, forger)}}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen *passkey.VerifiedRegistration
			e := start(t, passkey.Options{Registration: passkey.RegistrationOptions{AfterVerification: func(_ *core.Ctx, r *passkey.Registration) (string, error) {
				seen = r.Verified
				return "", nil
			}}})
			c, key := passkeytest.SignUp(t, e, adaEmail), passkeytest.New(authtest.BaseURL)
			a := passkeytest.Register(c, key, forgery{Format: "packed", Statement: statement(key)}).Want(t, 200, "")
			if seen == nil || seen.Format != "packed" || a.JSON("aaguid") != "00000000-0000-0000-0000-000000000000" || strings.Contains(a.Body, "packed") {
				t.Errorf("%+v %s", seen, a.Body)
			}
			passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "")
		})
	}
}

func TestPreviouslyRegistered(t *testing.T) {
	t.Parallel()
	e := start(t, passkey.Options{})
	c, key, _ := ada(t, e)
	bob := passkeytest.SignUp(t, e, bobEmail)
	id := key.Keys[0].ID
	for name, client := range map[string]*authtest.Client{"PKY-09 by another user": bob, "PKY-09 by the same user": c} {
		t.Run(name, func(t *testing.T) {
			passkeytest.Register(client, passkeytest.New(authtest.BaseURL), forgery{ID: id}).Want(t, 400, "PREVIOUSLY_REGISTERED")
		})
	}
	if got := passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "").JSON("user", "email"); got != adaEmail {
		t.Errorf("signed in as %s", got)
	}
}

func TestUserVerification(t *testing.T) {
	t.Parallel()
	required := passkey.AuthenticatorSelection{UserVerification: "required"}
	t.Run("PKY-06 required at registration", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{AuthenticatorSelection: required})
		c := passkeytest.SignUp(t, e, adaEmail)
		passkeytest.Register(c, passkeytest.New(authtest.BaseURL), forgery{Flags: ptr(passkeytest.UserPresent)}).Want(t, 400, "FAILED_TO_VERIFY_REGISTRATION")
	})
	t.Run("PKY-06 required at sign-in too", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{AuthenticatorSelection: required})
		_, key, _ := ada(t, e)
		passkeytest.SignIn(e.Client(), key, forgery{Flags: ptr(passkeytest.UserPresent)}).Want(t, 401, "AUTHENTICATION_FAILED")
		passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "")
	})
	t.Run("PKY-06 required at registration alone", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{AuthenticatorSelection: required, Authentication: passkey.AuthenticationOptions{UserVerification: "preferred"}})
		_, key, _ := ada(t, e)
		passkeytest.SignIn(e.Client(), key, forgery{Flags: ptr(passkeytest.UserPresent)}).Want(t, 200, "")
	})
}

func TestRegistrationNeedsAFreshSession(t *testing.T) {
	t.Parallel()
	t.Run("PKY-14 no session", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{})
		v := e.Client()
		v.Get("/passkey/generate-register-options").Want(t, 401, "UNAUTHORIZED")
		v.Post("/passkey/verify-registration", object{"response": object{}}).Want(t, 401, "UNAUTHORIZED")
	})
	t.Run("PKY-14 signed out in between", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{})
		c := passkeytest.SignUp(t, e, adaEmail)
		response := passkeytest.New(authtest.BaseURL).Create(c.Get("/passkey/generate-register-options").Body, forgery{})
		c.Post("/sign-out", object{}).Want(t, 200, "")
		c.Post("/passkey/verify-registration", object{"response": response}).Want(t, 401, "UNAUTHORIZED")
	})
	for name, o := range map[string]passkey.RegistrationOptions{"PKY-14 an old session": {}, "PKY-14 an old session where visitors may": {WithoutSession: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, passkey.Options{Registration: o})
			c := passkeytest.SignUp(t, e, adaEmail)
			e.Clock.Add(24 * time.Hour)
			c.Get("/passkey/generate-register-options").Want(t, 403, "SESSION_NOT_FRESH")
			c.Post("/passkey/verify-registration", object{"response": object{}}).Want(t, 403, "SESSION_NOT_FRESH")
		})
	}
	t.Run("PKY-14 a revoked session with a cookie cache", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{}, func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true })
		c, _, id := ada(t, e)
		twin := c.Copy()
		c.Post("/sign-out", object{}).Want(t, 200, "")
		twin.Get("/passkey/generate-register-options").Want(t, 401, "UNAUTHORIZED")
		twin.Post("/passkey/delete-passkey", object{"id": id}).Want(t, 401, "UNAUTHORIZED")
		twin.Post("/passkey/update-passkey", object{"id": id, "name": "x"}).Want(t, 401, "UNAUTHORIZED")
	})
}

func TestRegistrationWithoutSession(t *testing.T) {
	t.Parallel()
	visitors := func(resolve func(c *core.Ctx, context string) (*passkey.RegistrationUser, error), after func(c *core.Ctx, r *passkey.Registration) (string, error)) passkey.Options {
		return passkey.Options{Registration: passkey.RegistrationOptions{WithoutSession: true, ResolveUser: resolve, AfterVerification: after}}
	}
	constant := func(u *passkey.RegistrationUser) func(*core.Ctx, string) (*passkey.RegistrationUser, error) {
		return func(*core.Ctx, string) (*passkey.RegistrationUser, error) { return u, nil }
	}
	t.Run("PKY-14 nobody resolves", func(t *testing.T) {
		t.Parallel()
		start(t, visitors(nil, nil)).Client().Get("/passkey/generate-register-options").Want(t, 400, "RESOLVE_USER_REQUIRED")
	})
	for name, u := range map[string]*passkey.RegistrationUser{"nobody": nil, "no id": {Name: "x"}, "no name": {ID: "x"}} {
		t.Run("PKY-14 resolved: "+name, func(t *testing.T) {
			t.Parallel()
			start(t, visitors(constant(u), nil)).Client().Get("/passkey/generate-register-options").Want(t, 400, "RESOLVED_USER_INVALID")
		})
	}
	t.Run("PKY-14 a user that does not exist", func(t *testing.T) {
		t.Parallel()
		e := start(t, visitors(constant(&passkey.RegistrationUser{ID: "nobody", Name: "x"}), nil))
		passkeytest.Register(e.Client(), passkeytest.New(authtest.BaseURL), forgery{}).Want(t, 400, "RESOLVED_USER_INVALID")
	})
	t.Run("PKY-14 the client does not choose the user", func(t *testing.T) {
		t.Parallel()
		var e *authtest.Env
		e = start(t, visitors(func(c *core.Ctx, context string) (*passkey.RegistrationUser, error) {
			if context != "the token of Ada" {
				return nil, core.Fail(403, core.CodeInvalidToken)
			}
			u, err := e.Auth.Store().FindUserByEmail(c, adaEmail)
			if err != nil {
				return nil, err
			}
			return &passkey.RegistrationUser{ID: u.ID, Name: u.Email}, nil
		}, nil))
		adaID := userID(passkeytest.SignUp(t, e, adaEmail))
		bobID := userID(passkeytest.SignUp(t, e, bobEmail))
		v, key := e.Client(), passkeytest.New(authtest.BaseURL)
		v.Get("/passkey/generate-register-options").Want(t, 403, "INVALID_TOKEN")
		options := v.Get("/passkey/generate-register-options?context=the+token+of+Ada").Want(t, 200, "").Body
		a := v.Post("/passkey/verify-registration", object{"response": key.Create(options, forgery{}), "userId": bobID, "context": "x", "user": object{"id": bobID}}).Want(t, 200, "")
		if a.JSON("userId") != adaID {
			t.Errorf("registered for %s", a.JSON("userId"))
		}
		if handle := string(key.Keys[0].UserHandle); handle == adaID || len(handle) != 32 {
			t.Errorf("the handle that a visitor is told is %q", handle)
		}
		passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "")
	})
	t.Run("a visitor becomes a user", func(t *testing.T) {
		t.Parallel()
		var e *authtest.Env
		e = start(t, visitors(constant(&passkey.RegistrationUser{ID: "pending", Name: "carol@example.com"}), func(c *core.Ctx, r *passkey.Registration) (string, error) {
			u, err := e.Auth.Store().CreateUser(c, core.User{Email: r.User.Name, Name: "Carol"})
			if err != nil {
				return "", err
			}
			return u.ID, nil
		}))
		key := passkeytest.New(authtest.BaseURL)
		passkeytest.Register(e.Client(), key, forgery{}).Want(t, 200, "")
		if got := passkeytest.SignIn(e.Client(), key, forgery{}).Want(t, 200, "").JSON("user", "name"); got != "Carol" {
			t.Errorf("signed in as %q", got)
		}
	})
	t.Run("PKY-14 a callback cannot give a session's passkey away", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{Registration: passkey.RegistrationOptions{AfterVerification: func(*core.Ctx, *passkey.Registration) (string, error) {
			return "somebody else", nil
		}}})
		c := passkeytest.SignUp(t, e, adaEmail)
		passkeytest.Register(c, passkeytest.New(authtest.BaseURL), forgery{}).Want(t, 401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
	})
	t.Run("a callback refuses", func(t *testing.T) {
		t.Parallel()
		e := start(t, passkey.Options{Registration: passkey.RegistrationOptions{AfterVerification: func(_ *core.Ctx, r *passkey.Registration) (string, error) {
			if r.Verified.UserVerified {
				return "", core.Fail(403, core.ErrorCode{Code: "NOT_HERE", Message: "Not here"})
			}
			return "", errors.New("secret of the database")
		}}})
		c := passkeytest.SignUp(t, e, adaEmail)
		passkeytest.Register(c, passkeytest.New(authtest.BaseURL), forgery{}).Want(t, 403, "NOT_HERE")
		a := passkeytest.Register(c, passkeytest.New(authtest.BaseURL), forgery{Flags: ptr(passkeytest.UserPresent)}).Want(t, 500, "INTERNAL_SERVER_ERROR")
		if strings.Contains(a.Body, "secret") || len(passkeytest.Rows(t, e)) != 0 {
			t.Errorf("%s", a.Body)
		}
	})
}
