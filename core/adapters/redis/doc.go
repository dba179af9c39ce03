// Package redis keeps what Kernia's secondary storage holds in a Redis server:
// sessions, verification values and rate limits. Keys and values are those of
// Better Auth's redis-storage, so that both can work on one server.
//
// It needs Redis 3.2 or later, or a server that speaks its protocol and runs Lua
// scripts. Every command touches one key, so a Redis Cluster works too.
//
// The client has to read what was written last: leave ReadOnly, RouteByLatency,
// RouteRandomly and client-side caching off. With any of them a session that was
// revoked is still found for a while.
package redis
