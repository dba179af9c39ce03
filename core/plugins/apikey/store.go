package apikey

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/storage"
)

// found is a key as it was read.
type found struct {
	key  *Key
	who  *core.User // the owner, when it was read at once
	text string     // as it is in a secondary storage
	// from memory: what the secondary storage had after the last use. A write proves it,
	// because it is conditional; nothing else may rely on it.
	remembered bool
	// from a copy of a row. A write proves it; a refusal by it must be confirmed.
	copied bool
}

// proven reports whether it was read where the truth is.
func (f *found) proven() bool { return !f.remembered && !f.copied }

// store is where the keys of a configuration are. "Not found" is core.ErrNotFound.
type store interface {
	// byHash finds a key. fresh asks for the truth, not for a copy.
	byHash(ctx context.Context, hash string, fresh bool) (*found, error)
	byID(ctx context.Context, id string) (*Key, error)
	create(ctx context.Context, k *Key) (*Key, error)
	// count writes what uses have made of a key, unless it has changed meanwhile.
	count(ctx context.Context, before *found, after *Key, ch change, now time.Time) (bool, error)
	// update changes fields of a key, by the names of the table.
	update(ctx context.Context, k *Key, set adapter.Record, apply func(*Key)) (*Key, error)
	remove(ctx context.Context, k *Key) error
	// removeOver removes a key that is never good again, if it is still so.
	removeOver(ctx context.Context, f *found, now time.Time) error
}

// database keeps keys in the table.
type database struct{ p *Plugin }

func (d *database) byHash(ctx context.Context, hash string, _ bool) (*found, error) {
	q := adapter.Find{Model: Model, Where: adapter.By("key", hash)}
	if d.p.joins {
		q.Joins = []adapter.Join{{Model: core.ModelUser, As: "owner", From: "referenceId", To: "id", One: true}}
	}
	rec, err := d.p.auth.DB().FindOne(ctx, q)
	if err != nil {
		return nil, err
	}
	k, err := d.p.keys.Of(rec)
	if err != nil {
		return nil, err
	}
	out := &found{key: k.settle()}
	if owner, ok := rec["owner"].(adapter.Record); ok {
		out.who, err = d.p.auth.UserOf(owner)
	}
	return out, err
}

func (d *database) byID(ctx context.Context, id string) (*Key, error) {
	k, err := d.p.keys.FindID(ctx, id)
	if err != nil {
		return nil, err
	}
	return k.settle(), nil
}

func (d *database) create(ctx context.Context, k *Key) (*Key, error) {
	k, err := d.p.keys.Create(ctx, k)
	if err != nil {
		return nil, err
	}
	return k.settle(), nil
}

func (d *database) count(ctx context.Context, before *found, after *Key, ch change, now time.Time) (bool, error) {
	n, err := d.p.auth.DB().UpdateMany(ctx, Model, ch.guard(before.key, now), ch.set(after))
	return n > 0, err
}

func (d *database) update(ctx context.Context, k *Key, set adapter.Record, _ func(*Key)) (*Key, error) {
	k, err := d.p.keys.Update(ctx, adapter.By("id", k.ID), set)
	if err != nil {
		return nil, err
	}
	return k.settle(), nil
}

func (d *database) remove(ctx context.Context, k *Key) error {
	_, err := d.p.keys.Delete(ctx, adapter.By("id", k.ID))
	return err
}

func (d *database) removeOver(ctx context.Context, f *found, now time.Time) error {
	k := f.key
	w := adapter.By("id", k.ID)
	if k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
		w = append(w, adapter.Cond{Field: "expiresAt", Op: adapter.Lte, Value: now})
	} else {
		w = append(w, adapter.Cond{Field: "remaining", Op: adapter.Lte, Value: int64(0)}).And("refillAmount", nil)
	}
	_, err := d.p.keys.Delete(ctx, w)
	return err
}

// The names of values in a secondary storage are those of Better Auth 1.6.
func nameByHash(hash string) string { return "api-key:" + hash }
func nameByID(id string) string     { return "api-key:by-id:" + id }
func nameByOwner(id string) string  { return "api-key:by-ref:" + id }

// secondary keeps keys in a secondary storage alone. The value by the hash is the truth;
// that by the id is a copy, from which the hash is read.
type secondary struct {
	p *Plugin
	storage.Storage
	last   remembered // values by the hash
	copies sync.Map   // ids whose copies are being written, with whether once more
}

