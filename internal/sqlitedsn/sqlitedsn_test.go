package sqlitedsn

import (
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for path, begin := range map[string]string{
		"auth.db": "file:auth.db?", "a b?#%.db": "file:a%20b%3F%23%25.db?", `C:\data\auth.db`: "file:C:/data/auth.db?", ":memory:": "file::memory:?",
	} {
		dsn, conns, err := New(path)
		if err != nil || !strings.HasPrefix(dsn, begin) || !strings.Contains(dsn, "_txlock=immediate") {
			t.Errorf("%s: %s, %v", path, dsn, err)
		}
		if memory := path == ":memory:"; (conns == 1) != memory || strings.Contains(dsn, "WAL") == memory {
			t.Errorf("%s: %s with %d connections", path, dsn, conns)
		}
		if strings.Index(dsn, "busy_timeout") > strings.Index(dsn+"journal_mode", "journal_mode") {
			t.Errorf("%s: the wait is not first", dsn)
		}
	}
	for _, path := range []string{"", "a\x00b"} {
		if _, _, err := New(path); err == nil {
			t.Errorf("%q was taken", path)
		}
	}
}
