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

// Retry repeats a transaction that lost to another one, for an adapter's Tx. It calls
// attempt until attempt reports that it has not lost, for at most 30 seconds or until
// ctx ends, and returns the last error. The pauses between attempts grow from one
// millisecond to 64, with random jitter, so that the same transactions do not collide
// again. An attempt that has lost must have left nothing behind.
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

// spread is a random part of d. It is no secret; crypto/rand keeps weak sources out of
// this repository.
func spread(d time.Duration) time.Duration {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // crypto/rand never fails
	return time.Duration(binary.BigEndian.Uint64(raw[:]) % uint64(d))
}
