package oauthapps

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// SecretStorage says how client secrets are kept.
type SecretStorage string

// The ways to keep client secrets.
const (
	SecretPlain     SecretStorage = "plain"
	SecretHashed    SecretStorage = "hashed"
	SecretEncrypted SecretStorage = "encrypted"
)

// Secrets keeps client secrets as the options say.
type Secrets struct {
	Storage          SecretStorage
	Hash             func(ctx context.Context, secret string) (string, error)
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)

	auth *core.Auth
	keep func(ctx context.Context, plain, stored string) error // replaces what is kept of a secret
}

// Check refuses what does not go together. signs says that id_tokens are signed with secrets.
func (s *Secrets) Check(signs bool) error {
	switch {
	case s.Storage != "" && s.Storage != SecretPlain && s.Storage != SecretHashed && s.Storage != SecretEncrypted:
		return errors.New("Options.StoreClientSecret must be SecretPlain, SecretHashed or SecretEncrypted")
	case (s.Encrypt == nil) != (s.Decrypt == nil):
		return errors.New("Options.EncryptClientSecret and DecryptClientSecret belong together: set both, or neither")
	case s.Hash != nil && s.Encrypt != nil:
		return errors.New("set either Options.HashClientSecret or EncryptClientSecret, not both")
	case signs && (s.Storage == SecretHashed || s.Hash != nil):
		return errors.New("id_tokens are signed with client secrets, which cannot be hashed then: sign them with the plugin jwt, or leave StoreClientSecret and HashClientSecret out")
	}
	return nil
}

// Store makes what is kept of a secret.
func (s *Secrets) Store(ctx context.Context, secret string) (string, error) {
	switch {
	case s.Hash != nil:
		return s.Hash(ctx, secret)
	case s.Encrypt != nil:
		return s.Encrypt(ctx, secret)
	case s.Storage == SecretEncrypted:
		return s.auth.Keys().Encrypt(secret)
	case s.Storage == SecretHashed:
		return hash(secret), nil
	}
	return secret, nil
}

// own is a secret that is kept as it is: one of the program, or of Better Auth's default,
// whose form neither a hash nor an envelope has.
func (s *Secrets) own(stored string) (string, bool) {
	if text, ok := strings.CutPrefix(stored, plain); ok {
		return text, true
	}
	return stored, s.Hash == nil && s.Encrypt == nil && (s.Storage == SecretPlain || letters32(stored))
}

// Matches compares a secret with what is kept of it.
func (s *Secrets) Matches(ctx context.Context, stored, secret string) (bool, error) {
	if secret == "" || stored == "" {
		return false, nil
	}
	known, ok := s.own(stored)
	given := secret
	var err error
	switch {
	case ok:
	case s.Encrypt != nil || s.Hash == nil && s.Storage == SecretEncrypted:
		if known, err = s.Open(ctx, stored); err != nil {
			return false, nil // it was kept in another way
		}
	default:
		if given, err = s.Store(ctx, secret); err != nil {
			return false, err
		}
	}
	if subtle.ConstantTimeCompare([]byte(known), []byte(given)) != 1 {
		return false, nil
	}
	if ok && known == stored {
		s.adopt(ctx, stored)
	}
	return true, nil
}

// adopt keeps a secret that Better Auth has stored as it is in the way of the options, at its
// first use. The client is let in whether it succeeds or not.
func (s *Secrets) adopt(ctx context.Context, plain string) {
	if s.keep == nil || s.Hash == nil && s.Encrypt == nil && s.Storage == SecretPlain {
		return
	}
	stored, err := s.Store(ctx, plain)
	if err == nil {
		err = s.keep(ctx, plain, stored)
	}
	if err != nil {
		s.auth.Logger().WarnContext(ctx, "the secret of a client is still kept as it is", "error", err)
	}
}

// Open returns a secret that is kept encrypted, or as it is.
func (s *Secrets) Open(ctx context.Context, stored string) (string, error) {
	if text, ok := s.own(stored); ok {
		return text, nil
	}
	switch {
	case s.Decrypt != nil:
		return s.Decrypt(ctx, stored)
	case s.Hash == nil && s.Storage == SecretEncrypted:
		return s.auth.Keys().Decrypt(stored)
	}
	return "", errors.New("oauthapps: client secrets are hashed")
}
