package saml

import (
	"crypto"
	"crypto/sha256"
	"sync"
)

// maxKeys bounds the keys that are kept open.
const maxKeys = 64

// keyring keeps private keys open, because a pass phrase takes long to become a key, and a
// stranger's message must not cost that. It knows a key by the hash of its text and its pass
// phrase. The zero value is ready.
type keyring struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]*keyEntry
}

// keyEntry is parsed by whoever comes first; all others wait for it.
type keyEntry struct{ parse func() (crypto.Signer, error) }

// key is parseKey, once for each text and pass phrase.
func (k *keyring) key(text, pass string) (crypto.Signer, error) {
	// Each is hashed by itself, so that where one ends and the other begins makes a difference.
	parts := [2][sha256.Size]byte{sha256.Sum256([]byte(text)), sha256.Sum256([]byte(pass))}
	id := sha256.Sum256(append(parts[0][:], parts[1][:]...))
	k.mu.Lock()
	e := k.open[id]
	if e == nil {
		if k.open == nil {
			k.open = map[[sha256.Size]byte]*keyEntry{}
		}
		if len(k.open) >= maxKeys {
			for some := range k.open {
				delete(k.open, some)
				break
			}
		}
		e = &keyEntry{sync.OnceValues(func() (crypto.Signer, error) { return parseKey(text, pass) })}
		k.open[id] = e
	}
	k.mu.Unlock()
	return e.parse()
}
