package password_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/bcrypt"

	"github.com/advantch/kernia-go/core/password"
)

// cheap are parameters that make a test fast; they are not for use.
var cheap = password.Argon2Params{Memory: 64, Time: 1, Threads: 1}

func service(t testing.TB, o password.Options) *password.Service {
	t.Helper()
	s, err := password.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hashOf(t testing.TB, s *password.Service, text string) string {
	t.Helper()
	hash, err := s.Hash(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/hashes.json")
	if err != nil {
		t.Fatal(err)
	}
	type vector struct{ Password, Hash string }
	var v struct{ Vectors, Tagged, PHC, Bcrypt []vector }
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	argon, scrypt := service(t, password.Options{}), service(t, password.Options{Algorithm: password.Scrypt})
	for name, group := range map[string][]vector{
		"CRY-04 Better Auth scrypt": v.Vectors, "scrypt$n$r$p$": v.Tagged, "PHC": v.PHC, "bcrypt": v.Bcrypt,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(group) == 0 {
				t.Fatal("no vectors")
			}
			for _, c := range group {
				ok, rehash, err := argon.Verify(context.Background(), c.Hash, c.Password)
				if !ok || !rehash || err != nil {
					t.Errorf("PWR-18 Verify(%q, %q) = %t, rehash %t, %v", c.Hash, c.Password, ok, rehash, err)
				}
				ok, rehash, err = argon.Verify(context.Background(), c.Hash, c.Password+"x")
				if ok || rehash || err != nil {
					t.Errorf("a wrong password for %q: %t, rehash %t, %v", c.Hash, ok, rehash, err)
				}
			}
			_, rehash, err := scrypt.Verify(context.Background(), group[0].Hash, group[0].Password)
			if err != nil || rehash == strings.HasPrefix(name, "CRY-04") {
				t.Errorf("PWR-18 with scrypt as the current algorithm: rehash %t, %v", rehash, err)
			}
		})
	}
}

func TestHashForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    password.Options
		want string
	}{
		"Argon2id": {password.Options{}, `^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`},
		"scrypt":   {password.Options{Algorithm: password.Scrypt}, `^[0-9a-f]{32}:[0-9a-f]{128}$`},
		"custom parameters": {password.Options{Argon2: password.Argon2Params{Memory: 256, Time: 2, Threads: 3, SaltLength: 8, KeyLength: 16}},
			`^\$argon2id\$v=19\$m=256,t=2,p=3\$[A-Za-z0-9+/]{11}\$[A-Za-z0-9+/]{22}$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service(t, c.o)
			hash := hashOf(t, s, "password1234")
			if !regexp.MustCompile(c.want).MatchString(hash) {
				t.Errorf("hash %q", hash)
			}
			if ok, rehash, err := s.Verify(context.Background(), hash, "password1234"); !ok || rehash || err != nil {
				t.Errorf("%t, rehash %t, %v", ok, rehash, err)
			}
			if ok, _, err := s.Verify(context.Background(), hash, "password1235"); ok || err != nil {
				t.Errorf("a wrong password: %t, %v", ok, err)
			}
			if hashOf(t, s, "password1234") == hash {
				t.Error("CRY-05 two hashes share a salt")
			}
		})
	}
}

// Made by this package and accepted by Better Auth 1.6.11's verifyPassword.
func TestAcceptedByBetterAuth(t *testing.T) {
	t.Parallel()
	const salt = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	s := service(t, password.Options{Algorithm: password.Scrypt, Rand: strings.NewReader(salt)})
	if got := hashOf(t, s, acceptedPassword); got != acceptedHash {
		t.Errorf("CRY-04 %q", got)
	}
}

func TestNormalisation(t *testing.T) {
	t.Parallel()
	forms := []string{"é ﬁ ½ Ａ", "e\u0301 fi 1⁄2 A", "é fi 1⁄2 Ａ"}
	for _, o := range []password.Options{{Argon2: cheap}, {Algorithm: password.Scrypt}} {
		s := service(t, o)
		for _, made := range forms {
			hash := hashOf(t, s, made)
			for _, typed := range forms {
				if ok, rehash, err := s.Verify(context.Background(), hash, typed); !ok || rehash || err != nil {
					t.Errorf("PWR-12 made from %q, typed %q: %t, rehash %t, %v", made, typed, ok, rehash, err)
				}
			}
		}
	}
	// Other software hashed the password as typed; such a user must not be locked out.
	s := service(t, password.Options{Argon2: cheap})
	raw, err := bcrypt.GenerateFromPassword([]byte("½ price"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if ok, rehash, err := s.Verify(context.Background(), string(raw), "½ price"); !ok || !rehash || err != nil {
		t.Errorf("PWR-12 bcrypt of the text as typed: %t, rehash %t, %v", ok, rehash, err)
	}
	if ok, _, _ := s.Verify(context.Background(), string(raw), "1⁄2 price"); ok {
		t.Error("a bcrypt hash of the raw text accepts another text")
	}
}

func TestRehash(t *testing.T) {
	t.Parallel()
	current := service(t, password.Options{Argon2: cheap})
	for name, p := range map[string]password.Argon2Params{
		"PWR-18 less memory": {Memory: 32, Time: 1, Threads: 1},
		"PWR-18 more time":   {Memory: 64, Time: 2, Threads: 1},
		"PWR-18 lanes":       {Memory: 64, Time: 1, Threads: 2},
		"PWR-18 shorter key": {Memory: 64, Time: 1, Threads: 1, KeyLength: 16},
		"PWR-18 long salt":   {Memory: 64, Time: 1, Threads: 1, SaltLength: 32},
	} {
		hash := hashOf(t, service(t, password.Options{Argon2: p}), "password1234")
		if ok, rehash, err := current.Verify(context.Background(), hash, "password1234"); !ok || !rehash || err != nil {
			t.Errorf("%s: %t, rehash %t, %v", name, ok, rehash, err)
		}
		if ok, rehash, err := current.Verify(context.Background(), hash, "wrong"); ok || rehash || err != nil {
			t.Errorf("%s, wrong password: %t, rehash %t, %v", name, ok, rehash, err)
		}
	}
}

func TestLongPasswords(t *testing.T) {
	t.Parallel()
	s := service(t, password.Options{Argon2: cheap})
	long := strings.Repeat("x", password.MaxLength+1)
	if _, err := s.Hash(context.Background(), long); !errors.Is(err, password.ErrTooLong) {
		t.Errorf("Hash: %v", err)
	}
	if ok, _, err := s.Verify(context.Background(), hashOf(t, s, "x"), long); ok || err != nil {
		t.Errorf("Verify: %t, %v", ok, err)
	}
	hash := hashOf(t, s, long[1:])
	if ok, _, err := s.Verify(context.Background(), hash, long[1:]); !ok || err != nil {
		t.Errorf("the longest password: %t, %v", ok, err)
	}
	if ok, _, _ := s.Verify(context.Background(), hash, long[2:]); ok {
		t.Error("the end of a long password does not count")
	}
}

func TestBrokenRandomness(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	for name, o := range map[string]password.Options{
		"CRY-08 Argon2id":  {Argon2: cheap, Rand: iotest.ErrReader(broken)},
		"CRY-08 scrypt":    {Algorithm: password.Scrypt, Rand: iotest.ErrReader(broken)},
		"CRY-08 cut short": {Argon2: cheap, Rand: bytes.NewReader([]byte{1, 2, 3})},
	} {
		s := service(t, o)
		if hash, err := s.Hash(context.Background(), "password1234"); err == nil || hash != "" {
			t.Errorf("%s: %q, %v", name, hash, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]password.Options{
		"algorithm":  {Algorithm: 9},
		"parallel":   {Parallel: -1},
		"memory":     {Argon2: password.Argon2Params{Memory: 8, Threads: 2}},
		"big memory": {Argon2: password.Argon2Params{Memory: 8 << 20}},
		"time":       {Argon2: password.Argon2Params{Time: 1 << 20}},
		"salt":       {Argon2: password.Argon2Params{SaltLength: 4}},
		"key":        {Argon2: password.Argon2Params{KeyLength: 4}},
	} {
		if _, err := password.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// fake is a custom hasher.
type fake struct{ err error }

func (f fake) Hash(_ context.Context, p string) (string, error) { return "fake:" + p, f.err }
func (f fake) Verify(_ context.Context, hash, p string) (bool, error) {
	return hash == "fake:"+p, f.err
}

func TestCustom(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := service(t, password.Options{Custom: fake{}})
	if hash := hashOf(t, s, "é"); hash != "fake:é" {
		t.Errorf("hash %q", hash)
	}
	if ok, rehash, err := s.Verify(ctx, "fake:x", "x"); !ok || rehash || err != nil {
		t.Errorf("%t, rehash %t, %v", ok, rehash, err)
	}
	if ok, _, err := s.Verify(ctx, "fake:x", "y"); ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	down := errors.New("down")
	s = service(t, password.Options{Custom: fake{down}})
	if ok, _, err := s.Verify(ctx, "fake:x", "x"); ok || !errors.Is(err, down) {
		t.Errorf("%t, %v", ok, err)
	}
	if err := s.Dummy(ctx, "x"); !errors.Is(err, down) {
		t.Errorf("Dummy: %v", err)
	}
}
