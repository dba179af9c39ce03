package core

import (
	"log/slog"
	"net/netip"
)

// hintProxy logs once what to configure when requests seem to come through a proxy that
// is not configured: all visitors behind it share one rate limit then.
func (a *Auth) hintProxy(remote netip.AddrPort, values func(name string) []string) {
	peer, header, ok := a.ips.UnknownProxy(remote, values)
	if !ok || !a.warned.proxy.CompareAndSwap(false, true) {
		return
	}
	a.log.Warn("a request with a forwarding header came from an address that is no trusted proxy, so all visitors behind it share one rate limit: "+
		"if the address is that of your proxy, add it to Options.IPAddress.TrustedProxies",
		slog.String("header", header), slog.String("address", peer.String()),
		slog.String("add", `IPAddress: clientip.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("`+
			netip.PrefixFrom(peer, peer.BitLen()).String()+`")}}`))
}