// remembered keeps the values that uses have written, so that the next use of the same
// key is one conditional write, without a read.
type remembered struct {
	mu sync.Mutex
	of map[string]string
}

// maxRemembered bounds the values that are kept. Any of them may go.
const maxRemembered = 1024

func (r *remembered) get(hash string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.of[hash]
}

// set keeps a value; "" forgets it.
func (r *remembered) set(hash, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text == "" {
		delete(r.of, hash)
		return
	}
	if r.of == nil {
		r.of = map[string]string{}
	}
	if _, known := r.of[hash]; !known && len(r.of) >= maxRemembered {
		for other := range r.of {
			delete(r.of, other)
			break
		}
	}
	r.of[hash] = text
}

// life is how long a value is kept; 0 is for ever.
func (s *secondary) life(k *Key) time.Duration {
	if k.ExpiresAt == nil {
		return 0
	}
	return max(k.ExpiresAt.Sub(s.p.auth.Now()).Truncate(time.Second), time.Second)
}

func (s *secondary) text(k *Key) string { return string(s.p.appendKey(nil, k, stored, "")) }

func (s *secondary) byHash(ctx context.Context, hash string, fresh bool) (*found, error) {
	if text := s.last.get(hash); text != "" && !fresh {
		if k := readKey(text); k != nil {
			return &found{key: k, text: text, remembered: true}, nil
		}
	}
	data, err := s.Get(ctx, nameByHash(hash))
	if err != nil {
		return nil, err
	}
	k := readKey(data)
	if k == nil {
		return nil, core.ErrNotFound
	}
	return &found{key: k, text: data}, nil
}

func (s *secondary) byID(ctx context.Context, id string) (*Key, error) {
	f, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return f.key, nil
}

func (s *secondary) find(ctx context.Context, id string) (*found, error) {
	data, err := s.Get(ctx, nameByID(id))
	if err != nil {
		return nil, err
	}
	k := readKey(data)
	if k == nil {
		return nil, core.ErrNotFound
	}
	f, err := s.byHash(ctx, k.Hash, true)
	if err == nil && f.key.ID != id {
		err = core.ErrNotFound
	}
	return f, err
}

func (s *secondary) create(ctx context.Context, k *Key) (*Key, error) {
	if err := s.p.keys.Check(k); err != nil {
		return nil, err
	}
	k.loose = true
	return k, s.put(ctx, k)
}

// put writes the two values of a key, and adds it to the list of its owner.
func (s *secondary) put(ctx context.Context, k *Key) error {
	data, life := s.text(k), s.life(k)
	if err := s.Set(ctx, nameByHash(k.Hash), data, life); err != nil {
		return err
	}
	if err := s.Set(ctx, nameByID(k.ID), data, life); err != nil {
		return err
	}
	return s.change(ctx, k.ReferenceID, func(ids []string) []string {
		if slices.Contains(ids, k.ID) {
			return ids
		}
		return append(ids, k.ID)
	})
}

// attempts bounds how often a value is read again that somebody else has changed.
const attempts = 64

// change changes the list of an owner, without losing what others add at the same time.
func (s *secondary) change(ctx context.Context, owner string, f func([]string) []string) error {
	name := nameByOwner(owner)
	for range attempts {
		data, err := s.Get(ctx, name)
		if err != nil && !core.IsNotFound(err) {
			return err
		}
		before := idsOf(data)
		after := f(slices.Clone(before))
		if slices.Equal(before, after) {
			return nil
		}
		if len(after) == 0 && len(before) > 0 {
			after = []string{}
		}
		next, err := json.Marshal(after)
		if err != nil {
			return err
		}
		swapped, err := s.CompareAndSwap(ctx, name, data, string(next), 0)
		if swapped || err != nil {
			return err
		}
	}
	return errContended
}

func idsOf(data string) []string {
	var ids []string
	if data == "" || json.Unmarshal([]byte(data), &ids) != nil {
		return nil
	}
	return ids
}

// count is one round trip. The copy by the id follows in the background: see copied.
func (s *secondary) count(ctx context.Context, before *found, after *Key, _ change, _ time.Time) (bool, error) {
	data, life := s.text(after), s.life(after)
	s.last.set(after.Hash, "")
	swapped, err := s.CompareAndSwap(ctx, nameByHash(after.Hash), before.text, data, life)
	if err != nil || !swapped {
		return false, err
	}
	s.last.set(after.Hash, data)
	return true, nil
}

