package kernia_test

import (
	"testing"

	"github.com/advantch/kernia-go/internal/moduletest"
)

func TestModule(t *testing.T) {
	t.Parallel()
	moduletest.Run(t, moduletest.Module{
		Name: "gin", Framework: "github.com/gin-gonic/gin",
		Brings: []string{"mongodb.org/"}, // its BSON package, for c.BSON
	})
}
