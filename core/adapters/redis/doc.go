// Package redis is a secondary storage in a Redis server. It holds sessions,
// verification values and rate limits. Keys and values are those of Better
// Auth's redis-storage, so that both can work on one server.
//
// It needs a server that runs Lua scripts; GETDEL, new in Redis 6.2, is replaced by a
// script where it is missing. Every command touches one key, so a Redis Cluster works
// too.
//
// The client must read the latest write: leave ReadOnly, RouteByLatency,
// RouteRandomly and client-side caching off. With any of them a revoked session
// is still found for a while.
package redis
