package gormadapter

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

// TestSCIMCostPerUser provisions 10,000 users on PostgreSQL with KERNIA_SOAK, a fiftieth without it: by a
// connection of the application, and by one of an organization. A user among the last tenth costs at
// most 1.2 times one of the first. Medians of small batches are compared, which a busy machine slows
// down alike. Without KERNIA_SOAK it only has to work: a tenth is too short to be measured.
func TestSCIMCostPerUser(t *testing.T) {
	n, soak := 200, os.Getenv("KERNIA_SOAK") != ""
	if soak {
		n = 10_000
	}
	for _, server := range servers {
		if server.name != "postgres" {
			continue
		}
		open := server.shared(t)
		for _, owner := range []string{"application", "organization"} {
			t.Run(server.name+" "+owner, func(t *testing.T) {
				conn := scim.StaticConnection{ProviderID: "corp", Token: "abcdefghijklmnopqrstuvwx"}
				e := authtest.NewEnv(t)
				o := e.Options(emailpassword.New(emailpassword.Options{}),
					organization.New(organization.Options{MembershipLimit: n + 1, Teams: organization.Teams{Enabled: true}}),
					scim.New(scim.Options{Connections: []scim.StaticConnection{conn}, Groups: &scim.Groups{Teams: true}}))
				o.Database = open(t)
				e.Open(o)
				token := conn.BearerToken()
				if owner == "organization" {
					c := e.Client()
					c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
					id := c.Post("/organization/create", map[string]any{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
					token = c.Post("/scim/generate-token", map[string]any{"providerId": "acme", "organizationId": id}).Want(t, 201, "").JSON("scimToken")
				}
				first, last := provisionMany(t, e.Client(), token, n)
				t.Logf("%d users: %v each at first, %v at last, %.2f times", n, first, last, float64(last)/float64(first))
				if soak && float64(last) > 1.2*float64(first) {
					t.Errorf("a user of the last tenth costs %v, one of the first %v", last, first)
				}
			})
		}
	}
}

// provisionMany makes n users and returns what one of the first and of the last tenth takes.
func provisionMany(t *testing.T, c *authtest.Client, token string, n int) (first, last time.Duration) {
	t.Helper()
	const batch = 20
	var batches []time.Duration
	for i := range n {
		if i%batch == 0 {
			batches = append(batches, 0)
		}
		body := fmt.Sprintf(`{"userName":"user%d@corp.example","externalId":"e%d","name":{"givenName":"U","familyName":"%d"}}`, i, i, i)
		began := time.Now()
		a := c.Do("POST", "/scim/v2/Users", body, core.HeaderField{Name: "Authorization", Value: "Bearer " + token},
			core.HeaderField{Name: "Content-Type", Value: "application/scim+json"}, core.HeaderField{Name: "Origin"}, core.HeaderField{Name: "Cookie"})
		batches[len(batches)-1] += time.Since(began)
		if a.Status != 201 {
			t.Fatalf("user %d: %d %s", i, a.Status, a.Body)
		}
	}
	median := func(list []time.Duration) time.Duration {
		list = slices.Sorted(slices.Values(list))
		return list[len(list)/2] / batch
	}
	tenth := len(batches) / 10
	return median(batches[:tenth]), median(batches[len(batches)-tenth:])
}
