package core_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/wire"
)

// answers is a plugin whose routes answer in several forms, with a member added.
type answers struct{}

func (answers) ID() string { return "answers" }

func (answers) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Operations: []core.Operation{
			core.Get("answerStruct", "/answer/struct", func(*core.Ctx, *core.NoInput) (core.StatusReply, error) { return core.StatusReply{Status: true}, nil }),
			core.Get("answerEmpty", "/answer/empty", func(*core.Ctx, *core.NoInput) (struct{}, error) { return struct{}{}, nil }),
			core.Get("answerList", "/answer/list", func(*core.Ctx, *core.NoInput) ([]string, error) { return []string{"a"}, nil }),
			core.Get("answerNull", "/answer/null", func(*core.Ctx, *core.NoInput) (*core.StatusReply, error) { return nil, nil }),
			core.Get("answerError", "/answer/error", func(*core.Ctx, *core.NoInput) (core.StatusReply, error) {
				return core.StatusReply{}, core.Fail(400, core.CodeInvalidToken)
			}),
		},
		After: []core.Hook{{Match: core.Prefix("/answer"), Run: func(c *core.Ctx) error {
			if err := c.AddMember("a\"b", wire.String("ü")); err != nil {
				return err
			}
			return c.AddMember("n", wire.Int(1))
		}}},
	}, nil
}

func TestAddMember(t *testing.T) {
	t.Parallel()
	c := authtest.New(t, nil, answers{}).Client()
	for path, want := range map[string]string{
		"/answer/struct": `{"status":true,"a\"b":"ü","n":1}`,
		"/answer/empty":  `{"a\"b":"ü","n":1}`,
		"/answer/list":   `["a"]`,
		"/answer/null":   `null`,
		"/answer/error":  `{"message":"Invalid token","code":"INVALID_TOKEN"}`,
	} {
		if a := c.Get(path); a.Body != want {
			t.Errorf("%s: %s, want %s", path, a.Body, want)
		}
	}
}
