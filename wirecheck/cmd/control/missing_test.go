package main

import (
	"context"
	"encoding/json"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/captcha"
	"github.com/advantch/kernia-go/core/plugins/customsession"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/expo"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/plugins/haveibeenpwned"
	"github.com/advantch/kernia-go/core/plugins/i18n"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/mcp"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/plugins/oidcprovider"
	"github.com/advantch/kernia-go/core/plugins/onetap"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/openapi"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/social"
)

// TestMissingIsDocumented compares "Not there yet" in docs/compatibility.md with the
// routes and plugins of Better Auth that this server does not have.
func TestMissingIsDocumented(t *testing.T) {
	t.Parallel()
	routes := map[string]bool{}
	var all []core.Plugin
	sets := [][]core.Plugin{everyPlugin()}
	for _, p := range olderProviders() {
		sets = append(sets, []core.Plugin{p})
	}
	for _, set := range sets {
		for route := range routesOf(t, set...) {
			routes[route] = true
		}
		all = append(all, set...)
	}
	migration, err := os.ReadFile("../../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if !strings.Contains(string(migration), "`"+p.ID()+"`") {
			t.Errorf("docs/migration.md does not name the plugin %s", p.ID())
		}
	}
	missing := map[string]bool{}
	var endpoints []struct {
		Method, Path string
		Routed       bool
	}
	read(t, "../../testdata/endpoints.json", &endpoints)
	for _, e := range endpoints {
		if e.Routed && !routes[e.Method+" "+e.Path] {
			missing[e.Path] = true
		}
	}
	var plugins map[string][]string
	read(t, "../../testdata/plugins.json", &plugins)
	for id, endpoints := range plugins {
		if !slices.ContainsFunc(all, func(p core.Plugin) bool { return p.ID() == id }) {
			missing[id] = true
			continue
		}
		for _, e := range endpoints {
			if method, path, _ := strings.Cut(e, " "); method != "api" && !routes[e] {
				missing[path] = true
			}
		}
	}
	page, err := os.ReadFile("../../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Not there yet\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for _, name := range regexp.MustCompile("`([/a-z:-]+)`").FindAllStringSubmatch(section, -1) {
		listed[name[1]] = true
	}
	for name := range missing {
		if !listed[name] {
			t.Errorf("%s is missing, and not listed", name)
		}
	}
	for name := range listed {
		if !missing[name] {
			t.Errorf("%s is listed, and there", name)
		}
	}
}

// olderProviders have the routes and tables of oauth-provider, so that each is alone.
func olderProviders() []core.Plugin {
	return []core.Plugin{oidcprovider.New(oidcprovider.Options{LoginPage: "/login"}), mcp.New(mcp.Options{LoginPage: "/login"})}
}

// everyPlugin makes one of each plugin that can be installed beside the others.
func everyPlugin() []core.Plugin {
	return []core.Plugin{
		admin.New(admin.Options{}),
		adminconfig.New(adminconfig.Options{}),
		anonymous.New(anonymous.Options{}),
		auditlog.New(auditlog.Options{}),
		bearer.New(bearer.Options{}),
		deviceauthorization.New(deviceauthorization.Options{}),
		additionalfields.New(additionalfields.Options{User: []schema.Field{{Name: "x", Type: schema.String, Optional: true}}}),
		customsession.New(func(context.Context, *core.SessionData) (int, error) { return 0, nil }, customsession.Options{}),
		apikey.New(apikey.Options{}),
		electron.New(electron.Options{}),
		expo.New(expo.Options{}),
		jwt.New(jwt.Options{}),
		oauthprovider.New(oauthprovider.Options{}),
		i18n.New(i18n.Options{Translations: map[string]i18n.Translations{"en": {}}}),
		multisession.New(multisession.Options{}),
		captcha.New(captcha.Options{Provider: captcha.Turnstile, SecretKey: "x"}),
		emailotp.New(emailotp.Options{Send: func(context.Context, emailotp.Message) error { return nil }}),
		emailpassword.New(emailpassword.Options{}),
		haveibeenpwned.New(haveibeenpwned.Options{}),
		genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{genericoauth.Gumroad(genericoauth.Preset{ClientID: "x", ClientSecret: "x"})}}),
		lastloginmethod.New(lastloginmethod.Options{}),
		magiclink.New(magiclink.Options{Send: func(context.Context, magiclink.Message) error { return nil }}),
		oauthpopup.New(oauthpopup.Options{}),
		oauthproxy.New(oauthproxy.Options{ProductionURL: "http://localhost:3000"}),
		onetap.New(onetap.Options{ClientID: "x"}),
		onetimetoken.New(onetimetoken.Options{}),
		openapi.New(openapi.Options{}),
		organization.New(organization.Options{Teams: organization.Teams{Enabled: true}, DynamicAccessControl: organization.DynamicAccessControl{Enabled: true}}),
		passkey.New(passkey.Options{}),
		phonenumber.New(phonenumber.Options{}),
		scim.New(scim.Options{}),
		sso.New(sso.Options{Domains: sso.DomainVerification{Enabled: true}}),
		siwe.New(siwe.Options{Domain: "localhost:3000"}),
		social.New(),
		twofactor.New(twofactor.Options{}),
		username.New(username.Options{}),
	}
}

