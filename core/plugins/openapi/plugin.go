// Package openapi serves the OpenAPI document of the installed operations, and a page of
// Scalar that shows it. The page's script comes from the binary: no other host is asked. See
// https://better-auth.com/docs/plugins/open-api. Plugin id: "open-api".
package openapi

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// ID is the plugin's id.
const ID = "open-api"

const defaultPath = "/reference"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// Path of the reference page below the base path. Its script is at Path +
	// "/scalar.js". Default "/reference".
	Path string
	// DisableDefaultReference answers 404 in place of the page. The document is still
	// served.
	DisableDefaultReference bool
	// Theme of the page: default, alternate, moon, purple, solarized, bluePlanet, saturn,
	// kepler, mars, deepSpace, laserwave or none. Default "default".
	Theme string
	// Nonce is put on the page's script element, for a Content-Security-Policy of the
	// application's own that a proxy adds. The page's own policy does not need it: it
	// allows scripts of its own origin alone. Default none.
	Nonce string
}

// themes are those that Scalar knows.
var themes = []string{"alternate", "default", "moon", "purple", "solarized", "bluePlanet", "saturn", "kepler", "mars", "deepSpace", "laserwave", "none"}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	GenerateSchema *core.Op[core.NoInput, *core.Raw]
	Document       *core.Op[core.NoInput, *core.Raw]
	Reference      *core.Op[core.NoInput, *core.Raw]
	Script         *core.Op[core.NoInput, *core.Raw] // nil with DisableDefaultReference

	opts Options
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.Path, o.Theme = cmp.Or(o.Path, defaultPath), cmp.Or(o.Theme, "default")
	p := &Plugin{opts: o}
	p.GenerateSchema = core.Get("generateOpenAPISchema", "/open-api/generate-schema", p.document, core.HideFromClient(),
		core.Doc("The OpenAPI document"))
	p.Document = core.Get("openAPIDocument", "/openapi.json", p.document, core.HideFromClient(),
		core.Doc("The OpenAPI document"))
	p.Reference = core.Get("openAPIReference", o.Path, p.reference, core.HideFromClient(),
		core.Doc("A page that shows the OpenAPI document"))
	if !o.DisableDefaultReference {
		p.Script = core.Get("openAPIReferenceScript", o.Path+scriptName, p.script, core.HideFromClient(),
			core.Doc("The script of the page"))
	}
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "open-api".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	switch {
	case !strings.HasPrefix(p.opts.Path, "/") || strings.HasSuffix(p.opts.Path, "/") || strings.ContainsAny(p.opts.Path, ":*?#\\ ") || strings.Contains(p.opts.Path, "//"):
		return core.Manifest{}, fmt.Errorf("Options.Path is %q: write it below the base path, without parameters, for example %q", p.opts.Path, defaultPath)
	case !slices.Contains(themes, p.opts.Theme):
		return core.Manifest{}, fmt.Errorf("Options.Theme is %q: Scalar has %s", p.opts.Theme, strings.Join(themes, ", "))
	case strings.IndexFunc(p.opts.Nonce, notInNonce) >= 0:
		return core.Manifest{}, fmt.Errorf("Options.Nonce has characters that no nonce has: use base64 as in a Content-Security-Policy")
	}
	return core.Manifest{}, nil
}

// notInNonce finds what a nonce of a Content-Security-Policy cannot hold.
func notInNonce(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("+/=-_", r)
}

func (p *Plugin) document(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	return &core.Raw{ContentType: "application/json", Body: c.OpenAPI()}, nil
}

// errDisabled has no body, as in Better Auth 1.6.
var errDisabled = &core.Error{
	Status: http.StatusNotFound, NoBody: true, Header: []core.HeaderField{{Name: "Content-Type", Value: "application/json"}},
}

func (p *Plugin) reference(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	if p.opts.DisableDefaultReference {
		if c.Auth().Compat() == core.CompatBetterAuth {
			return nil, errDisabled
		}
		return nil, core.FailText(http.StatusNotFound, "Not Found")
	}
	return p.page(c)
}
