package secret

import (
	"errors"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	t.Parallel()
	set := []claim{{"iat", "10"}, {"exp", "20"}}
	for _, c := range []struct{ in, want string }{
		{`{}`, `{"iat":10,"exp":20}`},
		{` { } `, `{"iat":10,"exp":20}`},
		{`{"a":1}`, `{"a":1,"iat":10,"exp":20}`},
		{`{"exp":1,"a":2}`, `{"exp":20,"a":2,"iat":10}`},
		{`{ "a" : [1, {"exp":3}] , "\u0061b":"x,}" }`, `{"a":[1, {"exp":3}],"\u0061b":"x,}","iat":10,"exp":20}`},
		{`{"\u0065xp":1}`, `{"\u0065xp":20,"iat":10}`},
		{`{"n":12345678901234567890.10,"EXP":1}`, `{"n":12345678901234567890.10,"EXP":1,"iat":10,"exp":20}`},
	} {
		got, err := stamp([]byte(c.in), set...)
		if err != nil || string(got) != c.want {
			t.Errorf("stamp(%s) = %s, %v, want %s", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "null", "[]", `"x"`, "1", "{", `{"a":}`, `{"a":1}{}`, `{"a":1} x`, `{a:1}`, "{\"a\":\"\xff\"}"} {
		if got, err := stamp([]byte(in), set...); err == nil {
			t.Errorf("stamp(%q) = %s", in, got)
		}
	}
}

func TestCheckTimes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 999_000_000)
	for _, c := range []struct {
		payload   string
		tolerance time.Duration
		want      error
	}{
		{`{}`, 0, nil},
		{`{"exp":1001}`, 0, nil},
		{`{"exp":1000}`, 0, ErrTokenExpired},
		{`{"exp":1000.5}`, 0, nil},
		{`{"exp":1e3}`, 0, ErrTokenExpired},
		{`{"exp":986}`, 15 * time.Second, nil},
		{`{"exp":985}`, 15 * time.Second, ErrTokenExpired},
		{`{"exp":-1}`, 0, ErrTokenExpired},
		{`{"nbf":1000}`, 0, nil},
		{`{"nbf":1001}`, 0, ErrToken},
		{`{"nbf":1015}`, 15 * time.Second, nil},
		{`{"nbf":1016}`, 15 * time.Second, ErrToken},
		{`{"nbf":1001,"exp":1}`, 0, ErrToken},
		{`{"iat":99999}`, 0, nil}, // a token from the future is the issuer's affair
		{`{"iat":"1"}`, 0, ErrToken},
		{`{"exp":null}`, 0, ErrToken},
		{`{"exp":"2000"}`, 0, ErrToken},
		{`{"exp":true}`, 0, ErrToken},
		{`{"exp":1e999}`, 0, ErrToken},
		{`{"EXP":1,"exp":2000}`, 0, nil}, // names are case-sensitive
		{`{"exp":2000,"exp":1}`, 0, ErrTokenExpired},
		{`{"exp":1,"exp":2000}`, 0, ErrTokenExpired}, // two answers: the stricter one
		{`[]`, 0, ErrToken},
		{``, 0, ErrToken},
		{"{\"a\":\"\xff\"}", 0, ErrToken},
	} {
		if err := checkTimes([]byte(c.payload), now, c.tolerance); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("checkTimes(%s, %s) = %v, want %v", c.payload, c.tolerance, err, c.want)
		}
	}
}
