package kernia_test

import (
	"testing"

	"github.com/advantch/kernia-go/internal/moduletest"
)

func TestModule(t *testing.T) {
	t.Parallel()
	moduletest.Run(t, moduletest.Module{Name: "echo", Framework: "github.com/labstack/echo/v4"})
}
