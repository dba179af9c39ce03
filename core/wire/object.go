package wire

import (
	"cmp"
	"slices"
	"strconv"
)

// Member is a name and its value in an object.
type Member struct {
	Name  string
	Value Value
}

// Object is a JSON object that keeps its members in the order of a JavaScript
// object: names that are array indices ("0", "17") first, ascending, then the
// others as they came. The zero Object is empty and ready for use. It must not
// be changed while others read it.
type Object struct {
	members []Member
	indices int            // how many members, at the front, are array indices
	lookup  map[string]int // position by name; nil while there are few members
}

// From here on a map is faster than comparing names, and hostile input must not
// make look-ups quadratic.
const lookupFrom = 12

// NewObject returns an object of the members. The last value of a repeated name
// counts.
func NewObject(members ...Member) *Object {
	o := &Object{members: make([]Member, 0, len(members))}
	for _, m := range members {
		o.Set(m.Name, m.Value)
	}
	return o
}

// Len returns the number of members. A nil Object has none.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.members)
}

// Members returns the members in order, for reading. The slice is valid until
// the object is changed.
func (o *Object) Members() []Member {
	if o == nil {
		return nil
	}
	return o.members
}

// Get returns the value of the member with exactly this name.
func (o *Object) Get(name string) (Value, bool) {
	if i := o.find(name); i >= 0 {
		return o.members[i].Value, true
	}
	return Value{}, false
}

func (o *Object) find(name string) int {
	if o == nil {
		return -1
	}
	if o.lookup != nil {
		if i, ok := o.lookup[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].Name == name {
			return i
		}
	}
	return -1
}

// Set replaces the value of a member where it stands, or adds the member. A
// value of undefined keeps the member, as in JavaScript; it is not written.
func (o *Object) Set(name string, v Value) {
	if i := o.find(name); i >= 0 {
		o.members[i].Value = v
		return
	}
	n, isIndex := arrayIndex(name)
	if !isIndex {
		o.members = append(o.members, Member{name, v})
		if o.lookup != nil {
			o.lookup[name] = len(o.members) - 1
		} else {
			o.reindex()
		}
		return
	}
	at, _ := slices.BinarySearchFunc(o.members[:o.indices], n, func(m Member, n uint32) int {
		k, _ := arrayIndex(m.Name)
		return cmp.Compare(k, n)
	})
	o.members = slices.Insert(o.members, at, Member{name, v})
	o.indices++
	o.reindex()
}

// Delete removes a member if it is there.
func (o *Object) Delete(name string) {
	i := o.find(name)
	if i < 0 {
		return
	}
	o.members = slices.Delete(o.members, i, i+1)
	if i < o.indices {
		o.indices--
	}
	o.reindex()
}

func (o *Object) reindex() {
	if len(o.members) < lookupFrom {
		o.lookup = nil
		return
	}
	o.lookup = make(map[string]int, len(o.members))
	for i := range o.members {
		o.lookup[o.members[i].Name] = i
	}
}

// add appends a member while parsing, where of equal names the last value counts.
// arrange must be called after the last one.
func (o *Object) add(name string, v Value) {
	if i := o.find(name); i >= 0 {
		o.members[i].Value = v
		return
	}
	o.members = append(o.members, Member{name, v})
	if o.lookup != nil {
		o.lookup[name] = len(o.members) - 1
	} else {
		o.reindex()
	}
}

// arrange brings added members into JavaScript's order.
func (o *Object) arrange() {
	for i := range o.members {
		if _, ok := arrayIndex(o.members[i].Name); ok {
			o.indices++
		}
	}
	if o.indices == 0 {
		return
	}
	slices.SortStableFunc(o.members, func(a, b Member) int {
		m, first := arrayIndex(a.Name)
		n, second := arrayIndex(b.Name)
		switch {
		case first && second:
			return cmp.Compare(m, n)
		case first:
			return -1
		case second:
			return 1
		default:
			return 0
		}
	})
	o.reindex()
}

// arrayIndex returns the number a name is the canonical form of (ECMA-262
// section 6.1.7: 0 to 2^32-2).
func arrayIndex(name string) (uint32, bool) {
	if name == "" || len(name) > 10 || name[0] < '0' || name[0] > '9' || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return uint32(n), err == nil && n < 1<<32-1
}

// AppendJSON appends the object as JSON.stringify writes it. A nil Object is null.
func (o *Object) AppendJSON(dst []byte) []byte {
	if o == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	first := true
	for i := range o.members {
		m := &o.members[i]
		if m.Value.kind == KindUndefined {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = AppendString(dst, m.Name)
		dst = append(dst, ':')
		dst = m.Value.AppendJSON(dst)
	}
	return append(dst, '}')
}
