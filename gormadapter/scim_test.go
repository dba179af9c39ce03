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
	"github.com/advantch/kernia-go/core/plugins/scim"
)

// TestSCIMCostPerUser provisions 10,000 users on PostgreSQL with KERNIA_SOAK, a fiftieth without it. A
// user among the last tenth costs at most 1.2 times one of the first. Medians of small batches are
// compared, which a busy machine slows down alike. Without KERNIA_SOAK it only has to work: a tenth
// is too short to be measured.
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
		t.Run(server.name, func(t *testing.T) {
			conn := scim.StaticConnection{ProviderID: "corp", Token: "abcdefghijklmnopqrstuvwx"}
			e := authtest.NewEnv(t)
			o := e.Options(emailpassword.New(emailpassword.Options{}), scim.New(scim.Options{Connections: []scim.StaticConnection{conn}}))
			o.Database = open(t)
			e.Open(o)
			c := e.Client()
			const batch = 20
			var batches []time.Duration
			for i := range n {
				if i%batch == 0 {
					batches = append(batches, 0)
				}
				body := fmt.Sprintf(`{"userName":"user%d@corp.example","externalId":"e%d","name":{"givenName":"U","familyName":"%d"}}`, i, i, i)
				began := time.Now()
				a := c.Do("POST", "/scim/v2/Users", body, core.HeaderField{Name: "Authorization", Value: "Bearer " + conn.BearerToken()},
					core.HeaderField{Name: "Content-Type", Value: "application/scim+json"}, core.HeaderField{Name: "Origin"})
				batches[len(batches)-1] += time.Since(began)
				if a.Status != 201 {
					t.Fatalf("user %d: %d %s", i, a.Status, a.Body)
				}
			}
			median := func(list []time.Duration) time.Duration {
				list = slices.Sorted(slices.Values(list))
				return list[len(list)/2]
			}
			tenth := len(batches) / 10
			first, last := median(batches[:tenth]), median(batches[len(batches)-tenth:])
			t.Logf("%d users: %v each at first, %v at last, %.2f times", n, first/batch, last/batch, float64(last)/float64(first))
			if soak && float64(last) > 1.2*float64(first) {
				t.Errorf("a user of the last tenth costs %v, one of the first %v", last/batch, first/batch)
			}
		})
	}
}
