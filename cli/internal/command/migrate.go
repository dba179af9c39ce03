package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

type migration struct {
	dryRun, check bool
	wait          time.Duration
}

func (h Host) migrateCommand() *cobra.Command {
	var m migration
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Make the tables, columns and indexes that the database lacks",
		Long: "Make the tables, columns and indexes that the database lacks. Nothing is dropped, renamed or\n" +
			"rewritten. When another process migrates the same database, the command says so and waits.",
		Example: "  kernia migrate --dry-run > next.sql\n  kernia migrate\n  kernia migrate --check",
		Args:    none,
		RunE:    h.with(func(c *cobra.Command, a *core.Auth, _ []string) error { return m.run(c, a) }),
	}
	c.Flags().BoolVar(&m.dryRun, "dry-run", false, "print the statements and change nothing")
	c.Flags().BoolVar(&m.check, "check", false, "print nothing but a count, change nothing, and exit with 3 if something is missing")
	c.Flags().DurationVar(&m.wait, "wait", time.Minute, "how long to wait for locks of other processes")
	return c
}

func (m *migration) run(c *cobra.Command, a *core.Auth) error {
	if m.wait <= 0 {
		return exit.Misused(fmt.Errorf("--wait %s is no time to wait: give for example 30s", m.wait))
	}
	if m.dryRun && m.check {
		return exit.Misused(errors.New("give --check or --dry-run, not both"))
	}
	ctx, out, said := c.Context(), c.OutOrStdout(), c.ErrOrStderr()
	plan, err := a.Plan(ctx)
	if err != nil {
		return unreachable(a, err)
	}
	switch {
	case len(plan) == 0 && m.dryRun:
		fmt.Fprintln(said, "Nothing is missing.")
		return nil
	case len(plan) == 0:
		fmt.Fprintln(out, "Nothing is missing.")
		return nil
	case m.check:
		fmt.Fprintf(out, "%s missing: run %q.\n", count(len(plan), "change"), "kernia migrate")
		return exit.With(exit.Found)
	case m.dryRun:
		return statements(out, said, plan)
	}
	ctx = adapter.WithMigration(ctx, adapter.MigrationOptions{Wait: m.wait, Progress: progress(said)})
	if err := a.Migrate(ctx); err != nil {
		return m.failed(c.Context(), a, err)
	}
	fmt.Fprintf(out, "Done: %s.\n", count(len(plan), "change"))
	return nil
}

// statements prints what a migration would run.
func statements(out, said io.Writer, plan []adapter.Change) error {
	for _, change := range plan {
		if _, err := fmt.Fprintf(out, "%s;\n", strings.TrimSuffix(change.SQL, ";")); err != nil {
			return err
		}
	}
	fmt.Fprintf(said, "%s, and nothing was done.\n", count(len(plan), "change"))
	return nil
}

// progress prints the steps of a migration, and once whom it waits for.
func progress(w io.Writer) func(adapter.MigrationProgress) {
	waiting, last := "", ""
	return func(p adapter.MigrationProgress) {
		if p.Waiting != "" {
			if p.Waiting != waiting {
				fmt.Fprintf(w, "Waiting: %s.\n", p.Waiting)
			}
			waiting = p.Waiting
			return
		}
		if p.Change.SQL != last { // a step that had to give way begins again
			fmt.Fprintf(w, "[%d/%d] %s on %s\n", min(p.Done+1, p.Total), p.Total, p.Change.Kind, p.Change.Table)
		}
		last = p.Change.SQL
	}
}

// failed says what to do after a migration that did not end.
func (m *migration) failed(ctx context.Context, a *core.Auth, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the migration was stopped: what was made stays, and the next one goes on from there: %w", context.Cause(ctx))
	case errors.Is(err, adapter.ErrBusy):
		return fmt.Errorf("%w (waited for %s: --wait waits longer)", err, m.wait)
	case errors.Is(err, adapter.ErrUnique):
		return err // says which rows
	}
	return unreachable(a, err)
}

// unreachable adds what to look at when a database does not answer.
func unreachable(a *core.Auth, err error) error {
	return fmt.Errorf("%w: check that the database of the adapter %s runs, and the settings with which the program opens it", err, a.DB().Name())
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
