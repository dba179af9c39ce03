package kernia_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/suites/redacttest"
)

// No exported type puts passwords, tokens, codes or cookies into a log.
func TestTypesThatHoldSecrets(t *testing.T) {
	t.Parallel()
	redacttest.Run(t, ".", nil)
}
