package passkey_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
)

// The origin of an Android app is the hash of its signing key.
func TestAndroidApp(t *testing.T) {
	t.Parallel()
	const app, other = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", "android:apk-key-hash:xNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"
	trust := func(_ *authtest.Env, o *core.Options) { o.TrustedOrigins = []string{app} }
	for name, o := range map[string]passkey.Options{
		"by its Origin": {},
		"listed":        {Origins: []string{authtest.BaseURL, app}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, o, trust)
			c := passkeytest.SignUp(t, e, adaEmail)
			c.Origin = app
			key := passkeytest.New(app)
			passkeytest.Register(c, key, forgery{}).Want(t, 200, "")
			fresh := e.Client()
			fresh.Origin = app
			passkeytest.SignIn(fresh, key, forgery{}).Want(t, 200, "")
			foreign := passkeytest.New(other)
			passkeytest.Register(c, foreign, forgery{}).Want(t, 400, "FAILED_TO_VERIFY_REGISTRATION")
		})
	}
}
