package secret

import (
	"encoding/base64"
	"testing"
)

func TestNew(t *testing.T) {
	t.Parallel()
	first, second := New(), New()
	raw, err := base64.StdEncoding.DecodeString(first)
	if err != nil || len(raw) != 32 || first == second {
		t.Errorf("%q, then %q: %v", first, second, err)
	}
}
