package otp

import (
	"context"
	"errors"
	"fmt"

	"github.com/advantch/kernia-go/core/secret"
)

// Tokens says how random tokens are stored that name their verification value, such as
// those of links. A presented token is looked up by its stored form, so nothing is
// compared.
type Tokens struct {
	store Storage
	hash  func(ctx context.Context, token string) (string, error)
}

// NewTokens makes Tokens. store is Plain or Hashed; "" is Plain. hash replaces store when
// it is not nil. The error says which option is invalid.
func NewTokens(store Storage, hash func(ctx context.Context, token string) (string, error)) (Tokens, error) {
	if store == "" {
		store = Plain
	}
	if store != Plain && store != Hashed {
		return Tokens{}, fmt.Errorf("Store %q must be %q or %q: a token is looked up by its stored form", store, Plain, Hashed)
	}
	return Tokens{store, hash}, nil
}

// Stored returns the stored form of a token.
func (t Tokens) Stored(ctx context.Context, token string) (string, error) {
	switch {
	case t.hash != nil:
		stored, err := t.hash(ctx, token)
		if err == nil && stored == "" {
			err = errors.New("otp: Hash has returned an empty text: every token needs a form of its own")
		}
		return stored, err
	case t.store == Hashed:
		return secret.SHA256URL(token), nil
	}
	return token, nil
}
