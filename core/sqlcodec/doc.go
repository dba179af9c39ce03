// Package sqlcodec says how Kernia's rows lie in SQL databases: which driver
// argument stands for a value of a field, what a stored value means, what a
// condition of package adapter asks for, and which errors of a database an
// adapter tells apart. It sends nothing and writes no statement; the adapters
// that do share it, so that a database made by one of them can be used by any
// other, and by Better Auth, whose formats these are.
package sqlcodec
