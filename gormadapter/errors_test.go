package gormadapter

import (
	"bytes"
	"context"
	"errors"
	"log"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core/adapter"
)

// TestLOG01 makes every kind of failure with a canary in each value, on a handle
// whose logger prints everything.
func TestLOG01NoValueInErrorsOrLogs(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		var out bytes.Buffer
		loud := db.Session(&gorm.Session{Logger: logger.New(log.New(&out, "", 0), logger.Config{LogLevel: logger.Info})})
		a := migrated(t, loud, authSchema(t, ""))
		addUser(t, a, "u1")
		session := func(id, token, user string) adapter.Record {
			return adapter.Record{"id": id, "token": token, "userId": user, "expiresAt": noon, "createdAt": noon, "updatedAt": noon}
		}
		ctx := t.Context()
		if _, err := a.Create(ctx, "session", session("s1", "canary", "u1")); err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		long := strings.Repeat("canary", 20000)
		for name, c := range map[string]struct {
			run  func() error
			want error
		}{
			"unique":      {func() error { _, err := a.Create(ctx, "session", session("s2", "canary", "u1")); return err }, adapter.ErrUnique},
			"primary key": {func() error { _, err := a.Create(ctx, "session", session("s1", "canary2", "u1")); return err }, adapter.ErrUnique},
			"foreign key": {func() error { _, err := a.Create(ctx, "session", session("s2", "canary2", "canary")); return err }, ErrForeignKey},
			"null": {func() error {
				_, err := a.Create(ctx, "session", adapter.Record{"id": "s2", "token": "canary2"})
				return err
			}, adapter.ErrBadValue},
			"type": {func() error { _, err := a.Create(ctx, "session", adapter.Record{"id": []string{"canary"}}); return err }, adapter.ErrBadValue},
			"NUL":  {func() error { _, err := a.Count(ctx, "session", adapter.By("token", "canary\x00")); return err }, adapter.ErrBadValue},
			"pattern": {func() error {
				_, err := a.Count(ctx, "session", adapter.Where{{Field: "token", Op: adapter.Contains, Value: long}})
				return err
			}, adapter.ErrBadValue},
			"field":    {func() error { _, err := a.Count(ctx, "session", adapter.By("nope", "canary")); return err }, adapter.ErrUnknownField},
			"model":    {func() error { _, err := a.Count(ctx, "nope", adapter.By("token", "canary")); return err }, adapter.ErrUnknownModel},
			"canceled": {func() error { _, err := a.FindOne(gone, bySession("canary")); return err }, context.Canceled},
		} {
			err := c.run()
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			} else if strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: the error says %s", name, err)
			}
		}
		if _, err := a.FindOne(ctx, bySession("canary")); err != nil {
			t.Error(err)
		}
		if out.Len() != 0 {
			t.Errorf("the handle's logger was called: %s", out.String())
		}
	})
}

func TestMissingTableIsNamed(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		_, err := open(t, db, authSchema(t, "")).FindOne(t.Context(), bySession("x"))
		if err == nil || !strings.Contains(err.Error(), "session") {
			t.Fatal(err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	if _, err := New(nil).Open(authSchema(t, "")); err == nil {
		t.Error("no handle")
	}
	db := file(t)
	other := *db
	config := *db.Config
	config.Dialector = foreign{config.Dialector}
	other.Config = &config
	if _, err := New(&other).Open(authSchema(t, "")); !errors.Is(err, ErrDialect) {
		t.Error(err)
	}
}

// foreign is a dialect that this package does not know.
type foreign struct{ gorm.Dialector }

func (foreign) Name() string { return "sqlserver" }
