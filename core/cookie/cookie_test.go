package cookie

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// reference holds values that Better Auth 1.6.11 and better-call 1.3.5 read and write.
type reference struct {
	Reading []struct {
		Header string
		A, B   *string
	}
	Writing []struct {
		Name, Value string
		Attributes  struct {
			MaxAge                          int
			Domain, Path, Expires, SameSite string
			HTTPOnly, Secure, Partitioned   bool
		}
		Want string
	}
	Observed      []string
	SignedCookies []struct{ Value, Signature, CookieValue string }
	Signed        map[string]struct {
		CookieValue string
		ReadBack    any
	} `json:"signedCookieReading"`
}

func loadReference(t *testing.T) reference {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Reading) == 0 || len(r.Writing) == 0 || len(r.Observed) == 0 || len(r.SignedCookies) == 0 || len(r.Signed) == 0 {
		t.Fatal("testdata/reference.json lacks a section")
	}
	return r
}

func TestReadsAsReference(t *testing.T) {
	t.Parallel()
	for _, c := range loadReference(t).Reading {
		for name, want := range map[string]*string{"a": c.A, "b": c.B} {
			raw, ok := Lookup(c.Header, name)
			if got := Value(raw); ok != (want != nil) || ok && got != *want {
				t.Errorf("%q: cookie %s = %q, %v; want %v", c.Header, name, got, ok, want)
			}
		}
	}
}

func TestWritesAsReference(t *testing.T) {
	t.Parallel()
	for _, c := range loadReference(t).Writing {
		a := Attributes{
			MaxAge: c.Attributes.MaxAge, Domain: c.Attributes.Domain, Path: c.Attributes.Path,
			HttpOnly: c.Attributes.HTTPOnly, Secure: c.Attributes.Secure,
			SameSite: c.Attributes.SameSite, Partitioned: c.Attributes.Partitioned,
		}
		if c.Attributes.Expires != "" {
			var err error
			if a.Expires, err = time.Parse(time.RFC3339, c.Attributes.Expires); err != nil {
				t.Fatal(err)
			}
		}
		if got := Serialize(c.Name, c.Value, a); got != c.Want {
			t.Errorf("Serialize(%q)\n got %s\nwant %s", c.Name, got, c.Want)
		}
		if err := Validate(c.Name, a); err != nil {
			t.Error(err)
		}
	}
}

// TestObserved takes Set-Cookie headers of the reference server apart and
// expects Serialize to put each together again.
func TestObserved(t *testing.T) {
	t.Parallel()
	for _, header := range loadReference(t).Observed {
		pair, rest, _ := strings.Cut(header, "; ")
		name, raw, _ := strings.Cut(pair, "=")
		a := Attributes{MaxAge: NoMaxAge}
		for attribute := range strings.SplitSeq(rest, "; ") {
			key, val, _ := strings.Cut(attribute, "=")
			switch key {
			case "Max-Age":
				if err := json.Unmarshal([]byte(val), &a.MaxAge); err != nil {
					t.Fatal(err)
				}
			case "Domain":
				a.Domain = val
			case "Path":
				a.Path = val
			case "HttpOnly":
				a.HttpOnly = true
			case "Secure":
				a.Secure = true
			case "SameSite":
				a.SameSite = strings.ToLower(val)
			case "Partitioned":
				a.Partitioned = true
			default:
				t.Fatalf("%s: attribute %s", header, key)
			}
		}
		if got := Serialize(name, Value(raw), a); got != header {
			t.Errorf("got  %s\nwant %s", got, header)
		}
	}
}

func TestSplitSigned(t *testing.T) {
	t.Parallel()
	r := loadReference(t)
	for _, c := range r.SignedCookies {
		value, signature, ok := SplitSigned(c.CookieValue)
		if !ok || value != c.Value || string(signature[:]) != c.Signature {
			t.Errorf("SplitSigned(%q) = %q, %q, %v", c.CookieValue, value, signature, ok)
		}
		set := Serialize("n", c.Value+"."+c.Signature, Attributes{MaxAge: NoMaxAge})
		if want := "n=" + c.CookieValue; set != want {
			t.Errorf("signed cookie written as %q, want %q", set, want)
		}
	}
	for name, c := range r.Signed {
		// null: not in the form of a signed cookie; false: the form is right.
		if _, _, ok := SplitSigned(c.CookieValue); ok != (c.ReadBack != nil) {
			t.Errorf("%s: SplitSigned(%q) ok = %v", name, c.CookieValue, ok)
		}
	}
	for _, raw := range []string{"", ".", "." + strings.Repeat("A", 43) + "=", "v." + strings.Repeat("A", 44), "v." + strings.Repeat("A", 44) + "="} {
		if value, signature, ok := SplitSigned(raw); ok || value != "" || signature != (Signature{}) {
			t.Errorf("SplitSigned(%q) = %q, %q, %v", raw, value, signature, ok)
		}
	}
}

