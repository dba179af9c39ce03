// Command kernia makes new programs and runs the commands of existing ones. See
// docs/cli.md.
package main

import (
	"fmt"
	"os"

	"github.com/advantch/kernia-go/cli/internal/command"
	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/cli/internal/scaffold"
)

func main() {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernia:", err)
		os.Exit(exit.Failed)
	}
	root := command.Standalone(dir)
	root.AddCommand(scaffold.Command())
	os.Exit(command.Execute(root, os.Args[1:]))
}
