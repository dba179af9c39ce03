// Command scalar renews the script of the reference page that the open-api plugin serves.
// It downloads a version of the npm package @scalar/api-reference, checks it against the
// registry's digest, and writes the script, compressed, with its version and digest:
//
//	go run ./scripts/scalar 1.46.4
//
// Afterwards run the plugin's tests and `node browser.mjs --only reference` in wirecheck,
// which fails when the new version asks other hosts for anything.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

const (
	name   = "@scalar/api-reference"
	member = "package/dist/browser/standalone.js"
	folder = "core/plugins/openapi/scalar"
	limit  = 64 << 20 // bytes
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./scripts/scalar VERSION")
	}
	if err := renew(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func renew(version string) error {
	text, err := get("https://registry.npmjs.org/" + name + "/" + version)
	if err != nil {
		return err
	}
	var about struct {
		License string
		Dist    struct{ Tarball, Integrity string }
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return err
	}
	if about.License != "MIT" {
		return fmt.Errorf("the licence is now %q: read it, and change %s/LICENSE", about.License, folder)
	}
	archive, err := get(about.Dist.Tarball)
	if err != nil {
		return err
	}
	if sum := sha512.Sum512(archive); "sha512-"+base64.StdEncoding.EncodeToString(sum[:]) != about.Dist.Integrity {
		return errors.New("the archive has another digest than the registry says")
	}
	script, err := extract(archive)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = w.Write(script)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	sum := sha256.Sum256(script)
	described, err := json.MarshalIndent(map[string]string{"package": name, "version": version, "sha256": hex.EncodeToString(sum[:])}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "scalar.js.gz"), packed.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "version.json"), append(described, '\n'), 0o644); err != nil {
		return err
	}
	log.Printf("%s %s: %d bytes, %d compressed", name, version, len(script), packed.Len())
	return nil
}

func get(url string) ([]byte, error) {
	res, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, limit))
}

// extract reads the script from the archive.
func extract(archive []byte) ([]byte, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member, err)
		}
		if h.Name == member {
			return io.ReadAll(io.LimitReader(r, limit))
		}
	}
}
