// Package sqlmigrate makes the tables of a schema in SQL databases and finds the ones
// that an existing database lacks. The statements are those of Better Auth's own
// migrations, so a database made by it, or by any adapter that uses this package, needs
// no changes for the others.
package sqlmigrate
