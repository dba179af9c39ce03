package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/verify"
)

// What follows is for other plugins that issue tokens with the keys of this one, such as an
// OpenID provider. They find it as an interface of these methods, with core.PluginOf.

// ConfiguredIssuer is Options.Issuer.
func (p *Plugin) ConfiguredIssuer() string { return p.opts.Issuer }

// KeySetURL is the address of the key set, for a server at a base URL.
func (p *Plugin) KeySetURL(base string) string {
	if p.opts.RemoteURL != "" {
		return p.opts.RemoteURL
	}
	return base + cmp.Or(p.opts.JWKSPath, "/jwks")
}

// SigningAlgorithms are Options.Algorithm and those of Further.
func (p *Plugin) SigningAlgorithms() []string {
	out := []string{string(cmp.Or(p.opts.Algorithm, EdDSA))}
	for _, a := range p.opts.Further {
		out = append(out, string(a))
	}
	return out
}

// VerificationKeys are the keys of the key set.
func (p *Plugin) VerificationKeys() verify.KeySource { return p.source() }

// PrepareSigning makes or reads the keys of algorithms ("" for the first), so that SignToken
// needs no database for a while: call it before what must not have been in vain.
func (p *Plugin) PrepareSigning(ctx context.Context, algorithms ...string) error {
	if p.opts.Sign != nil {
		return nil
	}
	for _, alg := range algorithms {
		if _, err := p.keys.forSigning(ctx, cmp.Or(Algorithm(alg), p.opts.Algorithm)); err != nil {
			return err
		}
	}
	return nil
}

// SignToken signs claims, the text of a JSON object, as they are. typ is the type in the
// header, such as "at+jwt", or "" for none. alg is one of SigningAlgorithms, or "" for the
// first. Options.Sign gets the claims and makes its own header.
func (p *Plugin) SignToken(ctx context.Context, claims []byte, typ, alg string) (string, error) {
	if p.opts.Sign != nil {
		token, err := p.opts.Sign(ctx, claims)
		if err == nil && token == "" {
			err = errors.New("it has returned no token")
		}
		if err != nil {
			return "", fmt.Errorf("jwt: Options.Sign: %w", err)
		}
		return token, nil
	}
	if core.InTx(ctx) {
		return "", errors.New("jwt: SignToken is called in a transaction")
	}
	one, err := p.keys.forSigning(ctx, cmp.Or(Algorithm(alg), p.opts.Algorithm))
	if err != nil {
		return "", err
	}
	token, err := p.keys.signTyped(one, claims, typ)
	if err == nil && len(token) > maxToken {
		return "", fmt.Errorf("jwt: a token of %d bytes is longer than %d", len(token), maxToken)
	}
	return token, err
}

// signTyped signs claims with a type in the header.
func (k *keyStore) signTyped(one *key, claims []byte, typ string) (string, error) {
	if typ == "" {
		return k.sign(one, claims)
	}
	one.typed.Do(func() {
		var private string
		if private, one.typedErr = k.open(one.PrivateKey); one.typedErr == nil {
			one.private, one.typedErr = privateOf(private, one.public)
		}
	})
	if one.typedErr != nil {
		return "", fmt.Errorf("jwt: the key %s does not sign: %w", one.ID, one.typedErr)
	}
	key := jose.JSONWebKey{Key: one.private, KeyID: one.ID}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(one.alg), Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("jwt: signing failed: %w", err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("jwt: signing failed: %w", err)
	}
	return signed.CompactSerialize()
}
