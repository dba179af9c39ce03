// Package command builds the tree of commands. In an application the commands work with
// its configuration. In the stand-alone program kernia the same tree only reads the
// command line, and passes what needs a configuration on to the application.
package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/core"
)

// Host is the program that the commands are in.
type Host struct {
	// Auth is the configuration of the application, nil in the stand-alone program.
	Auth *core.Auth
	// Forward runs a command that needs a configuration, where Auth is nil.
	Forward func(c *cobra.Command, args []string) error
}

// Path is the annotation of flags that name files, relative to the working directory.
const Path = "kernia_path"

// with makes the function of a command that needs the configuration.
func (h Host) with(run func(c *cobra.Command, a *core.Auth, args []string) error) func(*cobra.Command, []string) error {
	if h.Auth == nil {
		return h.Forward
	}
	return func(c *cobra.Command, args []string) error { return run(c, h.Auth, args) }
}

// Root returns the command kernia.
func Root(h Host) *cobra.Command {
	root := &cobra.Command{
		Use:           "kernia",
		Short:         "Operate an application that signs users in with Kernia",
		Long:          "Operate an application that signs users in with Kernia.\n\n" + exit.Help,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(misused)
	root.AddCommand(secretCommand(), h.generateCommand(), h.migrateCommand(), h.infoCommand(), h.doctorCommand(), h.userCommand())
	return root
}

// misused says where to read about a command whose flags are wrong.
func misused(c *cobra.Command, err error) error {
	return exit.Misused(fmt.Errorf("%w: %q lists the flags", err, c.CommandPath()+" --help"))
}

// known refuses a word that is no command.
func known(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q", c.CommandPath()+" "+args[0])
	c.SuggestionsMinimumDistance = 2
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		text += fmt.Sprintf(": did you mean %q?", like[0])
	}
	return exit.Misused(fmt.Errorf("%s: %q lists the commands", text, c.CommandPath()+" --help"))
}

// none refuses arguments.
func none(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return exit.Misused(fmt.Errorf("%q takes no argument %q: %q shows how it is used", c.CommandPath(), args[0], c.CommandPath()+" --help"))
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: known, RunE: func(c *cobra.Command, args []string) error {
		return exit.Misused(fmt.Errorf("%q needs to know what: %q lists it", c.CommandPath(), c.CommandPath()+" --help"))
	}}
	c.AddCommand(children...)
	return c
}

// Execute runs a command until it ends or the process is told to stop. It prints the error
// and returns the exit code.
func Execute(root *cobra.Command, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root.SetArgs(args)
	err := exit.Of(ctx, root.ExecuteContext(ctx))
	Print(root.ErrOrStderr(), err)
	return exit.Code(err)
}

// Print prints an error, if it has a text.
func Print(w io.Writer, err error) {
	if err != nil && err.Error() != "" {
		fmt.Fprintf(w, "kernia: %v\n", err)
	}
}
