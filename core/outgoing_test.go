package core_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/outbound"
)

func TestOutgoingClients(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer s.Close()
	fetch := func(c *http.Client) error {
		_, err := outbound.Fetch(t.Context(), c, outbound.Request{URL: s.URL})
		return err
	}
	t.Run("defaults", func(t *testing.T) {
		e := authtest.New(t, nil)
		if e.Auth.HTTP() == nil || e.Auth.HTTP() == http.DefaultClient || e.Auth.HTTP() != e.Auth.HTTP() || e.Auth.HTTP().Timeout <= 0 {
			t.Errorf("%+v", e.Auth.HTTP())
		}
		if err := fetch(e.Auth.HTTP()); err != nil {
			t.Error(err)
		}
		if err := fetch(e.Auth.GuardedHTTP().Client); outbound.ReasonOf(err) != outbound.ReasonInvalidURL {
			t.Error(err)
		}
		if _, err := e.Auth.GuardedHTTP().CheckURL("https://127.0.0.1/"); outbound.ReasonOf(err) != outbound.ReasonPrivateHost {
			t.Error(err)
		}
		if err := e.Auth.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := fetch(e.Auth.HTTP()); err != nil {
			t.Errorf("after Close: %v", err)
		}
	})
	t.Run("the application's client is used as it is", func(t *testing.T) {
		own := &http.Client{}
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.HTTPClient = own })
		if e.Auth.HTTP() != own || own.CheckRedirect != nil || own.Transport != nil {
			t.Errorf("%+v", own)
		}
	})
	t.Run("an allowed host is reached by the guarded client", func(t *testing.T) {
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
			o.GuardedHTTP = outbound.Options{Allow: []string{"127.0.0.1"}, AllowHTTP: true}
		})
		if err := fetch(e.Auth.GuardedHTTP().Client); err != nil {
			t.Error(err)
		}
	})
}
