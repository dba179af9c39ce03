package sqlcodec

import "github.com/advantch/kernia-go/core/adapter"

// Cells makes the destinations of a row with these columns, and then those of
// more lists of columns.
func Cells(cols ...[]*Column) []Cell {
	n := 0
	for _, list := range cols {
		n += len(list)
	}
	out := make([]Cell, 0, n)
	for _, list := range cols {
		for _, c := range list {
			out = append(out, Cell{Col: c})
		}
	}
	return out
}

// CountCells is the destination of a row that holds one count, an int64.
func CountCells() []Cell { return []Cell{{Col: countColumn}} }

var countColumn = &Column{Name: "count", Column: "count", Type: "number"}

// Fill puts the values of cells into a record.
func Fill(rec adapter.Record, cells []Cell) {
	for i := range cells {
		rec[cells[i].Col.Name] = cells[i].Value
	}
}

// Rows are the rows that a driver gives.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Read scans each row into cells, which are used again for the next row, and
// closes the rows. Every row is read, even when one is enough: a statement that writes
// is complete, and its errors are known, only at its end.
func Read(rows Rows, cells []Cell, each func() error) error {
	defer rows.Close()
	dest := destinations(cells)
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

func destinations(cells []Cell) []any {
	dest := make([]any, len(cells))
	for i := range cells {
		dest[i] = &cells[i]
	}
	return dest
}

// ReadOne scans the first row into dest and closes the rows, without asking the
// database whether there are more. It is for statements that only read. It reports
// false when there is no row.
func ReadOne(rows Rows, dest []any) (found bool, err error) {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return false, err
		}
		return false, rows.Close()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

// First collects the first row of some cells.
type First struct {
	Cells []Cell
	rec   adapter.Record
}

// Each is called for each row.
func (f *First) Each() error {
	if f.rec == nil {
		f.rec = make(adapter.Record, len(f.Cells))
		Fill(f.rec, f.Cells)
	}
	return nil
}

// Record returns the row, or adapter.ErrNotFound.
func (f *First) Record() (adapter.Record, error) {
	if f.rec == nil {
		return nil, adapter.ErrNotFound
	}
	return f.rec, nil
}
