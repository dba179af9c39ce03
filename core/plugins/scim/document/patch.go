package document

import (
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// The limits of a PATCH.
const (
	MaxOperations = 1000
	// MaxChanges bounds the values that all operations of a PATCH name together: elements of lists
	// count, and each operation at least once.
	MaxChanges = 2000
	// maxWork bounds how often one PATCH compares an element of a list that is there.
	maxWork = 1_000_000
)

// Operation is one operation of a PATCH (RFC 7644 §3.5.2).
type Operation struct {
	Op    string // "add", "replace" or "remove"
	Path  *Path  // nil for the resource itself
	Value wire.Value
}

// ReadPatch reads the body of a PATCH: the names of its members, and op, in any letter case.
// An op that is absent is "replace".
func ReadPatch(k *Kind, in *wire.Object) ([]Operation, error) {
	var list wire.Value
	message := false
	for _, m := range in.Members() {
		switch {
		case same(m.Name, "Operations"):
			list = m.Value
		case same(m.Name, "schemas"):
			items, _ := m.Value.Items()
			message = slices.ContainsFunc(items, func(v wire.Value) bool {
				urn, _ := v.Str()
				return same(urn, PatchURN)
			})
		}
	}
	if !message {
		return nil, fail(InvalidSyntax, "Invalid schemas for PatchOp")
	}
	items, ok := list.Items()
	if !ok {
		return nil, fail(InvalidSyntax, "Operations is no list")
	}
	if len(items) > MaxOperations {
		return nil, fail(TooMany, "There are too many operations")
	}
	out := make([]Operation, 0, len(items))
	changes := 0
	for _, item := range items {
		op, err := readOperation(k, item)
		if err != nil {
			return nil, err
		}
		if changes += elements(op.Value); changes > MaxChanges {
			return nil, fail(TooMany, "The operations have too many values")
		}
		out = append(out, op)
	}
	return out, nil
}

// elements counts the elements of the lists in a value; one that is no list is an element.
func elements(v wire.Value) int {
	n := 0
	if items, ok := v.Items(); ok {
		for _, item := range items {
			n += max(1, elements(item))
		}
		return n
	}
	if o, ok := v.Obj(); ok {
		for _, m := range o.Members() {
			if _, ok := m.Value.Items(); ok {
				n += elements(m.Value)
			}
		}
	}
	return max(1, n)
}

func readOperation(k *Kind, item wire.Value) (Operation, error) {
	out := Operation{Op: "replace"}
	o, ok := item.Obj()
	if !ok {
		return out, fail(InvalidSyntax, "An operation is no object")
	}
	path, hasPath := "", false
	for _, m := range o.Members() {
		switch Fold(m.Name) {
		case "op":
			op, _ := m.Value.Str()
			if out.Op = Fold(op); out.Op != "add" && out.Op != "replace" && out.Op != "remove" {
				return out, fail(InvalidSyntax, "An operation has an op other than add, replace and remove")
			}
		case "path":
			if m.Value.IsNull() {
				continue
			}
			if path, hasPath = m.Value.Str(); !hasPath {
				return out, fail(InvalidPath, "A path is no text")
			}
		case "value":
			out.Value = m.Value
		}
	}
	if !hasPath || path == "" {
		if out.Op == "remove" {
			return out, fail(NoTarget, "An operation that removes needs a path")
		}
		return out, nil
	}
	var err error
	out.Path, err = ParsePath(k, path)
	return out, err
}

// Apply makes the changes of a PATCH in a copy of a resource, all or none. known reports
// whether an operation named an attribute that the kind has; what only unknown names would
// change is left as it is.
func Apply(k *Kind, resource Object, ops []Operation) (changed Object, known bool, err error) {
	a := &applier{kind: k, to: Clone(resource)}
	for i := 0; i < len(ops); {
		// Directories remove members one by one: a run of such operations looks through the list once.
		n := 0
		keys := map[string]bool{}
		for _, op := range ops[i:] {
			key, ok := op.removes()
			if !ok || op.Path.schema != ops[i].Path.schema || op.Path.attr != ops[i].Path.attr {
				break
			}
			keys[key] = true
			n++
		}
		if n > 1 {
			err = a.removeKeys(ops[i].Path, keys)
		} else {
			n, err = 1, a.apply(ops[i])
		}
		if err != nil {
			return nil, false, err
		}
		i += n
	}
	return a.to, a.known, nil
}

// removes reports whether an operation removes the elements with one value, and the key of it.
func (op Operation) removes() (key string, ok bool) {
	p := op.Path
	if op.Op != "remove" || p == nil || p.attr == nil || p.attr.readOnly() || p.sub != nil {
		return "", false
	}
	c, ok := p.filter.(*Compare)
	if !ok || c.Op != Eq || c.Path.sub != nil || c.Path.filter != nil {
		return "", false
	}
	value, isText := c.Value.(string)
	if part := p.attr.sub("value"); !isText || value == "" || part == nil || c.Path.attr != part || part.Type == DateTime || part.Type == Boolean {
		return "", false
	}
	return c.Path.attr.key(value), true
}

// removeKeys removes the elements whose value has one of these keys.
func (a *applier) removeKeys(p *Path, keys map[string]bool) error {
	a.known, a.list, a.keys = true, nil, nil
	home := p.home(a.to, false)
	defer p.tidy(a.to)
	list, _ := home[p.attr.Name].([]any)
	if err := a.spend(len(list)); err != nil || home == nil {
		return err
	}
	value := p.attr.sub("value")
	put(home, p.attr.Name, slices.DeleteFunc(slices.Clone(list), func(item any) bool {
		o, _ := item.(Object)
		v, ok := o["value"]
		return ok && keys[value.key(v)]
	}))
	return nil
}

type applier struct {
	kind  *Kind
	to    Object
	known bool
	work  int // comparisons with elements so far

	// What the last operation has added to. A run of operations that add to one list looks
	// through it once.
	list *Attribute
	keys map[string]bool
}

// spend counts comparisons, and refuses too many.
func (a *applier) spend(n int) error {
	if a.work += n; a.work > maxWork {
		return fail(TooMany, "The operations would compare too many values")
	}
	return nil
}

func (a *applier) apply(op Operation) error {
	if op.Path == nil {
		o, ok := op.Value.Obj()
		if !ok {
			return fail(InvalidValue, "An operation without a path needs an object as its value")
		}
		return a.members(op, o)
	}
	p := op.Path
	if p.attr == nil { // a whole extension
		if op.Op == "remove" {
			a.known = true
			if p.schema != nil {
				delete(a.to, p.schema.URN)
			}
			return nil
		}
		o, ok := op.Value.Obj()
		if !ok {
			return fail(InvalidValue, "The value for a schema is an object")
		}
		named := wire.NewObject()
		for _, m := range o.Members() {
			named.Set(p.urn(a.kind)+":"+m.Name, m.Value)
		}
		return a.members(op, named)
	}
	if p.attr.readOnly() || p.sub != nil && p.sub.readOnly() {
		return fail(Mutability, quote(p.attr.Name)+" cannot be changed")
	}
	a.known = true
	return a.change(op.Op, p, op.Value)
}

// members applies an operation to each member of its value. Names may have dots and the URN of
// a schema, as Entra ID sends them.
func (a *applier) members(op Operation, o *wire.Object) error {
	for _, m := range o.Members() {
		err := assign(a.kind, a.to, m.Name, m.Value, func(p *Path, v wire.Value) error {
			a.known = true
			return a.change(op.Op, p, v)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) change(op string, p *Path, v wire.Value) error {
	if !(op == "add" && p.attr == a.list && p.filter == nil && p.sub == nil) {
		a.list, a.keys = nil, nil
	}
	switch {
	case op == "remove":
		return a.remove(p, v)
	case p.attr.Multi && (p.filter != nil || p.sub != nil):
		return a.elements(op, p, v)
	case p.attr.Multi && op == "add":
		return a.add(p, v)
	case p.attr.Type == Complex && p.sub == nil && (op == "add" || !v.IsNull()):
		return a.merge(p, v)
	case op == "add" && v.IsUndefined():
		return fail(InvalidValue, "An operation that adds needs a value")
	}
	return p.set(a.to, v)
}

// merge sets the parts of a complex value that the operation names; others stay (RFC 7644
// §3.5.2.3).
func (a *applier) merge(p *Path, v wire.Value) error {
	if _, ok := v.Obj(); !ok {
		return p.set(a.to, v)
	}
	o, _ := v.Obj()
	for _, m := range o.Members() {
		part := p.attr.sub(m.Name)
		if part == nil || part.readOnly() {
			continue
		}
		if err := (&Path{schema: p.schema, attr: p.attr, sub: part}).set(a.to, m.Value); err != nil {
			return err
		}
	}
	return nil
}

// add appends values that are not there yet.
func (a *applier) add(p *Path, v wire.Value) error {
	read, err := p.attr.read(v)
	if err != nil || read == nil {
		return err
	}
	home := p.home(a.to, true)
	list, _ := home[p.attr.Name].([]any)
	if a.list != p.attr {
		if err := a.spend(len(list)); err != nil {
			return err
		}
		a.list, a.keys = p.attr, make(map[string]bool, len(list))
		for _, other := range list {
			a.keys[p.attr.key(other)] = true
		}
	}
	for _, one := range read.([]any) {
		key := p.attr.key(one)
		if a.keys[key] {
			continue
		}
		a.keys[key] = true
		if o, ok := one.(Object); ok && o["primary"] == true {
			unsetPrimary(list, -1)
			a.list = nil // the others are not what they were
		}
		list = append(list, one)
	}
	return a.store(p, home, list)
}

// store puts the list of a multi-valued attribute back.
func (a *applier) store(p *Path, home Object, list []any) error {
	if len(list) > MaxValues && p.attr.Name != "members" {
		return fail(InvalidValue, quote(p.attr.Name)+" has too many values")
	}
	put(home, p.attr.Name, list)
	p.tidy(a.to)
	return nil
}

// unsetPrimary takes the mark off all elements but the one at an index: at most one is primary.
func unsetPrimary(list []any, but int) {
	for i, item := range list {
		if o, ok := item.(Object); ok && i != but && o["primary"] == true {
			o["primary"] = false
		}
	}
}

// elements changes the elements that the path selects. One that Entra ID names by a filter and
// that is not there is made of the filter's equalities.
func (a *applier) elements(op string, p *Path, v wire.Value) error {
	home := p.home(a.to, true)
	defer p.tidy(a.to)
	list, _ := home[p.attr.Name].([]any)
	if err := a.spend(2 * len(list) * comparisons(p.filter)); err != nil {
		return err
	}
	selected := func(o Object) bool { return p.filter == nil || Matches(p.filter, o) }
	at := slices.IndexFunc(list, func(item any) bool {
		o, ok := item.(Object)
		return ok && selected(o)
	})
	if at < 0 {
		made := Object{}
		if p.filter != nil && !describe(p.filter, made) || p.filter == nil && p.sub == nil {
			return fail(NoTarget, "No value of "+quote(p.attr.Name)+" matches the filter of the path")
		}
		if err := p.attr.assign(made, p.sub, v); err != nil || !present(made) {
			return err
		}
		if p.sub != nil && !present(made[p.sub.Name]) {
			return nil // an empty value is none
		}
		if made["primary"] == true {
			unsetPrimary(list, -1)
		}
		return a.store(p, home, append(list, made))
	}
	var kept []any
	for i, item := range list {
		o, ok := item.(Object)
		if !ok || !selected(o) {
			kept = append(kept, item)
			continue
		}
		if op == "replace" && p.sub == nil {
			if w, isObject := v.Obj(); isObject {
				clear := true // a whole element replaces the old one
				for _, m := range w.Members() {
					clear = clear && p.attr.sub(m.Name) != nil
				}
				if clear {
					for name := range o {
						if name != "type" || !describes(p.filter, name) {
							delete(o, name)
						}
					}
				}
			}
		}
		if err := p.attr.assign(o, p.sub, v); err != nil {
			return err
		}
		if o["primary"] == true {
			unsetPrimary(list, i)
		}
		if value := p.attr.sub("value"); value != nil && p.sub == value && !present(o[value.Name]) {
			continue // an element whose value was emptied is gone
		}
		if present(o) {
			kept = append(kept, o)
		}
	}
	return a.store(p, home, kept)
}

// assign sets a part of an element, or the parts that a value has.
func (a *Attribute) assign(o Object, part *Attribute, v wire.Value) error {
	if part != nil {
		value, err := part.read(v)
		if err == nil {
			put(o, part.Name, value)
		}
		return err
	}
	value, err := a.one(v)
	if err != nil {
		return err
	}
	parts, _ := value.(Object)
	for name, inner := range parts {
		o[name] = inner
	}
	return nil
}

// describe sets the parts that a filter fixes by eq. It reports false for a filter that says
// something else.
func describe(n Node, o Object) bool {
	switch n := n.(type) {
	case *And:
		return describe(n.Left, o) && describe(n.Right, o)
	case *Compare:
		if n.Op != Eq || n.Value == nil || n.Path.sub != nil || n.Path.filter != nil {
			return false
		}
		switch n.Value.(type) {
		case string, bool:
			o[n.Path.attr.Name] = n.Value
			return true
		}
	}
	return false
}

func describes(n Node, name string) bool {
	o := Object{}
	describe(n, o)
	_, ok := o[name]
	return ok
}

// remove takes values away. Entra ID and OneLogin name the members to remove in the value of
// the operation; read strictly that would empty the group.
func (a *applier) remove(p *Path, v wire.Value) error {
	home := p.home(a.to, false)
	defer p.tidy(a.to)
	if p.attr.Multi && p.filter == nil && p.sub == nil && !v.IsNull() && !v.IsUndefined() {
		read, err := p.attr.read(v)
		if err != nil {
			return err
		}
		list, _ := home[p.attr.Name].([]any)
		exact, partly := map[string]bool{}, []Object(nil)
		value := p.attr.sub("value")
		gone, _ := read.([]any)
		for _, one := range gone {
			o, isObject := one.(Object)
			switch v, ok := o["value"]; {
			case !isObject:
				exact[p.attr.key(one)] = true
			case ok && value != nil:
				exact[value.key(v)] = true
			default:
				partly = append(partly, o)
			}
		}
		if err := a.spend(len(list) * (1 + len(partly))); err != nil {
			return err
		}
		list = slices.DeleteFunc(slices.Clone(list), func(item any) bool {
			o, isObject := item.(Object)
			if !isObject {
				return exact[p.attr.key(item)]
			}
			if v, ok := o["value"]; ok && value != nil && exact[value.key(v)] {
				return true
			}
			return slices.ContainsFunc(partly, func(given Object) bool { return p.attr.names(o, given) })
		})
		if home != nil {
			put(home, p.attr.Name, list)
		}
		return nil
	}
	if home == nil {
		return nil
	}
	if !p.attr.Multi {
		if p.sub == nil {
			delete(home, p.attr.Name)
			return nil
		}
		if o, ok := home[p.attr.Name].(Object); ok {
			delete(o, p.sub.Name)
			put(home, p.attr.Name, o)
		}
		return nil
	}
	list, _ := home[p.attr.Name].([]any)
	if err := a.spend(len(list) * comparisons(p.filter)); err != nil {
		return err
	}
	var kept []any
	for _, item := range list {
		o, isObject := item.(Object)
		if p.filter != nil && !(isObject && Matches(p.filter, o)) {
			kept = append(kept, item)
			continue
		}
		if p.sub != nil && isObject {
			if delete(o, p.sub.Name); present(o) && p.sub.Name != "value" {
				kept = append(kept, o)
			}
		}
	}
	put(home, p.attr.Name, kept)
	return nil
}

// names reports whether an element has all parts that a client sends to remove it.
func (a *Attribute) names(o, given Object) bool {
	for name, v := range given {
		if part := a.sub(name); part == nil || !part.equal(o[part.Name], v) {
			return false
		}
	}
	return len(given) > 0
}

// comparisons counts the comparisons of a filter; none is one.
func comparisons(n Node) int {
	switch n := n.(type) {
	case *And:
		return comparisons(n.Left) + comparisons(n.Right)
	case *Or:
		return comparisons(n.Left) + comparisons(n.Right)
	case *Not:
		return comparisons(n.Of)
	}
	return 1
}

// Project leaves in a resource what a client has asked for by attributes, or all but what it
// has named by excludedAttributes (RFC 7644 §3.9). id and schemas always stay. Both are names
// with commas between them; attributes counts when both are given.
func Project(k *Kind, resource Object, attributes, excluded string) Object {
	if attributes == "" && excluded == "" {
		return resource
	}
	out := Object{}
	if attributes == "" {
		out = Clone(resource)
		for p := range k.list(excluded) {
			if p.attr != nil && p.attr.Name != "id" && p.attr.Name != "schemas" {
				p.drop(out)
			} else if p.attr == nil && p.schema != nil {
				delete(out, p.schema.URN)
			}
		}
		return out
	}
	for _, name := range []string{"id", "schemas"} {
		if v, ok := resource[name]; ok {
			out[name] = v
		}
	}
	for p := range k.list(attributes) {
		switch {
		case p.attr == nil && p.schema == nil:
		case p.attr == nil:
			if v, ok := resource[p.schema.URN]; ok {
				out[p.schema.URN] = v
			}
		default:
			p.copy(resource, out)
		}
	}
	return out
}

func (k *Kind) list(names string) func(func(*Path) bool) {
	return func(yield func(*Path) bool) {
		for i, name := range strings.Split(names, ",") {
			if i >= MaxValues {
				return
			}
			if p, ok := k.named(strings.TrimSpace(name)); ok && !yield(p) {
				return
			}
		}
	}
}

func (p *Path) drop(resource Object) {
	home := p.home(resource, false)
	if home == nil {
		return
	}
	if p.sub == nil {
		delete(home, p.attr.Name)
	} else {
		for _, item := range p.elements(resource) {
			if o, ok := item.(Object); ok {
				delete(o, p.sub.Name)
			}
		}
	}
	p.tidy(resource)
}

func (p *Path) copy(from, to Object) {
	source := p.home(from, false)
	v, ok := source[p.attr.Name]
	if !ok {
		return
	}
	target := p.home(to, true)
	if p.sub == nil {
		target[p.attr.Name] = v
		return
	}
	part := func(item, into any) any {
		o, _ := item.(Object)
		had, _ := into.(Object)
		out := Object{}
		for name, v := range had {
			out[name] = v
		}
		if v, ok := o[p.sub.Name]; ok {
			out[p.sub.Name] = v
		}
		return out
	}
	items, isList := v.([]any)
	if !isList {
		target[p.attr.Name] = part(v, target[p.attr.Name])
		return
	}
	had, _ := target[p.attr.Name].([]any)
	var out []any
	for i, item := range items {
		var before any
		if i < len(had) {
			before = had[i]
		}
		out = append(out, part(item, before))
	}
	target[p.attr.Name] = out
}
