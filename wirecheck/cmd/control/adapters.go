package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	mongodriver "go.mongodb.org/mongo-driver/v2/mongo"
	mongooptions "go.mongodb.org/mongo-driver/v2/mongo/options"
	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/entadapter"
	"github.com/advantch/kernia-go/gormadapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlslots"
)

// opener makes an empty database of an instance's own. drop removes it with all
// that is in it.
type opener func(ctx context.Context) (db adapter.Database, drop func(ctx context.Context) error, err error)

// backend is where instances keep their rows.
type backend struct {
	open  opener
	close func(ctx context.Context) error // ends what it keeps for later instances; nil is nothing
}

// adapters make the backends. Each is asked once, when the program starts.
var adapters = map[string]func() (backend, error){
	"memory":        func() (backend, error) { return backend{open: inMemory}, nil },
	"gorm-sqlite":   func() (backend, error) { return backend{open: sqliteFile(":memory:", gormSQLite)}, nil },
	"gorm-postgres": func() (backend, error) { return postgres(gormPostgres) },
	"gorm-mysql":    func() (backend, error) { return mySQL(gormMySQL) },
	"ent-sqlite":    func() (backend, error) { return backend{open: sqliteFile(":memory:", onEnt(dialect.SQLite))}, nil },
	"ent-postgres":  func() (backend, error) { return postgres(onEnt(dialect.Postgres)) },
	"ent-mysql":     func() (backend, error) { return mySQL(onEnt(dialect.MySQL)) },
	"mongo":         mongoDB,
	"redis":         redisKeys,
}

func adapterNames() []string { return slices.Sorted(maps.Keys(adapters)) }

func inMemory(context.Context) (adapter.Database, func(context.Context) error, error) {
	return memory.New(), func(context.Context) error { return nil }, nil
}

// over puts an adapter over a pool.
type over func(pool *sql.DB) (adapter.Database, error)

func onEnt(name string) over {
	return func(pool *sql.DB) (adapter.Database, error) { return entadapter.New(entsql.OpenDB(name, pool)), nil }
}

func gormSQLite(pool *sql.DB) (adapter.Database, error) {
	db, err := gormadapter.FromSQLite(pool)
	if err != nil {
		return nil, err
	}
	return gormadapter.New(db), nil
}

func gormPostgres(pool *sql.DB) (adapter.Database, error) {
	return openGORM(gormpostgres.New(gormpostgres.Config{Conn: pool}))
}

func gormMySQL(pool *sql.DB) (adapter.Database, error) {
	return openGORM(gormmysql.New(gormmysql.Config{Conn: pool}))
}

func openGORM(d gorm.Dialector) (adapter.Database, error) {
	db, err := gorm.Open(d, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return nil, err
	}
	return gormadapter.New(db), nil
}

// sqliteFile keeps files in journal mode DELETE: the reference reads them too, and
// its SQLite has no write-ahead log.
func sqliteFile(path string, adapt over) opener {
	return func(context.Context) (adapter.Database, func(context.Context) error, error) {
		u := url.URL{Path: path}
		dsn := "file:" + u.EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_txlock=immediate"
		if path != ":memory:" {
			dsn += "&_pragma=journal_mode(DELETE)"
		}
		pool, err := sql.Open("sqlite", dsn)
		if err != nil {
			return nil, nil, err
		}
		if path == ":memory:" {
			pool.SetMaxOpenConns(1) // each connection would have a database of its own
		}
		return adapted(pool, adapt, func(context.Context) error { return pool.Close() })
	}
}

func adapted(pool *sql.DB, adapt over, drop func(context.Context) error) (adapter.Database, func(context.Context) error, error) {
	db, err := adapt(pool)
	if err != nil {
		return nil, nil, errors.Join(err, drop(context.Background()))
	}
	return db, drop, nil
}

// connections bounds the pool of one instance: a server has a hundred or so for all
// that run side by side.
const connections = 3

