package origin

import (
	"slices"
	"strings"
	"testing"
)

func TestAbuse(t *testing.T) {
	t.Parallel()
	set := mustCompile(t, "https://app.ex.com", "https://*.wild.com", "*.loose.com", "localhost:*", "myapp://callback", "whole://", "exp://192.168.*.*:*/**")
	refused := map[string][]string{
		"CSRF-06 look-alike origins": {
			"https://app.ex.com.evil", "https://evil-app.ex.com", "https://app.ex.com:444", "https://app.ex.com.", "https://a@app.ex.com",
			"https://app.ex.com@evil", "https://xapp.ex.com", "https://app-ex.com", "https://ａpp.ex.com", "https://аpp.ex.com", "https://app.ex.com:",
			"https://wild.com", "https://.wild.com", "https://evilwild.com", "https://a.wild.com.evil", "https://a.wild.com:8443",
			"https://evil/.wild.com", "https://evil?.wild.com", "https://evil#.wild.com", "https://evil:1.wild.com", "https://evil@a.wild.com", "https://evil\\.wild.com",
		},
		"CSRF-07 trusted host over http": {"http://app.ex.com", "http://a.wild.com", "http://a.loose.com", "http://app.ex.com:443", "ws://app.ex.com", "ftp://a.loose.com", "x://a.loose.com"},
		"CSRF-08 custom scheme": {
			"myapp://callback.attacker.tld", "myapp://callbackx", "myapp://", "myapp:///callback", "myapp://callback@evil", "myapp://evil@callback",
			"myapp://CALLBACK", "myapp:callback", "myapp:/callback", "yourapp://callback", "whole:x", "whole:/x",
			"exp://192.168.evil.test:1", "exp://192.168.1.1", "exp://192.168.1.1:1@evil:1", "exp://192.168.1.1.1:1",
		},
		"RED-01 foreign URL": {"https://evil", "https://evil/?x=https://app.ex.com", "https://evil/app.ex.com", "evil", "app.ex.com", "", "?x", "#x", "./x", "null"},
		"RED-02 protocol-relative": {
			"//evil", "///evil", "/\\evil", "\\/evil", "/%2fevil", "/%2Fevil", "/%5Cevil", "/%5cevil", "/\t/evil", "/%09/evil", "/%0a/evil", "/%0d/evil",
			"http:evil", "https:/evil", "https:///app.ex.com", "https:\\\\app.ex.com", "https:app.ex.com", "/.//evil", "/..//evil", "/a/..//evil",
		},
		"RED-03 script schemes": {
			"javascript:alert(1)", "JaVaScRiPt:alert(1)", "\x01javascript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "javascript://app.ex.com/%0aalert(1)",
			"data:text/html,x", "DATA://callback", "vbscript:x", "vbscript://app.ex.com", "blob:https://app.ex.com/1", "file:///etc/passwd", "FILE://app.ex.com/",
		},
		"RED-04 parser differences": {
			"https://app.ex.com@evil", "https://app.ex.com\\@evil", "https://app.ex.com%2eevil", "https://app.ex.com.evil", "https://[::1]evil", "https://app%2eex.com",
			"https://evil\\@app.ex.com", "https://app.ex.com:443@evil", "https://app.ex.com:80@evil",
		},
		"RED-06 CR, LF and NUL": {
			"https://app.ex.com/\r\nX: y", "https://app.ex.com\n", "\nhttps://app.ex.com", "https://app.ex.com/\x00", "/a\r\nX: y", "/a\n", "/\x00", "myapp://callback/\n", "whole://\r",
		},
	}
	for name, values := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range values {
				if set.MatchURL(v) {
					t.Errorf("MatchURL(%q)", v)
				}
				if set.MatchOrigin(v) {
					t.Errorf("MatchOrigin(%q)", v)
				}
			}
		})
	}
	t.Run("ordinary values", func(t *testing.T) {
		t.Parallel()
		for _, v := range []string{
			"https://app.ex.com", "https://app.ex.com/", "https://APP.ex.com:443/a?b=c d#é", "HTTPS://app.ex.com?x=//y", "https://a.wild.com", "https://a.b.wild.com/x",
			"https://a.loose.com", "http://localhost:3000/x", "https://localhost:3000", "myapp://callback", "myapp://callback?x=1", "myapp://callback/a/b", "MyApp://callback#x",
			"whole://", "whole:///x", "whole://any/thing", "exp://192.168.1.7:8081/--/x", "exp://192.168.1.7:8081",
		} {
			if !set.MatchURL(v) || !set.MatchOrigin(v) {
				t.Errorf("%q is not trusted", v)
			}
		}
		for _, v := range []string{"/", "/dashboard", "/a/b-c_d.e+f/@me", "/x?next=%2Fy&z=1@", "/a//b", "/.well-known/x", "/a/../b"} {
			if !set.MatchURL(v) || set.MatchOrigin(v) {
				t.Errorf("%q: MatchURL %v, MatchOrigin %v", v, set.MatchURL(v), set.MatchOrigin(v))
			}
		}
	})
}

