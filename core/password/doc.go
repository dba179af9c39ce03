// Package password hashes and verifies passwords within a budget of processors
// and memory, so that a storm of sign-ins queues instead of ending the process.
// It writes Argon2id or Better Auth's scrypt format, and reads besides these the
// formats an existing user table may hold.
package password
