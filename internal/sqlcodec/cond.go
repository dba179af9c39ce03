package sqlcodec

import (
	"errors"
	"fmt"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// maxList bounds an In: SQLite takes 32,766 arguments to a statement.
const maxList = 30000

// MaxPattern bounds the text of Contains, StartsWith and EndsWith, in bytes:
// SQLite refuses patterns over 50,000, and escaping can triple one.
const MaxPattern = 16000

// Shape is the form of a condition in SQL.
type Shape uint8

// The shapes of a Term.
const (
	Never   Shape = iota // holds for no row
	Always               // holds for every row
	Null                 // IS NULL
	NotNull              // IS NOT NULL
	Compare              // Op (Eq, Ne, Lt, Lte, Gt or Gte) with Arg
	List                 // Op (In or NotIn) with Args, at least one
	Match                // matches the pattern Arg: GLOB in SQLite unless Fold, else LIKE with EscapeChar
)

// Term is a checked condition, its values made driver arguments.
type Term struct {
	Column *Column
	Shape  Shape
	Op     adapter.Op
	Arg    any
	Args   []any
	// Fold compares lower(column); Arg and Args are in lower case already.
	Fold bool
	// Exact demands a comparison byte by byte: MySQL's usual collations take "a" for
	// "A" and for "á", which is unsafe for a token.
	Exact bool
}

// Where checks a predicate and passes its terms to each: first those of the AND group
// and then, with or set, those of the OR group.
func (d Dialect) Where(t *Table, w adapter.Where, each func(term Term, or bool)) error {
	if err := adapter.CheckWhere(t.Schema, w); err != nil {
		return err
	}
	for _, or := range [2]bool{false, true} {
		for _, c := range w {
			if c.Or != or {
				continue
			}
			term, err := d.term(t, c)
			if err != nil {
				return err
			}
			each(term, or)
		}
	}
	return nil
}

func (d Dialect) term(t *Table, c adapter.Cond) (Term, error) {
	col, err := t.Column(c.Field)
	if err != nil {
		return Term{}, err
	}
	if c.Fold && col.Type != schema.String {
		return Term{}, bad(t, col, "has no letter case")
	}
	op := c.Op
	if op == "" {
		op = adapter.Eq
	}
	switch col.Type {
	case schema.JSON, schema.StringArray, schema.NumberArray:
		// Databases compare JSON as text, as documents or not at all.
		if c.Value != nil || op != adapter.Eq && op != adapter.Ne {
			return Term{}, bad(t, col, "can only be compared with null")
		}
	}
	term := Term{
		Column: col, Op: op,
		Fold:  c.Fold && !col.Numbered(), // such ids are stored in one case
		Exact: d == MySQL && col.Type == schema.String && col.ID != SerialID,
	}
	switch op {
	case adapter.Eq, adapter.Ne:
		return d.equal(t, term, c.Value)
	case adapter.Lt, adapter.Lte, adapter.Gt, adapter.Gte:
		term.Exact = false // the collation's order
		if c.Value == nil {
			return term, nil // nothing is less or greater than null
		}
		term.Shape = Compare
		term.Arg, err = d.Encode(t, col, c.Value)
		return term, err
	case adapter.In, adapter.NotIn:
		return d.list(t, term, c)
	}
	return d.match(t, term, c.Value)
}

func bad(t *Table, c *Column, text string) error {
	return fmt.Errorf("%w: %s.%s %s", adapter.ErrBadValue, t.Model, c.Name, text)
}

// absent is the term of a value that no row can have.
func absent(term Term, not bool) Term {
	term.Shape = Never
	if not {
		term.Shape = Always
	}
	return term
}

func (d Dialect) equal(t *Table, term Term, v any) (Term, error) {
	not := term.Op == adapter.Ne
	if v == nil {
		term.Shape = Null
		if not {
			term.Shape = NotNull
		}
		return term, nil
	}
	arg, err := d.Encode(t, term.Column, v)
	if errors.Is(err, errNoSuchID) {
		return absent(term, not), nil
	}
	term.Shape, term.Arg = Compare, term.cased(arg)
	return term, err
}

// cased lower-cases the argument of a folding comparison.
func (term *Term) cased(arg any) any {
	if s, ok := arg.(string); ok && term.Fold {
		return Lower(s)
	}
	return arg
}

func (d Dialect) list(t *Table, term Term, c adapter.Cond) (Term, error) {
	values, ok := c.List()
	if !ok {
		return term, bad(t, term.Column, fmt.Sprintf("is compared with a %T, which is no list", c.Value))
	}
	if len(values) > maxList {
		return term, bad(t, term.Column, "is compared with a list that is too long")
	}
	term.Args = make([]any, 0, len(values))
	for _, v := range values {
		if v == nil {
			return term, bad(t, term.Column, "is compared with a list with a null")
		}
		arg, err := d.Encode(t, term.Column, v)
		if errors.Is(err, errNoSuchID) {
			continue
		}
		if err != nil {
			return term, err
		}
		term.Args = append(term.Args, term.cased(arg))
	}
	if len(term.Args) == 0 {
		return absent(term, term.Op == adapter.NotIn), nil
	}
	term.Shape = List
	return term, nil
}

func (d Dialect) match(t *Table, term Term, v any) (Term, error) {
	text, _ := v.(string) // CheckWhere has seen that it is one
	if err := checkText(text); err != nil {
		return term, bad(t, term.Column, "is compared with "+err.Error())
	}
	if len(text) > MaxPattern {
		return term, bad(t, term.Column, "is compared with a pattern that is too long")
	}
	if term.Column.Numbered() {
		return term, bad(t, term.Column, "is an id without a text to search")
	}
	term.Shape, term.Arg = Match, d.pattern(term.Op, text, term.Fold)
	return term, nil
}
