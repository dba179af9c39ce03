package jwt

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/jwk"
	"github.com/advantch/kernia-go/core/verify"
	"github.com/advantch/kernia-go/core/wire"
)

// EventKeyCreated says that a key was made that signs from now on.
const EventKeyCreated core.EventType = "jwks.key-created"

const (
	// unknownEvery bounds how often a kid that is not known reads the table.
	unknownEvery = time.Second
	// maxKeys bounds how many keys are read, the newest first.
	maxKeys = 1000
)

// errNoKey is for an Adapter that has no key and makes none.
var errNoKey = errors.New("jwt: Options.Adapter.List has no key that signs now, and there is no Adapter.Create")

// key is a stored key whose public half has been read. It does not change.
type key struct {
	Key
	alg    Algorithm
	public crypto.PublicKey
	entry  []byte // of the key set

	once   sync.Once
	signer jose.Signer
	err    error

	typed    sync.Once
	private  any // the private key, for tokens with a type
	typedErr error
}

// keySet are the keys of the table as they were read at a moment, without those whose
// grace had ended. It does not change.
type keySet struct {
	keys []*key // the newest first
	rows int    // how many keys there were, readable or not
	at   time.Time
	body []byte // as /jwks sends it
	etag string
}

// byID returns a key that verifies now, or nil.
func (s *keySet) byID(kid string, o *Options, now time.Time) *key {
	for _, k := range s.keys {
		if k.ID == kid && o.verifies(&k.Key, now) {
			return k
		}
	}
	return nil
}

// signing returns the key that signs now, or nil: the newest of an algorithm that has not
// expired.
func (s *keySet) signing(o *Options, alg Algorithm, now time.Time) *key {
	if s == nil {
		return nil
	}
	for _, k := range s.keys {
		if k.alg == alg && o.signs(&k.Key, now) {
			return k
		}
	}
	return nil
}

// signs reports whether a key has not expired. One that was stored without an end, before
// there was a RotationInterval, ends as if it had been stored with one.
func (o *Options) signs(k *Key, now time.Time) bool {
	end := k.ExpiresAt
	if end.IsZero() && o.RotationInterval > 0 {
		end = k.CreatedAt.Add(o.RotationInterval)
	}
	return end.IsZero() || !end.Before(now)
}

func (o *Options) verifies(k *Key, now time.Time) bool {
	return k.ExpiresAt.IsZero() || k.ExpiresAt.Add(o.GracePeriod).After(now)
}

// keyStore reads keys and makes new ones. Many callers share one reading.
type keyStore struct {
	a     *core.Auth
	o     *Options
	table *core.Table[row]

	mu     sync.Mutex
	set    *keySet
	retry  time.Time // when a reading that has failed may be tried again
	flight *flight
}

// flight is a reading under way. err and gone are set before done is closed.
type flight struct {
	done chan struct{}
	err  error
	gone bool // the caller that did it has gone away
}

// current returns keys that are not older than CacheFor, or older ones while the table
// cannot be read.
func (k *keyStore) current(ctx context.Context) (*keySet, error) {
	now := k.a.Now()
	k.mu.Lock()
	set, retry := k.set, k.retry
	k.mu.Unlock()
	if set != nil {
		if age := now.Sub(set.at); age >= 0 && age < k.o.CacheFor || now.Before(retry) && retry.Sub(now) <= unknownEvery {
			return set, nil
		}
	}
	fresh, err := k.renew(ctx, set, "")
	if err == nil || set == nil || ctx.Err() != nil {
		return fresh, err
	}
	k.a.Logger().ErrorContext(ctx, "jwt: the keys cannot be read again, those that are known are used", "error", err)
	k.mu.Lock()
	k.retry = now.Add(unknownEvery)
	k.mu.Unlock()
	return set, nil
}

