package organization_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// guest is a plugin that takes part in organizations.
type guest struct {
	id    string
	hooks organization.Hooks
}

func (g guest) ID() string { return g.id }

func (g guest) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Requires: []string{organization.ID}, Init: func(_ context.Context, a *core.Auth) error {
		org, _ := organization.From(a)
		org.AddHooks(g.hooks)
		return nil
	}}, nil
}

// TestAddHooks has two plugins, one before and one after the plugin of organizations.
func TestAddHooks(t *testing.T) {
	t.Parallel()
	d := &diary{}
	named := func(name string) organization.Hooks {
		say := func(what string) func(context.Context, *organization.OrganizationEvent) error {
			return func(_ context.Context, e *organization.OrganizationEvent) error {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.lines = append(d.lines, name+what)
				if e.Organization.Slug == name+what {
					return core.Fail(http.StatusPaymentRequired, core.ErrorCode{Code: "PAY_FIRST", Message: "Pay first"})
				}
				return nil
			}
		}
		return organization.Hooks{CheckCreateOrganization: say("?"), BeforeCreateOrganization: say("-"), AfterCreateOrganization: say("+")}
	}
	w := &world{t: t, org: organization.New(organization.Options{Hooks: named("own")})}
	w.Env = authtest.New(t, nil, guest{"first", named("first")}, emailpassword.New(emailpassword.Options{}), w.org, guest{"second", named("second")})
	ada := w.join("Ada")
	const check, before, after = "own? first? second?", "own- first- second-", "own+ first+ second+"
	// A slug has no "?", so no check-hook refuses here.
	for slug, tc := range map[string]struct {
		status int
		ran    string
	}{
		"acme":   {200, check + " " + before + " " + after},
		"first-": {402, check + " own- first-"},
		"own+":   {402, check + " " + before + " " + after},
	} {
		code := ""
		if tc.status != 200 {
			code = "PAY_FIRST"
		}
		ada.Post("/organization/create", body{"name": "x", "slug": slug}).Want(t, tc.status, code)
		if got := d.take(); got != tc.ran {
			t.Errorf("%s: ran %q, want %q", slug, got, tc.ran)
		}
	}
	defer func() {
		if r := recover(); r == nil || !strings.Contains(r.(string), "Init") {
			t.Errorf("AddHooks after New: %v", r)
		}
	}()
	w.org.AddHooks(organization.Hooks{})
}

// TestCheckHooksLockNothing lets each check-hook wait for a change of the same
// organization, as a remote call that ends in a webhook does. In a lock it would wait for
// ever.
func TestCheckHooksLockNothing(t *testing.T) {
	t.Parallel()
	d := &diary{}
	var w *world
	var org string
	var refuse bool
	change := func(ctx context.Context, name string) error {
		d.mu.Lock()
		d.lines = append(d.lines, name)
		d.mu.Unlock()
		if org != "" {
			done := make(chan error)
			go func() {
				_, err := w.org.CreateTeam.Call(context.Background(), &organization.CreateTeamInput{Name: name, OrganizationID: &org})
				done <- err
			}()
			if err := <-done; err != nil {
				return err
			}
		}
		if refuse {
			return core.Fail(http.StatusPaymentRequired, core.ErrorCode{Code: "PAY_FIRST", Message: "Pay first"})
		}
		return nil
	}
	ofOrganization := func(name string) func(context.Context, *organization.OrganizationEvent) error {
		return func(ctx context.Context, e *organization.OrganizationEvent) error {
			return change(ctx, name+" "+e.Organization.Slug)
		}
	}
	ofMember := func(name string) func(context.Context, *organization.MemberEvent) error {
		return func(ctx context.Context, e *organization.MemberEvent) error {
			return change(ctx, name+" "+e.Member.Role+" "+e.User.Name)
		}
	}
	ofInvitation := func(name string) func(context.Context, *organization.InvitationEvent) error {
		return func(ctx context.Context, e *organization.InvitationEvent) error {
			return change(ctx, name+" "+e.Invitation.Email)
		}
	}
	w = open(t, func(o *organization.Options) {
		everything(o)
		o.Hooks = organization.Hooks{
			CheckCreateOrganization: ofOrganization("create"), CheckDeleteOrganization: ofOrganization("delete"),
			CheckAddMember: ofMember("add"), CheckRemoveMember: ofMember("remove"),
			CheckCreateInvitation: ofInvitation("invite"), CheckAcceptInvitation: ofInvitation("accept"),
		}
	})
	ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
	org = ada.found("acme")
	id := ada.invite(org, eve, "member")
	both := func(who *person, path string, b body) {
		t.Helper()
		refuse = true
		who.Post("/organization/"+path, b).Want(t, 402, "PAY_FIRST")
		refuse = false
		who.Post("/organization/"+path, b).Want(t, 200, "")
	}
	both(eve, "accept-invitation", body{"invitationId": id})
	add := organization.NewMember{OrganizationID: org, UserID: bob.id, Roles: []string{"member"}}
	refuse = true
	if _, err := w.org.Add(t.Context(), add); !errors.Is(err, core.Fail(402, core.ErrorCode{Code: "PAY_FIRST"})) {
		t.Errorf("refused: %v", err)
	}
	refuse = false
	if _, err := w.org.Add(t.Context(), add); err != nil {
		t.Error(err)
	}
	// A call that the plugin refuses reaches no hook.
	d.take()
	eve.Post("/organization/delete", body{"organizationId": org}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION")
	eve.Post("/organization/remove-member", body{"memberIdOrEmail": bob.email}).Want(t, 401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER")
	eve.Post("/organization/invite-member", body{"email": "x@example.com", "role": "member"}).Want(t, 403, noInvite)
	if got := d.take(); got != "" {
		t.Errorf("ran %q", got)
	}
	both(ada, "remove-member", body{"memberIdOrEmail": eve.email})
	both(ada, "delete", body{"organizationId": org})
	if got := d.take(); got != "remove member Eve remove member Eve delete acme delete acme" {
		t.Errorf("ran %q", got)
	}
}
