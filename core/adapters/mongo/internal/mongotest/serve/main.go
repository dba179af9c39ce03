// Command serve runs the double of a MongoDB server for programs that are not Go
// tests, such as the wire check. It prints one line, "listening mongodb://…", and
// ends when its standard input closes.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/advantch/kernia-go/core/adapters/mongo/internal/mongotest"
)

func main() {
	s, err := mongotest.Listen(true)
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
	defer s.Close()
	fmt.Println("listening", s.URI())
	_, _ = io.Copy(io.Discard, os.Stdin)
}
