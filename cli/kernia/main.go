// Command kernia makes new programs and runs the commands of existing ones.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/scaffold"
)

func main() {
	root := &cobra.Command{Use: "kernia", Short: "Commands of Kernia"}
	root.AddCommand(scaffold.Command())
	if err := root.Execute(); err != nil {
		os.Exit(1)
	}
}
