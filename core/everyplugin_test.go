package core_test

import (
	"context"
	"os"
	"path"
	"reflect"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
)

// leftOut are the folders of core/plugins that everyPlugin does not install.
var leftOut = map[string]string{
	"access":         "is no plugin",
	"emailpassword":  "open installs it",
	"captcha":        "asks a provider before every route that it guards, and has no route",
	"haveibeenpwned": "asks a service about every password, and has no route",
	"genericoauth":   "has nothing to do with passwords and needs a provider",
	"oauthpopup":     "has nothing to do with passwords and needs a provider",
	"oauthproxy":     "has nothing to do with passwords and needs a provider",
	"onetap":         "has nothing to do with passwords and needs a provider",
	"passkey":        "is a module of its own, and has nothing to do with passwords",
}

// everyPlugin is every plugin of core beside e-mail and password, for tests that are
// generated from the routes. What they send is kept among e's mails. A new plugin that is
// neither here nor in leftOut fails the test.
func everyPlugin(t testing.TB, e *authtest.Env) []core.Plugin {
	t.Helper()
	sms := func(ctx context.Context, m phonenumber.Message) error {
		return e.Mail("sms")(ctx, core.Mail{User: &core.User{Email: m.PhoneNumber}, Token: m.Code})
	}
	all := []core.Plugin{
		anonymous.New(anonymous.Options{}),
		bearer.New(bearer.Options{}),
		deviceauthorization.New(deviceauthorization.Options{}),
		emailotp.New(emailotp.Options{
			Send: func(ctx context.Context, m emailotp.Message) error {
				return e.Mail("code")(ctx, core.Mail{User: &core.User{Email: m.Email}, Token: m.Code})
			},
			ChangeEmail: emailotp.ChangeEmailOptions{Enabled: true},
		}),
		lastloginmethod.New(lastloginmethod.Options{}),
		magiclink.New(magiclink.Options{Send: func(ctx context.Context, m magiclink.Message) error {
			return e.Mail("magic-link")(ctx, core.Mail{User: &core.User{Email: m.Email}, Token: m.Token})
		}}),
		onetimetoken.New(onetimetoken.Options{}),
		organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
		phonenumber.New(phonenumber.Options{SendOTP: sms, SendPasswordResetOTP: sms, SignUp: &phonenumber.SignUp{}}),
		siwe.New(siwe.Options{Domain: "app.example.com"}),
		twofactor.New(twofactor.Options{}),
		username.New(username.Options{}),
	}
	installed := map[string]bool{}
	for _, p := range all {
		installed[path.Base(reflect.TypeOf(p).Elem().PkgPath())] = true
	}
	folders, err := os.ReadDir("plugins")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && !installed[f.Name()] && leftOut[f.Name()] == "" {
			t.Fatalf("core/plugins/%s: add the plugin to everyPlugin, or say in leftOut why not", f.Name())
		}
	}
	return all
}
