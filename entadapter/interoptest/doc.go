// Package interoptest checks that the adapters for ent and GORM share one
// database: each finds nothing to migrate in what the other made, and reads what
// the other wrote. It is a module of its own so that neither adapter requires
// the other's libraries.
package interoptest
