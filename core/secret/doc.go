// Package secret holds the keys of the server and everything that is made with
// them: cookie signatures, encryption at rest, signed and encrypted tokens,
// message authentication codes, and the random strings that become ids and
// tokens. Better Auth 1.6 can read what it writes, and it can read what Better
// Auth 1.6 writes.
package secret
