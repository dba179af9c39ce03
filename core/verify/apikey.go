package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core/outbound"
)

// APIKeyOptions configures NewAPIKeys. Set SessionURL or VerifyURL.
type APIKeyOptions struct {
	// SessionURL is /get-session of the server, "https://app.example.com/api/auth/get-session".
	// The key is sent in a header, and the server answers with the user whom the key stands
	// for. Its plugin api-key must make sessions from keys (enableSessionForAPIKeys).
	SessionURL string
	// VerifyURL is an endpoint of your own application that verifies a key for other
	// services. Verifying is an operation of the server that has no route, so that nobody
	// can try keys; the endpoint decides who may ask. It gets
	// {"key":…,"configId":…,"permissions":…} by POST and answers as verifyApiKey does:
	// {"valid":true,"key":{"id":…,"referenceId":…}}, or {"valid":false}.
	VerifyURL string
	// Authorization is the Authorization header of requests to VerifyURL, for example
	// "Bearer " and a secret that the two services share.
	Authorization string
	// ConfigID and Permissions are sent to VerifyURL when they are set.
	ConfigID    string
	Permissions map[string][]string
	// Header is the request header that holds a key. Keys are sent to SessionURL in the same
	// header. Default "x-api-key".
	Header string
	// Client sends the requests. Default outbound.Default. The addresses must use https, or
	// be on this machine.
	Client *http.Client
}

// APIKeys asks a server about API keys. It caches nothing, because each use of a key counts.
// It is safe for concurrent use.
type APIKeys struct{ o APIKeyOptions }

const (
	maxAPIKey = 1024    // bytes
	maxAnswer = 1 << 20 // bytes
)

// NewAPIKeys checks the options. An error is one sentence that says what to change.
func NewAPIKeys(o APIKeyOptions) (*APIKeys, error) {
	if (o.SessionURL == "") == (o.VerifyURL == "") {
		return nil, errors.New("verify: set either APIKeyOptions.SessionURL or VerifyURL")
	}
	if o.SessionURL != "" && (o.Authorization != "" || o.ConfigID != "" || o.Permissions != nil) {
		return nil, errors.New("verify: APIKeyOptions.Authorization, ConfigID and Permissions need a VerifyURL")
	}
	u, err := url.Parse(o.SessionURL + o.VerifyURL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && onThisMachine(u.Hostname())) {
		return nil, errors.New("verify: the URL in APIKeyOptions must be an absolute https URL")
	}
	if o.Header == "" {
		o.Header = "x-api-key"
	}
	if o.Client == nil {
		o.Client = outbound.Default()
	}
	return &APIKeys{o}, nil
}

func onThisMachine(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// APIKey is a verified API key.
type APIKey struct {
	ID string
	// UserID is the user whom the key stands for. With VerifyURL it is the key's
	// referenceId, which names an organization where the key belongs to one.
	UserID string

	raw []byte
}

// Decode decodes what the server has said about the key into a struct or map: the user
// (SessionURL) or the key itself (VerifyURL).
func (k *APIKey) Decode(v any) error { return json.Unmarshal(k.raw, v) }

// Verify asks the server about a key. The error is an *Error with ReasonAPIKey for a key
// that is refused, also because it has been used too often, and ErrUnavailable when the
// server gives no answer.
func (a *APIKeys) Verify(ctx context.Context, key string) (*APIKey, error) {
	if key == "" || len(key) > maxAPIKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, refuse(ReasonAPIKey)
	}
	if a.o.VerifyURL != "" {
		return a.byEndpoint(ctx, key)
	}
	body, err := a.ask(ctx, outbound.Request{URL: a.o.SessionURL, Header: http.Header{http.CanonicalHeaderKey(a.o.Header): {key}}})
	if err != nil {
		return nil, err
	}
	var answer *struct {
		Session struct {
			ID string `json:"id"`
		} `json:"session"`
		User json.RawMessage `json:"user"`
	}
	var user struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, unavailable("the answer of SessionURL is no session", nil)
	}
	if answer == nil {
		return nil, refuse(ReasonAPIKey)
	}
	if json.Unmarshal(answer.User, &user) != nil || user.ID == "" {
		return nil, unavailable("the answer of SessionURL is no session", nil)
	}
	return &APIKey{ID: answer.Session.ID, UserID: user.ID, raw: answer.User}, nil
}

func (a *APIKeys) byEndpoint(ctx context.Context, key string) (*APIKey, error) {
	question := struct {
		Key         string              `json:"key"`
		ConfigID    string              `json:"configId,omitempty"`
		Permissions map[string][]string `json:"permissions,omitempty"`
	}{key, a.o.ConfigID, a.o.Permissions}
	text, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if a.o.Authorization != "" {
		h.Set("Authorization", a.o.Authorization)
	}
	body, err := a.ask(ctx, outbound.Request{Method: http.MethodPost, URL: a.o.VerifyURL, Header: h, Body: text})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Valid bool            `json:"valid"`
		Key   json.RawMessage `json:"key"`
	}
	var row struct {
		ID          string `json:"id"`
		ReferenceID string `json:"referenceId"`
		UserID      string `json:"userId"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, unavailable(`the answer of VerifyURL is not {"valid","key"}`, nil)
	}
	if !answer.Valid {
		return nil, refuse(ReasonAPIKey)
	}
	if json.Unmarshal(answer.Key, &row) != nil || row.ID == "" {
		return nil, unavailable("the answer of VerifyURL does not say which key it is about", nil)
	}
	k := &APIKey{ID: row.ID, UserID: row.ReferenceID, raw: answer.Key}
	if k.UserID == "" {
		k.UserID = row.UserID
	}
	return k, nil
}

// ask returns the body of a success. No redirect is followed: it would carry the key to
// another address.
func (a *APIKeys) ask(ctx context.Context, r outbound.Request) ([]byte, error) {
	r.Header.Set("Accept", "application/json")
	r.MaxBody = maxAnswer
	option := "SessionURL"
	if a.o.VerifyURL != "" {
		option = "VerifyURL"
	}
	res, err := outbound.Fetch(ctx, a.o.Client, r)
	if err != nil {
		return nil, unavailable(option+" gives no answer", err)
	}
	switch {
	case res.Status == http.StatusOK:
		return res.Body, nil
	case a.o.VerifyURL == "" && (res.Status == http.StatusBadRequest || res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden || res.Status == http.StatusTooManyRequests):
		return nil, refuse(ReasonAPIKey)
	}
	// Of the endpoint, 401 is about this service and not about the key.
	return nil, unavailable(fmt.Sprintf("%s answered %d", option, res.Status), nil)
}
