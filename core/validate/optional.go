package validate

// Value is the value of an optional member, which an input holds as a pointer: the
// zero value when it was not sent.
func Value[T any](member *T) T {
	if member == nil {
		var zero T
		return zero
	}
	return *member
}
