package core_test

import (
	"context"
	"fmt"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
)

// greeter is the smallest plugin. docs/plugins.md writes a real one from nothing.
type greeter struct {
	Greet *core.Op[core.NoInput, greeting]
}

type greeting struct {
	Text string `json:"text"`
}

func newGreeter() *greeter {
	return &greeter{Greet: core.Get("greet", "/greet", func(c *core.Ctx, _ *core.NoInput) (greeting, error) {
		return greeting{"Hello from " + c.Auth().AppName()}, nil
	})}
}

func (*greeter) ID() string { return "greeter" }

func (p *greeter) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Operations: []core.Operation{p.Greet}}, nil
}

func Example_plugin() {
	plugin := newGreeter()
	auth, err := core.New(core.Options{
		AppName:  "Example",
		BaseURL:  "http://localhost:3000",
		Secret:   "example-secret-0123456789-abcdefghijklmnopq",
		Database: memory.New(),
		Plugins:  []core.Plugin{plugin},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range auth.Operations() {
		if op.ID == "greet" {
			fmt.Println(op.Methods[0], auth.BasePath()+op.Path)
		}
	}
	reply, err := plugin.Greet.Call(context.Background(), nil)
	fmt.Println(reply.Text, err)
	// Output:
	// GET /api/auth/greet
	// Hello from Example <nil>
}
