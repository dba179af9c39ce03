package clientip_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/advantch/kernia-go/core/clientip"
)

// TestNormalize compares with the addresses that Better Auth 1.6.11 writes.
func TestNormalize(t *testing.T) {
	t.Parallel()
	var recorded struct {
		Normalized []struct {
			IP     string
			Subnet int
			Want   string
		}
		Validity []struct {
			IP    string
			Valid bool
		}
	}
	b, err := os.ReadFile("testdata/normalize.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, v := range recorded.Normalized {
		want := v.Want
		if v.IP == "0000:0000:0000:0000:0000:FFFF:CB00:7107" {
			// Better Auth overlooks mapped addresses in this one spelling, which
			// would give a client a second bucket.
			want = "203.0.113.7"
		}
		if got := clientip.Normalize(netip.MustParseAddr(v.IP), v.Subnet); got != want {
			t.Errorf("Normalize(%s, %d) = %q, want %q", v.IP, v.Subnet, got, want)
		}
	}
	// Beside plain addresses, which both accept, headers may hold ports, zones,
	// brackets and blanks here.
	more := map[string]bool{"1.2.3.4 ": true, "[::1]": true, "::1%eth0": true, "1.2.3.4:80": true}
	r := newResolver(t, clientip.Options{Headers: []string{xff}})
	for _, v := range recorded.Validity {
		_, ok := r.Resolve(netip.AddrPort{}, func(string) []string { return []string{v.IP} })
		if want := v.Valid || more[v.IP]; ok != want {
			t.Errorf("%q is an address: %v, want %v", v.IP, ok, want)
		}
	}
}

func TestNormalizeBuckets(t *testing.T) {
	t.Parallel()
	t.Run("RL-01 rotation in a /64", func(t *testing.T) {
		t.Parallel()
		want := "2001:0db8:0001:0002:0000:0000:0000:0000"
		for i := range 1000 {
			a := netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%x:%x:%x:%x", i, i*7, i*13, i*31))
			if got := clientip.Normalize(a, 0); got != want {
				t.Fatalf("%s: %q, want %q", a, got, want)
			}
		}
		if got := clientip.Normalize(netip.MustParseAddr("2001:db8:1:3::1"), 0); got == want {
			t.Error("the next /64 is in the same bucket")
		}
	})
	t.Run("RL-02 spellings", func(t *testing.T) {
		t.Parallel()
		for _, s := range []string{"fe80::1", "FE80::1", "fe80:0:0:0:0:0:0:1", "fe80:0000::0001", "fe80::1%eth0", "fe80::0.0.0.1"} {
			if got, want := clientip.Normalize(netip.MustParseAddr(s), 128), "fe80:0000:0000:0000:0000:0000:0000:0001"; got != want {
				t.Errorf("%s: %q, want %q", s, got, want)
			}
		}
		for _, s := range []string{"203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107", "::ffff:203.0.113.7%eth0"} {
			if got := clientip.Normalize(netip.MustParseAddr(s), 128); got != "203.0.113.7" {
				t.Errorf("%s: %q, want 203.0.113.7", s, got)
			}
		}
	})
	if got := clientip.Normalize(netip.Addr{}, 64); got != "" {
		t.Errorf("zero address: %q, want none", got)
	}
	if got := clientip.Normalize(netip.MustParseAddr("::1"), 999); got != "0000:0000:0000:0000:0000:0000:0000:0001" {
		t.Errorf("long subnet: %q", got)
	}
}