// forSigning returns the key of an algorithm that signs now. It makes one where there is none.
func (k *keyStore) forSigning(ctx context.Context, alg Algorithm) (*key, error) {
	set, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	if found := set.signing(k.o, alg, k.a.Now()); found != nil {
		return found, nil
	}
	if set, err = k.renew(ctx, set, alg); err != nil {
		return nil, err
	}
	if found := set.signing(k.o, alg, k.a.Now()); found != nil {
		return found, nil
	}
	return nil, errNoKey
}

// first makes the first key of all. Where there were keys whose grace has ended, the next
// one is made when somebody signs.
func (k *keyStore) first(ctx context.Context, set *keySet) (*keySet, error) {
	if k.o.Adapter.List == nil {
		if n, err := k.table.Count(ctx, nil); n > 0 || err != nil {
			return set, err
		}
	}
	return k.renew(ctx, set, k.o.Algorithm)
}

// Key implements verify.KeySource. A token must name its key.
func (k *keyStore) Key(ctx context.Context, kid, alg string) (crypto.PublicKey, error) {
	if kid == "" {
		return nil, verify.ErrUnknownKey
	}
	set, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	found := set.byID(kid, k.o, k.a.Now())
	if found == nil && k.mayAsk(set) { // another process may have made it since
		if set, err = k.renew(ctx, set, ""); err != nil {
			return nil, err
		}
		found = set.byID(kid, k.o, k.a.Now())
	}
	if found == nil || string(found.alg) != alg {
		return nil, verify.ErrUnknownKey
	}
	return found.public, nil
}

func (k *keyStore) mayAsk(set *keySet) bool {
	age := k.a.Now().Sub(set.at)
	return age >= unknownEvery || age < 0
}

// renew returns keys that were read after those that the caller has seen. There must be one
// that signs with alg, unless it is "".
func (k *keyStore) renew(ctx context.Context, seen *keySet, alg Algorithm) (*keySet, error) {
	if core.InTx(ctx) {
		// Others may hold the flight and wait for what this transaction has.
		set, err := k.read(ctx, seen, alg)
		if err == nil {
			err = core.AfterCommit(ctx, func(context.Context) error { k.keep(set); return nil })
		}
		return set, err
	}
	for {
		k.mu.Lock()
		set, f := k.set, k.flight
		if set != seen && (alg == "" || set.signing(k.o, alg, k.a.Now()) != nil) {
			k.mu.Unlock()
			return set, nil
		}
		if f == nil {
			f = &flight{done: make(chan struct{}), err: errors.New("jwt: reading the keys has panicked")}
			k.flight = f
			k.mu.Unlock()
			return k.lead(ctx, f, set, alg)
		}
		k.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if f.err != nil && !f.gone {
			return nil, f.err
		}
	}
}

func (k *keyStore) lead(ctx context.Context, f *flight, old *keySet, alg Algorithm) (set *keySet, err error) {
	defer func() {
		f.gone = ctx.Err() != nil
		k.mu.Lock()
		k.flight = nil
		k.mu.Unlock()
		close(f.done)
	}()
	set, f.err = k.read(ctx, old, alg)
	if f.err == nil {
		k.keep(set)
	}
	return set, f.err
}

// keep makes a set the current one, unless there is a newer one.
func (k *keyStore) keep(set *keySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set == nil || !set.at.Before(k.set.at) {
		k.set, k.retry = set, time.Time{}
	}
}

// read reads the keys, and makes one where one must sign and none can.
func (k *keyStore) read(ctx context.Context, old *keySet, alg Algorithm) (*keySet, error) {
	set, err := k.load(ctx, old, nil)
	if err != nil || alg == "" || set.signing(k.o, alg, set.at) != nil {
		return set, err
	}
	made, err := k.create(ctx, set, alg)
	if err != nil {
		return nil, err
	}
	return k.load(ctx, set, made)
}

