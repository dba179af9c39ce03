package kernia_test

import (
	"testing"

	"github.com/advantch/kernia-go/internal/moduletest"
)

func TestModule(t *testing.T) {
	t.Parallel()
	moduletest.Run(t, moduletest.Module{Name: "fiberv3", Framework: "github.com/gofiber/fiber/v3", Direct: []string{"github.com/valyala/fasthttp", "github.com/advantch/kernia-go/internal/onfasthttp"}})
}
