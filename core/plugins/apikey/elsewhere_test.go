package apikey_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/verify"
)

// Another service asks this server about keys with the package verify: through
// /get-session, and through an endpoint of the application.
func TestOtherServices(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{Sessions: true}), nil)
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", nethttp.Handler(w.Auth))
	mux.HandleFunc("POST /internal/verify", func(rw http.ResponseWriter, r *http.Request) {
		var in apikey.VerifyInput
		if r.Header.Get("Authorization") != "Bearer service" || json.NewDecoder(r.Body).Decode(&in) != nil {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		reply, err := w.p.Verify.Call(r.Context(), &in)
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{"valid": reply.Valid, "key": reply.Key})
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	good := w.make(t, apikey.CreateInput{Permissions: map[string][]string{"orders": {"read"}}})
	short := w.make(t, apikey.CreateInput{})
	last := w.make(t, apikey.CreateInput{Remaining: new(int64(1))})
	bySession, err := verify.NewAPIKeys(verify.APIKeyOptions{SessionURL: server.URL + "/api/auth/get-session"})
	if err != nil {
		t.Fatal(err)
	}
	byEndpoint, err := verify.NewAPIKeys(verify.APIKeyOptions{VerifyURL: server.URL + "/internal/verify", Authorization: "Bearer service",
		Permissions: map[string][]string{"orders": {"read"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		by  *verify.APIKeys
		key string
		id  string // "" where the key is refused
	}{
		"by session":                          {bySession, good.Plain, good.ID},
		"by session, unknown":                 {bySession, good.Plain + "x", ""},
		"by endpoint":                         {byEndpoint, good.Plain, good.ID},
		"by endpoint, unknown":                {byEndpoint, good.Plain + "x", ""},
		"by endpoint, without the permission": {byEndpoint, short.Plain, ""},
	} {
		got, err := tc.by.Verify(t.Context(), tc.key)
		switch {
		case tc.id == "" && verify.ReasonOf(err) != verify.ReasonAPIKey:
			t.Errorf("%s: %v", name, err)
		case tc.id != "" && (err != nil || got.ID != tc.id || got.UserID != w.id):
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := bySession.Verify(t.Context(), last.Plain); err != nil {
		t.Error("the last use:", err)
	}
	if _, err := bySession.Verify(t.Context(), last.Plain); verify.ReasonOf(err) != verify.ReasonAPIKey {
		t.Error("one use more:", err)
	}
}