// load reads all keys. made is one that must be among them: a database may give it to
// readers a moment later.
func (k *keyStore) load(ctx context.Context, old *keySet, made *Key) (*keySet, error) {
	now := k.a.Now()
	list, err := k.list(ctx, now)
	if err != nil {
		return nil, err
	}
	if made != nil && !slices.ContainsFunc(list, func(one Key) bool { return one.ID == made.ID }) {
		list = append(list, *made)
	}
	slices.SortStableFunc(list, func(a, b Key) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	set := &keySet{at: now, rows: len(list)}
	known := map[string]*key{}
	if old != nil {
		for _, one := range old.keys {
			known[one.ID] = one
		}
	}
	for i := range list {
		if !k.o.verifies(&list[i], now) {
			continue
		}
		if one := known[list[i].ID]; one != nil && one.Key == list[i] {
			set.keys = append(set.keys, one)
			continue
		}
		one, err := k.parse(list[i])
		if err != nil {
			k.a.Logger().ErrorContext(ctx, "jwt: a stored key is not used", "kid", list[i].ID, "error", err)
			continue
		}
		set.keys = append(set.keys, one)
	}
	set.write()
	return set, nil
}

func (k *keyStore) list(ctx context.Context, now time.Time) ([]Key, error) {
	if k.o.Adapter.List != nil {
		list, err := k.o.Adapter.List(ctx)
		return slices.Clone(list), err
	}
	rows, err := k.table.List(ctx, adapter.Find{
		Where: adapter.Where{
			{Field: fieldExpires, Or: true},
			{Field: fieldExpires, Op: adapter.Gt, Value: now.Add(-k.o.GracePeriod), Or: true},
		},
		Sort: []adapter.Sort{{Field: fieldCreated, Desc: true}}, Limit: maxKeys,
	})
	if err != nil {
		return nil, err
	}
	list := make([]Key, len(rows))
	for i, r := range rows {
		list[i] = keyOf(r)
	}
	return list, nil
}

// parse reads the public half of a key.
func (k *keyStore) parse(stored Key) (*key, error) {
	public, ok := jwk.Parse(json.RawMessage(stored.PublicKey))
	if !ok {
		return nil, errors.New("the public key is no JSON Web Key that verifies signatures")
	}
	alg, err := algorithmOf(&stored, public, k.o.Algorithm)
	if err != nil {
		return nil, err
	}
	v, err := wire.Parse([]byte(stored.PublicKey), wire.Limits{})
	if err != nil {
		return nil, err
	}
	members, _ := v.Obj()
	entry := wire.NewObject(wire.Member{Name: "alg", Value: wire.String(string(alg))})
	if crv, ok := members.Get("crv"); ok {
		entry.Set("crv", crv)
	}
	for _, m := range members.Members() {
		switch m.Name {
		case "kty", "n", "e", "x", "y":
			entry.Set(m.Name, m.Value)
		}
	}
	entry.Set("kid", wire.String(stored.ID))
	return &key{Key: stored, alg: alg, public: public.Public, entry: entry.AppendJSON(nil)}, nil
}

// write makes the document of /jwks, the oldest key first as in a table.
func (s *keySet) write() {
	s.body = append(s.body, `{"keys":[`...)
	for i, k := range slices.Backward(s.keys) {
		if i < len(s.keys)-1 {
			s.body = append(s.body, ',')
		}
		s.body = append(s.body, k.entry...)
	}
	s.body = append(s.body, "]}"...)
	sum := sha256.Sum256(s.body)
	s.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// create makes a key that signs. Of many processes that make one for the same keys in the
// same minute, one stores it, and the others take that one.
func (k *keyStore) create(ctx context.Context, set *keySet, alg Algorithm) (made *Key, err error) {
	if c, ok := core.CtxFrom(ctx); ok && !core.InTx(ctx) {
		err = c.Recorded(func(ctx context.Context) error {
			made, err = k.make(ctx, set, alg)
			return err
		})
		return made, err
	}
	return k.make(ctx, set, alg)
}

func (k *keyStore) make(ctx context.Context, set *keySet, alg Algorithm) (*Key, error) {
	if k.o.Adapter.List != nil && k.o.Adapter.Create == nil {
		return nil, errNoKey
	}
	public, private, err := generate(alg, k.o.RSABits, k.a.Rand())
	if err != nil {
		return nil, fmt.Errorf("jwt: making a key failed: %w", err)
	}
	if !k.o.DisablePrivateKeyEncryption {
		if private, err = k.a.Keys().Encrypt(private); err != nil {
			return nil, err
		}
		private = string(wire.AppendString(nil, private))
	}
	now := k.a.Now()
	made := Key{PublicKey: public, PrivateKey: private, Algorithm: alg, CreatedAt: now}
	if k.o.RotationInterval > 0 {
		made.ExpiresAt = now.Add(k.o.RotationInterval)
	}
	if k.o.Adapter.Create != nil {
		made, err = k.o.Adapter.Create(ctx, made)
	} else if made, err = k.store(ctx, made, set); err == nil && made.ID == "" {
		return nil, nil // another one has made it
	}
	if err != nil {
		return nil, err
	}
	if made.ID == "" {
		return nil, errors.New("jwt: Options.Adapter.Create has returned a key without an ID")
	}
	k.a.Logger().InfoContext(ctx, "jwt: a new key signs", "kid", made.ID, "algorithm", string(alg))
	if c, ok := core.CtxFrom(ctx); ok {
		if err := c.EmitIn(ctx, core.Event{Type: EventKeyCreated, SubjectID: made.ID}); err != nil {
			return nil, err
		}
	}
	return &made, nil
}

// store puts a key into the table. The zero Key says that another one was faster.
func (k *keyStore) store(ctx context.Context, made Key, set *keySet) (Key, error) {
	r := rowOf(&made)
	claimed := false
	if !core.InTx(ctx) { // where a refused row would end the whole transaction
		r.ID, claimed = k.a.DerivedID(k.seed(set, made.Algorithm, made.CreatedAt))
	}
	stored, err := k.table.Create(ctx, r)
	if claimed && errors.Is(err, adapter.ErrUnique) {
		again, err := k.load(ctx, set, nil)
		if err != nil || again.signing(k.o, made.Algorithm, made.CreatedAt) != nil {
			return Key{}, err
		}
		r.ID = "" // the row is there and signs nothing: it was changed by hand
		stored, err = k.table.Create(ctx, r)
		if err != nil {
			return Key{}, err
		}
		return keyOf(stored), nil
	}
	if err != nil {
		return Key{}, err
	}
	return keyOf(stored), nil
}

// seed names what a new key is for: the keys that there are, and the minute, so that a
// key that takes the place of deleted ones has a kid that nobody has cached.
func (k *keyStore) seed(set *keySet, alg Algorithm, now time.Time) string {
	ids := []string{"jwks", string(alg), now.Truncate(time.Minute).Format(time.RFC3339)}
	for _, one := range set.keys {
		ids = append(ids, one.ID)
	}
	return strings.Join(ids, "\x00")
}

// sign signs claims, a JSON object.
func (k *keyStore) sign(one *key, claims []byte) (string, error) {
	one.once.Do(func() {
		var private string
		if private, one.err = k.open(one.PrivateKey); one.err == nil {
			one.signer, one.err = newSigner(one.ID, one.alg, private, one.public)
		}
	})
	if one.err != nil {
		return "", fmt.Errorf("jwt: the key %s does not sign: %w", one.ID, one.err)
	}
	signed, err := one.signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("jwt: signing failed: %w", err)
	}
	return signed.CompactSerialize()
}

// open returns the private JSON Web Key of a stored text, encrypted or not.
func (k *keyStore) open(stored string) (string, error) {
	var sealed string
	if json.Unmarshal([]byte(stored), &sealed) != nil {
		return stored, nil // it is the key itself, or newSigner refuses it
	}
	private, err := k.a.Keys().Decrypt(sealed)
	if err != nil {
		return "", errors.New("it was encrypted with another secret: add that secret to core.Options.Secrets, or delete the row to have a new key made")
	}
	return private, nil
}
