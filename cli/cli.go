// Package cli gives an application the commands of Kernia, which see its own
// configuration. One line in main, after core.New, is enough:
//
//	cli.Main(auth)
//
// Then `go run . kernia migrate` runs a command, and without the word kernia the
// program goes on as before. The command kernia finds that program and runs it so.
package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/core"
)

// Main runs the command in the program's arguments and exits, if the first of them
// is the word kernia. Otherwise it returns at once.
func Main(auth *core.Auth) {
	if len(os.Args) < 2 || os.Args[1] != "kernia" {
		return
	}
	root := Command(auth)
	root.SetArgs(os.Args[2:])
	if err := root.ExecuteContext(context.Background()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// Command returns the commands of an application with the configuration of auth.
func Command(auth *core.Auth) *cobra.Command {
	return &cobra.Command{Use: "kernia", Short: "Commands of Kernia"}
}
