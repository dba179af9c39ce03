package sso

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// The ways in which a client authenticates to a token endpoint.
const (
	authBasic      = "client_secret_basic"
	authPost       = "client_secret_post"
	authPrivateKey = "private_key_jwt"
)

const (
	// assertionLife is that of Better Auth 1.7. An assertion is made for one request.
	assertionLife = 2 * time.Minute
	assertionSize = 32 // characters of its id
	minRSA        = 2048
)

// ClientKey is the private key of a registration with a provider of OpenID Connect. It signs an
// assertion for each request to the token endpoint, in place of a client secret (private_key_jwt,
// RFC 7523). It is never stored.
type ClientKey struct {
	// Signer signs: an RSA key of at least 2048 bits, an ECDSA key on P-256, P-384 or P-521, or an
	// Ed25519 key. The key itself can stay in a vault.
	Signer crypto.Signer
	// KeyID is the kid of assertions, by which the provider finds the public key. A provider's
	// privateKeyId comes before it.
	KeyID string
	// Algorithm is one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA.
	// A provider's privateKeyAlgorithm comes before it. Default: RS256, or the one of the curve.
	Algorithm string
	// IssuerAudience makes assertions for the issuer in place of the token endpoint, for a provider that
	// takes no others, such as Zitadel. Whoever registers a provider without discovery says both: set it
	// only for a key that is given to nobody else's provider.
	IssuerAudience bool
}

// ParseClientKey reads a private key: PEM (PKCS #8, PKCS #1 or SEC 1, without a passphrase), or a JWK,
// whose kid and alg are then those of the key.
func ParseClientKey(text string) (*ClientKey, error) {
	k := &ClientKey{}
	if raw := bytes.TrimSpace([]byte(text)); len(raw) > 0 && raw[0] == '{' {
		var jwk jose.JSONWebKey
		if json.Unmarshal(raw, &jwk) != nil {
			return nil, errors.New("sso: the key is no JWK")
		}
		signer, ok := jwk.Key.(crypto.Signer)
		if !ok {
			return nil, errors.New("sso: the JWK is no private key: give the one with d")
		}
		k.Signer, k.KeyID, k.Algorithm = signer, jwk.KeyID, jwk.Algorithm
	} else {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("sso: the key is neither PEM nor a JWK")
		}
		parsed, err := parsePrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		k.Signer = parsed
	}
	_, err := k.signer("", "")
	return k, err
}

func parsePrivateKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
		return nil, errors.New("sso: the key cannot sign")
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("sso: the PEM text has no private key in clear")
}

// algorithmsOf are those that a key can sign with, the usual one first.
func algorithmsOf(s crypto.Signer) ([]string, error) {
	if s == nil {
		return nil, errors.New("sso: the key has no Signer")
	}
	switch key := s.Public().(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return nil, fmt.Errorf("sso: the RSA key has %d bits: use one of at least %d", key.N.BitLen(), minRSA)
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []string{"ES256"}, nil
		case elliptic.P384():
			return []string{"ES384"}, nil
		case elliptic.P521():
			return []string{"ES512"}, nil
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	}
	return nil, errors.New("sso: the key must be RSA, ECDSA on P-256, P-384 or P-521, or Ed25519")
}

// signer signs with a key. id and algorithm are the provider's; "" leaves them to the key.
func (k *ClientKey) signer(id, algorithm string) (jose.Signer, error) {
	known, err := algorithmsOf(k.Signer)
	if err != nil {
		return nil, err
	}
	algorithm = or(algorithm, or(k.Algorithm, known[0]))
	if !slices.Contains(known, algorithm) {
		return nil, fmt.Errorf("sso: the key cannot sign with %q: use %q, or another key", algorithm, known[0])
	}
	o := (&jose.SignerOptions{}).WithType("JWT")
	if id = or(id, k.KeyID); id != "" {
		o.WithHeader("kid", id)
	}
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: cryptosigner.Opaque(salted{k.Signer})}, o)
}

// salted makes signatures of PS256 and its like with a salt as long as the hash, as RFC 7518 wants it
// and strict verifiers demand.
type salted struct{ crypto.Signer }

// Sign implements crypto.Signer.
func (s salted) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if pss, ok := o.(*rsa.PSSOptions); ok {
		o = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: pss.Hash}
	}
	return s.Signer.Sign(random, digest, o)
}

