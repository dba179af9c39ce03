package passkey_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
	"github.com/advantch/kernia-go/core/suites/signintest"
)

func TestWays(t *testing.T) {
	t.Parallel()
	// enter registers a passkey in one browser and signs in with it in another.
	enter := func(flags byte) func(w *signintest.World, c *authtest.Client) *authtest.Answer {
		return func(w *signintest.World, c *authtest.Client) *authtest.Answer {
			key := passkeytest.New(authtest.BaseURL)
			passkeytest.Register(w.Home(), key, forgery{}).Want(w.T, 200, "")
			key.Flags = flags
			options := c.Get("/passkey/generate-authenticate-options").Want(w.T, 200, "").Body
			return c.Post("/passkey/verify-authentication", object{"response": key.Get(options, forgery{})})
		}
	}
	plugins := func(*signintest.World) []core.Plugin { return []core.Plugin{passkey.New(passkey.Options{})} }
	signintest.Run(t, signintest.Scope{Dir: ".", Path: "github.com/advantch/kernia-go/core/plugins/passkey"}, []signintest.Way{
		{Name: "passkey", Method: passkey.Method, LastMethod: "passkey", Plugins: plugins, Enter: enter(passkeytest.UserPresent)},
		{Name: "passkey with user verification", Method: passkey.Method, LastMethod: "passkey", Plugins: plugins,
			Exempt: "the key and what unlocks it are two factors", Enter: enter(passkeytest.UserPresent | passkeytest.UserVerified)},
	})
}
