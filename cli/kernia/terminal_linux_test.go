package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a command in a terminal of its own.
type terminal struct {
	command  *exec.Cmd
	keyboard *os.File // the other side of the terminal, which shows its screen too
	side     *os.File // of the command
	shows    chan string
	screen   string
}

// open starts a command in a new terminal.
func open(t *testing.T, c *exec.Cmd) *terminal {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("Ctrl-C was not pressed: there are no terminals: ", err)
	}
	fd := int(keyboard.Fd()) //nolint:gosec // descriptors are small
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	side, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("Ctrl-C was not pressed: there are no terminals: ", err)
	}
	c.Stdin, c.Stdout, c.Stderr = side, side, side
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	x := &terminal{command: c, keyboard: keyboard, side: side, shows: make(chan string, 1024)}
	go func() { // always, because a command waits when nobody reads
		buffer := make([]byte, 1024)
		for {
			n, err := keyboard.Read(buffer)
			if err != nil {
				return
			}
			x.shows <- string(buffer[:n])
		}
	}()
	t.Cleanup(func() { _ = c.Process.Kill(); _ = side.Close(); _ = keyboard.Close() })
	return x
}

// until reads the screen until it shows a text.
func (x *terminal) until(t *testing.T, text string) {
	t.Helper()
	for hangs := time.After(time.Minute); !strings.Contains(x.screen, text); {
		select {
		case more := <-x.shows:
			x.screen += more
		case <-hangs:
			t.Fatalf("no %q on the screen: %q", text, x.screen)
		}
	}
}

func (x *terminal) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := x.keyboard.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// end waits for the command, and says with which code it has ended.
func (x *terminal) end(t *testing.T, code int) {
	t.Helper()
	_ = x.command.Wait()
	if got := x.command.ProcessState.ExitCode(); got != code {
		t.Errorf("the exit code is %d, want %d: %s", got, code, x.screen)
	}
}

const ctrlC = "\x03"

// inTerminal presses Ctrl-C.
func inTerminal(t *testing.T, b bench) {
	t.Run("once for the program", func(t *testing.T) {
		c := b.command(t, ".", "info")
		c.Env = append(c.Env, "TERM=screen", "APP_COUNTS=1")
		x := open(t, c)
		x.until(t, "waiting")
		x.press(t, ctrlC)
		x.until(t, "got interrupt")
		// A second interrupt would come before what ends the program.
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		x.until(t, "got terminated")
		x.end(t, 0)
		if n := strings.Count(x.screen, "got interrupt"); n != 1 {
			t.Errorf("the program was interrupted %d times: %s", n, x.screen)
		}
	})
	// With TERM=screen nothing asks the terminal for its colours, which this one does not know.
	for _, accessible := range []string{"", "1"} {
		t.Run("at a question, ACCESSIBLE="+accessible, func(t *testing.T) {
			folder := t.TempDir()
			c := b.command(t, ".", "init")
			c.Dir, c.Env = folder, append(c.Env, "TERM=screen", "ACCESSIBLE="+accessible)
			x := open(t, c)
			x.until(t, "Folder")
			x.press(t, ctrlC)
			x.until(t, "stopped: nothing was changed")
			x.end(t, 130)
			if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
				t.Errorf("left is %v", left)
			}
		})
	}
	t.Run("at a password", func(t *testing.T) {
		c := b.command(t, ".", "user", "create", "--email", "grace@example.com")
		c.Env = append(c.Env, "TERM=screen")
		x := open(t, c)
		x.until(t, "Password of grace@example.com")
		x.press(t, ctrlC)
		x.until(t, "stopped: nothing was changed")
		x.end(t, 130)
		settings, err := unix.IoctlGetTermios(int(x.side.Fd()), unix.TCGETS) //nolint:gosec // descriptors are small
		if err != nil || settings.Lflag&unix.ECHO == 0 {
			t.Errorf("the terminal does not show what is typed any more: %v", err)
		}
	})
}
