// Package cli gives an application the commands of Kernia, which see its own
// configuration. One line in main, after core.New, is enough:
//
//	cli.Main(auth)
//
// Then `go run . kernia migrate` runs a command, and without the word kernia the
// program goes on as before. The command kernia finds that program and runs it so.
// docs/cli.md describes the commands and their exit codes.
package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/command"
	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/core"
)

// word is the argument with which a program runs a command.
const word = "kernia"

// closing is how long background work, such as the sending of mails, may take after a
// command.
const closing = 30 * time.Second

// Main runs the command in the program's arguments and exits, if the first of them
// is the word kernia. Otherwise it returns at once. Call it after core.New and before
// anything listens. Functions that main has deferred do not run when a command did.
func Main(auth *core.Auth) {
	if len(os.Args) < 2 || os.Args[1] != word {
		return
	}
	os.Exit(Run(auth, os.Args[2:]))
}

// Run runs the command in args, without the word kernia, and returns its exit code. It is
// for programs that have to clean up before they exit. Errors are printed to the standard
// error output.
func Run(auth *core.Auth, args []string) int {
	code := command.Execute(Command(auth), args)
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if err := auth.Close(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kernia:", err)
		if code == exit.OK {
			code = exit.Failed
		}
	}
	return code
}

// Command returns the command kernia of an application with the configuration of auth, to
// put it into a tree of commands of the application's own:
//
//	root.AddCommand(cli.Command(auth))
//
// ExitCode tells the exit code of an error that its ExecuteContext returns. The error is
// not printed.
func Command(auth *core.Auth) *cobra.Command { return command.Root(command.Host{Auth: auth}) }

// ExitCode returns the exit code of an error of a command: 0 for nil, else as docs/cli.md
// lists them.
func ExitCode(err error) int { return exit.Code(err) }
