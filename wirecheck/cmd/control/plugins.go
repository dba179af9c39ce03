package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// factories make plugins by the name of Better Auth's factory.
var factories = map[string]func(i *instance, s *section) core.Plugin{
	"twoFactor": (*instance).twoFactor,
}

// plugin makes one of the instance's plugins.
func (i *instance) plugin(all *options, spec wire.Value) (core.Plugin, error) {
	id, _ := spec.Get("id").Str()
	if spec.Get("inline").Truthy() {
		return i.inlinePlugin(id, all.section("plugin "+id, object("schema", spec.Get("schema")))), nil
	}
	name, _ := spec.Get("factory").Str()
	factory, ok := factories[name]
	if !ok {
		return nil, unsupported("no plugin factory %q", name)
	}
	given, args := spec.Get("options"), spec.Get("args")
	further, _ := args.Items()
	if names := positional[name]; names != nil {
		o := wire.NewObject()
		for k, v := range append([]wire.Value{given}, further...) {
			o.Set(names[min(k, len(names)-1)], v)
		}
		given = wire.ObjectOf(o)
	} else if len(further) > 0 {
		return nil, unsupported("the further arguments of the plugin factory %q are not mapped", name)
	}
	return factory(i, all.section("plugin "+name, given)), nil
}

// positional names the arguments of factories that take more than their options.
var positional = map[string][]string{}

// inline is a plugin whose code exists only in JavaScript: its tables are all
// that matters here.
type inline struct {
	id       string
	manifest core.Manifest
}

func (p *inline) ID() string                               { return p.id }
func (p *inline) Manifest(core.Env) (core.Manifest, error) { return p.manifest, nil }

func (i *instance) inlinePlugin(id string, s *section) core.Plugin {
	p := &inline{id: id}
	models := s.sub("schema")
	for _, m := range models.object.Members() {
		model := models.sub(m.Name)
		table := schema.Table{Model: m.Name, Name: model.text("modelName"), Fields: i.fields(model, "fields")}
		switch m.Name {
		case core.ModelUser, core.ModelSession, core.ModelAccount, core.ModelVerification:
			p.manifest.Extend = append(p.manifest.Extend, table)
		default:
			p.manifest.Tables = append(p.manifest.Tables, table)
		}
	}
	return p
}
