package organization_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

// TestTextsAreBounded sends each text that an organization keeps at its bound and one
// character above.
func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada := w.join("Ada")
	ada.found("acme")
	team := ada.session("activeTeamId")
	long := func(n int) string { return strings.Repeat("x", n) }
	metadata := func(n int) body { return body{"a": long(n - len(`{"a":""}`))} }
	for _, tc := range []struct {
		name, path string
		most       int
		body       func(n int) body
	}{
		{"name", "update", 255, func(n int) body { return body{"data": body{"name": long(n)}} }},
		{"slug", "update", 255, func(n int) body { return body{"data": body{"slug": long(n)}} }},
		{"logo", "update", 65536, func(n int) body { return body{"data": body{"logo": long(n)}} }},
		{"metadata", "update", 16384, func(n int) body { return body{"data": body{"metadata": metadata(n)}} }},
		{"logo of a new one", "create", 65536, func(n int) body { return body{"name": "n", "slug": fmt.Sprint("logo", n), "logo": long(n)} }},
		{"metadata of a new one", "create", 16384, func(n int) body { return body{"name": "n", "slug": fmt.Sprint("meta", n), "metadata": metadata(n)} }},
		{"team", "create-team", 255, func(n int) body { return body{"name": long(n)} }},
	} {
		ada.Post("/organization/"+tc.path, tc.body(tc.most+1)).Want(t, 400, "VALIDATION_ERROR")
		if a := ada.Post("/organization/"+tc.path, tc.body(tc.most)); a.Status != 200 {
			t.Errorf("%s of %d characters: %d %s", tc.name, tc.most, a.Status, a.Code())
		}
	}
	ada.Post("/organization/set-active", body{"organizationSlug": long(255)}).Want(t, 200, "")
	ada.Post("/organization/update-team", body{"teamId": team, "data": body{"name": long(256)}}).Want(t, 400, "VALIDATION_ERROR")
	// Only what its maker has is in a permission, so it is long by repetition.
	actions := make([]string, 1200)
	for i := range actions {
		actions[i] = "create"
	}
	ada.Post("/organization/create-role", body{"role": "long", "permission": body{"team": actions}}).Want(t, 400, "VALIDATION_ERROR")
	ada.Post("/organization/create-role", body{"role": "long", "permission": body{"team": actions[:800]}}).Want(t, 200, "")
}

