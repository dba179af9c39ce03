// Package scaffold writes new programs: the command `kernia init`. A program is Go code
// that an application owns from then on, with everything it needs to start at once.
package scaffold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/ask"
	"github.com/advantch/kernia-go/cli/internal/exit"
)

// Command returns the command init.
func Command() *cobra.Command {
	var (
		c    Choices
		o    options
		skip bool
	)
	command := &cobra.Command{
		Use:   "init [folder]",
		Short: "Write a program that signs users in",
		Long: `Write a program that signs users in: Go code that compiles and starts at once, its
settings with a secret of its own, a page with the official client, a Dockerfile and a
compose file with the database.

On a terminal it asks for what no flag says. Elsewhere, and with --yes, the defaults count.
Nothing is overwritten without --force, and nothing is left half written.`,
		Example: `  kernia init
  kernia init shop --framework echo --database postgres --plugins passkey,organization --frontend react
  kernia init api --frontend none --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exit.Misused(fmt.Errorf("%q is one argument too many: %q", args[1], cmd.UseLine()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			has := func(name string) bool {
				if name == "folder" {
					return len(args) > 0
				}
				return cmd.Flags().Changed(name)
			}
			if len(args) > 0 {
				c.Folder = args[0]
			}
			o.tidy = !skip
			in, out := cmd.InOrStdin(), cmd.ErrOrStderr()
			ctx := cmd.Context()
			if !o.yes && ask.Terminal(in, out) {
				if err := answer(ctx, &c, has, form{in, out, os.Getenv("ACCESSIBLE") != ""}); err != nil {
					return err
				}
			}
			p, err := create(ctx, c, o, cmd)
			if errors.Is(err, context.Canceled) {
				return exit.Stopped()
			}
			if err != nil {
				return err
			}
			next(ctx, cmd, p, o)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&c.Framework, "framework", "", "web framework: "+strings.Join(keys(frameworks), ", ")+" (default "+defaultFramework+")")
	flags.StringVar(&c.Adapter, "adapter", "", "how rows are kept: "+strings.Join(keys(adapters), ", ")+" (default "+defaultAdapter+")")
	flags.StringVar(&c.Database, "database", "", "of gorm and ent: "+strings.Join(keys(databases), ", ")+" (default "+defaultDatabase+")")
	flags.StringSliceVar(&c.Plugins, "plugins", nil, "beside e-mail and password, separated by commas: "+strings.Join(pluginIDs(), ", "))
	flags.StringVar(&c.Frontend, "frontend", "", "page with the official client: "+strings.Join(keys(frontends), ", ")+" (default "+defaultFrontend+")")
	flags.StringVar(&c.Module, "module", "", "path of the Go module (default example.com/<name>)")
	flags.StringVar(&c.Name, "name", "", "name of the application, as people see it (default: that of the folder)")
	flags.BoolVar(&o.force, "force", false, "overwrite existing files of the program, and no others; the settings in .env stay")
	flags.BoolVarP(&o.yes, "yes", "y", false, "ask nothing: the defaults count for what no flag says")
	flags.BoolVar(&skip, "skip-tidy", false, "do not run `go mod tidy`, which needs the go command and a network")
	flags.StringVar(&o.replace, "replace", "", "folder of a checkout of Kernia to use in place of its published modules")
	flags.StringVar(&o.version, "kernia-version", "", "release of Kernia to require (default: that of this command)")
	complete(command)
	return command
}

// complete lets the shell complete the values of flags.
func complete(command *cobra.Command) {
	for flag, values := range map[string][]string{
		"framework": keys(frameworks), "adapter": keys(adapters), "database": keys(databases), "frontend": keys(frontends), "plugins": pluginIDs(),
	} {
		// It fails only for a flag that there is not.
		_ = command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// options are how a program is written, in contrast to what is written.
type options struct {
	force, yes, tidy bool
	replace, version string
}

// create writes the program, or nothing.
func create(ctx context.Context, c Choices, o options, cmd *cobra.Command) (*program, error) {
	if err := c.complete(); err != nil {
		return nil, exit.Misused(err)
	}
	p := newProgram(c)
	version, err := o.version, error(nil)
	if o.replace != "" {
		if p.Replaces, err = replacements(c, o.replace); err != nil {
			return nil, err
		}
		version = cmp.Or(version, "v0.1.0")
	}
	if version == "" {
		if version, err = ownVersion(); err != nil {
			return nil, err
		}
	}
	p.Requires = requirements(c, version)
	var kept settings
	if o.force {
		if kept, err = readSettings(c.Folder); err != nil {
			return nil, err
		}
		p.keep(kept)
	}
	files, err := render(p)
	if err != nil {
		return nil, err
	}
	files[".env"] = kept.with(files[".env"], p.databaseKind())
	w := writing{folder: c.Folder, files: files, force: o.force, rename: os.Rename}
	if o.tidy {
		w.made = []string{"go.sum"}
		w.prepare = func(ctx context.Context, stage string) error {
			cmd.PrintErrln("go mod tidy: fetches the modules, which takes a minute the first time")
			return tidy(ctx, stage, cmd.ErrOrStderr())
		}
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	p.Leftovers = leftovers(c.Folder, files)
	return p, nil
}

// next says what to do with the program.
func next(ctx context.Context, cmd *cobra.Command, p *program, o options) {
	out := cmd.OutOrStdout()
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	if len(p.Leftovers) > 0 {
		say("%s belong to choices that this program was not written with. Unless they are yours, remove them first:\n", strings.Join(p.Leftovers, ", "))
		words := []string{"rm"}
		for _, name := range p.Leftovers {
			words = append(words, quoted(filepath.Join(p.Folder, filepath.FromSlash(name))))
		}
		say("  %s\n", strings.Join(words, " "))
	}
	say("%s is written. Next:\n", p.Folder)
	if !o.tidy {
		say("  (cd %s && go mod tidy)", quoted(p.Folder))
	}
	say("  %s\n", p.Paste())
	if p.HasPage() {
		say("Then open %s and sign up. README.md says the rest.", p.BaseURL)
	} else {
		say("Then sign up as README.md shows.")
	}
	if file := workspace(ctx, p.Folder); file != "" && o.tidy {
		say("The folder lies in the workspace %s: run `go work use %s` first.", file, quoted(p.Folder))
	}
}
