// Package additionalfields adds columns to the tables of the core from one place, as a
// plugin. It is the same as the Fields of Options.User, Session, Account and Verification,
// for code that gives a set of fields to several programs. Clients in TypeScript learn the
// fields with inferAdditionalFields of better-auth/client/plugins. Plugin id:
// "additional-fields".
package additionalfields

import (
	"errors"
	"fmt"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "additional-fields"

// Options lists the fields. Name them with core.Field, which reads and writes them in Go:
//
//	var Plan = core.Field[string]{Name: "plan"}
//
//	additionalfields.New(additionalfields.Options{User: []schema.Field{
//		{Name: Plan.Name, Type: schema.String, Default: schema.Value("free"), NoInput: true},
//	}})
//
// Clients may set a field unless it has NoInput.
type Options struct {
	User         []schema.Field
	Session      []schema.Field
	Account      []schema.Field
	Verification []schema.Field
}

// Plugin is the installed plugin; get it with From.
type Plugin struct{ opts Options }

// New makes the plugin.
func New(o Options) *Plugin { return &Plugin{o} }

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// Options returns the options of New, for tools that show a configuration.
func (p *Plugin) Options() Options { return p.opts }

// ID returns "additional-fields".
func (p *Plugin) ID() string { return ID }

// Manifest lists the fields.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	var m core.Manifest
	for _, t := range []schema.Table{
		{Model: core.ModelUser, Fields: p.opts.User},
		{Model: core.ModelSession, Fields: p.opts.Session},
		{Model: core.ModelAccount, Fields: p.opts.Account},
		{Model: core.ModelVerification, Fields: p.opts.Verification},
	} {
		for i, f := range t.Fields {
			if f.Name == "" {
				return m, fmt.Errorf("a field of %s has no name: field %d", t.Model, i)
			}
		}
		if len(t.Fields) > 0 {
			m.Extend = append(m.Extend, t)
		}
	}
	if len(m.Extend) == 0 {
		return m, errors.New("Options has no fields: list at least one")
	}
	return m, nil
}
