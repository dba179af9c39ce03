package twofactor

import (
	"testing"
	"time"
)

const rfcSecret = "12345678901234567890"

// RFC 4226, appendix D.
func TestHOTPVectors(t *testing.T) {
	t.Parallel()
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp(rfcSecret, uint64(counter), 6); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
}

// RFC 6238, appendix B, the column of SHA-1.
func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := totp(rfcSecret, time.Unix(at, 0), 30*time.Second, 8); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

func TestMatchTOTP(t *testing.T) {
	t.Parallel()
	const period = 30 * time.Second
	now := time.Unix(1_700_000_010, 0).UTC()
	for drift := -3; drift <= 3; drift++ {
		at := now.Add(time.Duration(drift) * period)
		code := totp(rfcSecret, at, period, 6)
		start, ok := matchTOTP(rfcSecret, code, now, time.Time{}, period, 6)
		if want := drift >= -1 && drift <= 1; ok != want {
			t.Errorf("TFA-06 a code %d steps off: %v", drift, ok)
		}
		if ok && (start.After(at) || at.Sub(start) >= period) {
			t.Errorf("the step of %v begins at %v", at, start)
		}
		if _, again := matchTOTP(rfcSecret, code, now, start, period, 6); ok && again {
			t.Errorf("TFA-05 a code %d steps off is accepted twice", drift)
		}
	}
	// A later code ends the life of earlier ones.
	used, _ := matchTOTP(rfcSecret, totp(rfcSecret, now, period, 6), now, time.Time{}, period, 6)
	if _, ok := matchTOTP(rfcSecret, totp(rfcSecret, now.Add(-period), period, 6), now, used, period, 6); ok {
		t.Error("TFA-05 the code before the last one is accepted")
	}
	for _, code := range []string{"", "0", "28708", "2870820", " 87082", "287082 ", "２８７０８２"} {
		if _, ok := matchTOTP(rfcSecret, code, time.Unix(59, 0), time.Time{}, period, 6); ok {
			t.Errorf("%q is accepted", code)
		}
	}
	if _, ok := matchTOTP(rfcSecret, "287082", time.Unix(0, 0), time.Time{}, period, 6); !ok {
		t.Error("the first step of all has no neighbour before it")
	}
}