// copied brings the copy of a key that was used up to date in the background, for servers
// that read it by the id. One task at a time writes the copy of a key.
func (s *secondary) copied(c *core.Ctx, k *Key) {
	c.Go("copying an API key", func(ctx context.Context) error {
		if _, busy := s.copies.Swap(k.ID, true); busy {
			return nil // that task does it once more
		}
		for {
			s.copies.Store(k.ID, false)
			if err := s.renew(ctx, k); err != nil {
				s.copies.Delete(k.ID)
				return err
			}
			if s.copies.CompareAndDelete(k.ID, false) {
				return nil
			}
		}
	})
}

// renew makes the copy of a key the same as its value. It makes none that was removed.
func (s *secondary) renew(ctx context.Context, k *Key) error {
	data, err := s.Get(ctx, nameByHash(k.Hash))
	if err == nil {
		if now := readKey(data); now != nil && now.ID == k.ID {
			err = s.copy(ctx, k.ID, data, data, s.life(now))
		}
	}
	if core.IsNotFound(err) {
		return nil
	}
	return err
}

// swap replaces both values of a key, if it is still as it was read.
func (s *secondary) swap(ctx context.Context, before *found, after *Key) (bool, error) {
	data, life := s.text(after), s.life(after)
	swapped, err := s.CompareAndSwap(ctx, nameByHash(after.Hash), before.text, data, life)
	if err != nil || !swapped {
		return false, err
	}
	return true, s.copy(ctx, after.ID, before.text, data, life)
}

// copy brings the value by the id up to date for servers that read it. It makes none that
// was removed.
func (s *secondary) copy(ctx context.Context, id, before, after string, life time.Duration) error {
	name := nameByID(id)
	swapped, err := s.CompareAndSwap(ctx, name, before, after, life)
	if swapped || err != nil {
		return err
	}
	current, err := s.Get(ctx, name)
	if err != nil {
		if core.IsNotFound(err) {
			return nil
		}
		return err
	}
	_, err = s.CompareAndSwap(ctx, name, current, after, life)
	return err
}

func (s *secondary) update(ctx context.Context, k *Key, _ adapter.Record, apply func(*Key)) (*Key, error) {
	for range attempts {
		f, err := s.byHash(ctx, k.Hash, true)
		if err != nil {
			return nil, err
		}
		after := f.key.clone()
		apply(after)
		after.UpdatedAt = s.p.auth.Now()
		if err := s.p.keys.Check(after); err != nil {
			return nil, err
		}
		if swapped, err := s.swap(ctx, f, after); swapped || err != nil {
			return after, err
		}
	}
	return nil, errContended
}

func (s *secondary) remove(ctx context.Context, k *Key) error {
	return s.drop(ctx, k, true)
}

func (s *secondary) drop(ctx context.Context, k *Key, list bool) error {
	err := errors.Join(s.Delete(ctx, nameByHash(k.Hash)), s.Delete(ctx, nameByID(k.ID)))
	if err != nil || !list {
		return err
	}
	return s.change(ctx, k.ReferenceID, func(ids []string) []string {
		return slices.DeleteFunc(ids, func(id string) bool { return id == k.ID })
	})
}

// tombstone takes the place of a key that is being removed. It is no key.
const tombstone = "null"

func (s *secondary) removeOver(ctx context.Context, f *found, _ time.Time) error {
	swapped, err := s.CompareAndSwap(ctx, nameByHash(f.key.Hash), f.text, tombstone, time.Second)
	if !swapped || err != nil {
		return err // somebody has filled it up, say
	}
	return s.remove(ctx, f.key)
}

// list returns the keys of an owner, at most so many.
func (s *secondary) list(ctx context.Context, owner string, most int) ([]*Key, error) {
	data, err := s.Get(ctx, nameByOwner(owner))
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*Key
	for _, id := range idsOf(data) {
		if len(out) == most {
			break
		}
		f, err := s.find(ctx, id)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f.key)
	}
	return out, nil
}

