package clientip

import "net/netip"

// Normalize writes an address as Better Auth 1.6 does: IPv4 dotted, IPv4-mapped
// IPv6 as IPv4, other IPv6 cut to ipv6Subnet bits and written as eight groups of
// four lower-case digits, for example "2001:0db8:0001:0002:0000:0000:0000:0000".
// Zones are dropped. A subnet of 0 or less means DefaultIPv6Subnet; 128 and more
// keeps the whole address. The zero Addr gives "".
func Normalize(a netip.Addr, ipv6Subnet int) string {
	a = plain(a)
	if !a.IsValid() {
		return ""
	}
	if a.Is4() {
		return a.String()
	}
	if ipv6Subnet <= 0 {
		ipv6Subnet = DefaultIPv6Subnet
	}
	if ipv6Subnet < 128 {
		// Prefix fails only for lengths outside 0 to 128.
		p, err := a.Prefix(ipv6Subnet)
		if err != nil {
			return ""
		}
		a = p.Addr()
	}
	return a.StringExpanded()
}

// plain makes addresses comparable: no zone, no IPv4-mapped form.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
