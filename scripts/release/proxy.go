package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/module"
)

func opener(data []byte) func(string) (io.ReadCloser, error) {
	return func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// writeProxy writes the published modules as a module proxy: GOPROXY=file://DIR finds them.
// See https://go.dev/ref/mod#goproxy-protocol.
func (w *workspace) writeProxy(dir string, now time.Time) error {
	for _, m := range w.published() {
		escaped, err := module.EscapePath(m.path)
		if err != nil {
			return err
		}
		folder := filepath.Join(dir, filepath.FromSlash(escaped), "@v")
		if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // modules are public
			return err
		}
		info, err := json.Marshal(struct {
			Version string
			Time    time.Time
		}{w.version, now.UTC().Truncate(time.Second)})
		if err != nil {
			return err
		}
		mod, err := m.file.Format()
		if err != nil {
			return err
		}
		for name, data := range map[string][]byte{
			"list": []byte(w.version + "\n"), w.version + ".info": info, w.version + ".mod": mod, w.version + ".zip": m.zip,
		} {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil { //nolint:gosec // modules are public
				return err
			}
		}
		fmt.Println(m.path, w.version)
	}
	return nil
}
