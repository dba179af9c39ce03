package social

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/internal/clock"
)

const (
	appleMaxLife     = 180 * 24 * time.Hour
	appleDefaultLife = time.Hour
)

// appleSecret makes the client secret that Apple wants: a token that the team's key
// signs with ES256.
type appleSecret struct {
	team, client string
	life         time.Duration
	now          func() time.Time
	signer       jose.Signer

	mu     sync.Mutex
	secret string
	made   time.Time
}

func newAppleSecret(o AppleOptions) (*appleSecret, error) {
	if o.TeamID == "" || o.KeyID == "" || o.PrivateKey == "" {
		return nil, errAppleParts
	}
	if o.ClientSecret != "" {
		return nil, errors.New("ClientSecret is set beside PrivateKey: leave one of them out")
	}
	if o.SecretLife < 0 || o.SecretLife > appleMaxLife {
		return nil, errors.New("SecretLife must be at most 180 days, which is Apple's limit")
	}
	block, _ := pem.Decode([]byte(o.PrivateKey))
	if block == nil {
		return nil, errors.New("PrivateKey is no PEM text: set it to the content of the .p8 file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("PrivateKey is no PKCS #8 key: set it to the content of the .p8 file")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("PrivateKey is no P-256 key: set it to the content of the .p8 file from Apple")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", o.KeyID))
	if err != nil {
		return nil, errors.New("PrivateKey cannot sign with ES256")
	}
	s := &appleSecret{team: o.TeamID, client: o.ClientID, life: o.SecretLife, now: o.Clock, signer: signer}
	if s.life == 0 {
		s.life = appleDefaultLife
	}
	return s, nil
}

// get returns the secret, a new one when half of its life is over or the clock was
// set back.
func (s *appleSecret) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.Now(ctx, s.now)
	if age := now.Sub(s.made); s.secret != "" && age >= 0 && age < s.life/2 {
		return s.secret, nil
	}
	claims, err := json.Marshal(map[string]any{
		"iss": s.team, "iat": now.Unix(), "exp": now.Add(s.life).Unix(), "aud": "https://appleid.apple.com", "sub": s.client,
	})
	if err != nil {
		return "", err
	}
	signed, err := s.signer.Sign(claims)
	if err != nil {
		return "", err
	}
	secret, err := signed.CompactSerialize()
	if err != nil {
		return "", err
	}
	s.secret, s.made = secret, now
	return secret, nil
}
