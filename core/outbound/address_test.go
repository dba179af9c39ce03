package outbound_test

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/outbound"
)

// Addresses that a request for a user must not reach, and public ones beside them.
var (
	refusedAddresses = map[string][]string{
		"loopback":       {"127.0.0.1", "127.255.255.254", "::1"},
		"private":        {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456::1"},
		"link-local":     {"169.254.0.1", "169.254.169.254", "fe80::1", "febf::1", "fec0::1"},
		"unspecified":    {"0.0.0.0", "0.1.2.3", "::"},
		"multicast":      {"224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"},
		"carriers' NAT":  {"100.64.0.1", "100.127.255.255"},
		"reserved":       {"240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "100::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1"},
		"metadata":       {"169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "fe80::a9fe:a9fe"},
		"IPv4-mapped":    {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::ffff:a9fe:a9fe", "::ffff:100.64.0.1"},
		"compatible":     {"::127.0.0.1", "::a9fe:a9fe"},
		"translated":     {"::ffff:0:127.0.0.1"},
		"NAT64":          {"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"},
		"6to4":           {"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:1::1"},
		"Teredo":         {"2001::1", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"},
		"with a zone":    {"fe80::1%eth0", "2606:2800:21f:cb07:6820:80da:af6b:8b2c%eth0"},
		"ORCHID, bench.": {"2001:20::1", "2001:2::1"},
	}
	publicAddresses = []string{
		publicIP, "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
		"172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "2606:4700::1111", "2a00:1450::1",
		"::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
	}
)

func TestAddressTable(t *testing.T) {
	t.Parallel()
	for kind, list := range refusedAddresses {
		for _, a := range list {
			if outbound.IsPublic(netip.MustParseAddr(a)) {
				t.Errorf("%s (%s) counts as public", a, kind)
			}
		}
	}
	for _, a := range publicAddresses {
		if !outbound.IsPublic(netip.MustParseAddr(a)) {
			t.Errorf("%s does not count as public", a)
		}
	}
	if outbound.IsPublic(netip.Addr{}) {
		t.Error("no address counts as public")
	}
}

func TestPrivateLiteralsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	c := w.client(t, outbound.Options{AllowHTTP: true})
	t.Run("OID-01 addresses", func(t *testing.T) {
		for _, list := range refusedAddresses {
			for _, a := range list {
				host := a
				if strings.Contains(a, ":") {
					host = "[" + strings.ReplaceAll(a, "%", "%25") + "]"
				}
				for _, scheme := range []string{"https://", "http://"} {
					_, err := get(t, c, scheme+host+"/")
					wantReason(t, err, outbound.ReasonPrivateHost)
					_, err = c.CheckURL(scheme + host + ":8080/x")
					wantReason(t, err, outbound.ReasonPrivateHost)
				}
			}
		}
	})
	t.Run("OID-01 names of the machine and its cloud", func(t *testing.T) {
		for _, h := range []string{"localhost", "LOCALHOST", "localhost.", "x.localhost", "a.b.LocalHost.", "localhost.localdomain", "metadata", "metadata.google.internal", "Metadata.Google.Internal."} {
			_, err := c.CheckURL("https://" + h + "/")
			wantReason(t, err, outbound.ReasonPrivateHost)
			_, err = get(t, c, "https://"+h+"/")
			wantReason(t, err, outbound.ReasonPrivateHost)
		}
	})
	t.Run("OID-01 addresses in other spellings", func(t *testing.T) {
		for _, h := range []string{"2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "1", "0", "0x", "127.0.0.1.", "00000177.1", "017700000001", "127.0.0.0x1",
			"①②⑦.0.0.1", "127。0。0。1", "１２７.0.0.1", "loca\u00adlhost", "ｌocalhost", "%6c", "a..b", ".", "a b"} {
			_, err := c.CheckURL("https://" + h + "/")
			wantReason(t, err, outbound.ReasonInvalidURL)
			_, err = get(t, c, "https://"+h+"/")
			if r := outbound.ReasonOf(err); r != outbound.ReasonInvalidURL && r != outbound.ReasonPrivateHost {
				t.Errorf("%s: %v", h, err)
			}
		}
	})
	if w.names.asked != 0 || len(w.dials()) != 0 {
		t.Errorf("%d lookups, dialled %v", w.names.asked, w.dials())
	}
}

func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	c := w.client(t, outbound.Options{})
	t.Run("OID-02 every kind of address", func(t *testing.T) {
		for _, list := range refusedAddresses {
			for _, a := range list {
				w.names.lists["evil.example.com"] = [][]string{{a}}
				_, err := get(t, c, "https://evil.example.com/")
				wantReason(t, err, outbound.ReasonPrivateHost)
			}
		}
	})
	t.Run("OID-02 mixed answers", func(t *testing.T) {
		for _, mixed := range [][]string{{publicIP, "10.0.0.1"}, {"10.0.0.1", publicIP}, {"2606:4700::1111", publicIP, "::1"}} {
			w.names.lists["mixed.example.com"] = [][]string{mixed}
			_, err := get(t, c, "https://mixed.example.com/")
			wantReason(t, err, outbound.ReasonPrivateHost)
		}
	})
	if d := w.dials(); len(d) != 0 {
		t.Errorf("dialled %v", d)
	}
}

func TestRebinding(t *testing.T) {
	t.Parallel()
	t.Run("OID-02 the address that was checked is the one that is dialled", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Connection", "close")
			rw.WriteHeader(http.StatusNoContent)
		})
		w.names.lists["rebind.example.com"] = [][]string{{publicIP}, {"127.0.0.1"}}
		c := w.client(t, outbound.Options{})
		if _, err := c.CheckURL("https://rebind.example.com/"); err != nil {
			t.Fatal(err)
		}
		if _, err := get(t, c, "https://rebind.example.com/"); err != nil {
			t.Fatal(err)
		}
		if d := w.dials(); w.names.asked != 1 || len(d) != 1 || d[0] != publicIP+":443" {
			t.Errorf("%d lookups, dialled %v", w.names.asked, d)
		}
		c.CloseIdleConnections()
		_, err := get(t, c, "https://rebind.example.com/")
		wantReason(t, err, outbound.ReasonPrivateHost)
	})
	t.Run("OID-02 the socket is refused whatever was looked up", func(t *testing.T) {
		t.Parallel()
		c, err := outbound.New(outbound.Options{Allow: []string{"idp.corp.example", "10.7.0.0/16"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			host, network, address string
			passes                 bool
		}{
			{"idp.example.com", "tcp4", "127.0.0.1:443", false},
			{"idp.example.com", "tcp6", "[::1]:443", false},
			{"idp.example.com", "tcp6", "[fe80::1%eth0]:443", false},
			{"idp.example.com", "tcp4", "10.8.0.1:443", false},
			{"idp.example.com", "tcp4", "10.7.0.1:443", true},
			{"idp.example.com", "tcp4", publicIP + ":443", true},
			{"idp.example.com", "udp4", publicIP + ":443", false},
			{"idp.example.com", "unix", "/run/docker.sock", false},
			{"idp.corp.example", "tcp4", "10.8.0.1:443", true},
			{"idp.corp.example", "tcp4", "169.254.169.254:80", false},
			{"", "tcp4", "127.0.0.1:443", false},
			{"", "tcp4", "", false},
		} {
			if err := outbound.Control(c, test.host, test.network, test.address); (err == nil) != test.passes {
				t.Errorf("%s %s of %q: %v", test.network, test.address, test.host, err)
			}
		}
	})
}

func TestAllowedHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	addr := w.server.Listener.Addr().(*net.TCPAddr)
	w.names.lists["idp.corp.example"] = [][]string{{"127.0.0.1"}}
	w.names.lists["x.lab.example"] = [][]string{{"10.1.2.3"}}
	w.names.lists["link.corp.example"] = [][]string{{"169.254.1.1"}}
	w.names.lists["meta.lab.example"] = [][]string{{"169.254.169.254"}}
	w.names.lists["mapped.lab.example"] = [][]string{{"::ffff:100.100.100.200"}}
	w.names.lists["zero.lab.example"] = [][]string{{"0.0.0.0"}}
	c := w.client(t, outbound.Options{Allow: []string{"IDP.corp.example.", "*.lab.example", "localhost", "link.corp.example", "10.9.0.0/16", "fd00::1", "100.64.0.0/10", "169.254.0.0/16"}})
	w.names.lists["localhost"] = [][]string{{"127.0.0.1"}}
	for url, want := range map[string]outbound.Reason{
		"https://idp.corp.example/":    "",
		"https://IDP.corp.example./":   "",
		"https://x.lab.example/":       "",
		"https://localhost/":           "",
		"https://10.9.1.1/":            "",
		"https://[::ffff:10.9.1.1]/":   "",
		"https://[fd00::1]/":           "",
		"https://100.64.0.9/":          "",
		"https://link.corp.example/":   "", // by the network
		"https://10.8.1.1/":            outbound.ReasonPrivateHost,
		"https://127.0.0.1/":           outbound.ReasonPrivateHost,
		"https://[fd00::2]/":           outbound.ReasonPrivateHost,
		"https://meta.lab.example/":    outbound.ReasonPrivateHost,
		"https://mapped.lab.example/":  outbound.ReasonPrivateHost,
		"https://zero.lab.example/":    outbound.ReasonPrivateHost,
		"https://169.254.169.254/":     outbound.ReasonPrivateHost,
		"https://100.100.100.200/":     outbound.ReasonPrivateHost,
		"https://x.localhost/":         outbound.ReasonPrivateHost,
		"https://evil-lab.example/":    outbound.ReasonUnreachable, // no such name
		"https://lab.example/":         outbound.ReasonUnreachable,
		"https://idp.corp.example.eu/": outbound.ReasonUnreachable,
	} {
		_, err := get(t, c, url)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", url, err)
			}
			continue
		}
		wantReason(t, err, want)
	}
	t.Run("a host lifts no link-local address", func(t *testing.T) {
		_, err := get(t, w.client(t, outbound.Options{Allow: []string{"link.corp.example"}}), "https://link.corp.example/")
		wantReason(t, err, outbound.ReasonPrivateHost)
	})
	t.Run("over a real socket", func(t *testing.T) {
		w.names.lists["example.com"] = [][]string{{"127.0.0.1"}}
		o := outbound.Options{Allow: []string{"example.com"}, RootCAs: w.trust(), Resolver: w.names}
		url := "https://example.com:" + strconv.Itoa(addr.Port) + "/"
		real, err := outbound.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer real.CloseIdleConnections()
		if _, err := get(t, real, url); err != nil {
			t.Error(err)
		}
		o.Allow = nil
		if real, err = outbound.New(o); err != nil {
			t.Fatal(err)
		}
		_, err = get(t, real, url)
		wantReason(t, err, outbound.ReasonPrivateHost)
	})
}

