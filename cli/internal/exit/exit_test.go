package exit

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestOf has every rule by which an error gets its exit code.
func TestOf(t *testing.T) {
	t.Parallel()
	failed := errors.New("connection refused")
	for name, tc := range map[string]struct {
		err     error
		running int // the code while nobody has stopped the command
		stopped int // and after that
		text    string
	}{
		"nothing":          {nil, OK, OK, ""},
		"a failure":        {failed, Failed, Interrupted, "connection refused"},
		"misuse":           {Misused(failed), Usage, Usage, "connection refused"},
		"wrapped misuse":   {fmt.Errorf("flag: %w", Misused(failed)), Usage, Usage, "flag: connection refused"},
		"a finding":        {With(Found), Found, Found, ""},
		"a child's code":   {With(143), 143, 143, ""},
		"stopped":          {Stopped(), Interrupted, Interrupted, "stopped: nothing was changed"},
		"an ended context": {context.Canceled, Interrupted, Interrupted, "stopped"},
		"one with a text":  {fmt.Errorf("the migration was stopped: %w", context.Canceled), Interrupted, Interrupted, "the migration was stopped: context canceled"},
		"a deadline":       {context.DeadlineExceeded, Failed, Interrupted, context.DeadlineExceeded.Error()},
		"a stopped child":  {With(Interrupted), Interrupted, Interrupted, ""}, // it has said so itself
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			running := Of(t.Context(), tc.err)
			ctx, stop := context.WithCancel(t.Context())
			stop()
			after := Of(ctx, tc.err)
			if Code(running) != tc.running || Code(after) != tc.stopped {
				t.Errorf("codes %d and %d, want %d and %d", Code(running), Code(after), tc.running, tc.stopped)
			}
			if tc.err != nil && running.Error() != tc.text {
				t.Errorf("the text is %q, want %q", running.Error(), tc.text)
			}
		})
	}
	if Misused(nil) != nil {
		t.Error("no error became one")
	}
}