func TestNothingTrustsScriptSchemes(t *testing.T) {
	t.Parallel()
	set := mustCompile(t, "*", "https://*", "http://*", "x://", "exp://**")
	for _, scheme := range []string{"javascript", "data", "vbscript", "blob", "file", "filesystem", "view-source", "about", "ftp", "ws", "wss"} {
		for _, v := range []string{scheme + ":x", scheme + "://x", strings.ToUpper(scheme) + "://app.example.com/"} {
			t.Run("RED-03 "+v, func(t *testing.T) {
				t.Parallel()
				if set.MatchURL(v) || set.MatchOrigin(v) {
					t.Error("trusted")
				}
			})
		}
		if _, err := Compile([]string{scheme + "://x"}); err == nil {
			t.Errorf("pattern %s://x compiles", scheme)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"":                              "empty",
		"app.example.com":               "needs a scheme, for example https://app.example.com",
		"localhost:3000":                "needs a scheme",
		"https://app.example.com//":     `leave out "/"`,
		"https:app.example.com":         "must begin with https://",
		"https:/app.example.com":        "must begin with https://",
		"app.example.com:8080/":         "needs a scheme",
		"com.example.app:/callback":     "must end after com.example.app:/",
		"file:///etc":                   `write "file://"`,
		"file:/":                        `write "file://"`,
		"javascript:alert":              "never trusted",
		"data:/":                        "never trusted",
		"android:apk key":               "space",
		"android:apk/key":               "needs a scheme",
		"https://app.example.com/a":     `leave out "/a"`,
		"https://*.example.com/a":       `leave out "/a"`,
		"*.example.com/**":              `leave out "/**"`,
		"https://app.example.com ":      "space",
		"https://app example.com":       "space",
		"https:\\\\app.example.com":     "backslash",
		"https://bücher.example":        "xn--",
		"https://a@app.example.com":     "valid host and port",
		"https://app.example.com:99999": "valid host and port",
		"https://*.example.com:x":       "valid host and port",
		"https://":                      "valid host and port",
		"https://app..example.com":      "valid host and port",
		"https://*..example.com":        "valid host and port",
		"https://*@example.com":         "valid host and port",
		"https://app.example.com?x=1":   "valid host and port",
		"*://app.example.com":           "scheme",
		"1x://a":                        "scheme",
		"javascript://x":                "never trusted",
		"JavaScript://*":                "never trusted",
		"ftp://x.example":               "never trusted",
		"myapp://a@b":                   "valid host",
		"exp://*@b":                     "valid host and port",
		"myapp://a/*/b":                 "final /**",
		"myapp://a/../b":                "dot segment",
		strings.Repeat("x", maxURL+1):   "longer",
	} {
		_, err := Compile([]string{"https://ok.example", pattern})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want one with %q", pattern, err, want)
		}
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	one := mustCompile(t, "https://a.example", "*.b.example", "x://")
	two, err := one.With([]string{"https://c.example", "*.d.example", "y://"})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"https://a.example", "https://1.b.example", "x://1"} {
		if !one.MatchOrigin(v) || !two.MatchOrigin(v) {
			t.Errorf("%s is lost", v)
		}
	}
	for _, v := range []string{"https://c.example", "https://1.d.example", "y://1"} {
		if one.MatchOrigin(v) || !two.MatchOrigin(v) {
			t.Errorf("%s: the first set says %v, the second %v", v, one.MatchOrigin(v), two.MatchOrigin(v))
		}
	}
	if _, err := one.With([]string{"nonsense"}); err == nil {
		t.Error("With accepts a pattern that Compile refuses")
	}
	var none *Set
	if none.MatchOrigin("https://a.example") || (&Set{}).MatchOrigin("https://a.example") || !none.MatchURL("/x") {
		t.Error("an empty set trusts origins, or refuses a path")
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		trusted []string
		not     []string
	}{
		{"https://app.example.com:443", []string{"https://app.example.com"}, []string{"https://app.example.com:80"}},
		{"HTTPS://App.Example.com", []string{"https://app.example.com"}, nil},
		{"https://*.example.com:443", []string{"https://a.example.com"}, []string{"http://a.example.com", "https://a.example.com:444"}},
		{"*", []string{"https://a:1", "http://127.0.0.1:3000", "http://[::1]:3000", "http://x.localhost"}, []string{"http://a", "http://127.evil.test", "x://a"}},
		{"http://localhost:*", []string{"http://localhost:1"}, []string{"http://localhost", "https://localhost:1", "http://localhost.evil:1"}},
		{"https://*a*b*.test", []string{"https://ab.test", "https://xaxbx.test"}, []string{"https://ba.test", "https://ab.tests"}},
		{"http://[::1]:*", []string{"http://[0:0::1]:3000"}, []string{"http://[::2]:3000"}},
		{"http://10.0.0.?", []string{"http://10.0.0.7"}, []string{"http://10.0.0.77", "http://10.0.0"}},
		{"myapp://cb/done", []string{"myapp://cb/done", "myapp://cb/done/x?y", "myapp://cb/done#z"}, []string{"myapp://cb", "myapp://cb/donex", "myapp://cb/done/../x", "myapp://cb/done/%2e%2E/x"}},
		{"https://app.example.com/", []string{"https://app.example.com", "https://app.example.com/x"}, []string{"http://app.example.com", "https://app.example.com.evil"}},
		{"https://*.example.com/", []string{"https://a.example.com"}, []string{"https://example.com", "http://a.example.com"}},
		{"com.example.app:/", []string{"com.example.app:/", "com.example.app:/cb?x", "COM.example.app:/cb", "com.example.app://cb"}, []string{"com.example.app:x", "com.example.app", "com.example.apps:/", "com.example.app:/\t/x", "com.example.app:/\\x", "com.example.app://a@b", "https:/com.example.app:/"}},
		{"android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", []string{"android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"}, []string{"android:apk-key-hash:PNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLckx", "android:", "android:apk-key-hash:", "android:/", "android://apk-key-hash"}},
		{"file://", []string{"file://"}, []string{"file:///", "file:///etc/passwd", "file://x", "FILE://", "file:", "file:/"}},
		{"exp://", []string{"exp://", "exp://192.168.1.7:8081", "exp://x/--/y"}, []string{"exp:/", "exps://x"}},
		{"myapp://cb/**", []string{"myapp://cb", "myapp://cb/x"}, []string{"myapp://cbx/"}},
	} {
		set := mustCompile(t, c.pattern)
		for _, v := range c.trusted {
			if !set.MatchURL(v) {
				t.Errorf("%s does not trust %s", c.pattern, v)
			}
		}
		for _, v := range c.not {
			if set.MatchURL(v) {
				t.Errorf("%s trusts %s", c.pattern, v)
			}
		}
	}
}

func TestMatchPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{"/a", "/a", true}, {"/a/b", "/a", true}, {"/a/b", "/a/", true}, {"/a/", "/a", true},
		{"/abc", "/a", false}, {"/a/../b", "/a", false}, {"/a/%2e%2e/b", "/a", false}, {"/a/./b", "/a", false},
		{"/a//b", "/a", false}, {"/a/..\\b", "/a", false}, {"/b", "/a", false}, {"/b", "", false}, {"/b", "/", false},
	} {
		t.Run("CSRF-13 "+c.path+" under "+c.pattern, func(t *testing.T) {
			t.Parallel()
			if got := MatchPath(c.path, c.pattern); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestMatchHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, pattern string
		want          bool
	}{
		{"app.ex.com", "app.ex.com", true}, {"app.ex.com:443", "app.ex.com", false}, {"app.ex.com:8443", "*.ex.com", false},
		{"app.ex.com@evil", "*", false}, {"app.ex.com/evil", "app.ex.com", false}, {"evil:80.ex.com", "*.ex.com", false}, {"", "*", false},
		{"app.ex.com", "", false}, {"https://app.ex.com", "app.ex.com", false}, {"a.ex.com", "*.ex.com:*", false}, {"a.ex.com:1", "*.ex.com:*", true},
	} {
		t.Run("HDR-02 "+c.host+" against "+c.pattern, func(t *testing.T) {
			t.Parallel()
			if got := MatchHost(c.host, c.pattern); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAllocations(t *testing.T) {
	set := mustCompile(t, "https://app.example.com", "https://*.example.com:8443", "myapp://callback")
	for _, v := range []string{"https://app.example.com", "https://a.example.com:8443/x", "https://evil.test", "myapp://callback/x", "/dashboard?x=1"} {
		if n := testing.AllocsPerRun(100, func() { set.MatchURL(v); Of(v) }); n != 0 {
			t.Errorf("%s: %v allocations", v, n)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, v := range []string{"https://app.example.com/", "/a?b", "exp://192.168.1.1:1/", "https://[::1]:1", "*.example.com"} {
		f.Add(v, v)
	}
	f.Fuzz(func(t *testing.T, v, pattern string) {
		if origin, ok := Of(v); ok {
			if again, ok := Of(origin); !ok || again != origin {
				t.Fatalf("Of(%q) = %q, whose own is %q", v, origin, again)
			}
			if set, err := Compile([]string{origin}); err != nil || !set.MatchOrigin(v) || !set.MatchURL(v) {
				t.Fatalf("%q is not trusted by its own origin %q: %v", v, origin, err)
			}
		}
		if MatchHost(v, pattern) && !ValidHost(v) {
			t.Fatal("MatchHost accepts an invalid host")
		}
		MatchPath(v, pattern)
		set, err := Compile([]string{pattern})
		if err != nil {
			return
		}
		if set.MatchOrigin(v) && (!set.MatchURL(v) || slices.ContainsFunc([]byte(v), func(c byte) bool { return c < ' ' || c == '\\' })) {
			t.Fatalf("%q trusts %q as an origin", pattern, v)
		}
	})
}

func BenchmarkMatchOrigin(b *testing.B) {
	set := mustCompile(b, "https://app.example.com", "https://*.example.com:8443", "myapp://callback")
	b.ReportAllocs()
	for b.Loop() {
		set.MatchOrigin("https://app.example.com")
	}
}
