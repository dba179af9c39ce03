package oauthserver

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	modeQuery = "query"
	modeForm  = "form_post"
)

// The values of prompt.
const (
	promptNone    = "none"
	promptLogin   = "login"
	promptConsent = "consent"
	promptSelect  = "select_account"
	promptCreate  = "create"
)

// Prompts are all values of prompt that the server knows.
var Prompts = []string{promptLogin, promptConsent, promptCreate, promptSelect, promptNone}

// request is an authorization request whose client and redirect URI are trusted.
type request struct {
	q           wire.Query
	client      *Client
	redirectURI string
	state       string
	mode        string
	scopes      []string
	prompts     []string
	maxAge      time.Duration // negative: none
	hint        string
}

func (r *request) asks(prompt string) bool { return slices.Contains(r.prompts, prompt) }

// Resume says what a flow has behind it when it comes back from a page.
type Resume struct {
	// First is a request of the client itself: pages to choose an account count.
	First bool
	// PostLogin says that the user has seen the page after sign-in.
	PostLogin bool
	// Since is when the age of the session was checked; zero: now.
	Since time.Time
	// Consented says that the user has just answered the page of consent.
	Consented bool
}

// Clean takes an authorization request apart: it removes parameters that are empty or the
// server's own, and reports one that is repeated (RFC 6749 3.1).
func Clean(q wire.Query) (clean wire.Query, repeated string) {
	seen := map[string]bool{}
	for _, p := range q {
		if p.Value == "" || reserved(p.Name) {
			continue
		}
		if seen[p.Name] && p.Name != "resource" {
			repeated = p.Name
			continue
		}
		seen[p.Name] = true
		clean = append(clean, p)
	}
	return clean, repeated
}

// Authorize answers an authorization request with the address to which the browser goes
// next: the client, a page of the application, or the page of errors. s is the caller's
// session from the store, or nil.
func (s *Server) Authorize(c *core.Ctx, q wire.Query, session *core.SessionData, resume Resume) (string, error) {
	if !slices.Contains(s.GrantTypes, GrantCode) {
		return "", core.Fail(404, core.CodeNotFound)
	}
	q, repeated := Clean(q)
	if uri := get(q, "request_uri"); uri != "" && s.ResolveRequestURI != nil {
		resolved, err := s.ResolveRequestURI(c, uri, get(q, "client_id"))
		if err != nil {
			return "", err
		}
		if resolved == nil {
			return errorPage(c, ErrInvalidRequestURI, "request_uri is invalid or expired"), nil
		}
		q, repeated = Clean(fromValues(resolved, get(q, "client_id")))
	}
	r, page, err := s.trusted(c, q, repeated)
	if err != nil || page != "" {
		return page, err
	}
	if code, description := s.check(c, r, repeated); code != "" {
		return s.failed(c, r, code, description)
	}
	return s.proceed(c, r, session, resume)
}

// fromValues makes a query of resolved parameters. The client's id is that of the request.
func fromValues(values url.Values, clientID string) wire.Query {
	var q wire.Query
	for name, list := range values {
		if name == "request_uri" || name == "client_id" && clientID != "" {
			continue
		}
		for _, one := range list {
			q = append(q, wire.Pair{Name: name, Value: one})
		}
	}
	slices.SortStableFunc(q, func(a, b wire.Pair) int { return strings.Compare(a.Name, b.Name) })
	if clientID != "" {
		q = append(q, wire.Pair{Name: "client_id", Value: clientID})
	}
	return q
}

// trusted finds the client and checks the redirect URI. Without both, nothing is sent
// anywhere: page is then the page of errors.
func (s *Server) trusted(c *core.Ctx, q wire.Query, repeated string) (r *request, page string, err error) {
	id := get(q, "client_id")
	if id == "" {
		return nil, errorPage(c, ErrInvalidClient, "client_id is required"), nil
	}
	client, err := s.find(c, id)
	uri := get(q, "redirect_uri")
	switch {
	case err != nil:
		return nil, "", err
	case client == nil:
		return nil, errorPage(c, ErrInvalidClient, "client_id is required"), nil
	case client.Disabled:
		return nil, errorPage(c, ErrClientDisabled, "client is disabled"), nil
	case repeated == "client_id" || repeated == "redirect_uri" || uri == "" || !matchesRedirect(client.RedirectURIs, uri) || CheckRedirectURI(uri) != nil:
		return nil, errorPage(c, ErrInvalidRedirect, "invalid redirect uri"), nil
	}
	return &request{q: q, client: client, redirectURI: uri, state: get(q, "state"), mode: get(q, "response_mode"), maxAge: -1, hint: get(q, "id_token_hint")}, "", nil
}