func TestAbuse(t *testing.T) {
	t.Parallel()
	t.Run("HDR-01 CR/LF in value, name, domain and path", func(t *testing.T) {
		t.Parallel()
		const evil = "x\r\nSet-Cookie: a=b; c,\x00\x7f"
		got := Serialize("n", evil, Attributes{MaxAge: NoMaxAge, Domain: evil, Path: "/" + evil, SameSite: evil})
		if want := "n=x%0D%0ASet-Cookie%3A%20a%3Db%3B%20c%2C%00%7F"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, name := range []string{"", "a b", "a;b", "a=b", "a\r\nb", "a,b", "é", "a\x00"} {
			if got := Serialize(name, "v", Attributes{}); got != "" {
				t.Errorf("name %q written as %q", name, got)
			}
			if Validate(name, Attributes{}) == nil {
				t.Errorf("name %q is valid", name)
			}
		}
		for _, a := range []Attributes{{Domain: "a;b"}, {Domain: "a b"}, {Path: "x"}, {Path: "/;"}, {Path: "/\n"}, {SameSite: "no"}, {MaxAge: MaxMaxAge + 1}} {
			if Validate("n", a) == nil {
				t.Errorf("%+v is valid", a)
			}
		}
	})
	t.Run("SES-15 Max-Age is at most 400 days", func(t *testing.T) {
		t.Parallel()
		if got, want := Serialize("n", "v", Attributes{MaxAge: MaxMaxAge + 1}), "n=v; Max-Age=34560000"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("SES-13 every cookie of a name is seen, in order", func(t *testing.T) {
		t.Parallel()
		var got []string
		All(`a=1; b=x;a=2; a; A=4; a="3"`, "a", func(raw string) bool {
			got = append(got, raw)
			return true
		})
		if strings.Join(got, ",") != "1,2,3" {
			t.Errorf("got %q", got)
		}
		calls := 0
		All("a=1; a=2", "a", func(string) bool { calls++; return false })
		if calls != 1 {
			t.Errorf("%d calls after false", calls)
		}
	})
}

func TestSerializeStricter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		a          Attributes
	}{
		{"n", "n=v; Secure; Partitioned", Attributes{MaxAge: NoMaxAge, Partitioned: true}},
		{"n", "n=v; SameSite=None", Attributes{MaxAge: NoMaxAge, SameSite: "NONE"}},
		{"n", "n=v", Attributes{MaxAge: -5, Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"n", "n=v; Max-Age=0", Attributes{}},
	} {
		if got := Serialize(c.name, "v", c.a); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := Serialize("n", "a\xffb", Attributes{MaxAge: NoMaxAge}); got != "n=a%EF%BF%BDb" {
		t.Errorf("invalid UTF-8 written as %q", got)
	}
}

func TestAllocations(t *testing.T) {
	header := strings.Repeat("other=abc; ", 20) + `n="token.value"; x=%41`
	signed := "token." + strings.Repeat("%2Fa", 21) + "A%3d"
	for name, f := range map[string]func(){
		"Lookup": func() { Lookup(header, "n") },
		"All":    func() { All(header, "n", func(raw string) bool { return raw == "" }) },
		"Value":  func() { Value("token.value") },
		"Split":  func() { SplitSigned(signed) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		Serialize("better-auth.session_token", "token.sig=", Attributes{MaxAge: 604800, Path: "/", HttpOnly: true, SameSite: "lax"})
	}); n > 1 {
		t.Errorf("Serialize allocates %v times", n)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(`a=1; b="2"; a.0=x;a.1=%41`, "a")
	const half = "abcdefghij%2F%2b%3Dmnopq"
	for _, raw := range []string{"v." + half + half + "rs=", "v%2E." + half + half + "rs%3d", "v%2E" + half + half + "rs=",
		"v." + half + half + "%2Es=", "v." + half + half + "rs%", "v." + half + half + "%C3%A9=", "%." + half + half + "rs="} {
		f.Add("a="+raw, "a")
	}
	f.Add(";;=;a", "")
	f.Fuzz(func(t *testing.T, header, name string) {
		raw, ok := Lookup(header, name)
		var first string
		found := false
		All(header, name, func(raw string) bool {
			first, found = raw, true
			return false
		})
		if raw != first || ok != found {
			t.Fatalf("Lookup = %q, %v but All's first is %q, %v", raw, ok, first, found)
		}
		decoded := Value(raw)
		dot := strings.LastIndexByte(decoded, '.')
		form := dot > 0 && len(decoded)-dot == 45 && decoded[len(decoded)-1] == '='
		if value, signature, ok := SplitSigned(raw); ok != form || ok && value+"."+string(signature[:]) != decoded {
			t.Fatalf("SplitSigned(%q) = %q, %q, %v", raw, value, signature, ok)
		}
		if value, ok := Chunks(header, name); ok && len(value) > maxChunkedSize && len(header) <= maxChunkedSize {
			t.Fatal("Chunks grew the value")
		}
		ChunkNames(header, name)
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("é%41; =\"\\\x00")
	f.Fuzz(func(t *testing.T, s string) {
		want := s
		if !utf8.ValidString(s) {
			want = strings.ToValidUTF8(s, "\uFFFD")
		}
		set := Serialize("n", s, Attributes{MaxAge: NoMaxAge, HttpOnly: true})
		pair, rest, _ := strings.Cut(set, "; ")
		if rest != "HttpOnly" {
			t.Fatalf("value broke out: %q", set)
		}
		raw, ok := Lookup("x=1; "+pair+"; y=2", "n")
		if got := Value(raw); !ok || got != want {
			t.Fatalf("%q came back as %q", want, got)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	header := strings.Repeat("other=abc; ", 10) + "better-auth.session_token=abc"
	b.ReportAllocs()
	for b.Loop() {
		Lookup(header, "better-auth.session_token")
	}
}
