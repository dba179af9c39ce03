// Package passkeytest runs the flows of the passkey plugin on MongoDB: on the
// double that the adapter's own tests use, and on the server that
// KERNIA_TEST_MONGO_URI names. It is a module of its own so that the adapter does
// not require the libraries of WebAuthn.
package passkeytest
