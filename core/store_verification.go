package core

import (
	"context"
	"errors"
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
	// endedFor is how long it is remembered that the values of a user have ended:
	// longer than a value lives.
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

// CreateVerification keeps a single-use value under an identifier until it expires.
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
			text, err := s.secondary.Get(ctx, verificationKey+id)
			if isNotFound(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			v, err := s.parseVerification(text)
			if err != nil {
				continue
			}
			ended, err := s.ended(ctx, v)
			if err != nil {
				return nil, err
			}
			if !ended {
				return v, nil
			}
		}
		if !s.a.opts.verificationInDatabase() {
			return nil, adapter.ErrNotFound
		}
	}
	s.a.cleanup.expiredVerifications(ctx)
	for _, id := range ids {
		v, err := s.newestVerification(ctx, id)
		if !errors.Is(err, adapter.ErrNotFound) {
			return v, err
		}
	}
	return nil, adapter.ErrNotFound
}

func (s *Store) newestVerification(ctx context.Context, stored string) (*Verification, error) {
	rows, err := findRows(ctx, s.verificationModel(), s.db, adapter.Find{
		Where: adapter.By("identifier", stored), Sort: []adapter.Sort{{Field: "createdAt", Desc: true}}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, adapter.ErrNotFound
	}
	return rows[0], nil
}

// ConsumeVerification uses up the newest value of an identifier: of many
// concurrent callers exactly one gets it, and only while it has not expired. The
// others, and every later one, get adapter.ErrNotFound.
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
		if errors.Is(err, adapter.ErrNotFound) {
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
	return nil, adapter.ErrNotFound
}

func (s *Store) consumeSecondary(ctx context.Context, ids []string) (*Verification, error) {
	for _, id := range ids {
		text, err := s.take(ctx, verificationKey+id)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		v, err := s.parseVerification(text)
		if err != nil || !v.ExpiresAt.After(s.a.Now()) {
			return nil, adapter.ErrNotFound
		}
		ended, err := s.ended(ctx, v)
		if err != nil {
			return nil, err
		}
		if ended {
			return nil, adapter.ErrNotFound
		}
		return v, afterRow(ctx, s.verifications.afterDelete, v)
	}
	return nil, adapter.ErrNotFound
}

// ended reports whether DeleteVerificationsOf was called after a value was made. The
// secondary storage cannot list the values of a user.
func (s *Store) ended(ctx context.Context, v *Verification) (bool, error) {
	text, err := s.secondary.Get(ctx, endedKey+secret.SHA256URL(v.Value))
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	at, err := strconv.ParseInt(text, 10, 64)
	return err != nil || v.CreatedAt.UnixMilli() < at, nil
}

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
		if _, err := s.db.DeleteMany(ctx, ModelVerification, adapter.By("identifier", stored)); err != nil {
			return err
		}
		return afterRow(ctx, s.verifications.afterDelete, won)
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

// DeleteVerificationsOf ends all values that were made for one value, for example
// every pending token of a user. Those in a secondary storage cannot be listed:
// the moment is noted there, for 30 days, and older values are not found any more.
func (s *Store) DeleteVerificationsOf(ctx context.Context, value string) error {
	if s.secondary != nil {
		now := strconv.FormatInt(s.a.Now().UnixMilli(), 10)
		if err := s.secondary.Set(ctx, endedKey+secret.SHA256URL(value), now, endedFor); err != nil {
			return err
		}
	}
	if !s.a.opts.verificationInDatabase() {
		return nil
	}
	return deleteRows(ctx, s, s.verificationModel(), adapter.By("value", value))
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