// check checks the other parameters. It returns an error for the client.
func (s *Server) check(c *core.Ctx, r *request, repeated string) (code, description string) {
	mode := r.mode
	s.settleMode(r)
	challenge, method := get(r.q, "code_challenge"), get(r.q, "code_challenge_method")
	response := get(r.q, "response_type")
	switch {
	case repeated != "":
		return ErrInvalidRequest, "a parameter must not be repeated"
	case get(r.q, "request") != "":
		return ErrRequestNotSupported, "request objects are not supported"
	case get(r.q, "request_uri") != "":
		return ErrRequestURIUnknown, "request_uri not supported"
	case mode != "" && !slices.Contains(s.modes(), mode):
		return ErrInvalidRequest, "unsupported response_mode"
	case response == "":
		return ErrInvalidRequest, "response_type is required"
	case response != "code":
		return ErrUnsupportedResponse, "unsupported response type"
	case !r.client.mayUse(GrantCode):
		return ErrUnauthorizedClient, "the client may not use authorization_code"
	}
	if code, description := s.checkScopes(r); code != "" {
		return code, description
	}
	why := pkceRequired(r.client, r.scopes)
	switch {
	case challenge == "" && method == "" && why != "":
		return ErrInvalidRequest, why
	case (challenge == "") != (method == ""):
		return ErrInvalidRequest, "code_challenge and code_challenge_method must both be provided"
	case method != "" && method != "S256":
		return ErrInvalidRequest, "invalid code_challenge method, only S256 is supported"
	case challenge != "" && !validChallenge(challenge):
		return ErrInvalidRequest, "invalid code_challenge"
	}
	if _, err := s.resources(c, values(r.q, "resource"), nil, r.scopes); err != nil {
		return ErrInvalidTarget, "requested resource invalid"
	}
	if jkt := get(r.q, "dpop_jkt"); s.DPoP && jkt != "" && !validThumbprint(jkt) {
		return ErrInvalidRequest, "dpop_jkt is no thumbprint of a key"
	}
	if text := get(r.q, "claims"); text != "" {
		var any map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &any) != nil {
			return ErrInvalidRequest, "claims is no JSON object"
		}
	}
	return s.checkPrompts(r)
}

// modes are the response modes. A form needs a route that posts it.
func (s *Server) modes() []string {
	if s.FormPath == "" {
		return []string{modeQuery}
	}
	return []string{modeQuery, modeForm}
}

// settleMode answers in the query where a request asks for anything but a form.
func (s *Server) settleMode(r *request) {
	if r.mode != modeForm || s.FormPath == "" {
		r.mode = modeQuery
	}
}

func (s *Server) checkScopes(r *request) (code, description string) {
	allowed := r.client.Scopes
	if allowed == nil {
		allowed = s.Scopes
	}
	if len(get(r.q, "scope")) > maxScope {
		return ErrInvalidScope, errLongScope
	}
	if r.scopes = split(get(r.q, "scope")); len(r.scopes) == 0 {
		r.scopes = slices.Clone(allowed)
		r.q = r.q.Set("scope", strings.Join(r.scopes, " "))
	}
	if bad := beyond(r.scopes, allowed); len(bad) > 0 {
		return ErrInvalidScope, "The following scopes are invalid: " + strings.Join(bad, ", ")
	}
	return "", ""
}

func (s *Server) checkPrompts(r *request) (code, description string) {
	if len(get(r.q, "prompt")) > maxPrompt {
		return ErrInvalidRequest, "prompt is too long"
	}
	r.prompts = split(get(r.q, "prompt"))
	if bad := beyond(r.prompts, Prompts); len(bad) > 0 {
		return ErrInvalidRequest, "unsupported prompt"
	}
	if r.asks(promptNone) && len(r.prompts) > 1 {
		return ErrInvalidRequest, "prompt none stands alone"
	}
	if text := get(r.q, "max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 {
			return ErrInvalidRequest, "invalid max_age"
		}
		r.maxAge = time.Duration(seconds) * time.Second
	}
	return "", ""
}

func values(q wire.Query, name string) (out []string) {
	for _, p := range q {
		if p.Name == name {
			out = append(out, p.Value)
		}
	}
	return out
}

