package oauthprovider

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
)

// secrets keeps client secrets as the options say.
type secrets struct{ p *Plugin }

// Store makes what is kept of a secret.
func (s secrets) Store(ctx context.Context, secret string) (string, error) {
	o := &s.p.opts
	switch {
	case o.HashClientSecret != nil:
		return o.HashClientSecret(ctx, secret)
	case o.EncryptClientSecret != nil:
		return o.EncryptClientSecret(ctx, secret)
	case o.StoreClientSecret == SecretEncrypted:
		return s.p.auth.Keys().Encrypt(secret)
	}
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// Matches compares a secret with what is kept of it.
func (s secrets) Matches(ctx context.Context, stored, secret string) (bool, error) {
	o := &s.p.opts
	secret, ok := strings.CutPrefix(secret, o.ClientSecretPrefix)
	if !ok || secret == "" || stored == "" {
		return false, nil
	}
	same := secret
	var err error
	if o.EncryptClientSecret != nil || o.HashClientSecret == nil && o.StoreClientSecret == SecretEncrypted {
		if stored, err = s.Open(ctx, stored); err != nil {
			return false, nil // it was kept in another way
		}
	} else if same, err = s.Store(ctx, secret); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare([]byte(stored), []byte(same)) == 1, nil
}

// Open returns a secret that is kept encrypted.
func (s secrets) Open(ctx context.Context, stored string) (string, error) {
	o := &s.p.opts
	switch {
	case o.DecryptClientSecret != nil:
		return o.DecryptClientSecret(ctx, stored)
	case o.StoreClientSecret == SecretEncrypted:
		return s.p.auth.Keys().Decrypt(stored)
	}
	return "", errors.New("oauthprovider: client secrets are hashed")
}
