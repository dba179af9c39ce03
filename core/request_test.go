package core_test

import (
	"slices"
	"testing"

	"github.com/advantch/kernia-go/core"
)

func TestResponseAdds(t *testing.T) {
	t.Parallel()
	res := core.Response{Header: []core.HeaderField{
		{"Content-Type", "a"}, {"Set-Cookie", "a"}, {"set-cookie", "b"}, {"VARY", "a"}, {"X-Many", "a"}, {"x-many", "b"}, {"X-One", "a"},
	}}
	var got []bool
	for i := range res.Header {
		got = append(got, res.Adds(i))
	}
	if want := []bool{false, true, true, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
