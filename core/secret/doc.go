// Package secret holds the keys of the server and everything that is made with
// them: cookie signatures, encryption at rest, signed and encrypted tokens,
// message authentication codes, and the random strings that become ids and
// tokens. What it writes, Better Auth 1.6.11 reads, and the other way round.
package secret
