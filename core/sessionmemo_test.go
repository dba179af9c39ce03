package core

import (
	"fmt"
	"testing"
)

// Rows of a cache belong to their caller, a user who has changed is another cache, and what
// is kept is bounded.
func TestDecodedCaches(t *testing.T) {
	t.Parallel()
	var d decodedCaches
	k := cached{Session: []byte(`{"id":"s"}`), User: []byte(`{"id":"u","name":"Ada"}`)}
	data := &SessionData{User: User{ID: "u", Name: "Ada", Extra: Extra{"tags": []string{"one"}}}}
	if d.get(k) != nil {
		t.Error("rows of an empty store")
	}
	d.put(k, data)
	data.User.Extra["tags"].([]string)[0] = "of the first caller"
	mine := d.get(k)
	mine.User.Name, mine.User.Extra["plan"] = "Eve", "pro"
	if got := d.get(k); got.User.Name != "Ada" || len(got.User.Extra) != 1 || got.User.Extra["tags"].([]string)[0] != "one" {
		t.Errorf("a caller has changed what others get: %+v", got.User.Extra)
	}
	changed := cached{Session: k.Session, User: []byte(`{"id":"u","name":"Grace"}`)}
	if d.get(changed) != nil {
		t.Error("the rows are those of another user's JSON")
	}
	d.put(changed, &SessionData{User: User{ID: "u", Name: "Grace"}})
	if d.get(k) != nil || d.get(changed).User.Name != "Grace" {
		t.Error("a newer cache of the session has not replaced the older one")
	}
	for i := range 2 * maxDecoded {
		d.put(cached{Session: fmt.Appendf(nil, `{"id":"%d"}`, i)}, data)
	}
	d.put(cached{Session: make([]byte, maxDecodedBytes+1)}, data)
	if len(d.of) != maxDecoded {
		t.Errorf("%d are kept", len(d.of))
	}
}
