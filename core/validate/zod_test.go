package validate

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

type emailItem struct {
	E string `json:"e" zod:"email"`
}

type nestedInner struct {
	List []emailItem `json:"list"`
}

type nestedOuter struct {
	A string       `json:"a"`
	B *nestedInner `json:"b,omitempty"`
}

type refinedInput struct {
	A *string `json:"a,omitempty"`
	B string  `json:"b" zod:"email"`
}

func (r *refinedInput) Refine(issues *Issues) {
	if r.A == nil || *r.A == "" {
		issues.Add("a or c is required", "a")
	}
}

type eitherUnion struct {
	ID    *string `json:"id,omitempty"`
	Email *string `json:"email,omitempty"`
}

func (u *eitherUnion) DecodeWire(v wire.Value, issues *Issues) {
	if id, ok := v.Get("id").Str(); ok {
		u.ID = &id
	} else if email, ok := v.Get("email").Str(); ok {
		if !Email(email) {
			issues.Enter("email")
			issues.Add("Invalid email address")
			issues.Leave()
		}
		u.Email = &email
	} else {
		issues.Fatal("Invalid input")
	}
}

func (*eitherUnion) Shape() *Shape { return &Shape{Type: "union"} }

// zodInputs are the Go forms of the schemas in testdata/zod-messages.mjs.
var zodInputs = map[string]any{
	"string": struct {
		V string `json:"v"`
	}{},
	"optionalString": struct {
		V *string `json:"v,omitempty"`
	}{},
	"nullableString": struct {
		V *string `json:"v" zod:"required,nullable"`
	}{},
	"nullishString": struct {
		V *string `json:"v,omitempty" zod:"nullish"`
	}{},
	"defaultString": struct {
		V string `json:"v" zod:"default=d"`
	}{},
	"nonempty": struct {
		V string `json:"v" zod:"nonempty"`
	}{},
	"min8": struct {
		V string `json:"v" zod:"min=8"`
	}{},
	"max4": struct {
		V string `json:"v" zod:"max=4"`
	}{},
	"range": struct {
		V string `json:"v" zod:"min=2,max=8"`
	}{},
	"length": struct {
		V string `json:"v" zod:"length=8"`
	}{},
	"email": struct {
		V string `json:"v" zod:"email"`
	}{},
	"emailMin": struct {
		V string `json:"v" zod:"email,min=8"`
	}{},
	"minEmail": struct {
		V string `json:"v" zod:"min=8,email"`
	}{},
	"regex": struct {
		V string `json:"v" zod:"regex,length=6" pattern:"/^0[xX][a-fA-F0-9]{4}$/i"`
	}{},
	"trimLower": struct {
		V string `json:"v" zod:"trim,lowercase,min=2"`
	}{},
	"message": struct {
		V string `json:"v" zod:"nonempty" message:"newPassword cannot be empty"`
	}{},
	"boolean": struct {
		V bool `json:"v"`
	}{},
	"optionalBoolean": struct {
		V *bool `json:"v,omitempty"`
	}{},
	"defaultBoolean": struct {
		V bool `json:"v" zod:"default=true"`
	}{},
	"number": struct {
		V float64 `json:"v"`
	}{},
	"int": struct {
		V int64 `json:"v"`
	}{},
	"intRange": struct {
		V int `json:"v" zod:"min=1,max=10"`
	}{},
	"positive": struct {
		V float64 `json:"v" zod:"positive"`
	}{},
	"nonnegative": struct {
		V float64 `json:"v" zod:"nonnegative,lt=5"`
	}{},
	"coerceString": struct {
		V string `json:"v" zod:"coerce"`
	}{},
	"coerceOptionalString": struct {
		V *string `json:"v,omitempty" zod:"coerce"`
	}{},
	"coerceNumber": struct {
		V float64 `json:"v" zod:"coerce"`
	}{},
	"coerceOptionalNumber": struct {
		V *float64 `json:"v,omitempty" zod:"coerce,min=1"`
	}{},
	"coerceBoolean": struct {
		V bool `json:"v" zod:"coerce"`
	}{},
	"coerceOptionalBoolean": struct {
		V *bool `json:"v,omitempty" zod:"coerce"`
	}{},
	"coerceDate": struct {
		V time.Time `json:"v" zod:"coerce"`
	}{},
	"date": struct {
		V time.Time `json:"v"`
	}{},
	"enum": struct {
		V string `json:"v" zod:"enum=a|x"`
	}{},
	"enumOne": struct {
		V string `json:"v" zod:"enum=x"`
	}{},
	"literal": struct {
		V string `json:"v" zod:"enum=urn:x:y"`
	}{},
	"strings": struct {
		V []string `json:"v"`
	}{},
	"optionalStrings": struct {
		V []string `json:"v,omitempty"`
	}{},
	"nonemptyStrings": struct {
		V []string `json:"v" zod:"nonempty"`
	}{},
	"boundedStrings": struct {
		V []string `json:"v" zod:"min=2,max=3,each,min=2"`
	}{},
	"emailsList": struct {
		V []string `json:"v" zod:"each,email"`
	}{},
	"any": struct {
		V wire.Value `json:"v"`
	}{},
	"record": struct {
		V Record `json:"v"`
	}{},
	"recordOfStrings": struct {
		V map[string]string `json:"v"`
	}{},
	"recordOfLists": struct {
		V map[string][]string `json:"v"`
	}{},
	"stringOrStrings": struct {
		V wire.Value `json:"v" zod:"union=string|string[]"`
	}{},
	"scalar": struct {
		V wire.Value `json:"v" zod:"union=string|number|boolean"`
	}{},
	"nullableScalar": struct {
		V wire.Value `json:"v" zod:"union=string|number|null"`
	}{},
	"lists": struct {
		V wire.Value `json:"v" zod:"union=string|string[]|number[]"`
	}{},
	"nested": struct {
		V nestedOuter `json:"v"`
	}{},
	"optionalNested": struct {
		V *emailless `json:"v,omitempty"`
	}{},
	"three": struct {
		Name     string `json:"name"`
		Email    string `json:"email" zod:"email"`
		Password string `json:"password" zod:"nonempty"`
	}{},
	"intersection": struct {
		Name  string `json:"name"`
		Email string `json:"email" zod:"email"`
		Rest
	}{},
	"wholeRecord": struct {
		Record
	}{},
	"wholeOptional": struct {
		_ struct{} `validate:"optional"`
		A string   `json:"a"`
	}{},
	"allOptional": struct {
		A *string `json:"a,omitempty"`
	}{},
	"strict": struct {
		_ struct{} `validate:"strict"`
		A string   `json:"a"`
	}{},
	"refined": refinedInput{},
	"wholeUnion": struct {
		Body eitherUnion `json:"-" validate:"body"`
	}{},
}

