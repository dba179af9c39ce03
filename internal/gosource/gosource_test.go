package gosource_test

import (
	"bytes"
	"testing"

	"github.com/advantch/kernia-go/internal/gosource"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"user":          {"User", "user"},
		"userId":        {"UserID", "user_id"},
		"emailVerified": {"EmailVerified", "email_verified"},
		"ipAddress":     {"IPAddress", "ip_address"},
		"credentialID":  {"CredentialID", "credential_id"},
		"HTTPServer_id": {"HTTPServerID", "http_server_id"},
		"user_name":     {"UserName", "user_name"},
		"rateLimit":     {"RateLimit", "rate_limit"},
		"oauth2Token":   {"Oauth2Token", "oauth2_token"},
		"_":             {"X", "x"},
		"_1st":          {"X1st", "x1st"},
		"__a__":         {"A", "a"},
		"X":             {"X", "x"},
	} {
		if got := gosource.Exported(name); got != want[0] {
			t.Errorf("Exported(%q) = %q, want %q", name, got, want[0])
		}
		if got := gosource.Snake(name); got != want[1] {
			t.Errorf("Snake(%q) = %q, want %q", name, got, want[1])
		}
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	names := gosource.Names{"ID": true}
	for _, c := range [][2]string{{"ID", "ID2"}, {"ID", "ID3"}, {"User", "User"}, {"User", "User2"}} {
		if got := names.Take(c[0]); got != c[1] {
			t.Errorf("Take(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func TestPackage(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"models": true, "m2": true, "": false, "_": false, "a-b": false, "type": false, "a b": false} {
		if err := gosource.Package(name); (err == nil) != ok {
			t.Errorf("Package(%q): %v", name, err)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	got, err := gosource.File(bytes.NewBufferString("package p\ntype  A  struct{}"))
	if err != nil || string(got) != "package p\n\ntype A struct{}\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := gosource.File(bytes.NewBufferString("package")); err == nil {
		t.Error("no error of a file that is not Go")
	}
}
