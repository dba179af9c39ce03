package core

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	verificationKey = "verification:"
	endedKey        = "verifications-ended-"
	endedValue      = "ended " // begins the value of a row under endedKey
	// endedFor is how long the end of a user's values is remembered: longer than a
	// value lives.
	endedFor = 30 * 24 * time.Hour
)

// storedIdentifier is how an identifier is kept at rest.
func (s *Store) storedIdentifier(identifier string) (string, error) {
	o := s.a.opts.Verification.StoreIdentifier
	for _, over := range o.Overrides {
		if strings.HasPrefix(identifier, over.Prefix) {
			o = over.IdentifierStorage
			break
		}
	}
	switch o.Mode {
	case "hashed":
		return secret.SHA256URL(identifier), nil
	case "custom":
		return o.Hash(identifier)
	}
	return identifier, nil
}

// identifiers are the forms under which a value may be found: as it would be
// stored now, then plain, for values made before the option was set or by a
// server without it.
func (s *Store) identifiers(identifier string) ([]string, error) {
	stored, err := s.storedIdentifier(identifier)
	if err != nil || stored == identifier {
		return []string{identifier}, err
	}
	return []string{stored, identifier}, nil
}

// CreateVerification stores a single-use value under an identifier until it
// expires.
func (s *Store) CreateVerification(ctx context.Context, identifier, value string, expiresAt time.Time) (*Verification, error) {
	stored, err := s.storedIdentifier(identifier)
	if err != nil {
		return nil, err
	}
	now := s.a.Now()
	v := &Verification{Identifier: stored, Value: value, ExpiresAt: expiresAt, CreatedAt: now, UpdatedAt: now}
	var write func(context.Context, *Verification) (*Verification, error)
	if s.secondary != nil {
		write = func(ctx context.Context, v *Verification) (*Verification, error) {
			if s.a.opts.verificationInDatabase() {
				rec, err := s.db.Create(ctx, ModelVerification, v.record())
				if err != nil {
					return nil, err
				}
				if v, err = s.a.verificationOf(rec); err != nil {
					return nil, err
				}
			}
			if ttl := v.ExpiresAt.Sub(s.a.Now()); ttl >= time.Second {
				text := string(appendRecord(nil, s.a.shapes.verification.order, v.record()))
				if err := s.secondary.Set(ctx, verificationKey+v.Identifier, text, ttl.Truncate(time.Second)); err != nil {
					return nil, err
				}
			}
			return v, nil
		}
	}
	return createRow(ctx, s, s.verificationModel(), v, write)
}

// FindVerification returns the newest value of an identifier without using it up.
// It may be expired: check ExpiresAt.
func (s *Store) FindVerification(ctx context.Context, identifier string) (*Verification, error) {
	ids, err := s.identifiers(identifier)
	if err != nil {
		return nil, err
	}
	if s.secondary != nil {
		for _, id := range ids {
			text, err := s.peek(ctx, verificationKey+id)
			if IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			v, err := s.parseVerification(text)
			if err != nil {
				continue
			}
			ended, err := s.endedSince(ctx, v.Value, v.CreatedAt)
			if err != nil {
				return nil, err
			}
			if !ended {
				return v, nil
			}
		}
		if !s.a.opts.verificationInDatabase() {
			return nil, ErrNotFound
		}
	}
	defer s.a.cleanup.expiredVerifications(ctx) // after the search, which tells expired values from missing ones
	for _, id := range ids {
		v, err := s.newestVerification(ctx, id)
		if !IsNotFound(err) {
			return v, err
		}
	}
	return nil, ErrNotFound
}

