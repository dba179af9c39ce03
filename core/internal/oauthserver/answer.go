package oauthserver

import (
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// RedirectReply is {"redirect":true,"url":…}: where a page that has called by fetch goes
// next.
type RedirectReply struct {
	Redirect bool   `json:"redirect"`
	URL      string `json:"url" doc:"Where the browser goes next"`
}

// AppendJSON appends the answer.
func (r *RedirectReply) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"redirect":true,"url":`...)
	return append(wire.AppendString(dst, r.URL), '}')
}

// Fetched reports whether a request was made by a script, which follows no redirect itself.
func Fetched(c *core.Ctx) bool {
	if c.Req.Header == nil {
		return true
	}
	if mode := strings.ToLower(c.Req.Header.Get("Sec-Fetch-Mode")); mode != "" {
		return mode != "navigate" && (mode == "cors" || mode == "same-origin" || acceptsJSON(c))
	}
	return acceptsJSON(c)
}

// Navigates reports whether a request is for a page in a browser.
func Navigates(c *core.Ctx) bool {
	if c.Req.Header == nil {
		return false
	}
	if mode := c.Req.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return strings.EqualFold(mode, "navigate")
	}
	accept := strings.ToLower(c.Req.Header.Get("Accept"))
	return strings.Contains(accept, "text/html") || strings.Contains(accept, "application/xhtml+xml")
}

func acceptsJSON(c *core.Ctx) bool {
	return strings.Contains(strings.ToLower(c.Req.Header.Get("Accept")), "application/json")
}

// Go answers with a redirect, or with its target to a script. The answer to a POST is 303,
// so that no credentials are sent on (RFC 9700 4.12).
func Go(c *core.Ctx, target string) *core.Raw {
	if Fetched(c) {
		return &core.Raw{ContentType: "application/json", Body: (&RedirectReply{URL: target}).AppendJSON(nil)}
	}
	status := http.StatusFound
	if c.Req.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	c.SetHeader("Location", headerSafe(target))
	c.SetHeader("Referrer-Policy", "no-referrer")
	return &core.Raw{Status: status, ContentType: "application/json"}
}

// headerSafe escapes what a header line may not hold.
func headerSafe(target string) string {
	var out strings.Builder
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f {
			const hex = "0123456789ABCDEF"
			out.WriteByte('%')
			out.WriteByte(hex[c>>4])
			out.WriteByte(hex[c&15])
			continue
		}
		out.WriteByte(target[i])
	}
	return out.String()
}

// withQuery appends parameters to a URL as Better Auth does.
func withQuery(target string, q wire.Query) string {
	if strings.Contains(target, "?") {
		return target + "&" + q.Encode()
	}
	return target + "?" + q.Encode()
}

// errorPage is where a browser goes with an error while no redirect URI is trusted.
func errorPage(c *core.Ctx, code, description string) string {
	return withQuery(c.ErrorURL(), wire.Query{{Name: "error", Value: code}, {Name: "error_description", Value: description}})
}

const responseSalt = "oauth-provider form_post"

// answerTo sends parameters to a client by the response mode that it has asked for. A form
// is posted by a page of this server, which the browser gets by a short-lived address whose
// content is encrypted.
func (s *Server) answerTo(c *core.Ctx, r *request, q wire.Query) (string, error) {
	if r.mode != modeForm {
		if _, failed := q.Get("error"); failed {
			return withQuery(r.redirectURI, q), nil
		}
		pairs := make([][2]string, len(q))
		for i, p := range q {
			pairs[i] = [2]string{p.Name, p.Value}
		}
		return wire.SetSearchParams(r.redirectURI, pairs...), nil
	}
	o := wire.NewObject(wire.Member{Name: "to", Value: wire.String(r.redirectURI)}, wire.Member{Name: "q", Value: wire.String(q.Encode())})
	sealed, err := s.auth.Keys().EncryptJWT(o.AppendJSON(nil), responseSalt, s.auth.Now(), time.Minute)
	if err != nil {
		return "", err
	}
	return c.BaseURL() + s.FormPath + "?response=" + sealed, nil
}

// FormResponse opens an address that answerTo has made.
func (s *Server) FormResponse(text string) (to string, q wire.Query, ok bool) {
	payload, err := s.auth.Keys().DecryptJWT(text, responseSalt, s.auth.Now())
	if err != nil {
		return "", nil, false
	}
	v, err := wire.Parse(payload, wire.Limits{})
	if err != nil {
		return "", nil, false
	}
	to, ok = v.Get("to").Str()
	form, _ := v.Get("q").Str()
	return to, wire.ParseQuery(form), ok
}

// failed sends an error to a client (RFC 6749 4.1.2.1, RFC 9207).
func (s *Server) failed(c *core.Ctx, r *request, code, description string) (string, error) {
	q := wire.Query{{Name: "error", Value: code}, {Name: "error_description", Value: description}}
	if r.state != "" {
		q = append(q, wire.Pair{Name: "state", Value: r.state})
	}
	return s.answerTo(c, r, append(q, wire.Pair{Name: "iss", Value: s.Issuer(c)}))
}
