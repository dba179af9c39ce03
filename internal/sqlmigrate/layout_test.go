package sqlmigrate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

func TestTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dialect sqlcodec.Dialect
		ids     schema.IDKind
		want    string
	}{
		{sqlcodec.SQLite, schema.IDString, `user id:text email:text ok:integer|0 createdAt:date tags:text serial:bigint
auth id:text provider:text accountId:text userId:text size:integer
  auth_userId_idx userId
  auth_userId_provider_uidx unique userId provider
`},
		{sqlcodec.Postgres, schema.IDUUID, `user id:uuid email:text ok:boolean|false createdAt:timestamptz|CURRENT_TIMESTAMP tags:jsonb serial:bigint
auth id:uuid provider:text accountId:text userId:uuid size:double precision
  auth_userId_idx userId
  auth_userId_provider_uidx unique userId provider
`},
		{sqlcodec.MySQL, schema.IDSerial, `user id:integer email:varchar(255) ok:boolean|false createdAt:datetime(3)|CURRENT_TIMESTAMP(3) tags:json serial:bigint
auth id:integer provider:mediumtext accountId:mediumtext userId:integer size:double
  auth_userId_idx userId
  auth_userId_provider_uidx unique userId provider(255)
`},
	} {
		var b strings.Builder
		for _, table := range New(c.dialect, tables(t, c.ids)).Tables() {
			fmt.Fprintf(&b, "%s id:%s", table.Name, table.IDType)
			for _, column := range table.Columns {
				fmt.Fprintf(&b, " %s:%s", column.Column, column.SQLType)
				if text := column.SQLDefault + column.SQLConstant; text != "" {
					b.WriteString("|" + text)
				}
			}
			b.WriteByte('\n')
			for _, x := range table.Indexes {
				b.WriteString("  " + x.Name)
				if x.Unique {
					b.WriteString(" unique")
				}
				for _, part := range x.Columns {
					b.WriteString(" " + part.Column)
					if part.Prefix > 0 {
						fmt.Fprintf(&b, "(%d)", part.Prefix)
					}
				}
				b.WriteByte('\n')
			}
		}
		if b.String() != c.want {
			t.Errorf("%s\n%s", c.dialect, b.String())
		}
	}
}

// TestMySQLTextDefaults has a text column with a default, which MySQL takes in
// brackets only.
func TestMySQLTextDefaults(t *testing.T) {
	t.Parallel()
	s, err := schema.New("", []schema.Table{{Model: "user", Fields: []schema.Field{
		{Name: "plan", Type: schema.String, Default: schema.Value("free")},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, _, err := New(sqlcodec.MySQL, s).Plan(t.Context(), &fake{columns: [][]string{{"user", "id", ""}}})
	if want := "alter table `user` add column `plan` mediumtext default ('free') not null"; err != nil || len(plan) != 1 || plan[0].SQL != want {
		t.Error(plan, err)
	}
}
