package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/secret"
)

func secretCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "secret",
		Short: "Print a new secret for core.Options.Secret",
		Long: "Print a new secret for core.Options.Secret: 32 random bytes in base64. Keep it out of the\n" +
			"repository, and give every deployment its own. Whoever has it can sign in as anybody.",
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), secret.New())
			return err
		},
	}
}