func portOf(a *net.TCPAddr) string {
	return netip.AddrPortFrom(netip.Addr{}, uint16(a.Port)).String()[len("invalid AddrPort"):]
}

func TestURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	c := w.client(t, outbound.Options{})
	for _, u := range []string{
		"http://idp.example.com/", "HTTP://idp.example.com/", "ftp://idp.example.com/", "file:///etc/passwd", "gopher://idp.example.com/", "javascript:alert(1)", "data:text/html,x",
		"//idp.example.com/", "/x", "", "idp.example.com", "https:", "https://", "https:///x", "https:idp.example.com", "https://user@idp.example.com/", "https://user:pw@idp.example.com/",
		"https://idp.example.com@127.0.0.1/", "https://idp.example.com:0/", "https://idp.example.com:22/", "https://idp.example.com:25/", "https://idp.example.com:65536/", "https://idp.example.com:x/",
		"https://[::1/", "https://idp.example.com\r\nX: y/", "https://idp\x00.example.com/", "https://" + strings.Repeat("a", 64) + ".com/", "https://" + strings.Repeat("abcd.", 60) + "com/",
	} {
		_, err := c.CheckURL(u)
		if err == nil {
			t.Errorf("%q is allowed", u)
			continue
		}
		wantReason(t, err, outbound.ReasonInvalidURL)
		_, err = get(t, c, u)
		wantReason(t, err, outbound.ReasonInvalidURL)
	}
	for _, u := range []string{idp, idp + ":443/", idp + ":8443/x?y=z", "https://" + publicIP + "/", "https://[2606:4700::1111]/", "https://xn--bcher-kva.example/", "https://a_b.example.com/"} {
		if _, err := c.CheckURL(u); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
	narrow := w.client(t, outbound.Options{Ports: []int{443}, AllowHTTP: true})
	for _, u := range []string{idp + ":8443/", "http://idp.example.com/", "https://idp.example.com:80/"} {
		_, err := narrow.CheckURL(u)
		wantReason(t, err, outbound.ReasonInvalidURL)
	}
}
