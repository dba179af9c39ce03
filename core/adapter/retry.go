package adapter

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"
)

const (
	retryFor = 30 * time.Second
	maxPause = 64 * time.Millisecond
)

// Retry is how an adapter's Tx runs again what lost to another transaction. It
// calls attempt until that says that another one cannot help, or for 30 seconds,
// or until ctx ends, and returns the error of the last one. The pauses between
// grow from one millisecond to 64, with a random part, so that those that lost to
// one another do not meet again. An attempt that says it has lost has left nothing
// behind.
func Retry(ctx context.Context, attempt func() (lost bool, err error)) error {
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, maxPause) {
		lost, err := attempt()
		if !lost || err == nil || time.Since(began) > retryFor {
			return err
		}
		timer := time.NewTimer(pause/2 + spread(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// spread is a random part of d. It is no secret, but nothing in this repository
// draws from a weak source.
func spread(d time.Duration) time.Duration {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // crypto/rand never fails
	return time.Duration(binary.BigEndian.Uint64(raw[:]) % uint64(d))
}