// errNoClientKey is that there is no key which signs for a provider.
var errNoClientKey = errors.New("sso: there is no private key for the provider, or none that fits: look at Options.PrivateKey")

// clientKey finds the key of a provider.
func (p *Plugin) clientKey(ctx context.Context, pr *provider) (*ClientKey, error) {
	if pr.key != nil {
		return pr.key, nil
	}
	if p.opts.PrivateKey == nil {
		return nil, errNoClientKey
	}
	own := pr.Provider
	key, err := p.opts.PrivateKey(ctx, &own, pr.oidc.PrivateKeyID)
	if err == nil && key == nil {
		err = errNoClientKey
	}
	return key, err
}

// assertion makes what a client authenticates with at the token endpoint of a provider. It is for that
// endpoint alone, unless the key says otherwise: whoever registers a provider decides where it goes, and
// it is good nowhere else.
func (p *Plugin) assertion(pr *provider) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		key, err := p.clientKey(ctx, pr)
		if err != nil {
			return "", errors.Join(errNoClientKey, err)
		}
		o := pr.oidc
		signer, err := key.signer(o.PrivateKeyID, o.PrivateKeyAlgorithm)
		if err != nil {
			return "", errors.Join(errNoClientKey, err)
		}
		id, err := p.auth.RandomString(assertionSize)
		if err != nil {
			return "", err
		}
		audience := o.TokenEndpoint
		if key.IssuerAudience {
			audience = pr.issuer()
		}
		now := p.auth.Now()
		claims := wire.NewObject(
			wire.Member{Name: "iss", Value: wire.String(o.ClientID)}, wire.Member{Name: "sub", Value: wire.String(o.ClientID)},
			wire.Member{Name: "aud", Value: wire.String(audience)}, wire.Member{Name: "jti", Value: wire.String(id)},
			wire.Member{Name: "iat", Value: wire.Int(now.Unix())}, wire.Member{Name: "exp", Value: wire.Int(now.Add(assertionLife).Unix())},
		)
		signed, err := signer.Sign(claims.AppendJSON(nil))
		if err != nil {
			return "", errors.Join(errNoClientKey, err)
		}
		return signed.CompactSerialize()
	}
}

// checkAuthentication refuses a configuration of a registered provider with which no code could be
// exchanged.
func (p *Plugin) checkAuthentication(o *wire.Object) error {
	config := readOIDC(wire.ObjectOf(o))
	if config.PrivateKeyAlgorithm != "" && !slices.Contains(algorithms, config.PrivateKeyAlgorithm) {
		return core.Fail(http.StatusBadRequest, CodeKeyAlgorithm)
	}
	if config.TokenEndpointAuthentication == authPrivateKey {
		if p.opts.PrivateKey == nil {
			return core.Fail(http.StatusBadRequest, CodeNoClientKey)
		}
		return nil
	}
	if _, ok := o.Get("clientSecret"); !ok {
		return core.Fail(http.StatusBadRequest, CodeNoClientSecret)
	}
	return nil
}

// checkClientKey checks what a provider of the application authenticates with.
func (o *Options) checkClientKey(d *DefaultProvider) error {
	method := d.OIDC.TokenEndpointAuthentication
	switch {
	case !slices.Contains([]string{"", authBasic, authPost, authPrivateKey}, method):
		return fmt.Errorf("OIDC.TokenEndpointAuthentication %q must be %q, %q or %q", method, authBasic, authPost, authPrivateKey)
	case method != authPrivateKey && d.PrivateKey != nil:
		return fmt.Errorf("PrivateKey is set: set OIDC.TokenEndpointAuthentication to %q, which uses it", authPrivateKey)
	case method != authPrivateKey:
		return nil
	case d.PrivateKey == nil && o.PrivateKey == nil:
		return fmt.Errorf("OIDC.TokenEndpointAuthentication is %q: set PrivateKey, or Options.PrivateKey", authPrivateKey)
	case d.PrivateKey == nil:
		return nil
	}
	if _, err := d.PrivateKey.signer(d.OIDC.PrivateKeyID, d.OIDC.PrivateKeyAlgorithm); err != nil {
		return fmt.Errorf("PrivateKey: %w", err)
	}
	return nil
}
