package adapter

import (
	"context"
	"errors"
	"testing"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	errLost, errOther := errors.New("lost"), errors.New("other")
	for name, c := range map[string]struct {
		attempts []error
		want     error
	}{
		"success at once":        {[]error{nil}, nil},
		"success after two":      {[]error{errLost, errLost, nil}, nil},
		"an error that stays":    {[]error{errOther}, errOther},
		"an error after a loser": {[]error{errLost, errOther}, errOther},
	} {
		calls := 0
		err := Retry(t.Context(), func() (bool, error) {
			err := c.attempts[calls]
			calls++
			return errors.Is(err, errLost), err
		})
		if !errors.Is(err, c.want) || calls != len(c.attempts) {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := Retry(ctx, func() (bool, error) {
		if calls++; calls == 3 {
			cancel()
		}
		return true, errors.New("lost")
	})
	if !errors.Is(err, context.Canceled) || calls != 3 {
		t.Error(err, calls)
	}
}
