// Package scaleout proves, over HTTP, that two processes on the same stores are
// one server: what one of them did the other knows at once, and what may happen
// once happens once. Its tests build ./server and start it twice.
package scaleout