type emailless struct {
	A string `json:"a"`
}

// bodyJSON is what zod would return, as JSON, of a decoded input.
func bodyJSON(t *testing.T, name string, v any) string {
	t.Helper()
	switch v := reflect.ValueOf(v).Elem(); name {
	case "wholeUnion":
		return encode(t, v.Field(0).Interface())
	case "wholeRecord":
		return string(v.Field(0).Field(0).Interface().(*wire.Object).AppendJSON(nil))
	case "record":
		return `{"v":` + string(v.Field(0).Field(0).Interface().(*wire.Object).AppendJSON(nil)) + `}`
	case "intersection":
		o := wire.NewObject(wire.Member{Name: "name", Value: wire.String(v.Field(0).String())}, wire.Member{Name: "email", Value: wire.String(v.Field(1).String())})
		for _, m := range v.Field(2).Field(0).Interface().(*wire.Object).Members() {
			o.Set(m.Name, m.Value)
		}
		return string(o.AppendJSON(nil))
	default:
		return encode(t, v.Interface())
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	e, err := wire.EncoderFor(reflect.TypeOf(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(e.Append(nil, v))
}

// The messages and results are zod 4.3.6's own. INJ-03 and INJ-04 are among the
// inputs: operator objects and every wrong type for every schema.
func TestAsZod(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/zod-messages.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string][]struct {
		Body    json.RawMessage `json:"body"`
		Data    json.RawMessage `json:"data"`
		Message string          `json:"message"`
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != len(zodInputs) {
		t.Errorf("%d schemas in the vectors, %d here", len(vectors), len(zodInputs))
	}
	for name, input := range zodInputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, err := Compile(reflect.TypeOf(input))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range vectors[name] {
				var body wire.Value
				if len(c.Body) > 0 {
					if body, err = wire.Parse(c.Body, wire.Limits{}); err != nil {
						t.Fatal(err)
					}
				}
				dst := reflect.New(in.Type())
				message := ""
				if err := in.Decode(dst.Interface(), body, wire.Value{}, nil); err != nil {
					var e *Error
					if !errors.As(err, &e) {
						t.Fatal(err)
					}
					message = e.Message
				}
				if message != c.Message {
					t.Errorf("%s:\ngot  %s\nwant %s", c.Body, message, c.Message)
				} else if message == "" && len(c.Data) > 0 && (name != "nullishString" || string(c.Data) != `{"v":null}`) {
					// The exception: a nil pointer stands for null and for undefined.
					if got := bodyJSON(t, name, dst.Interface()); got != string(c.Data) {
						t.Errorf("%s:\ngot  %s\nwant %s", c.Body, got, c.Data)
					}
				}
			}
		})
	}
}
