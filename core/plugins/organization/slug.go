package organization

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"golang.org/x/text/unicode/norm"
)

// newSlug is the stored form of a slug that an organization is to have: NFC, so that two
// ways to write one letter are one slug. Slugs become parts of URLs, so characters with
// a meaning there are refused. The schema has the other bounds.
func newSlug(slug string) (string, error) {
	slug = norm.NFC.String(slug)
	if slug == "." || strings.Contains(slug, "..") || strings.ContainsAny(slug, `/\?#%`) {
		return "", &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code,
			Message: `[body.slug] Invalid input: expected text without / \ ? # % and ..`}
	}
	return slug, nil
}

// findSlug finds an organization by its slug in any Unicode form. A server that does
// not normalise may have stored another form than NFC.
func (p *Plugin) findSlug(ctx context.Context, slug string) (*Organization, error) {
	forms := []any{slug}
	for _, form := range []string{norm.NFC.String(slug), norm.NFD.String(slug)} {
		if !slices.Contains(forms, any(form)) {
			forms = append(forms, form)
		}
	}
	if len(forms) == 1 {
		return p.organizations.Find(ctx, adapter.By("slug", slug))
	}
	found, err := p.organizations.List(ctx, adapter.Find{Where: adapter.Where{{Field: "slug", Op: adapter.In, Value: forms}}, Sort: oldestFirst})
	if err != nil {
		return nil, err
	}
	for _, o := range found {
		if o.Slug == slug {
			return o, nil
		}
	}
	if len(found) == 0 {
		return nil, core.ErrNotFound
	}
	return found[0], nil
}
