package validate_test

import (
	"fmt"
	"reflect"

	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// CreateTeam is the input of an operation.
type CreateTeam struct {
	Name   string   `json:"name" zod:"min=3" doc:"What people call the team"`
	Owner  string   `json:"owner" zod:"email"`
	Labels []string `json:"labels,omitempty" zod:"max=5,each,nonempty"`
	Public *bool    `json:"public"`
	Notify bool     `query:"notify" zod:"coerce,optional"`
}

func Example() {
	in, err := validate.Compile(reflect.TypeFor[CreateTeam]())
	if err != nil {
		panic(err)
	}
	body, err := wire.Parse([]byte(`{"name":"Go","labels":["a",7]}`), wire.Limits{})
	if err != nil {
		panic(err)
	}
	var team CreateTeam
	if err := in.Decode(&team, body, wire.ParseQuery("notify=1").Value(), nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [body.name] Too small: expected string to have >=3 characters; [body.owner] Invalid input: expected string, received undefined; [body.labels.1] Invalid input: expected string, received number
}
