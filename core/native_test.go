package core_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// The origins that docs/native.md names are taken when they are listed, and refused when
// they are not.
func TestOriginsOfNativeClients(t *testing.T) {
	t.Parallel()
	for _, k := range []struct{ listed, origin string }{
		{"tauri://localhost", "tauri://localhost"},
		{"http://tauri.localhost", "http://tauri.localhost"},
		{"capacitor://localhost", "capacitor://localhost"},
		{"https://localhost", "https://localhost"},
		{"chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai", "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai"},
		{"myapp://", "myapp://"},
		{"exp://192.168.*.*:*/**", "exp://192.168.1.7:8081"},
		{"com.example.app:/", "com.example.app:/"},
		{"android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"},
		{"file://", "file://"},
	} {
		t.Run(k.origin, func(t *testing.T) {
			t.Parallel()
			e := open(t, nil)
			c := join(t, e, ada)
			c.Origin = k.origin
			c.Post("/update-user", object{"name": "A."}).Want(t, 403, "INVALID_ORIGIN")
			e = open(t, func(_ *authtest.Env, o *core.Options) { o.TrustedOrigins = []string{k.listed} })
			c = join(t, e, ada)
			c.Origin = k.origin
			c.Post("/update-user", object{"name": "A."}).Want(t, 200, "")
			c.Origin = "null"
			c.Post("/update-user", object{"name": "A."}).Want(t, 403, "MISSING_OR_NULL_ORIGIN")
		})
	}
}
