package adapter_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
)

// Rows and conditions hold tokens and hashes: they print and log without values.
func TestRedacted(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-token"
	rec := adapter.Record{"id": "s1", "token": secret, "user": adapter.Record{"password": secret}}
	for name, v := range map[string]any{
		"record": rec, "records": []adapter.Record{rec}, "condition": adapter.By("token", secret)[0], "predicate": adapter.By("token", secret),
		"query": adapter.Find{Model: "session", Where: adapter.By("token", secret)},
	} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", fmt.Sprint(v))
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		for _, text := range []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%s %q %x", v, v, v), log.String()} {
			if strings.Contains(text, secret) || !strings.Contains(text, "token") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
	if got := fmt.Sprint(rec); got != `adapter.Record{id: "s1", [redacted]: ["id" "token" "user"]}` {
		t.Error(got)
	}
}
