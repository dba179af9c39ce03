package gormadapter

import (
	"strings"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/internal/sqlcodec"
)

type (
	column = sqlcodec.Column
	table  = sqlcodec.Table
)

// quoter quotes names as GORM's dialect does.
func quoter(db *gorm.DB) func(name string) string {
	return func(name string) string {
		var b strings.Builder
		db.Dialector.QuoteTo(&b, name)
		return b.String()
	}
}
