//go:build !unix

package program

// foreground is true: a console sends its interrupts to all its processes, and a process
// cannot send one to another.
func foreground() bool { return true }