// TestListOfOrganizationsIsBounded fills a user's organizations as full as they get. Two
// hundred requests of half a megabyte once made a list of 109 MB.
func TestListOfOrganizationsIsBounded(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	ada := w.join("Ada")
	logo, metadata := strings.Repeat("l", 65536), body{"a": strings.Repeat("m", 16384-len(`{"a":""}`))}
	for i := range 101 {
		a := ada.Post("/organization/create", body{"name": "n", "slug": fmt.Sprint("s", i), "logo": logo, "metadata": metadata})
		if i < 100 {
			a.Want(t, 200, "")
		} else {
			a.Want(t, 403, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS")
		}
	}
	if n := len(ada.Get("/organization/list").Want(t, 200, "").Body); n > 10_000_000 || n < 8_000_000 {
		t.Errorf("the list has %d bytes", n)
	}
}

func TestBoundsAreOptions(t *testing.T) {
	t.Parallel()
	w := open(t, func(o *organization.Options) {
		o.OrganizationLimit = -1
		o.Schema.Organization.Fields = []schema.Field{
			{Name: "logo", Type: schema.String, Optional: true, MaxLength: 10}, {Name: "metadata", Type: schema.String, Optional: true, MaxLength: -1},
		}
	})
	ada := w.join("Ada")
	ada.Post("/organization/create", body{"name": "n", "slug": "a", "logo": strings.Repeat("x", 11)}).Want(t, 400, "VALIDATION_ERROR")
	ada.Post("/organization/create", body{"name": "n", "slug": "a", "metadata": body{"a": strings.Repeat("x", 1<<18)}}).Want(t, 200, "")
	for i := range 101 {
		ada.found(fmt.Sprint("s", i))
	}
	if n := strings.Count(ada.Get("/organization/list").Body, `"slug"`); n != 102 {
		t.Errorf("%d of 102 organizations are listed", n)
	}
}

// TestTextIsOneLine has names and slugs that break lines or change the direction of the
// text beside them, and slugs with a meaning in a path.
func TestTextIsOneLine(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada := w.join("Ada")
	ada.found("acme")
	team := ada.session("activeTeamId")
	post := func(path string, b body) {
		t.Helper()
		ada.Post("/organization/"+path, b).Want(t, 400, "VALIDATION_ERROR")
	}
	for _, bad := range []string{"a\r\nBcc: x", "a\nb", "a\tb", "a\x1bb", "a\u0085b", "a\u2028b", "a\u202eb", "a\u2067b"} {
		post("create", body{"name": bad, "slug": "fine"})
		post("create", body{"name": "fine", "slug": bad})
		post("update", body{"data": body{"name": bad}})
		post("update", body{"data": body{"slug": bad}})
		post("create-team", body{"name": bad})
		post("update-team", body{"teamId": team, "data": body{"name": bad}})
		post("create-role", body{"role": bad, "permission": body{}})
	}
	for _, bad := range []string{"a/b", `a\b`, "..", "a..b", ".", "../admin", "a?b", "a#b", "a%2fb", "x/../y?z#"} {
		post("create", body{"name": "fine", "slug": bad})
		post("update", body{"data": body{"slug": bad}})
	}
	w.want("organization", 1)
	for _, good := range []string{"a.b", "ümlaut", "日本", "a b", "a-b_c~", "x:y"} {
		ada.Post("/organization/create", body{"name": good, "slug": good}).Want(t, 200, "")
	}
	// A slug of an older server may stay as it is.
	if _, err := w.Auth.DB().Update(t.Context(), "organization", adapter.By("slug", "acme"), adapter.Record{"slug": "old/one"}); err != nil {
		t.Fatal(err)
	}
	ada.Post("/organization/set-active", body{"organizationSlug": "old/one"}).Want(t, 200, "")
	ada.Post("/organization/update", body{"data": body{"slug": "old/one", "name": "New"}}).Want(t, 200, "")
}

// TestFormsOfUnicodeAreOneSlug writes a letter in two ways.
func TestFormsOfUnicodeAreOneSlug(t *testing.T) {
	t.Parallel()
	const nfc, nfd = "b\u00e4r", "ba\u0308r"
	w := open(t, nil)
	ada, eve := w.join("Ada"), w.join("Eve")
	if got := ada.Post("/organization/create", body{"name": "x", "slug": nfd}).Want(t, 200, "").JSON("slug"); got != nfc {
		t.Errorf("stored as %+q", got)
	}
	for _, slug := range []string{nfc, nfd} {
		eve.Post("/organization/create", body{"name": "x", "slug": slug}).Want(t, 400, "ORGANIZATION_ALREADY_EXISTS")
		eve.Post("/organization/check-slug", body{"slug": slug}).Want(t, 400, "ORGANIZATION_SLUG_ALREADY_TAKEN")
		ada.Post("/organization/set-active", body{"organizationSlug": slug}).Want(t, 200, "")
		if _, err := w.org.OrganizationBySlug(t.Context(), slug); err != nil {
			t.Errorf("%+q: %v", slug, err)
		}
	}
	eve.found("other")
	eve.Post("/organization/update", body{"data": body{"slug": nfd}}).Want(t, 400, "ORGANIZATION_SLUG_ALREADY_TAKEN")
	// Another server has stored the other form.
	if _, err := w.Auth.DB().Update(t.Context(), "organization", adapter.By("slug", nfc), adapter.Record{"slug": nfd}); err != nil {
		t.Fatal(err)
	}
	eve.Post("/organization/create", body{"name": "x", "slug": nfc}).Want(t, 400, "ORGANIZATION_ALREADY_EXISTS")
	ada.Post("/organization/set-active", body{"organizationSlug": nfc}).Want(t, 200, "")
}

// TestRequiredFieldsOfMembers has a field that no client may set: accepting fails with
// its name, unless a hook fills it.
func TestRequiredFieldsOfMembers(t *testing.T) {
	t.Parallel()
	plan := core.Field[string]{Name: "plan"}
	for _, filled := range []bool{false, true} {
		w := open(t, func(o *organization.Options) {
			o.Schema.Member.Fields = []schema.Field{{Name: plan.Name, Type: schema.String, NoInput: true}}
			if filled {
				o.Hooks.BeforeAddMember = func(_ context.Context, e *organization.MemberEvent) error {
					plan.Set(&e.Member.Extra, "free")
					return nil
				}
			}
		})
		ada := w.join("Ada")
		a := ada.Post("/organization/create", body{"name": "x", "slug": "acme"})
		if filled {
			if a.Want(t, 200, ""); !strings.Contains(a.Body, `"plan":"free"`) {
				t.Error(a.Body)
			}
			continue
		}
		if a.Want(t, 400, "MISSING_FIELD"); a.JSON("message") != "plan is required" {
			t.Error(a.Body)
		}
		w.want("organization", 0)
	}
}

// TestMailsOfInvitationsAreBounded keeps an inviter from filling a stranger's mailbox.
func TestMailsOfInvitationsAreBounded(t *testing.T) {
	t.Parallel()
	w := open(t, nil, func(o *core.Options) { o.RateLimit = core.RateLimitOptions{} })
	ada := w.join("Ada")
	ada.found("acme")
	stranger := &person{email: "stranger@example.com"}
	invite := func(more body) int {
		b := body{"email": stranger.email, "role": "member"}
		for k, v := range more {
			b[k] = v
		}
		return ada.Post("/organization/invite-member", b).Status
	}
	sent := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.sent)
	}
	if got := invite(nil); got != 200 {
		t.Fatalf("the first: %d", got)
	}
	admitted := 0
	for range 20 {
		if invite(body{"resend": true}) == 200 {
			admitted++
		}
	}
	if admitted != 1 || sent() != 2 {
		t.Errorf("%d of 20 at once were sent again, %d mails", admitted, sent())
	}
	w.Clock.Add(time.Minute)
	if got := invite(body{"resend": true}); got != 200 {
		t.Errorf("a minute later: %d", got)
	}
	// Cancelling and inviting again does not avoid it.
	w.Clock.Add(time.Minute)
	admitted = 0
	for range 10 {
		ada.Post("/organization/cancel-invitation", body{"invitationId": w.invitationOf(stranger)}).Want(t, 200, "")
		if invite(nil) != 200 {
			break
		}
		admitted++
	}
	if admitted != 5 {
		t.Errorf("%d invitations of one address at once", admitted)
	}
}
