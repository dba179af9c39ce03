package outbound

import "net/netip"

// notPublic are the ranges of IPv4, and those within 2000::/3 of IPv6, that are
// not the public internet: IANA's special-purpose registries without the entries
// that are globally reachable. Everything of IPv6 outside 2000::/3 is refused
// before this list is asked.
var notPublic = prefixes(
	"0.0.0.0/8",       // this network; Linux dials 0.0.0.0 as loopback
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carriers' NAT, and Alibaba's metadata
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and most clouds' metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments, and Oracle's metadata
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
	"2001::/23",       // protocol assignments, Teredo among them
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4, which embeds an IPv4 address
	"3fff::/20",       // documentation
)

// metadata are the addresses at which clouds hand credentials to machines.
// Options.Allow cannot allow them.
var metadata = prefixes(
	"169.254.169.254/32",   // AWS, Azure, Google, DigitalOcean, OpenStack
	"169.254.170.0/24",     // AWS, credentials of containers
	"168.63.129.16/32",     // Azure, a public address that answers on virtual machines only
	"100.100.100.200/32",   // Alibaba
	"192.0.0.192/32",       // Oracle
	"fd00:ec2::/32",        // AWS
	"fd20:ce::254/128",     // Google
	"fd00:42::42/128",      // Scaleway
	"fe80::a9fe:a9fe/128",  // OpenStack
	"fd00:a9fe:a9fe::/126", // OpenStack
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96")
	linkLocal     = prefixes("169.254.0.0/16", "fe80::/10")
	never         = prefixes("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// plain is the address that a connection to a reaches: the IPv4 address in an
// IPv4-mapped one and in one of the well-known NAT64 prefix, by which networks without
// IPv4 reach all of IPv4.
func plain(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// isPublic reports whether an address belongs to the public internet.
func isPublic(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = plain(a)
	if a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	return !within(notPublic, a) && !within(metadata, a)
}
