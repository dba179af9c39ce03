package core_test

import "testing"

// A log that names routes holds no token of a link.
func TestRouteNameHoldsNoToken(t *testing.T) {
	t.Parallel()
	a := open(t, nil).Auth
	for _, tc := range []struct{ method, path, want string }{
		{"GET", "/api/auth/ok", "/api/auth/ok"},
		{"GET", "/api/auth/reset-password/secret", "/api/auth/reset-password/:token"},
		{"GET", "/api/auth/reset-password/secret/", "/api/auth/reset-password/:token"},
		{"POST", "/api/auth/reset-password/secret", "/api/auth/*"},
		{"HEAD", "/api/auth/reset-password/secret", "/api/auth/*"},
		{"GET", "/api/auth/nowhere/secret", "/api/auth/*"},
		{"GET", "/api/auth", "/api/auth/*"},
		{"GET", "/reset-password/secret", ""},
	} {
		if got := a.RouteName(tc.method, tc.path); got != tc.want {
			t.Errorf("%s %s: %q, want %q", tc.method, tc.path, got, tc.want)
		}
	}
}
