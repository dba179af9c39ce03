package flowtest

import (
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
)

// oldHashes are hashes of Password as other servers have stored them.
var oldHashes = map[string]string{
	"scrypt as Better Auth writes it": "00112233445566778899aabbccddeeff:13af89ff6a88bb0fb3277e79ba724c6c0731b15919ca892969d63abd1534b867d110179e3bc8af39995ede0f9b2ac14b2b97573df10ba3802c498dbeb61e4f64",
	"scrypt with parameters, hex":     "scrypt$1024$8$1$00112233445566778899aabbccddeeff$f73e926ef616f50e85ba63e99c18480f9cd3731809afc4cae00b2ed7b22af473",
	"scrypt with parameters, base64":  "scrypt$1024$8$1$ABEiM0RVZneImaq7zN3u/w==$9z6SbvYW9Q6FumPpnBhID5zTcxgJr8TK4Asu17Iq9HM=",
	"bcrypt 2b":                       "$2b$04$n1Gw8ANxe8kuH80xgvKuc.K6gdkh1.NkhRGXhkgCoX0GTwF3epmXu",
	"bcrypt 2a":                       "$2a$04$n1Gw8ANxe8kuH80xgvKuc.K6gdkh1.NkhRGXhkgCoX0GTwF3epmXu",
	"bcrypt 2y":                       "$2y$04$n1Gw8ANxe8kuH80xgvKuc.K6gdkh1.NkhRGXhkgCoX0GTwF3epmXu",
}

// store gives every credential account a hash.
func store(s *T, e *authtest.Env, hash string) {
	s.Helper()
	_, err := e.Auth.DB().UpdateMany(s.Context(), core.ModelAccount, adapter.By("providerId", core.ProviderCredential), adapter.Record{"password": hash})
	if err != nil {
		s.Fatal(err)
	}
}

func stored(s *T, e *authtest.Env) string {
	s.Helper()
	hash, _ := WantRows(s, e, core.ModelAccount, 1)[0]["password"].(string)
	return hash
}

func rehash(s *T) {
	e := s.Start(nil)
	SignUp(s, e, Email)
	for name, hash := range oldHashes {
		store(s, e, hash)
		SignIn(e.Client(), Email, newPass).Want(s, 401, "INVALID_CREDENTIALS")
		if stored(s, e) != hash {
			s.Errorf("%s: a wrong password replaced the hash", name)
		}
		SignedIn(s, e, Email, Password)
		upgraded := stored(s, e)
		if !strings.HasPrefix(upgraded, "$argon2id$v=19$m=8,t=1,p=1$") {
			s.Errorf("%s: the hash became %s", name, upgraded)
		}
		SignedIn(s, e, Email, Password)
		if stored(s, e) != upgraded {
			s.Errorf("%s: a current hash was replaced", name)
		}
		SignIn(e.Client(), Email, newPass).Want(s, 401, "INVALID_CREDENTIALS")
	}
}
