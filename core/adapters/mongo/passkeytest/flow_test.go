package passkeytest

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/adapters/mongo/internal/mongotest"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	run := func(name, uri string) {
		client, err := driver.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
		var databases atomic.Int64
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flowtest.RunSuites(t, func(t *testing.T) adapter.Database {
				db := client.Database(fmt.Sprintf("kernia_passkey_%d_%d", os.Getpid(), databases.Add(1)))
				t.Cleanup(func() {
					if err := db.Drop(context.Background()); err != nil {
						t.Error(err)
					}
				})
				return mongo.New(db, mongo.Options{})
			}, passkeytest.Suite())
		})
	}
	run("double", mongotest.Start(t, true).URI())
	if uri := os.Getenv("KERNIA_TEST_MONGO_URI"); uri != "" {
		run("server", uri)
	} else {
		t.Log("KERNIA_TEST_MONGO_URI names no server; only the double was tested")
	}
}
