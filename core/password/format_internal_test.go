package password

import (
	"context"
	"strings"
	"testing"
)

func TestStoredGarbage(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	k64 := strings.Repeat("ab", 64)
	for name, hash := range map[string]string{
		"empty":                 "",
		"text":                  "garbage",
		"colon":                 ":",
		"colon and key":         ":" + k64,
		"salt and short key":    "abcd:abcd",
		"salt and no hex":       "abcd:" + strings.Repeat("xy", 64),
		"two colons":            "abcd:abcd:" + k64,
		"huge":                  strings.Repeat("a", 1<<20),
		"unknown algorithm":     "$argon2x$v=19$m=64,t=1,p=1$" + salt + "$" + key,
		"argon2d":               "$argon2d$v=19$m=64,t=1,p=1$" + salt + "$" + key,
		"old version":           "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key,
		"no version":            "$argon2id$m=64,t=1,p=1$" + salt + "$" + key,
		"m=4 GiB":               "$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + key,
		"m above 32 bits":       "$argon2id$v=19$m=99999999999,t=1,p=1$" + salt + "$" + key,
		"m=0":                   "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + key,
		"m below 8p":            "$argon2id$v=19$m=31,t=1,p=4$" + salt + "$" + key,
		"m negative":            "$argon2id$v=19$m=-64,t=1,p=1$" + salt + "$" + key,
		"t=0":                   "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key,
		"t huge":                "$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + key,
		"m × t":                 "$argon2id$v=19$m=262144,t=32,p=1$" + salt + "$" + key,
		"p=0":                   "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key,
		"p=256":                 "$argon2id$v=19$m=65536,t=1,p=256$" + salt + "$" + key,
		"parameters missing":    "$argon2id$v=19$m=64,t=1$" + salt + "$" + key,
		"parameters swapped":    "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + key,
		"no salt":               "$argon2id$v=19$m=64,t=1,p=1$$" + key,
		"no key":                "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"short key":             "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$AAAA",
		"padding":               "$argon2id$v=19$m=64,t=1,p=1$" + salt + "=$" + key,
		"extra part":            "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "$x",
		"scrypt parts":          "scrypt$1024$8$1$00",
		"scrypt n=2^40":         "scrypt$1099511627776$8$1$" + k64 + "$" + k64,
		"scrypt n=2^31":         "scrypt$2147483648$8$1$" + k64 + "$" + k64,
		"scrypt n × r":          "scrypt$1048576$64$1$" + k64 + "$" + k64,
		"scrypt n × r × p":      "scrypt$65536$32$64$" + k64 + "$" + k64,
		"scrypt r huge":         "scrypt$2$4294967295$1$" + k64 + "$" + k64,
		"scrypt p huge":         "scrypt$2$1$4294967295$" + k64 + "$" + k64,
		"scrypt n odd":          "scrypt$1000$8$1$" + k64 + "$" + k64,
		"scrypt n=1":            "scrypt$1$8$1$" + k64 + "$" + k64,
		"scrypt r=0":            "scrypt$1024$0$1$" + k64 + "$" + k64,
		"scrypt p=0":            "scrypt$1024$8$0$" + k64 + "$" + k64,
		"scrypt no base64":      "scrypt$1024$8$1$!!!!$????",
		"bcrypt cost 31":        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"bcrypt cost 16":        "$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"bcrypt cost 99":        "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"bcrypt cost text":      "$2b$xx$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"bcrypt short":          "$2b$05$CCCC",
		"bcrypt bad characters": "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO==",
		"bcrypt $2x$":           "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	} {
		if _, known := parse(hash, s.limits); known {
			t.Errorf("PWR-17 %s: read", name)
		}
		if ok, rehash, err := s.Verify(context.Background(), hash, "password"); ok || rehash || err != nil {
			t.Errorf("PWR-17 %s: %t, rehash %t, %v", name, ok, rehash, err)
		}
	}
}

// The service reads what it is configured to write, also beyond the usual limits.
func TestLimitsAdmitTheConfiguration(t *testing.T) {
	t.Parallel()
	p := Argon2Params{Memory: 1 << 20, Time: 40, Threads: 1}
	if _, ok := parse("$argon2id$v=19$m=1048576,t=40,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", limitsFor(p)); !ok {
		t.Error("refused")
	}
}

func TestSlots(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	for want, h := range map[int]*record{
		1: {kind: argon2id, memory: 64 << 10},
		2: {kind: argon2id, memory: 64<<10 + 1},
		4: {kind: argon2i, memory: 256 << 10},
		0: {kind: bcryptHash}, // the queue makes it one
	} {
		if got := s.slots(h); got != want {
			t.Errorf("DOS-04 %+v takes %d slots, want %d", h, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"scrypt$1024$8$1$AAECAwQFBgcICQoLDA0ODw==$AAECAwQFBgcICQoLDA0ODw==",
		"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"abcd:" + strings.Repeat("ab", 64), "::", "$$$$$$",
	} {
		f.Add(seed)
	}
	l := limitsFor(Argon2Params{})
	f.Fuzz(func(t *testing.T, text string) {
		h, ok := parse(text, l)
		if !ok {
			return
		}
		if h.bytes() > 256<<20 {
			t.Errorf("%q would allocate %d bytes", text, h.bytes())
		}
		if h.kind == argon2id || h.kind == scryptSalted {
			again, ok := parse(h.String(), l)
			if !ok || again.String() != h.String() {
				t.Errorf("%q is written as %q, which reads differently", text, h.String())
			}
		}
	})
}
