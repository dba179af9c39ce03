// Command modules reads the output of `go work edit -json` and prints the
// workspace's module directories, for the Makefile.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	var work struct {
		Use []struct{ DiskPath string }
	}
	if err := json.NewDecoder(os.Stdin).Decode(&work); err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
		os.Exit(1)
	}
	for _, u := range work.Use {
		fmt.Println(u.DiskPath)
	}
}
