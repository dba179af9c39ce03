package clientip_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/clientip"
)

const (
	cf  = "Cf-Connecting-Ip"
	xff = "X-Forwarded-For"
	xri = "X-Real-Ip"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func newResolver(t testing.TB, o clientip.Options) *clientip.Resolver {
	t.Helper()
	r, err := clientip.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func header(lines ...string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

func TestResolve(t *testing.T) {
	t.Parallel()
	var (
		none    = clientip.Options{}
		proxied = clientip.Options{TrustedProxies: prefixes("10.0.0.0/8", "fd00::/8", "203.0.113.5/32")}
		chained = clientip.Options{Headers: []string{cf, xff}, TrustedProxies: proxied.TrustedProxies}
		vouched = clientip.Options{Headers: []string{cf, xff}}
		hops    = func(n int, entry string) string { return strings.Repeat(entry+", ", n-1) + entry }
	)
	tests := []struct {
		name   string
		opts   clientip.Options
		remote string // "": a unix socket
		header http.Header
		want   string // "": no address
	}{
		{"peer", none, "203.0.113.7:4711", header(), "203.0.113.7"},
		{"peer IPv6", none, "[2001:db8:1:2:3:4:5:6]:4711", header(), "2001:0db8:0001:0002:0000:0000:0000:0000"},
		{"RL-02 mapped peer", none, "[::ffff:203.0.113.7]:4711", header(), "203.0.113.7"},
		{"RL-02 peer with zone", none, "[fe80::1%eth0]:4711", header(), "fe80:0000:0000:0000:0000:0000:0000:0000"},
		{"RL-01 other subnet", clientip.Options{IPv6Subnet: 48}, "[2001:db8:1:2::1]:1", header(), "2001:0db8:0001:0000:0000:0000:0000:0000"},
		{"disabled", clientip.Options{Disabled: true}, "203.0.113.7:4711", header(xff + ": 198.51.100.1"), ""},
		{"RL-04 header without any trust", none, "203.0.113.7:4711", header(xff+": 198.51.100.1", cf+": 198.51.100.2", "Forwarded: for=198.51.100.3"), "203.0.113.7"},
		{"RL-05 unix socket", none, "", header(xff + ": 198.51.100.1"), ""},

		{"RL-04 header sent past the proxy", proxied, "203.0.113.7:4711", header(xff + ": 198.51.100.1"), "203.0.113.7"},
		{"RL-04 header past the proxy, named header", chained, "203.0.113.7:4711", header(cf + ": 198.51.100.1"), "203.0.113.7"},
		{"one proxy", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1"), "198.51.100.1"},
		{"RL-02 mapped proxy", proxied, "[::ffff:10.0.0.1]:80", header(xff + ": 198.51.100.1"), "198.51.100.1"},
		{"RL-03 forged left hop", proxied, "10.0.0.1:80", header(xff + ": 1.1.1.1, 198.51.100.1"), "198.51.100.1"},
		{"RL-03 forged trusted left hop", proxied, "10.0.0.1:80", header(xff + ": 10.9.9.9, 198.51.100.1"), "198.51.100.1"},
		{"RL-03 forged left hops, two proxies", proxied, "10.0.0.1:80", header(xff + ": 1.1.1.1, 2.2.2.2, 198.51.100.1, 10.0.0.2"), "198.51.100.1"},
		{"RL-03 forged line before the proxy's", proxied, "10.0.0.1:80", header(xff+": 1.1.1.1", xff+": 198.51.100.1, 203.0.113.5"), "198.51.100.1"},
		{"lines are joined", proxied, "10.0.0.1:80", header(xff+": 198.51.100.1", xff+": 10.0.0.3", xff+": 10.0.0.2"), "198.51.100.1"},
		{"IPv6 proxy", proxied, "[fd00::1]:80", header(xff + ": 2001:db8::1"), "2001:0db8:0000:0000:0000:0000:0000:0000"},
		{"proxy without header", proxied, "10.0.0.1:80", header(), "10.0.0.1"},
		{"proxy with blank header", proxied, "10.0.0.1:80", header(xff+": ", xff+": , ,"), "10.0.0.1"},
		{"blank entries", proxied, "10.0.0.1:80", header(xff+": 198.51.100.1 ,\t,", xff+": "), "198.51.100.1"},
		{"only proxies", proxied, "10.0.0.1:80", header(xff + ": 10.0.0.3, 10.0.0.2"), "10.0.0.3"},
		{"garbage at the right", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1, unknown"), "10.0.0.1"},
		{"garbage after a proxy", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1, _hidden, 10.0.0.2"), "10.0.0.2"},
		{"garbage left of the client", proxied, "10.0.0.1:80", header(xff + ": ';drop, 198.51.100.1"), "198.51.100.1"},
		{"64 hops", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1, " + hops(63, "10.0.0.2")), "198.51.100.1"},
		{"65 hops", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1, " + hops(64, "10.0.0.2")), "10.0.0.2"},
		{"8 KiB of blanks", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1," + strings.Repeat(" ", 8<<10)), "10.0.0.1"},
		{"8 KiB of commas", proxied, "10.0.0.1:80", header(xff + ": 198.51.100.1" + strings.Repeat(",", 8<<10)), "10.0.0.1"},
		{"8 Ki blank lines", proxied, "10.0.0.1:80", http.Header{xff: append([]string{"198.51.100.1"}, make([]string, 8<<10)...)}, "10.0.0.1"},
		{"a cut entry is not read", proxied, "10.0.0.1:80", header(xff + ": 1" + strings.Repeat(" ", 8<<10-12) + "98.51.100.1"), "10.0.0.1"},
		{"unix socket, header not named", proxied, "", header(xff + ": 198.51.100.1"), ""},
		{"unix socket, header named", chained, "", header(xff + ": 1.1.1.1, 198.51.100.1, 10.0.0.2"), "198.51.100.1"},
		{"RL-05 unix socket, garbage", chained, "", header(xff + ": unknown"), ""},
		{"first header that is present", chained, "10.0.0.1:80", header(xff+": 198.51.100.1", cf+": 198.51.100.2"), "198.51.100.2"},
		{"second header when the first is absent", chained, "10.0.0.1:80", header(xff + ": 198.51.100.1"), "198.51.100.1"},
		{"second header is no way round the first", chained, "10.0.0.1:80", header(xff+": 198.51.100.1", cf+": unknown"), "10.0.0.1"},
		{"mapped prefix", clientip.Options{TrustedProxies: prefixes("::ffff:10.0.0.0/104")}, "10.0.0.1:80", header(xff + ": 198.51.100.1"), "198.51.100.1"},
		{"unmasked prefix", clientip.Options{TrustedProxies: prefixes("10.1.2.3/8")}, "10.0.0.1:80", header(xff + ": 198.51.100.1"), "198.51.100.1"},

		{"platform header", vouched, "203.0.113.7:4711", header(cf + ": 198.51.100.1"), "198.51.100.1"},
		{"platform header in order", vouched, "203.0.113.7:4711", header(xff+": 198.51.100.2", cf+": 198.51.100.1"), "198.51.100.1"},
		{"RL-03 platform appends", vouched, "203.0.113.7:4711", header(xff + ": 1.1.1.1, 198.51.100.2"), "198.51.100.2"},
		{"RL-03 platform appends a line", vouched, "203.0.113.7:4711", header(xff+": 1.1.1.1", xff+": 198.51.100.2"), "198.51.100.2"},
		{"RL-03 right-most is garbage", vouched, "203.0.113.7:4711", header(xff + ": 1.1.1.1, unknown"), "203.0.113.7"},
		{"garbage, next header", vouched, "203.0.113.7:4711", header(cf+": unknown", xff+": 198.51.100.2"), "198.51.100.2"},
		{"platform header absent", vouched, "203.0.113.7:4711", header(xri + ": 198.51.100.2"), "203.0.113.7"},
		{"platform header, unix socket", vouched, "", header(xff + ": 198.51.100.2"), "198.51.100.2"},
		{"RL-05 platform header absent, unix socket", vouched, "", header(), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var remote netip.AddrPort
			if tt.remote != "" {
				remote = netip.MustParseAddrPort(tt.remote)
			}
			got, ok := newResolver(t, tt.opts).Resolve(remote, tt.header.Values)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	r := newResolver(t, clientip.Options{Headers: []string{xff}})
	const loopback = "0000:0000:0000:0000:0000:0000:0000:0000"
	tests := map[string]string{ // entry to address; "": no address
		"198.51.100.1":          "198.51.100.1",
		"198.51.100.1:5678":     "198.51.100.1",
		"[::1]":                 loopback,
		"[::1]:80":              loopback,
		"::1":                   loopback,
		"::1%eth0":              loopback,
		"[::1%25eth0]:80":       loopback,
		"::ffff:198.51.100.1":   "198.51.100.1",
		"::FFFF:C633:6401":      "198.51.100.1",
		"[::ffff:c633:6401]:80": "198.51.100.1",
		"2001:DB8::1":           "2001:0db8:0000:0000:0000:0000:0000:0000",

		"unknown":                  "",
		"_hidden":                  "",
		"198.51.100":               "",
		"198.51.100.1.2":           "",
		"198.51.100.256":           "",
		"198.51.100.01":            "",
		"0xc6336401":               "",
		"3325256705":               "",
		"198.51.100.1:":            "",
		"198.51.100.1:x80":         "",
		"198.51.100.1:http":        "",
		"198.51.100.1:123456":      "",
		"198.51.100.1%eth0":        "",
		"198.51.100.1/32":          "",
		"198.51.100.1 203.0.113.1": "",
		"[198.51.100.1]":           "",
		"[::1":                     "",
		"[::1]80":                  "",
		"[]":                       "",
		"::1]":                     "",
		":":                        "",
		":80":                      "",
		"%":                        "",
		"1::2::3":                  "",
		"for=198.51.100.1":         "",
		`"198.51.100.1"`:           "",
		"198.51.100.1\x00":         "",
	}
	for entry, want := range tests {
		t.Run(fmt.Sprintf("RL-02 %q", entry), func(t *testing.T) {
			t.Parallel()
			got, ok := r.Resolve(netip.AddrPort{}, func(string) []string { return []string{entry} })
			if got != want || ok != (want != "") {
				t.Errorf("%q, %v, want %q", got, ok, want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]clientip.Options{
		"subnet negative":           {IPv6Subnet: -1},
		"subnet too long":           {IPv6Subnet: 129},
		"empty header":              {Headers: []string{""}},
		"header with colon":         {Headers: []string{"X-Real-Ip:"}},
		"header with newline":       {Headers: []string{"X\nY"}},
		"Forwarded":                 {Headers: []string{"forwarded"}},
		"zero prefix":               {TrustedProxies: []netip.Prefix{{}}},
		"RL-03 all of IPv4":         {TrustedProxies: prefixes("0.0.0.0/0")},
		"RL-03 all of IPv6":         {TrustedProxies: prefixes("::/0")},
		"RL-03 all of IPv4, mapped": {TrustedProxies: prefixes("::ffff:0.0.0.0/96")},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r, err := clientip.New(o); !errors.Is(err, clientip.ErrOptions) || r != nil {
				t.Errorf("error %v, want ErrOptions", err)
			}
		})
	}
}

func TestResolveAllocates(t *testing.T) {
	// Not parallel: AllocsPerRun counts for the whole process.
	r := newResolver(t, clientip.Options{TrustedProxies: prefixes("10.0.0.0/8")})
	remote := netip.MustParseAddrPort("10.0.0.1:80")
	lines := []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}
	values := func(string) []string { return lines }
	if n := testing.AllocsPerRun(100, func() { r.Resolve(remote, values) }); n > 1 {
		t.Errorf("%v allocations, want at most the answer's", n)
	}
}

func BenchmarkResolve(b *testing.B) {
	r := newResolver(b, clientip.Options{TrustedProxies: prefixes("10.0.0.0/8")})
	remote := netip.MustParseAddrPort("10.0.0.1:80")
	lines := []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}
	values := func(string) []string { return lines }
	b.ReportAllocs()
	for b.Loop() {
		r.Resolve(remote, values)
	}
}

// FuzzResolve checks that only an address becomes the client, and that entries to the
// left of the proxy's never matter.
func FuzzResolve(f *testing.F) {
	f.Add("1.1.1.1, [::1]:80", "198.51.100.1")
	f.Add("a,,b", "[2001:db8::1%x]:1")
	proxied := newResolver(f, clientip.Options{TrustedProxies: prefixes("10.0.0.0/8")})
	vouched := newResolver(f, clientip.Options{Headers: []string{xff}})
	proxy := netip.MustParseAddrPort("10.0.0.1:80")
	f.Fuzz(func(t *testing.T, left, right string) {
		for _, r := range []*clientip.Resolver{proxied, vouched} {
			resolve := func(lines ...string) string {
				ip, ok := r.Resolve(proxy, func(string) []string { return lines })
				if !ok {
					t.Fatalf("no address for %q", lines)
				}
				if a, err := netip.ParseAddr(ip); err != nil || clientip.Normalize(a, 64) != ip {
					t.Fatalf("%q is no normal address", ip)
				}
				return ip
			}
			resolve(left, right)
			resolve(left + "," + right)
			if got := resolve(left + ",198.51.100.1"); got != "198.51.100.1" {
				t.Fatalf("left %q chose %q", left, got)
			}
			if got := resolve(left, "198.51.100.1:99"); got != "198.51.100.1" {
				t.Fatalf("left line %q chose %q", left, got)
			}
		}
	})
}
