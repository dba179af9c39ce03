// Package scaffold writes new programs: the command `kernia init`.
package scaffold

import "github.com/spf13/cobra"

// Command returns the command init.
func Command() *cobra.Command {
	return &cobra.Command{Use: "init [folder]", Short: "Write a program that signs users in"}
}