// removeAll removes the keys of an owner.
func (s *secondary) removeAll(ctx context.Context, owner string, mine func(*Key) bool) error {
	keys, err := s.list(ctx, owner, -1)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if mine(k) {
			if err := s.drop(ctx, k, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// cached keeps keys in the table, with copies in a secondary storage. A copy by the hash is
// never older than the last change that has ended: whoever writes one has read the copy
// before the row, and replaces no other copy.
type cached struct {
	*database
	copies *secondary
}

func (c *cached) byHash(ctx context.Context, hash string, fresh bool) (*found, error) {
	if core.InTx(ctx) { // a row that may never be
		return c.database.byHash(ctx, hash, true)
	}
	if !fresh {
		f, err := c.copies.byHash(ctx, hash, false)
		if err == nil {
			f.copied = true
		}
		if err == nil || !core.IsNotFound(err) {
			return f, err
		}
	}
	return c.refresh(ctx, hash)
}

// refresh reads a row and makes the copies the same.
func (c *cached) refresh(ctx context.Context, hash string) (*found, error) {
	name := nameByHash(hash)
	for range attempts {
		before, err := c.copies.Get(ctx, name)
		if err != nil && !core.IsNotFound(err) {
			return nil, err
		}
		f, err := c.database.byHash(ctx, hash, true)
		if k := readKey(before); core.IsNotFound(err) && k != nil && k.Hash == hash {
			// Where keys are not hashed, a text that is no key may name another value.
			return nil, errors.Join(err, c.copies.Delete(ctx, name))
		}
		if err != nil {
			return nil, err
		}
		f.text = c.copies.text(f.key)
		life := c.copies.life(f.key)
		// The hash is that of the row: a database may compare without letter case.
		if f.key.Hash != hash {
			return f, nil
		}
		swapped, err := c.copies.CompareAndSwap(ctx, name, before, f.text, life)
		if err != nil {
			return nil, err
		}
		if swapped {
			return f, c.tell(ctx, f.key, f.text, life)
		}
	}
	return nil, errContended
}

// tell writes the copy by the id, and leaves the list of the owner to the table.
func (c *cached) tell(ctx context.Context, k *Key, text string, life time.Duration) error {
	if err := c.copies.Set(ctx, nameByID(k.ID), text, life); err != nil {
		return err
	}
	return c.copies.Delete(ctx, nameByOwner(k.ReferenceID))
}

// changed brings the copies up to date once a change is there for others.
func (c *cached) changed(ctx context.Context, hash string) error {
	return core.AfterCommit(ctx, func(ctx context.Context) error {
		_, err := c.refresh(ctx, hash)
		if core.IsNotFound(err) {
			return nil // removed meanwhile
		}
		return err
	})
}

func (c *cached) create(ctx context.Context, k *Key) (*Key, error) {
	k, err := c.database.create(ctx, k)
	if err != nil {
		return nil, err
	}
	return k, c.changed(ctx, k.Hash)
}

func (c *cached) count(ctx context.Context, before *found, after *Key, ch change, now time.Time) (bool, error) {
	counted, err := c.database.count(ctx, before, after, ch, now)
	if !counted || err != nil {
		return counted, err
	}
	// The use is counted; the copy only spares a read.
	if before.text != "" {
		text, life := c.copies.text(after), c.copies.life(after)
		swapped, err := c.copies.CompareAndSwap(ctx, nameByHash(after.Hash), before.text, text, life)
		if err != nil {
			return true, err
		}
		if swapped {
			return true, c.copies.Set(ctx, nameByID(after.ID), text, life)
		}
	}
	return true, c.changed(ctx, after.Hash)
}

func (c *cached) update(ctx context.Context, k *Key, set adapter.Record, apply func(*Key)) (*Key, error) {
	k, err := c.database.update(ctx, k, set, apply)
	if err != nil {
		return nil, err
	}
	return k, c.changed(ctx, k.Hash)
}

func (c *cached) remove(ctx context.Context, k *Key) error {
	if err := c.database.remove(ctx, k); err != nil {
		return err
	}
	return c.forget(ctx, k)
}

func (c *cached) removeOver(ctx context.Context, f *found, now time.Time) error {
	if err := c.database.removeOver(ctx, f, now); err != nil {
		return err
	}
	return c.forget(ctx, f.key)
}

func (c *cached) forget(ctx context.Context, k *Key) error {
	if err := c.copies.drop(ctx, k, false); err != nil {
		return err
	}
	return c.copies.Delete(ctx, nameByOwner(k.ReferenceID))
}
