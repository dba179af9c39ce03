// Package storagetest is the conformance suite for secondary storages. It
// checks the contract of package storage.
package storagetest

import (
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/storage"
)

// Flag describes a limitation of a storage under test.
type Flag uint

// RealClock is for storages that ignore the clock they are opened with, such as
// a server's. The expiry checks then wait, for about two seconds in all.
const RealClock Flag = 1

// Run checks a storage. open returns a storage whose clock is now. It may
// return the same storage each time, because every check uses random keys of
// its own. open registers its clean-up with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) storage.Storage, flags ...Flag) {
	var all Flag
	for _, f := range flags {
		all |= f
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSuite(all&RealClock != 0)
			s.Storage = open(t, s.now)
			c.run(t, s)
		})
	}
}
