package mongo_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/adapters/mongo/internal/mongotest"
	"github.com/advantch/kernia-go/core/schema"
)

// realServer names a server to test on besides the double.
const realServer = "KERNIA_TEST_MONGO_URI"

// deployment is a server, or the double, with its client.
type deployment struct {
	client    *driver.Client
	commands  *commandLog
	databases atomic.Int64
}

func double(t testing.TB, replicaSet bool) *deployment {
	t.Helper()
	return dial(t, mongotest.Start(t, replicaSet).URI())
}

func realDeployment(t *testing.T) *deployment {
	t.Helper()
	uri := os.Getenv(realServer)
	if uri == "" {
		t.Skipf("%s names no server; only the double was tested", realServer)
	}
	return dial(t, uri)
}

func dial(t testing.TB, uri string) *deployment {
	t.Helper()
	log := &commandLog{}
	client, err := driver.Connect(options.Client().ApplyURI(uri).SetMonitor(&event.CommandMonitor{Started: log.add}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := client.Disconnect(ctx); err != nil {
			t.Error(err)
		}
	})
	return &deployment{client: client, commands: log}
}

// database returns a handle to a database of its own, which the test drops.
func (d *deployment) database(t testing.TB) *driver.Database {
	t.Helper()
	db := d.client.Database(fmt.Sprintf("kernia_test_%d_%d", os.Getpid(), d.databases.Add(1)))
	t.Cleanup(func() {
		if err := db.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return db
}

// migrated opens an adapter and makes its collections.
func migrated(t testing.TB, db *driver.Database, s *schema.Schema, o mongo.Options) adapter.Adapter {
	t.Helper()
	a, err := mongo.New(db, o).Open(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.(adapter.Migrator).Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return a
}

// commandLog notes the commands that a client sends.
type commandLog struct {
	mu   sync.Mutex
	sent []bson.Raw
}

func (l *commandLog) add(_ context.Context, e *event.CommandStartedEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, append(bson.Raw(nil), e.Command...))
}

// take returns the commands since the last call.
func (l *commandLog) take() []bson.Raw {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.sent
	l.sent = nil
	return out
}
