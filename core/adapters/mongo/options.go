package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Transactions says whether the adapter uses transactions.
type Transactions int

const (
	// Detect asks the server when the adapter is opened: replica sets and sharded
	// clusters have transactions. It is the default. Open waits up to ten seconds
	// for the server.
	Detect Transactions = iota
	// On uses transactions without asking.
	On
	// Off runs Tx without isolation and rollback, which standalone servers need.
	Off
)

// Options choose how rows are stored. The zero value is right for most.
type Options struct {
	Transactions Transactions
	// StringIDs stores all ids as strings. It is for databases of a Better Auth
	// server with a generateId function, which stores what that function returns.
	StringIDs bool
}

// New returns a database that keeps Kernia's rows in db, for Options.Database. It
// uses the write concern and read concern of db. Reads always go to the primary,
// because a revoked session must not be found on a secondary.
func New(db *driver.Database, o Options) adapter.Database { return &database{db: db, options: o} }

// NewID makes an ObjectId's 24 hexadecimal digits, for the application's
// Options.IDs.New: ids then look like those that Better Auth makes with MongoDB.
// An ObjectId contains a time and a counter and can be guessed, which is safe
// because no id of Kernia is a secret. NewID never fails.
func NewID(model string) (string, error) { return bson.NewObjectID().Hex(), nil }

type database struct {
	db      *driver.Database
	options Options
}

const detectTimeout = 10 * time.Second

// Open returns the adapter of s, which also is an adapter.Migrator. It fails when
// a column is called "_id", and with Detect when the server does not answer.
func (d *database) Open(s *schema.Schema) (adapter.Adapter, error) {
	if d.db == nil || s == nil {
		return nil, errors.New("mongo: no database or no schema")
	}
	out := &store{db: d.db, schema: s, tx: d.options.Transactions == On}
	if err := out.compile(d.options.StringIDs); err != nil {
		return nil, err
	}
	if d.options.Transactions != Detect {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), detectTimeout)
	defer cancel()
	var err error
	if out.tx, err = hasTransactions(ctx, d.db); err != nil {
		return nil, fmt.Errorf("mongo: whether the server has transactions is unknown (set Options.Transactions, or start the server first): %w", err)
	}
	return out, nil
}

// hasTransactions asks the primary for its kind: transactions need a replica set, or a
// router of a sharded cluster.
func hasTransactions(ctx context.Context, db *driver.Database) (bool, error) {
	var hello struct {
		SetName string `bson:"setName"`
		Msg     string `bson:"msg"`
	}
	err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}, runOnPrimary()).Decode(&hello)
	return hello.SetName != "" || hello.Msg == "isdbgrid", err
}

var primary = readpref.Primary()
