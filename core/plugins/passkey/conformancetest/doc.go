// Package conformancetest runs the flows of the passkey plugin on every database.
// It is a module of its own so that neither the plugin requires the adapters'
// libraries nor an adapter those of WebAuthn; a test checks that, too.
package conformancetest
