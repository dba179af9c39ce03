package outbound_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core/outbound"
)

func TestRedirects(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if to := r.URL.Query().Get("to"); to != "" {
			code, _ := strconv.Atoi(r.URL.Query().Get("code"))
			if code == 0 {
				code = http.StatusFound
			}
			rw.Header().Set("Location", to)
			rw.WriteHeader(code)
			return
		}
		if n, _ := strconv.Atoi(r.URL.Query().Get("hops")); n > 0 {
			http.Redirect(rw, r, "/?hops="+strconv.Itoa(n-1), http.StatusFound)
			return
		}
		for name := range r.Header {
			rw.Header().Add("Got", name)
		}
	})
	c := w.client(t, outbound.Options{})

	t.Run("OID-03 to what is private", func(t *testing.T) {
		w.names.lists["inner.example.com"] = [][]string{{"10.0.0.1"}}
		for to, want := range map[string]outbound.Reason{
			"https://127.0.0.1/":                        outbound.ReasonPrivateHost,
			"https://169.254.169.254/latest/meta-data/": outbound.ReasonPrivateHost,
			"https://inner.example.com/":                outbound.ReasonPrivateHost,
			"https://localhost/":                        outbound.ReasonPrivateHost,
			"//[::1]/":                                  outbound.ReasonPrivateHost,
			"https://other.example.com/?to=https%3A%2F%2F10.0.0.1%2F": outbound.ReasonPrivateHost,
			"https://2130706433/":          outbound.ReasonInvalidURL,
			"https://idp.example.com:22/":  outbound.ReasonInvalidURL,
			"https://u:p@idp.example.com/": outbound.ReasonInvalidURL,
			"http://idp.example.com/":      outbound.ReasonRedirect,
			"file:///etc/passwd":           outbound.ReasonRedirect,
			"gopher://idp.example.com/":    outbound.ReasonRedirect,
		} {
			for _, code := range []string{"301", "302", "303", "307", "308"} {
				_, err := get(t, c, idp+"/?code="+code+"&to="+escape(to))
				wantReason(t, err, want)
			}
		}
	})
	t.Run("OID-03 no scheme downgrade, even where http is allowed", func(t *testing.T) {
		_, err := get(t, w.client(t, outbound.Options{AllowHTTP: true}), idp+"/?to="+escape("http://idp.example.com/"))
		wantReason(t, err, outbound.ReasonRedirect)
	})
	t.Run("their number", func(t *testing.T) {
		for _, test := range []struct {
			max, hops int
			follows   bool
		}{{0, 3, true}, {0, 4, false}, {1, 1, true}, {1, 2, false}, {-1, 0, true}, {-1, 1, false}} {
			_, err := get(t, w.client(t, outbound.Options{MaxRedirects: test.max}), idp+"/?hops="+strconv.Itoa(test.hops))
			if test.follows && err != nil {
				t.Errorf("%+v: %v", test, err)
			} else if !test.follows {
				wantReason(t, err, outbound.ReasonRedirect)
			}
		}
	})
	t.Run("OAU-09 a redirect of a POST", func(t *testing.T) {
		for _, code := range []string{"301", "302", "303", "307", "308"} {
			before := asked.Load()
			_, err := outbound.Fetch(t.Context(), c.Client, outbound.Request{URL: idp + "/?code=" + code + "&to=/x", Body: []byte("client_secret=s"), Redirects: true})
			wantReason(t, err, outbound.ReasonRedirect)
			if asked.Load() != before+1 {
				t.Error("the secret went further")
			}
		}
	})
	t.Run("OAU-09 Fetch follows none unless told", func(t *testing.T) {
		for _, client := range []*http.Client{c.Client, w.server.Client()} {
			url := idp
			if client != c.Client {
				url = w.server.URL
			}
			_, err := outbound.Fetch(t.Context(), client, outbound.Request{URL: url + "/?to=/x"})
			wantReason(t, err, outbound.ReasonRedirect)
		}
	})
	t.Run("credentials stay with their origin", func(t *testing.T) {
		all := http.Header{"Authorization": {"Bearer x"}, "Cookie": {"a=b"}, "X-Api-Key": {"k"}, "Stripe-Signature": {"s"}, "Accept": {"text/plain"}, "User-Agent": {"kernia"}}
		for to, keeps := range map[string]bool{
			"/x":                             true,
			"https://other.example.com/x":    false,
			"https://sub.idp.example.com/x":  false, // net/http alone would send all to it
			"https://example.com/x":          false,
			"https://idp.example.com:8443/x": false,
			"https://other.example.com/?to=" + escape(idp+"/x"): false, // also when it comes back
		} {
			res, err := outbound.Fetch(t.Context(), c.Client, outbound.Request{URL: idp + "/secret?to=" + escape(to), Header: all, Redirects: true})
			if err != nil {
				t.Errorf("%s: %v", to, err)
				continue
			}
			got := strings.Join(res.Header.Values("Got"), " ")
			for name := range all {
				want := keeps || name == "Accept" || name == "User-Agent"
				if strings.Contains(got, name) != want {
					t.Errorf("%s: the other side got %s", to, got)
				}
			}
			if strings.Contains(got, "Referer") {
				t.Errorf("%s: a Referer was sent", to)
			}
		}
	})
}
