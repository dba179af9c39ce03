//go:build unix

package program

import (
	"os"

	"golang.org/x/sys/unix"
)

// foreground reports whether this process and its children are those that the terminal sends
// the interrupts of its keyboard to.
func foreground() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
