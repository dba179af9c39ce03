package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/advantch/kernia-go/cli/internal/exit"
)

// slow is how long building may take without a word.
const slow = 2 * time.Second

// Streams are those of the command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run builds the program, runs it with the word kernia and args, and returns its exit code as
// an error of package exit. The program runs in the folder of its module. When ctx ends, the
// building ends; a program that runs already gets the signals that this process gets, and
// decides itself when it ends.
func (p Program) Run(ctx context.Context, s Streams, args []string) error {
	dir, err := os.MkdirTemp("", "kernia-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := p.build(ctx, s.Err, dir)
	if err != nil {
		return err
	}
	c := exec.Command(binary, append([]string{"kernia"}, args...)...) //nolint:gosec,noctx // what was just built; signals are passed on
	c.Dir, c.Stdin, c.Stdout, c.Stderr = p.Module, s.In, s.Out, s.Err
	return wait(ctx, c)
}

func (p Program) build(ctx context.Context, said io.Writer, dir string) (string, error) {
	binary := filepath.Join(dir, "app")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	note := time.AfterFunc(slow, func() { fmt.Fprintf(said, "Building %s …\n", p.Path) })
	defer note.Stop()
	if _, err := goTool(ctx, p.Dir, "build", "-ldflags=-s -w", "-o", binary, "."); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", fmt.Errorf("the program %s cannot be built: correct it and run the command again: %w", p.Path, err)
	}
	return binary, nil
}

// wait runs a program to its end. Signals that reach only this process are passed on. The
// interrupt of a terminal reaches both at once, and must not reach the program a second time,
// which means to many programs that they shall leave everything as it lies.
func wait(ctx context.Context, c *exec.Cmd) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := ctx.Err(); err != nil {
		return err // told to stop before there was anybody to tell
	}
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != os.Interrupt || !foreground() {
				_ = c.Process.Signal(s) // it may have ended
			}
		case err := <-ended:
			return code(err)
		}
	}
}

// code is the exit code of a program, which has said why.
func code(err error) error {
	var failed *exec.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &failed):
		return err
	case failed.ExitCode() >= 0:
		return exit.With(failed.ExitCode())
	}
	if status, ok := failed.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exit.With(128 + int(status.Signal()))
	}
	return exit.With(exit.Failed)
}
