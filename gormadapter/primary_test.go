package gormadapter

import (
	"testing"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// GORM's plugins for replicas, such as dbresolver, choose a connection in callbacks. No
// statement of Kernia passes through one, so all of them reach the handle's own pool: the
// primary.
func TestNoStatementMeetsAReplica(t *testing.T) {
	t.Parallel()
	db := file(t)
	resolve := func(tx *gorm.DB) { t.Errorf("a resolver was asked about %s", tx.Statement.Table) }
	all := db.Callback()
	for _, register := range []func(string, func(*gorm.DB)) error{
		all.Create().Before("*").Register, all.Query().Before("*").Register, all.Update().Before("*").Register,
		all.Delete().Before("*").Register, all.Row().Before("*").Register, all.Raw().Before("*").Register,
	} {
		if err := register("resolver", resolve); err != nil {
			t.Fatal(err)
		}
	}
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = New(db) }, emailpassword.New(emailpassword.Options{}))
	c := e.Client()
	c.Post("/sign-up/email", map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	c.Get("/get-session").Want(t, 200, "")
	c.Get("/list-sessions").Want(t, 200, "")
	c.Post("/update-user", map[string]string{"name": "Countess"}).Want(t, 200, "")
	c.Post("/sign-out", map[string]string{}).Want(t, 200, "")
	if err := e.Auth.DeleteExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
}