// TestMissingPluginsAreNamed asks a server without plugins for every route of every plugin:
// the log names the plugin to install.
func TestMissingPluginsAreNamed(t *testing.T) {
	t.Parallel()
	for i, p := range append(everyPlugin(), olderProviders()...) {
		// Some need another one.
		var routes, without map[string]bool
		for _, others := range []func() []core.Plugin{
			func() []core.Plugin { return nil },
			func() []core.Plugin { return []core.Plugin{social.New()} },
			func() []core.Plugin { return []core.Plugin{emailpassword.New(emailpassword.Options{})} },
			func() []core.Plugin {
				return []core.Plugin{emailpassword.New(emailpassword.Options{}), jwt.New(jwt.Options{})}
			},
		} {
			var err error
			if routes, err = installed(append(others(), append(everyPlugin(), olderProviders()...)[i])...); err == nil {
				without = routesOf(t, others()...)
				break
			}
		}
		if without == nil {
			t.Errorf("the plugin %s cannot be installed alone", p.ID())
		}
		for route := range routes {
			method, at, _ := strings.Cut(route, " ")
			// What is at the root of the site is the application's without the plugin.
			if at == "" || without[route] || strings.HasPrefix(at, "/.well-known/") && strings.HasSuffix(at, "/api/auth") {
				continue
			}
			e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.RateLimit.Disabled = true })
			e.Client().Do(method, regexp.MustCompile(":[A-Za-z]+").ReplaceAllString(at, "x"), "")
			// A route that oauth-provider has too is named by its successor.
			named := strings.Contains(e.Log.String(), `"plugin":"`+p.ID()+`"`)
			older := p.ID() == "oidc-provider" || p.ID() == "mcp"
			if !named && !(older && strings.Contains(e.Log.String(), `"plugin":"oauth-provider"`)) {
				t.Errorf("%s: the log does not name the plugin %s", route, p.ID())
			}
		}
	}
}

// TestEveryPluginIsThere compares everyPlugin with the folders of the plugins.
func TestEveryPluginIsThere(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("../../../core/plugins")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{"access": true} // no plugin: the roles of some
	for _, p := range append(everyPlugin(), olderProviders()...) {
		made[path.Base(reflect.TypeOf(p).Elem().PkgPath())] = true
	}
	for _, folder := range folders {
		if folder.IsDir() && !made[folder.Name()] {
			t.Errorf("everyPlugin makes none of core/plugins/%s", folder.Name())
		}
	}
}

func routesOf(t *testing.T, plugins ...core.Plugin) map[string]bool {
	t.Helper()
	routes, err := installed(plugins...)
	if err != nil {
		t.Fatal(err)
	}
	return routes
}

// installed are the routes of a server with these plugins.
func installed(plugins ...core.Plugin) (map[string]bool, error) {
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "9fK2mQ7xR4vT8wZ1nB6cL3hJ5gD0pSyA", Database: memory.New(), Plugins: plugins,
	})
	if err != nil {
		return nil, err
	}
	routes := map[string]bool{}
	for _, op := range auth.Operations() {
		for _, method := range op.Methods {
			routes[method+" "+op.Path] = true
			for _, alias := range op.Aliases {
				routes[method+" "+alias.Path] = true
			}
		}
	}
	return routes, nil
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}
