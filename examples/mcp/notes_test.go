package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Nobody reaches the tools without a token, and the challenge leads to the documents.
func TestGuarded(t *testing.T) {
	t.Parallel()
	for _, older := range []bool{false, true} {
		handler, err := newHandler("http://localhost:3000", older)
		if err != nil {
			t.Fatal(err)
		}
		call := func(method, path, body string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(method, "http://localhost:3000"+path, strings.NewReader(body)))
			return w
		}
		a := call("POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
		const document = "/.well-known/oauth-protected-resource/mcp"
		if a.Code != http.StatusUnauthorized || !strings.Contains(a.Header().Get("WWW-Authenticate"), `resource_metadata="http://localhost:3000`+document+`"`) {
			t.Errorf("%d %v", a.Code, a.Header())
		}
		if d := call("GET", document, ""); d.Code != http.StatusOK || !strings.Contains(d.Body.String(), `"resource":"http://localhost:3000/mcp"`) {
			t.Errorf("%d %s", d.Code, d.Body)
		}
	}
}

func TestNotebooks(t *testing.T) {
	t.Parallel()
	books := new(notebooks)
	if n := books.add("ada", "one"); n != 1 || len(books.list("bob")) != 0 || books.list("ada")[0] != "one" {
		t.Errorf("%d %v", n, books.notes)
	}
}
