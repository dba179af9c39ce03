package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is what Fetch sends.
type Request struct {
	Method string // default GET, POST with a Body
	URL    string
	Header http.Header
	Body   []byte
	// Form and JSON are bodies with their media type, in place of Body. Empty values of a
	// form are left out.
	Form url.Values
	JSON any
	// Timeout ends the request, with the reading of the answer. Default: as ctx and the
	// client say.
	Timeout time.Duration
	// MaxBody bounds the answer's body after decompression, in bytes. Default 1 MiB.
	MaxBody int64
	// Types are the media types that the answer may have: "application/json" (which
	// includes every "+json"), "text/plain". Default: any.
	Types []string
	// Redirects follows redirects as the client does. Without it a redirect is
	// an error.
	Redirects bool
}

// Response is an answer whose body was read completely.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Fetch sends a request with a client and reads an answer of bounded size. It
// returns answers of every status except redirects that are not followed. Errors
// are *Error.
func Fetch(ctx context.Context, c *http.Client, r Request) (*Response, error) {
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	content, contentType, err := r.content()
	if err != nil {
		return nil, err
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
		if content != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL, bytes.NewReader(content))
	if err != nil {
		return nil, fail(ReasonInvalidURL, "it does not parse")
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if req.Header.Get("Accept") == "" && len(r.Types) > 0 {
		req.Header.Set("Accept", strings.Join(r.Types, ", "))
	}
	if !r.Redirects {
		c = WithoutRedirects(c)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, classify(err)
	}
	defer res.Body.Close() //nolint:errcheck // the body was read, or is given up
	if !r.Redirects && res.StatusCode >= 300 && res.StatusCode < 400 && res.Header.Get("Location") != "" {
		return nil, &Error{Reason: ReasonRedirect, Status: res.StatusCode, cause: errors.New("a redirect that is not followed")}
	}
	if len(r.Types) > 0 && !ofType(res.Header.Get("Content-Type"), r.Types) {
		return nil, &Error{Reason: ReasonBadResponse, Status: res.StatusCode, cause: errors.New("another media type than asked for")}
	}
	if e := res.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, fail(ReasonBadResponse, "an encoding that was not asked for")
	}
	limit := r.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	body, err := io.ReadAll(&limited{r: res.Body, left: limit})
	if err != nil {
		return nil, classify(err)
	}
	return &Response{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// content is the body and, for those of Form and JSON, its media type.
func (r *Request) content() (body []byte, contentType string, err error) {
	switch {
	case r.Form != nil:
		form := url.Values{}
		for name, values := range r.Form {
			if values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }); len(values) > 0 {
				form[name] = values
			}
		}
		return []byte(form.Encode()), "application/x-www-form-urlencoded", nil
	case r.JSON != nil:
		if body, err = json.Marshal(r.JSON); err != nil {
			return nil, "", fmt.Errorf("outbound: Request.JSON: %w", err)
		}
		return body, "application/json", nil
	}
	return r.Body, "", nil
}

// FetchJSON fetches a JSON document: an answer with a status of 200 to 299, a
// JSON media type and one JSON value that fits T. Errors are *Error, with the
// Status when that is the cause.
func FetchJSON[T any](ctx context.Context, c *http.Client, r Request) (T, error) {
	var v T
	types := r.Types
	r.Types = nil
	if r.Header.Get("Accept") == "" {
		r.Header = r.Header.Clone()
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Accept", "application/json")
	}
	res, err := Fetch(ctx, c, r)
	if err != nil {
		return v, err
	}
	if res.Status < 200 || res.Status > 299 {
		return v, &Error{Reason: ReasonBadResponse, Status: res.Status, cause: errors.New("a status that is no success")}
	}
	if len(types) == 0 {
		types = []string{"application/json"}
	}
	if !ofType(res.Header.Get("Content-Type"), types) {
		return v, fail(ReasonBadResponse, "another media type than JSON")
	}
	if err := json.Unmarshal(res.Body, &v); err != nil {
		var none T // not the part that was read before the error
		return none, fail(ReasonBadResponse, "no JSON of the form that is expected")
	}
	return v, nil
}

func ofType(header string, types []string) bool {
	t, _, err := mime.ParseMediaType(header)
	if err != nil {
		return false
	}
	for _, want := range types {
		if t == want || want == "application/json" && strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json") {
			return true
		}
	}
	return false
}
