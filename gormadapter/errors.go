package gormadapter

import (
	"errors"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// ErrForeignKey is returned (wrapped) when a write names a row that does not
// exist, or removes one that others need.
var ErrForeignKey = sqlcodec.ErrForeignKey

// translator classes errors by GORM's dialect, where it can.
func translator(db *gorm.DB) func(error) error {
	t, ok := db.Dialector.(gorm.ErrorTranslator)
	if !ok {
		return nil
	}
	return func(err error) error {
		switch translated := t.Translate(err); {
		case errors.Is(translated, gorm.ErrDuplicatedKey):
			return adapter.ErrUnique
		case errors.Is(translated, gorm.ErrForeignKeyViolated):
			return ErrForeignKey
		}
		return nil
	}
}

func (s *store) fail(op string, t *table, err error) error { return s.wrap(op, t.Model, err) }

func (s *store) wrap(op, subject string, err error) error {
	return s.errors.Wrap(op, subject, err, ErrNoTransaction)
}