func small(pool *sql.DB) *sql.DB {
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool
}

// handedOn are databases that an instance leaves to later ones.
func handedOn(dialect sqlcodec.Dialect) *sqlslots.Slots {
	return &sqlslots.Slots{Dialect: dialect, Free: 12, Idle: connections, FreeIdle: 1}
}

func leased(s *sqlslots.Slots) opener {
	return func(context.Context) (adapter.Database, func(context.Context) error, error) {
		l := s.Lease()
		return byID{l}, l.End, nil
	}
}

// slotOf puts an adapter over a pool. unmake is the statement that removes all.
func slotOf(pool *sql.DB, adapt over, admin *sql.DB, unmake string) (*sqlslots.Slot, error) {
	remove := func(ctx context.Context) error {
		closed := pool.Close()
		_, err := admin.ExecContext(ctx, unmake)
		return errors.Join(closed, err)
	}
	db, err := adapt(pool)
	if err != nil {
		return nil, errors.Join(err, remove(context.Background()))
	}
	return &sqlslots.Slot{Pool: pool, Adapter: db, Remove: remove}, nil
}

func scratchName() string { return "kernia_wire_" + strings.ToLower(rand.Text()[:16]) }

func setting(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("set %s to a server on which schemas or databases may be made", name)
	}
	return value, nil
}

// postgres gives each instance a schema.
func postgres(adapt over) (backend, error) {
	dsn, err := setting("KERNIA_TEST_POSTGRES_DSN")
	if err != nil {
		return backend{}, err
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return backend{}, err
	}
	admin := small(stdlib.OpenDB(*config))
	s := handedOn(sqlcodec.Postgres)
	s.Make = func() (*sqlslots.Slot, error) {
		name := scratchName()
		if _, err := admin.ExecContext(context.Background(), "CREATE SCHEMA "+name); err != nil {
			return nil, err
		}
		own := config.Copy()
		own.RuntimeParams["search_path"] = name
		return slotOf(small(stdlib.OpenDB(*own)), adapt, admin, "DROP SCHEMA "+name+" CASCADE")
	}
	return backend{leased(s), s.Close}, nil
}

// mySQL gives each instance a database.
func mySQL(adapt over) (backend, error) {
	dsn, err := setting("KERNIA_TEST_MYSQL_DSN")
	if err != nil {
		return backend{}, err
	}
	config, err := mysqldriver.ParseDSN(dsn)
	if err != nil {
		return backend{}, err
	}
	connect := func(name string) (*sql.DB, error) {
		own := config.Clone()
		own.DBName = name
		if own.Params == nil {
			own.Params = map[string]string{}
		}
		own.Params["time_zone"] = "'+00:00'"
		connector, err := mysqldriver.NewConnector(own)
		if err != nil {
			return nil, err
		}
		return small(sql.OpenDB(connector)), nil
	}
	admin, err := connect(config.DBName)
	if err != nil {
		return backend{}, err
	}
	s := handedOn(sqlcodec.MySQL)
	s.Make = func() (*sqlslots.Slot, error) {
		name := scratchName()
		pool, err := connect(name)
		if err != nil {
			return nil, err
		}
		if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"); err != nil {
			return nil, err
		}
		return slotOf(pool, adapt, admin, "DROP DATABASE "+name)
	}
	return backend{leased(s), s.Close}, nil
}

// mongoDB gives each instance a database.
func mongoDB() (backend, error) {
	uri, err := setting("KERNIA_TEST_MONGO_URI")
	if err != nil {
		return backend{}, err
	}
	client, err := mongodriver.Connect(mongooptions.Client().ApplyURI(uri).SetServerSelectionTimeout(20 * time.Second))
	if err != nil {
		return backend{}, err
	}
	return backend{open: func(context.Context) (adapter.Database, func(context.Context) error, error) {
		db := client.Database(scratchName())
		return mongo.New(db, mongo.Options{}), db.Drop, nil
	}}, nil
}
