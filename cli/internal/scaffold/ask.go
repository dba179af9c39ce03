package scaffold

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/charmbracelet/huh"

	"github.com/advantch/kernia-go/cli/internal/ask"
	"github.com/advantch/kernia-go/cli/internal/exit"
)

// given says which choices came as arguments, so that nobody asks for them again.
type given func(flag string) bool

// form is where the questions are asked.
type form struct {
	in         io.Reader
	out        io.Writer
	accessible bool // each question is a line of text, for screen readers
}

// run asks until all is answered. The error is exit.Stopped after Ctrl-C.
func (f form) run(ctx context.Context, groups ...*huh.Group) error {
	questions := huh.NewForm(groups...).WithInput(f.in).WithOutput(f.out).WithAccessible(f.accessible)
	read := func() error { return questions.RunWithContext(ctx) }
	var err error
	if f.accessible {
		err = ask.Until(ctx, f.in, read) // the library reads lines without regard to ctx
	} else {
		err = read()
	}
	if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
		return exit.Stopped()
	}
	return err
}

// answer asks for what was not given, and fills in c.
func answer(ctx context.Context, c *Choices, has given, f form) error {
	set(&c.Framework, defaultFramework)
	set(&c.Adapter, defaultAdapter)
	set(&c.Frontend, defaultFrontend)
	database := databaseOr(c.Database)

	var first, second []huh.Field
	if !has("folder") {
		c.Folder = defaultFolder
		first = append(first, huh.NewInput().Title("Folder").Description("It is made if it does not exist.").Value(&c.Folder))
	}
	if !has("framework") {
		first = append(first, choose("Framework", &c.Framework, []string{"gin", "echo", "echov5", "fiber", "fiberv3", "nethttp", "chi"},
			func(k string) string { return frameworks[k].Title }))
	}
	if !has("adapter") {
		first = append(first, choose("Adapter", &c.Adapter, []string{"gorm", "ent", "mongo", "memory"}, func(k string) string { return adapters[k].Title }))
	}
	if !has("plugins") {
		options := make([]huh.Option[string], len(plugins))
		for i, p := range plugins {
			options[i] = huh.NewOption(p.ID+": "+p.About, p.ID)
		}
		second = append(second, huh.NewMultiSelect[string]().Title("Plugins").
			Description("Beside e-mail and password. Space chooses, Enter goes on.").Options(options...).Height(12).Value(&c.Plugins))
	}
	if !has("frontend") {
		second = append(second, choose("Page", &c.Frontend, []string{"plain", "react", "vue", "svelte", "none"},
			func(k string) string { return frontends[k].Title }))
	}

	groups := []*huh.Group{}
	if len(first) > 0 {
		groups = append(groups, huh.NewGroup(first...))
	}
	if !has("database") {
		groups = append(groups, huh.NewGroup(choose("Database", &database, []string{"sqlite", "postgres", "mysql"}, func(k string) string { return databases[k] })).
			WithHideFunc(func() bool { return adapters[c.Adapter].databases == nil }))
	}
	if len(second) > 0 {
		groups = append(groups, huh.NewGroup(second...))
	}
	if len(groups) == 0 {
		return nil
	}
	if err := f.run(ctx, groups...); err != nil {
		return err
	}
	if adapters[c.Adapter].databases != nil {
		c.Database = database
	}
	return nil
}

func choose(title string, value *string, order []string, name func(string) string) *huh.Select[string] {
	options := make([]huh.Option[string], len(order))
	for i, k := range order {
		options[i] = huh.NewOption(name(k), k)
	}
	return huh.NewSelect[string]().Title(title).Options(options...).Value(value)
}

func databaseOr(database string) string {
	if slices.Contains(keys(databases), database) {
		return database
	}
	return defaultDatabase
}
