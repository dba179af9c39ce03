// Package scaleout proves, over HTTP, that two processes on the same stores are
// one server: each knows at once what the other did, and single-use values work once.
// Its tests build ./server and start it twice.
package scaleout
