package otp_test

import (
	"context"
	"testing"

	"github.com/advantch/kernia-go/core/otp"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	hash := func(to string) func(context.Context, string) (string, error) {
		return func(context.Context, string) (string, error) { return to, nil }
	}
	for name, tt := range map[string]struct {
		store otp.Storage
		hash  func(context.Context, string) (string, error)
		want  string
	}{
		"the default is plain": {"", nil, "abc"},
		"plain":                {otp.Plain, nil, "abc"},
		"hashed":               {otp.Hashed, nil, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"},
		"a way of one's own":   {otp.Hashed, hash("own"), "own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, err := otp.NewTokens(tt.store, tt.hash)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tokens.Stored(t.Context(), "abc"); err != nil || got != tt.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	t.Run("what cannot be looked up is refused", func(t *testing.T) {
		t.Parallel()
		if _, err := otp.NewTokens(otp.Encrypted, nil); err == nil {
			t.Error("an encrypted token is accepted")
		}
		tokens, err := otp.NewTokens("", hash(""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Stored(t.Context(), "abc"); err == nil {
			t.Error("all tokens have one empty form")
		}
	})
}
