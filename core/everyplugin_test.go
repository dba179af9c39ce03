package core_test

import (
	"bytes"
	"context"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
)

// everyPlugin are the plugins of core with routes that need no provider, beside e-mail and
// password, for tests that are generated from the routes. What they send is kept among e's
// mails. A plugin that hashes and is not here fails the test.
func everyPlugin(t testing.TB, e *authtest.Env) []core.Plugin {
	t.Helper()
	sms := func(ctx context.Context, m phonenumber.Message) error {
		return e.Mail("sms")(ctx, core.Mail{User: &core.User{Email: m.PhoneNumber}, Token: m.Code})
	}
	all := []core.Plugin{
		admin.New(admin.Options{}),
		anonymous.New(anonymous.Options{}),
		auditlog.New(auditlog.Options{}),
		bearer.New(bearer.Options{}),
		deviceauthorization.New(deviceauthorization.Options{}),
		emailotp.New(emailotp.Options{
			Send: func(ctx context.Context, m emailotp.Message) error {
				return e.Mail("code")(ctx, core.Mail{User: &core.User{Email: m.Email}, Token: m.Code})
			},
			ChangeEmail: emailotp.ChangeEmailOptions{Enabled: true},
		}),
		jwt.New(jwt.Options{}),
		lastloginmethod.New(lastloginmethod.Options{}),
		magiclink.New(magiclink.Options{Send: func(ctx context.Context, m magiclink.Message) error {
			return e.Mail("magic-link")(ctx, core.Mail{User: &core.User{Email: m.Email}, Token: m.Token})
		}}),
		oauthprovider.New(oauthprovider.Options{PrivateKeyJWT: true, DPoP: true, BackChannelLogout: true, AllowDynamicClientRegistration: true, AllowUnauthenticatedClientRegistration: true}),
		onetimetoken.New(onetimetoken.Options{}),
		organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
		phonenumber.New(phonenumber.Options{SendOTP: sms, SendPasswordResetOTP: sms, SignUp: &phonenumber.SignUp{}}),
		scim.New(scim.Options{Groups: &scim.Groups{Teams: true}}),
		siwe.New(siwe.Options{Domain: "app.example.com"}),
		twofactor.New(twofactor.Options{}),
		username.New(username.Options{}),
	}
	installed := map[string]bool{"emailpassword": true}
	for _, p := range all {
		installed[path.Base(reflect.TypeOf(p).Elem().PkgPath())] = true
	}
	sources, err := filepath.Glob("plugins/*/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal("no source of a plugin", err)
	}
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Base(filepath.Dir(file))
		if bytes.Contains(text, []byte("core.Hashes(")) && !installed[folder] {
			t.Fatalf("%s hashes: add the plugin to everyPlugin", file)
		}
	}
	return all
}
