// Package sqlcodec defines how SQL databases store Kernia's rows: the driver argument
// for a value of a field, the value of a stored one, the form of a condition of package
// adapter, and the errors of a database that an adapter tells apart. It sends nothing
// and writes no statement. The SQL adapters share it, so that a database made by one of
// them can be used by any other, and by Better Auth, whose formats these are.
package sqlcodec
