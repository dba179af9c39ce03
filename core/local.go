package core

// Local is a value that a plugin keeps for the length of one call, for example from a
// hook to the handler. Declare it once, as a field of the plugin or a package
// variable. Every Local is a separate key, whatever its type:
//
//	type Plugin struct {
//		query core.Local[url.Values]
//	}
//
// A Local must not be copied after its first use.
type Local[T any] struct{ _ byte } // not empty: its address is the key

// Get returns the value that Set has stored for the call. It reports false when
// there is none.
func (l *Local[T]) Get(c *Ctx) (T, bool) {
	v, ok := c.locals[l].(T)
	return v, ok
}

// Set stores a value until the call ends.
func (l *Local[T]) Set(c *Ctx, v T) {
	if c.locals == nil {
		c.locals = map[any]any{}
	}
	c.locals[l] = v
}
