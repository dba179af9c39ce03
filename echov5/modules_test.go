package kernia_test

import (
	"testing"

	"github.com/advantch/kernia-go/internal/moduletest"
)

func TestModule(t *testing.T) {
	t.Parallel()
	moduletest.Run(t, moduletest.Module{Name: "echov5", Framework: "github.com/labstack/echo/v5"})
}
