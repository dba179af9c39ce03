package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tidy lets the go command complete go.mod and write go.sum, so that the program
// compiles at once. progress gets its lines, such as the modules that it downloads.
func tidy(ctx context.Context, folder string, progress io.Writer) error {
	var said bytes.Buffer
	command := exec.CommandContext(ctx, "go", "mod", "tidy")
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	command.Stdout, command.Stderr = progress, io.MultiWriter(progress, &said)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	err := command.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("nothing was written, because there is no go command: install Go 1.26 from https://go.dev/dl, or pass --skip-tidy and run `go mod tidy` yourself")
	}
	return fmt.Errorf("nothing was written, because `go mod tidy` failed (%w): %s\ntry again with a network and the GOPROXY that you need, or pass --skip-tidy and run it yourself",
		err, lastLine(said.String()))
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// workspace returns the go.work file of a folder above that does not use the program, or "".
func workspace(ctx context.Context, folder string) string {
	command := exec.CommandContext(ctx, "go", "env", "GOWORK")
	command.Dir = folder
	out, err := command.Output()
	file := strings.TrimSpace(string(out))
	if err != nil || file == "" || file == "off" {
		return ""
	}
	command = exec.CommandContext(ctx, "go", "list", ".")
	command.Dir = folder
	if command.Run() == nil {
		return ""
	}
	return filepath.Clean(file)
}
