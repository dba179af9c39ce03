// Package sqlmigrate makes the tables of a schema in SQL databases and finds
// what an existing database lacks. The statements are those of Better Auth's own
// migrations, so that a database made by it, or by any adapter that uses this
// package, is adopted by the others with nothing to do.
package sqlmigrate
