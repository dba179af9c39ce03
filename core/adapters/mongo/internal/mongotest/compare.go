package mongotest

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// rank is the place of a type in BSON's order. Types that nothing here stores
// have none.
func rank(v bson.RawValue) int {
	switch v.Type {
	case 0, bson.TypeNull, bson.TypeUndefined: // 0 is absent
		return 1
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble:
		return 2
	case bson.TypeString:
		return 3
	case bson.TypeEmbeddedDocument:
		return 4
	case bson.TypeArray:
		return 5
	case bson.TypeBinary:
		return 6
	case bson.TypeObjectID:
		return 7
	case bson.TypeBoolean:
		return 8
	case bson.TypeDateTime:
		return 9
	}
	return 100 + int(v.Type)
}

// compare orders two values as an ascending sort does.
func compare(a, b bson.RawValue) int {
	if n := cmp.Compare(rank(a), rank(b)); n != 0 {
		return n
	}
	switch rank(a) {
	case 1:
		return 0
	case 2:
		return float(a).Cmp(float(b))
	case 3:
		return strings.Compare(a.StringValue(), b.StringValue())
	case 5:
		return compareArrays(a, b)
	case 8:
		return cmp.Compare(a.Value[0], b.Value[0])
	case 9:
		return cmp.Compare(a.DateTime(), b.DateTime())
	}
	return bytes.Compare(a.Value, b.Value)
}

func compareArrays(a, b bson.RawValue) int {
	x, _ := a.Array().Values()
	y, _ := b.Array().Values()
	for i := range min(len(x), len(y)) {
		if n := compare(x[i], y[i]); n != 0 {
			return n
		}
	}
	return cmp.Compare(len(x), len(y))
}

func float(v bson.RawValue) *big.Float {
	if v.Type == bson.TypeDouble {
		return new(big.Float).SetPrec(128).SetFloat64(v.Double())
	}
	return new(big.Float).SetPrec(128).SetInt64(v.AsInt64())
}

// keyOf is equal for equal values and different for others.
func keyOf(v bson.RawValue) string {
	if rank(v) == 2 {
		return "n" + float(v).Text('g', 40)
	}
	if rank(v) == 1 {
		return "null"
	}
	return fmt.Sprintf("%d:%q", v.Type, v.Value)
}
