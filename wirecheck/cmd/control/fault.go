package main

import (
	"bytes"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// fault alters an answer in one small way, to prove that the comparison sees it.
type fault func(*written)

// written is an answer before it is sent.
type written struct {
	status int
	header http.Header
	body   []byte
}

var messageAndCode = regexp.MustCompile(`^\{("message":"[^"]*"),("code":"[^"]*")\}$`)

var faults = map[string]fault{
	"attribute-order": func(w *written) {
		for i, line := range w.header["Set-Cookie"] {
			if parts := strings.SplitN(line, "; ", 4); len(parts) == 4 {
				w.header["Set-Cookie"][i] = strings.Join([]string{parts[0], parts[2], parts[1], parts[3]}, "; ")
			}
		}
	},
	"missing-cookie": func(w *written) {
		if lines := w.header["Set-Cookie"]; len(lines) > 0 {
			w.header["Set-Cookie"] = lines[:len(lines)-1]
		}
	},
	"extra-cookie": func(w *written) { w.header.Add("Set-Cookie", "extra=1; Path=/") },
	"null-for-absent": func(w *written) {
		w.body = bytes.Replace(w.body, []byte(`{"redirect":false,`), []byte(`{"redirect":false,"url":null,`), 1)
	},
	"extra-field": func(w *written) {
		w.body = bytes.Replace(w.body, []byte(`"user":{`), []byte(`"user":{"role":null,`), 1)
	},
	"date-without-milliseconds": func(w *written) {
		w.body = bytes.ReplaceAll(w.body, []byte(`.000Z"`), []byte(`Z"`))
	},
	"key-order": func(w *written) { w.body = messageAndCode.ReplaceAll(w.body, []byte("{$2,$1}")) },
	"wrong-code": func(w *written) {
		w.body = bytes.Replace(w.body, []byte("INVALID_EMAIL_OR_PASSWORD"), []byte("INVALID_CREDENTIALS"), 1)
	},
	"wrong-status": func(w *written) {
		if w.status == http.StatusUnauthorized {
			w.status = http.StatusBadRequest
		}
	},
	"missing-header": func(w *written) { w.header["Content-Type"] = nil },
}

func faultNames() []string { return slices.Sorted(maps.Keys(faults)) }

// broken alters every answer of what m makes.
func broken(m mount, alter fault) mount {
	return func(a *core.Auth) http.Handler {
		inner := m(a)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			res := &recorder{written: written{status: http.StatusOK, header: http.Header{}}}
			inner.ServeHTTP(res, r)
			alter(&res.written)
			maps.Copy(w.Header(), res.header)
			w.WriteHeader(res.status)
			_, _ = w.Write(res.body)
		})
	}
}

// recorder keeps an answer instead of sending it.
type recorder struct{ written }

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}
