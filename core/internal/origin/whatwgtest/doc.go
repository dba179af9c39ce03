// Package whatwgtest compares package origin with an implementation of the
// WHATWG URL standard in Go. It is a module of its own so that core does not
// depend on that implementation; nothing imports it.
package whatwgtest
