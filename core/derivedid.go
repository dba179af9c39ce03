package core

import (
	"bytes"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// idPurpose separates derived ids from everything else that the secret authenticates.
const idPurpose = "kernia.id"

// DerivedID makes the id of a row that many processes may be about to create at once and
// that shall exist once. All of them derive the same id from the same seed, so that the
// database takes one of the rows and refuses the others with adapter.ErrUnique. It reports
// false where the database or the application (IDOptions.New) makes the ids. The id
// follows from the secret, and cannot be guessed without it.
func (a *Auth) DerivedID(seed string) (string, bool) {
	if a.opts.IDs.New != nil || a.opts.IDs.Kind == schema.IDSerial {
		return "", false
	}
	sum := a.keys.MAC(idPurpose, seed)
	if a.opts.IDs.Kind == schema.IDUUID {
		id, err := secret.UUID(bytes.NewReader(sum))
		return id, err == nil
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	id := make([]byte, len(sum))
	for i, b := range sum {
		id[i] = letters[int(b)%len(letters)]
	}
	return string(id), true
}
