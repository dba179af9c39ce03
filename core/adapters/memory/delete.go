package memory

import (
	"context"
	"fmt"

	"github.com/advantch/kernia-go/core/adapter"
)

func (a *store) Delete(ctx context.Context, model string, w adapter.Where) error {
	_, err := a.delete(ctx, model, w, 1)
	return err
}

func (a *store) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	return a.delete(ctx, model, w, 0)
}

func (a *store) delete(ctx context.Context, model string, w adapter.Where, limit int) (int64, error) {
	v, conds, err := a.target(ctx, model, w)
	if err != nil {
		return 0, err
	}
	var n int64
	err = a.db.write(ctx, func() error {
		rows := v.table.find(conds, limit)
		n = int64(len(rows))
		return a.db.deleteRows(v.table, rows)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (a *store) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	v, conds, err := a.target(ctx, model, w)
	if err != nil {
		return nil, err
	}
	var out adapter.Record
	err = a.db.write(ctx, func() error {
		rows := v.table.find(conds, 1)
		if len(rows) == 0 {
			return adapter.ErrNotFound
		}
		out = v.record(rows[0], nil, 0)
		return a.db.deleteRows(v.table, rows)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// doomed is a row that a deletion removes.
type doomed struct {
	table *table
	row   *row
}

// link is a row that points to a doomed one.
type link struct {
	ref *reference
	row *row
}

// deleteRows removes rows and follows the foreign keys to them. It finds all doomed
// rows first, so that a row under "restrict" that a cascade removes as well does not
// prevent the deletion.
func (db *DB) deleteRows(t *table, rows []*row) error {
	gone := make(map[*row]bool, len(rows))
	var queue []doomed
	var unset, held []link
	doom := func(t *table, rows []*row) {
		for _, r := range rows {
			if !gone[r] {
				gone[r] = true
				queue = append(queue, doomed{t, r})
			}
		}
	}
	doom(t, rows)
	for i := 0; i < len(queue); i++ {
		d := queue[i]
		for _, ref := range d.table.in {
			switch ref.onDelete {
			case "cascade":
				doom(ref.from, ref.referrers(d.row))
			case "set null", "set default": // columns have no default in the database
				for _, r := range ref.referrers(d.row) {
					unset = append(unset, link{ref, r})
				}
			default:
				for _, r := range ref.referrers(d.row) {
					held = append(held, link{ref, r})
				}
			}
		}
	}
	for _, l := range held {
		if !gone[l.row] {
			return fmt.Errorf("%w: a row of %s is referenced by %s", ErrReference, l.ref.to.name, l.ref.from.name)
		}
	}
	for _, l := range unset {
		if gone[l.row] {
			continue
		}
		if !l.ref.nullable {
			return fmt.Errorf("%w: %s.%s cannot be null", ErrReference, l.ref.from.name, l.ref.from.columns[l.ref.fromSlot])
		}
		if err := db.change(l.ref.from, l.row, []assignment{{l.ref.fromSlot, nil}}); err != nil {
			return err
		}
	}
	for _, d := range queue {
		db.remove(d.table, d.row)
	}
	return nil
}
