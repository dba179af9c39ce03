// Package password hashes and verifies passwords within a budget of processors
// and memory, so that many concurrent sign-ins wait in a queue instead of
// exhausting the process. It writes Argon2id or Better Auth's scrypt format, and
// also reads other formats that an existing user table may contain.
package password
