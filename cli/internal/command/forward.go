package command

import (
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/cli/internal/program"
)

// Standalone returns the command kernia as a program of its own. What needs the configuration
// of an application runs in that application's program.
func Standalone(dir string) *cobra.Command {
	var app string
	root := Root(Host{Forward: func(c *cobra.Command, args []string) error {
		p, err := program.Find(c.Context(), dir, app)
		if err != nil {
			return err
		}
		return p.Run(c.Context(), program.Streams{In: c.InOrStdin(), Out: c.OutOrStdout(), Err: c.ErrOrStderr()}, again(c, dir, args))
	}})
	root.Long = "Make a new application that signs users in with Kernia, or operate one. Commands that need the\n" +
		"configuration build and run the program of the Go module that the working directory is in.\n\n" +
		exit.Help
	if build, ok := debug.ReadBuildInfo(); ok {
		root.Version = build.Main.Version
	}
	root.PersistentFlags().StringVar(&app, "app", "", "folder or import path of the application's program (default: the one that calls cli.Main)")
	return root
}

// again writes a command line once more, without --app and with absolute paths, because the
// program runs in another folder.
func again(c *cobra.Command, dir string, args []string) []string {
	words := strings.Fields(c.CommandPath())[1:]
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name == "app" {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if f.Annotations[Path] != nil && !filepath.IsAbs(v) {
				v = filepath.Join(dir, v)
			}
			words = append(words, "--"+f.Name+"="+v)
		}
	})
	// A default path is meant from the working directory too.
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if v := f.Value.String(); !f.Changed && f.Annotations[Path] != nil && v != "" {
			words = append(words, "--"+f.Name+"="+filepath.Join(dir, v))
		}
	})
	if len(args) > 0 {
		words = append(append(words, "--"), args...)
	}
	return words
}
