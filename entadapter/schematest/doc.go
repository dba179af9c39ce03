// Package schematest runs ent's code generator on the schema files that entadapter
// writes, and ent's migration on databases, whose tables Kernia has to find
// complete. It is a module of its own so that the adapter does not require the
// generator's libraries.
package schematest