// proceed asks the user for whatever is missing, one page after the other, and then makes
// the code.
func (s *Server) proceed(c *core.Ctx, r *request, session *core.SessionData, resume Resume) (string, error) {
	quiet := r.asks(promptNone)
	if resume.First && r.maxAge == 0 { // as prompt=login (OpenID Connect Core 3.1.2.1)
		r.q = without(r.q, "max_age")
		r.maxAge = -1
		if !quiet {
			r.prompts = append(r.prompts, promptLogin)
			r.q = r.q.Set("prompt", strings.Join(slices.Compact(slices.Sorted(slices.Values(r.prompts))), " "))
		} else {
			session = nil
		}
	}
	since := resume.Since
	if since.IsZero() {
		since = c.Now()
	}
	stale := session != nil && r.maxAge >= 0 && since.Sub(session.Session.CreatedAt) > r.maxAge
	if session == nil || r.asks(promptLogin) || r.asks(promptCreate) || stale {
		switch {
		case quiet:
			return s.failed(c, r, ErrLoginRequired, "authentication required")
		case r.asks(promptCreate):
			return s.page(s.CreatePage, r.q, "", ""), nil
		}
		return s.login(c, r.q)
	}
	if session.Session.Impersonator() != "" { // whose access would outlive the impersonation
		return s.failed(c, r, ErrAccessDenied, "not while an administrator impersonates the user")
	}
	asked := Asked{Session: session, ClientID: r.client.ID, Scopes: r.scopes}
	if r.hint != "" {
		fits, err := s.hintFits(c, r, session)
		if err != nil {
			return "", err
		}
		if !fits {
			if quiet {
				return s.failed(c, r, ErrLoginRequired, "the user of id_token_hint is not signed in")
			}
			if resume.First {
				return s.login(c, r.q)
			}
		}
	}
	if next, err := s.interaction(c, r, asked, resume, quiet); err != nil || next != "" {
		return next, err
	}
	reference := ""
	if s.ConsentReference != nil {
		var err error
		if reference, err = s.ConsentReference(c, asked); err != nil {
			return "", err
		}
	}
	agreed := r.client.SkipConsent
	remembered := resume.Consented || !s.AskNative || !r.client.public() || strings.HasPrefix(r.redirectURI, "https:")
	if !agreed && remembered && !r.asks(promptConsent) {
		given, err := s.Consents.FindConsent(c, r.client.ID, session.User.ID, reference)
		if err != nil && !core.IsNotFound(err) {
			return "", err
		}
		agreed = err == nil && len(beyond(r.scopes, given)) == 0
	}
	if r.asks(promptConsent) || !agreed {
		if quiet {
			return s.failed(c, r, ErrConsentRequired, "End-User consent is required")
		}
		postLogin := ""
		if s.ShouldPostLogin != nil {
			postLogin = session.Session.ID
		}
		ticket, err := s.ticket(c, session.Session.ID)
		if err != nil {
			return "", err
		}
		return s.consent(c, r.q, postLogin, ticket)
	}
	return s.issueCode(c, r, session, reference)
}

// interaction asks the application whether the user must see one of its pages.
func (s *Server) interaction(c *core.Ctx, r *request, asked Asked, resume Resume, quiet bool) (string, error) {
	if resume.First {
		choose := r.asks(promptSelect)
		if !choose && s.ShouldSelect != nil {
			var err error
			if choose, err = s.ShouldSelect(c, asked); err != nil {
				return "", err
			}
			if choose && quiet {
				return s.failed(c, r, ErrAccountRequired, "End-User account selection is required")
			}
		}
		if choose {
			return s.page(s.SelectPage, r.q, "", ""), nil
		}
	}
	if s.ShouldCreate != nil {
		page, yes, err := s.ShouldCreate(c, asked)
		switch {
		case err != nil:
			return "", err
		case yes && quiet:
			return s.failed(c, r, ErrInteractionRequired, "End-User interaction is required")
		case yes && page != "":
			return s.page(page, r.q, "", ""), nil
		case yes:
			return s.page(s.CreatePage, r.q, "", ""), nil
		}
	}
	if !resume.PostLogin && s.ShouldPostLogin != nil {
		yes, err := s.ShouldPostLogin(c, asked)
		switch {
		case err != nil:
			return "", err
		case yes && quiet:
			return s.failed(c, r, ErrInteractionRequired, "End-User interaction is required")
		case yes:
			return s.page(s.PostLoginPage, r.q, "", ""), nil
		}
	}
	return "", nil
}

// Pages is how a plugin shows pages that do not get the signed query in their address. signed
// is for Open, and q is what the page may know of it. Both return the address of the page.
type Pages interface {
	Login(c *core.Ctx, signed string, q wire.Query) (string, error)
	// Consent shows a page whose answer is for Server.Consent.
	Consent(c *core.Ctx, signed string, q wire.Query) (string, error)
}

func (s *Server) login(c *core.Ctx, q wire.Query) (string, error) {
	if s.Pages != nil {
		return s.Pages.Login(c, s.sign(q, "", ""), q)
	}
	return s.page(s.LoginPage, q, "", ""), nil
}

func (s *Server) consent(c *core.Ctx, q wire.Query, postLogin, ticket string) (string, error) {
	if s.Pages != nil {
		return s.Pages.Consent(c, s.sign(q, postLogin, ticket), q)
	}
	return s.page(s.ConsentPage, q, postLogin, ticket), nil
}

// page is the address of a page with the signed query.
func (s *Server) page(page string, q wire.Query, postLogin, ticket string) string {
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	return page + separator + s.sign(q, postLogin, ticket)
}

// withoutPrompt removes a value of prompt that has been dealt with.
func withoutPrompt(q wire.Query, prompt string) wire.Query {
	text, ok := q.Get("prompt")
	if !ok || len(text) > maxPrompt { // which Authorize refuses
		return q
	}
	left := slices.DeleteFunc(split(text), func(one string) bool { return one == prompt })
	if len(left) == 0 {
		return without(q, "prompt")
	}
	return slices.Clone(q).Set("prompt", strings.Join(left, " "))
}
