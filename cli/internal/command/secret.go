package command

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"
)

func secretCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "secret",
		Short: "Print a new secret for core.Options.Secret",
		Long: "Print a new secret for core.Options.Secret: 32 random bytes in base64. Keep it out of the\n" +
			"repository, and give every deployment its own. Whoever has it can sign in as anybody.",
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), newSecret())
			return err
		},
	}
}

func newSecret() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // it never fails
	return base64.StdEncoding.EncodeToString(raw[:])
}
