package oauthserver

import (
	"net/url"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// normalResource is a resource as it is compared: scheme and host in lower case, and a host
// without a path like one with a slash, because clients write either.
func normalResource(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || strings.Contains(text, "#") || u.Host == "" && u.Opaque == "" || len(text) > maxURI {
		return "", false
	}
	if u.Host == "" {
		return text, true
	}
	u.Host = strings.ToLower(u.Host)
	if u.Path == "/" && u.RawQuery == "" {
		u.Path = ""
	}
	return u.String(), true
}

// resources checks the resources of a request (RFC 8707). bound are those of the grant, from
// which a request for a token may choose; nil: the grant names none.
func (s *Server) resources(c *core.Ctx, asked, bound []string, scopes []string) ([]string, error) {
	if len(asked) == 0 {
		return bound, nil
	}
	var out []string
	for _, one := range asked {
		normal, ok := normalResource(one)
		if !ok || !s.knowsResource(c, normal, scopes) || bound != nil && !within(normal, bound) {
			return nil, Refuse(ErrInvalidTarget, "requested resource invalid")
		}
		if !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out, nil
}

// laterResources is resources for a token of a grant. With OneResource a grant that names none is
// for the first of Audiences: the user has been asked about no other.
func (s *Server) laterResources(c *core.Ctx, asked, bound, scopes []string) ([]string, error) {
	if s.OneResource && len(asked) > 0 && bound == nil && len(s.Audiences) > 0 {
		bound = s.Audiences[:1]
	}
	return s.resources(c, asked, bound, scopes)
}

func (s *Server) knowsResource(c *core.Ctx, normal string, scopes []string) bool {
	known := s.Audiences
	if len(known) == 0 {
		known = []string{c.BaseURL()}
		if s.AtOrigin {
			known = append(known, Origin(c.BaseURL()))
		}
	}
	return within(normal, known) || slices.Contains(scopes, ScopeOpenID) && normal == c.BaseURL()+s.UserInfoPath
}

func within(normal string, list []string) bool {
	return slices.ContainsFunc(list, func(one string) bool {
		other, ok := normalResource(one)
		return ok && other == normal
	})
}

// audience is aud of an access token for resources: UserInfo takes it too, with openid.
func (s *Server) audience(c *core.Ctx, resources, scopes []string) []string {
	out := slices.Clone(resources)
	if own := c.BaseURL() + s.UserInfoPath; slices.Contains(scopes, ScopeOpenID) && !slices.Contains(out, own) {
		out = append(out, own)
	}
	return out
}
