package command

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/info"
	"github.com/advantch/kernia-go/core"
)

func (h Host) infoCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "info",
		Short: "Show versions, addresses, plugins and options, without secrets",
		Long: "Show versions, addresses, plugins and options, for a report of a problem. It has no secret and no\n" +
			"address of a database.",
		Args: none,
		RunE: h.with(func(c *cobra.Command, a *core.Auth, _ []string) error {
			build, _ := debug.ReadBuildInfo()
			r := info.Of(a, build)
			if asJSON {
				return r.JSON(c.OutOrStdout())
			}
			return r.Text(c.OutOrStdout())
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
