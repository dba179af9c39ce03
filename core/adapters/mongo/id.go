package mongo

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// idKind is how a column holds ids.
type idKind byte

const (
	noID     idKind = iota // the column holds no ids
	byValue                // ObjectId or string, see encodeID
	textID                 // always a string
	uuidID                 // binary, subtype 4
	serialID               // a number
)

func idKindOf(kind schema.IDKind, stringIDs bool) idKind {
	switch {
	case kind == schema.IDSerial:
		return serialID
	case stringIDs:
		return textID
	case kind == schema.IDUUID:
		return uuidID
	}
	return byValue
}

// errNoSuchID marks an id that no row of this database can have. A predicate with
// it matches nothing; in a write it is adapter.ErrBadValue.
var errNoSuchID = fmt.Errorf("%w: not an id of this database", adapter.ErrBadValue)

// uuidSubtype is BSON's subtype of RFC 9562 UUIDs.
const uuidSubtype = 4

// encodeID gives the stored form of an id. An id becomes an ObjectId, a UUID or a
// number only if it is read back as the same text: an ObjectId in upper case stays a
// string.
func encodeID(kind idKind, id string) (any, error) {
	switch kind {
	case byValue:
		if lowerHex(id, 24) {
			oid, err := bson.ObjectIDFromHex(id)
			return oid, err
		}
	case uuidID:
		data, ok := parseUUID(id)
		if !ok {
			return nil, errNoSuchID
		}
		return bson.Binary{Subtype: uuidSubtype, Data: data}, nil
	case serialID:
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
			return nil, errNoSuchID
		}
		return n, nil
	}
	return id, nil
}

func lowerHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// parseUUID reads the canonical text of RFC 9562, section 4, in lower case.
func parseUUID(s string) ([]byte, bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return nil, false
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if !lowerHex(digits, 32) {
		return nil, false
	}
	data, err := hex.DecodeString(digits)
	return data, err == nil
}

func formatUUID(b []byte) string {
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
