package validate

import (
	"fmt"
	"reflect"

	"github.com/advantch/kernia-go/core/wire"
)

func schemerNode(t reflect.Type) (*node, error) {
	shape := reflect.New(t).Interface().(Schemer).Shape()
	if shape == nil {
		return nil, fmt.Errorf("validate: the Shape of %s is nil", t)
	}
	own := *shape // fieldNode writes to it
	return &node{&own, func(dst reflect.Value, v wire.Value, issues *Issues) {
		dst.Addr().Interface().(Schemer).DecodeWire(v, issues)
	}}, nil
}
