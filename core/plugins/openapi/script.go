package openapi

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core"
)

// scriptName is the last part of the script's path.
const scriptName = "/scalar.js"

// packed is the script of @scalar/api-reference, compressed. Only programs that import this
// package hold it. The command scripts/scalar renews it.
//
//go:embed scalar/scalar.js.gz
var packed []byte

//go:embed scalar/version.json
var described []byte

// scalar describes the script: its version, and a name that changes with its bytes.
var scalar = func() (s struct{ version, digest, tag string }) {
	var about struct{ Version, SHA256 string }
	if err := json.Unmarshal(described, &about); err != nil {
		panic(err) // a test reads the same bytes
	}
	s.version, s.digest, s.tag = about.Version, about.SHA256, `"`+about.SHA256[:32]+`"`
	return s
}()

// unpacked is the script itself, which hardly any client asks for. It is kept then: a client
// that cannot read gzip must not cost tens of milliseconds each time.
var unpacked = sync.OnceValues(func() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
})

// script serves the script, compressed to whoever can read that: every browser. The page
// names it with its version, so that it may be kept for a year.
func (p *Plugin) script(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	c.SetHeader("ETag", scalar.tag)
	c.SetHeader("Cache-Control", "public, max-age=31536000, immutable")
	c.SetHeader("Vary", "Accept-Encoding")
	if known(c.Req.Header.Get("If-None-Match")) {
		return &core.Raw{Status: 304}, nil
	}
	raw := &core.Raw{ContentType: "text/javascript; charset=utf-8", Body: packed}
	if takesGzip(c.Req.Header.Get("Accept-Encoding")) {
		c.SetHeader("Content-Encoding", "gzip")
		return raw, nil
	}
	var err error
	raw.Body, err = unpacked()
	return raw, err
}

// known reports whether a list of tags has the script's. Proxies that compress make a tag weak.
func known(list string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == scalar.tag || tag == "*" {
			return true
		}
	}
	return false
}

// takesGzip reports whether an Accept-Encoding allows gzip.
func takesGzip(accepted string) bool {
	for coding := range strings.SplitSeq(accepted, ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") || name == "*" {
			q := strings.TrimRight(strings.TrimPrefix(quality, "q="), "0.")
			return quality == "" || q != ""
		}
	}
	return false
}
