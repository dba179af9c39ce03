// Package comparison has what only the programs need that compare this server with
// Better Auth. It is internal, and its fields are hidden, so that no application can
// ask for it by writing an option.
package comparison

// Allowances are exceptions that a comparison needs. The zero value allows nothing.
type Allowances struct{ publicSecret bool }

// PublicSecret allows Better Auth's public default secret, with which everybody can
// sign: rows and cookies of Better Auth's own tests are made with it.
func PublicSecret() Allowances { return Allowances{publicSecret: true} }

// PublicSecret reports whether the public default secret is allowed.
func (a Allowances) PublicSecret() bool { return a.publicSecret }