func (s *Store) newestVerification(ctx context.Context, stored string) (*Verification, error) {
	rows, err := findRows(ctx, s.verificationModel(), s.db, adapter.Find{
		Where: adapter.By("identifier", stored), Sort: []adapter.Sort{{Field: "createdAt", Desc: true}}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return rows[0], nil
}

// ConsumeVerification uses up the newest value of an identifier, if it has not
// expired. Exactly one of many concurrent callers gets it. The others, and every
// later caller, get ErrNotFound.
func (s *Store) ConsumeVerification(ctx context.Context, identifier string) (*Verification, error) {
	ids, err := s.identifiers(identifier)
	if err != nil {
		return nil, err
	}
	if s.secondary != nil && !s.a.opts.verificationInDatabase() {
		return s.consumeSecondary(ctx, ids)
	}
	for _, id := range ids {
		v, err := s.consumeRow(ctx, id)
		if IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.secondary != nil {
			for _, id := range ids {
				if err := s.secondary.Delete(ctx, verificationKey+id); err != nil {
					return nil, err
				}
			}
		}
		return v, nil
	}
	return nil, ErrNotFound
}

// TakeVerification is ConsumeVerification for an identifier that one value has, such as a
// random one. It is one statement, where the application has no hooks of deletions.
func (s *Store) TakeVerification(ctx context.Context, identifier string) (*Verification, error) {
	if s.secondary != nil || len(s.verifications.beforeDelete)+len(s.verifications.afterDelete) > 0 {
		return s.ConsumeVerification(ctx, identifier)
	}
	ids, err := s.identifiers(identifier)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		rec, err := s.db.ConsumeOne(ctx, ModelVerification, adapter.Where{
			{Field: "identifier", Value: id},
			{Field: "expiresAt", Op: adapter.Gt, Value: s.a.Now()},
		})
		if IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return s.a.verificationOf(rec)
	}
	return nil, ErrNotFound
}

func (s *Store) consumeSecondary(ctx context.Context, ids []string) (*Verification, error) {
	for _, id := range ids {
		text, err := s.take(ctx, verificationKey+id)
		if IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		v, err := s.parseVerification(text)
		if err != nil || !v.ExpiresAt.After(s.a.Now()) {
			return nil, ErrNotFound
		}
		ended, err := s.endedSince(ctx, v.Value, v.CreatedAt)
		if err != nil {
			return nil, err
		}
		if ended {
			return nil, ErrNotFound
		}
		return v, afterRow(ctx, s, s.verificationModel(), "AfterDelete", s.verifications.afterDelete, v)
	}
	return nil, ErrNotFound
}

// UpdateVerification replaces the newest value of an identifier and keeps its expiry.
// It fails with ErrNotFound when the value is used up or has expired.
func (s *Store) UpdateVerification(ctx context.Context, identifier, value string) (*Verification, error) {
	return s.updateVerification(ctx, identifier, nil, value)
}

// SwapVerification is UpdateVerification if the value is still old; otherwise it fails
// with ErrNotFound. Exactly one of many concurrent callers that have read the same
// value replaces it, so that a counter in the value loses no count.
func (s *Store) SwapVerification(ctx context.Context, identifier, old, value string) (*Verification, error) {
	return s.updateVerification(ctx, identifier, &old, value)
}

func (s *Store) updateVerification(ctx context.Context, identifier string, old *string, value string) (*Verification, error) {
	ids, err := s.identifiers(identifier)
	if err != nil {
		return nil, err
	}
	if s.secondary != nil && !s.a.opts.verificationInDatabase() {
		return s.updateSecondary(ctx, ids, old, value)
	}
	if s.secondary != nil {
		// The database decides and is read from now on: two copies could be written in
		// different orders.
		for _, id := range ids {
			if err := s.secondary.Delete(ctx, verificationKey+id); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range ids {
		w := adapter.By("identifier", id)
		if old != nil {
			w = w.And("value", *old)
		} else {
			newest, err := s.newestVerification(ctx, id)
			if IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			w = adapter.By("id", newest.ID)
		}
		w = append(w, adapter.Cond{Field: "expiresAt", Op: adapter.Gt, Value: s.a.Now()})
		v, err := updateRow(ctx, s, s.verificationModel(), w, adapter.Record{"value": value}, nil)
		if !IsNotFound(err) {
			return v, err
		}
	}
	return nil, ErrNotFound
}

func (s *Store) updateSecondary(ctx context.Context, ids []string, old *string, value string) (*Verification, error) {
	for _, id := range ids {
		key := verificationKey + id
		for {
			text, err := s.peek(ctx, key)
			if IsNotFound(err) {
				break
			}
			if err != nil {
				return nil, err
			}
			v, err := s.parseVerification(text)
			if err != nil || !v.ExpiresAt.After(s.a.Now()) || old != nil && v.Value != *old {
				return nil, ErrNotFound
			}
			ended, err := s.endedSince(ctx, v.Value, v.CreatedAt)
			if err != nil {
				return nil, err
			}
			if ended {
				return nil, ErrNotFound
			}
			swapped := false
			v, err = updateRow(ctx, s, s.verificationModel(), nil, adapter.Record{"value": value}, func(ctx context.Context, set adapter.Record) (*Verification, error) {
				rec := v.record()
				rec["updatedAt"] = s.a.Now()
				maps.Copy(rec, set)
				next, err := s.a.verificationOf(rec)
				if err != nil {
					return nil, err
				}
				ttl := max(v.ExpiresAt.Sub(s.a.Now()).Truncate(time.Second), time.Second)
				swapped, err = s.swap(ctx, key, text, string(appendRecord(nil, s.a.shapes.verification.order, rec)), ttl)
				if err == nil && !swapped {
					err = errSwapped
				}
				return next, err
			})
			if errors.Is(err, errSwapped) {
				continue // somebody else was quicker: look again
			}
			return v, err
		}
	}
	return nil, ErrNotFound
}

var errSwapped = errors.New("core: the value has changed")

// peek is Get in the view of ctx's transaction: writes of attempts that were rolled
// back do not count. The secondary storage itself has no transactions.
func (s *Store) peek(ctx context.Context, key string) (string, error) {
	q, inTx := queueOf(ctx)
	if !inTx {
		return s.secondary.Get(ctx, key)
	}
	text, left := q.left[key]
	var err error
	if !left {
		text, err = s.secondary.Get(ctx, key)
	}
	if u, undone := q.undone[key]; undone && err == nil && text == u.value {
		text = u.old
	}
	return text, err
}

// swap is CompareAndSwap in the same view.
func (s *Store) swap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	q, inTx := queueOf(ctx)
	if !inTx {
		return s.secondary.CompareAndSwap(ctx, key, old, value, ttl)
	}
	expected := old
	if u, undone := q.undone[key]; undone && u.old == old {
		expected = u.value
	}
	if text, left := q.left[key]; left {
		if text != expected {
			return false, nil
		}
		delete(q.left, key)
		expected = "" // an attempt that was rolled back removed it
	}
	ok, err := s.secondary.CompareAndSwap(ctx, key, expected, value, ttl)
	if ok && err == nil {
		if q.swapped == nil {
			q.swapped = map[string]swapped{}
		}
		first := old
		if u, again := q.swapped[key]; again {
			first = u.old
		}
		q.swapped[key] = swapped{first, value}
	}
	return ok, err
}

// endedSince reports whether DeleteVerificationsOf was called for a value since a time. The
// secondary storage cannot list the values of a user, and what belongs to an address is
// not a value of its user.
func (s *Store) endedSince(ctx context.Context, value string, since time.Time) (bool, error) {
	var text string
	var err error
	if identifier := endedKey + secret.SHA256URL(value); s.secondary != nil {
		text, err = s.secondary.Get(ctx, identifier)
	} else {
		var v *Verification
		if v, err = s.FindVerification(ctx, identifier); err == nil {
			text = strings.TrimPrefix(v.Value, endedValue)
		}
	}
	if IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	at, err := strconv.ParseInt(text, 10, 64)
	return err != nil || since.UnixMilli() < at, nil
}

// Ended reports whether the pending values of a user have ended since a time: by a new
// password, a change of the address, the end of all or of all other sessions, or, for an
// earlier user of the same address, by deletion. What a plugin sends to an address, such
// as a code, is no value of a user, so DeleteVerificationsOf does not find it. Such a
// plugin sets Manifest.AsksEnded and asks here, in the transaction that acts on the proof
// and has locked the user. Ctx.SignInOrUp asks by itself (Arrival.Made).
func (s *Store) Ended(ctx context.Context, u *User, since time.Time) (bool, error) {
	ended, err := s.endedSince(ctx, u.ID, since)
	if err != nil || ended {
		return ended, err
	}
	return s.endedSince(ctx, deletedAddress(u), since)
}

// deletedAddress is the value for which DeleteUser notes the time.
func deletedAddress(u *User) string { return "deleted " + u.Email }

func (s *Store) consumeRow(ctx context.Context, stored string) (*Verification, error) {
	var won *Verification
	err := s.Tx(ctx, func(ctx context.Context) error {
		newest, err := s.newestVerification(ctx, stored)
		if err != nil {
			return err
		}
		if err := runRow(ctx, s.verifications.beforeDelete, newest); err != nil {
			return err
		}
		rec, err := s.db.ConsumeOne(ctx, ModelVerification, adapter.Where{
			{Field: "id", Value: newest.ID},
			{Field: "expiresAt", Op: adapter.Gt, Value: s.a.Now()},
		})
		if err != nil {
			return err
		}
		if won, err = s.a.verificationOf(rec); err != nil {
			return err
		}
		if err := afterRow(ctx, s, s.verificationModel(), "AfterDelete", s.verifications.afterDelete, won); err != nil {
			return err
		}
		return deleteRows(ctx, s, s.verificationModel(), adapter.By("identifier", stored))
	})
	if err != nil {
		return nil, err
	}
	return won, nil
}

// DeleteVerification removes the values of an identifier.
func (s *Store) DeleteVerification(ctx context.Context, identifier string) error {
	ids, err := s.identifiers(identifier)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if s.secondary != nil {
			if err := s.secondary.Delete(ctx, verificationKey+id); err != nil {
				return err
			}
		}
		if s.a.opts.verificationInDatabase() {
			if err := deleteRows(ctx, s, s.verificationModel(), adapter.By("identifier", id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// DeleteVerificationsOf ends all single-use values with the given value, for
// example every pending token of a user. Values in a secondary storage cannot be
// listed: the time of the call is stored there for 30 days, and older values are
// no longer found. Where a plugin asks for that time (Manifest.AsksEnded), a database
// keeps it too.
func (s *Store) DeleteVerificationsOf(ctx context.Context, value string) error {
	now, identifier := s.a.Now(), endedKey+secret.SHA256URL(value)
	at := strconv.FormatInt(now.UnixMilli(), 10)
	if s.secondary != nil {
		if err := s.secondary.Set(ctx, identifier, at, endedFor); err != nil {
			return err
		}
	}
	if !s.a.opts.verificationInDatabase() {
		return nil
	}
	if s.secondary != nil || !s.a.asksEnded {
		return deleteRows(ctx, s, s.verificationModel(), adapter.By("value", value))
	}
	return s.Tx(ctx, func(ctx context.Context) error {
		if err := deleteRows(ctx, s, s.verificationModel(), adapter.By("value", value)); err != nil {
			return err
		}
		if err := s.DeleteVerification(ctx, identifier); err != nil {
			return err
		}
		_, err := s.CreateVerification(ctx, identifier, endedValue+at, now.Add(endedFor))
		return err
	})
}

func (s *Store) parseVerification(text string) (*Verification, error) {
	v, err := wire.Parse([]byte(text), storedLimits)
	if err != nil {
		return nil, err
	}
	rec, err := recordFromJSON(s.a.shapes.verification.table, v)
	if err != nil {
		return nil, err
	}
	return s.a.verificationOf(rec)
}
