package mongo

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func marshal(t testing.TB, key string, v any) bson.Raw {
	t.Helper()
	raw, err := bson.Marshal(bson.D{{Key: key, Value: v}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
