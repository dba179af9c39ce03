package mcptest

import (
	"net/http"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/suites/corstest"
)

func TestOP26PathsOfServeMux(t *testing.T) {
	t.Parallel()
	RunPaths(t, func(_ *testing.T, a *core.Auth, guard core.Guard, paths []string) corstest.Send {
		mux := http.NewServeMux()
		for _, path := range paths {
			mux.Handle(path, nethttp.Require(guard)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Reached", path) })))
		}
		return corstest.Handler(nethttp.Middleware(a)(mux))
	})
}
