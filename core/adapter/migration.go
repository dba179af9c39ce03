package adapter

import (
	"context"
	"time"
)

// MigrationOptions say how a migration behaves towards the person who runs it.
type MigrationOptions struct {
	// Wait is how long the migration waits for the locks of other processes. Default: as
	// the adapter says, about a minute.
	Wait time.Duration
	// Progress is told of every step that begins and of every wait that takes longer than
	// an instant. It may be called on other goroutines, one call after the other.
	Progress func(MigrationProgress)
}

// MigrationProgress is where a migration stands.
type MigrationProgress struct {
	Change      Change // the step that begins; the zero Change while the migration waits
	Done, Total int    // steps that have ended, and all steps; 0 where they are not known yet
	// Waiting says for whom the migration waits. Empty: a step begins.
	Waiting string
}

type migrationKey struct{}

// WithMigration returns a context with options for Migrator.Migrate.
func WithMigration(ctx context.Context, o MigrationOptions) context.Context {
	return context.WithValue(ctx, migrationKey{}, o)
}

// MigrationOf returns the options that WithMigration has put into a context. Adapters
// follow them. Its Progress is never nil.
func MigrationOf(ctx context.Context) MigrationOptions {
	o, _ := ctx.Value(migrationKey{}).(MigrationOptions)
	if o.Progress == nil {
		o.Progress = func(MigrationProgress) {}
	}
	return o
}
