package organization_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// exampleAuth is a server with organizations, and the id of a user.
func exampleAuth(o organization.Options) (auth *core.Auth, user string) {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "replace-me-with-32-random-characters-0123456789",
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{}), organization.New(o)},
	})
	if err != nil {
		log.Fatal(err)
	}
	u, err := auth.Store().CreateUser(context.Background(), core.User{Name: "Ada", Email: "ada@example.com", EmailVerified: true})
	if err != nil {
		log.Fatal(err)
	}
	return auth, u.ID
}

func ExampleNew() {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "replace-me-with-32-random-characters-0123456789",
		Database: memory.New(),
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			organization.New(organization.Options{
				Teams: organization.Teams{Enabled: true},
				SendInvitation: func(ctx context.Context, inv organization.InvitationMail) error {
					fmt.Printf("to %s: join %s at https://app.example.com/accept/%s\n", inv.Email, inv.Organization.Name, inv.ID)
					return nil
				},
			}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, ok := organization.From(auth)
	fmt.Println("installed:", ok)
	// Output: installed: true
}

// The server makes an organization and a member, and asks what somebody may do.
func ExampleFrom() {
	auth, ada := exampleAuth(organization.Options{})
	ctx := context.Background()
	org, _ := organization.From(auth)
	acme, err := org.CreateFor(ctx, organization.NewOrganization{Name: "Acme", Slug: "acme", UserID: ada})
	if err != nil {
		log.Fatal(err)
	}
	eve, err := auth.Store().CreateUser(ctx, core.User{Name: "Eve", Email: "eve@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := org.Add(ctx, organization.NewMember{OrganizationID: acme.ID, UserID: eve.ID, Roles: []string{"admin"}}); err != nil {
		log.Fatal(err)
	}
	members, err := org.Members(ctx, acme.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range members {
		deletes, err := org.Can(ctx, m.UserID, acme.ID, access.Permissions{"organization": {"delete"}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s is %s, may delete the organization: %v\n", m.User.Name, m.Role, deletes)
	}
	// Output:
	// Ada is owner, may delete the organization: true
	// Eve is admin, may delete the organization: false
}

// Roles of the application's own: a resource "project" beside the plugin's.
func ExampleOptions() {
	statements := organization.DefaultStatements()
	statements["project"] = []string{"create", "update", "delete"}
	ac := access.NewControl(statements)
	auth, ada := exampleAuth(organization.Options{
		Access: ac,
		Roles: map[string]*access.Role{
			"owner":  organization.OwnerRole().With(access.Permissions{"project": {"create", "update", "delete"}}),
			"admin":  organization.AdminRole().With(access.Permissions{"project": {"create", "update"}}),
			"member": organization.MemberRole().With(access.Permissions{"project": {"update"}}),
		},
	})
	ctx := context.Background()
	org, _ := organization.From(auth)
	acme, err := org.CreateFor(ctx, organization.NewOrganization{Name: "Acme", Slug: "acme", UserID: ada})
	if err != nil {
		log.Fatal(err)
	}
	may, err := org.Can(ctx, ada, acme.ID, access.Permissions{"project": {"create", "delete"}})
	fmt.Println(may, err)
	// Output: true <nil>
}

// A route of the application that only members with a permission may use.
func ExamplePlugin_RequirePermission() {
	auth, _ := exampleAuth(organization.Options{})
	org, _ := organization.From(auth)
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", nethttp.Handler(auth))
	invite := nethttp.Require(org.RequirePermission(access.Permissions{"invitation": {"create"}}))
	mux.Handle("GET /people/new", invite(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, err := org.ActiveOrganization(r.Context())
		if err != nil {
			http.Error(w, "no organization", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "Invite somebody to %s", o.Name)
	})))
	answer := httptest.NewRecorder()
	nethttp.Middleware(auth)(mux).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/people/new", nil))
	fmt.Println(answer.Code, answer.Body)
	// Output: 401 {"message":"Unauthorized","code":"UNAUTHORIZED"}
}
