package password_test

import (
	"context"
	"runtime"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/advantch/kernia-go/core/password"
)

// BenchmarkBareArgon2id and BenchmarkServiceVerify do the same hash at the same
// parallelism: the difference is the price of the budget.
func BenchmarkBareArgon2id(b *testing.B) {
	salt := []byte("0123456789abcdef")
	b.SetParallelism(1) // GOMAXPROCS goroutines, as many as the service's slots
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			runtime.KeepAlive(argon2.IDKey([]byte("password1234"), salt, 3, 64<<10, 4, 32))
		}
	})
}

func BenchmarkServiceVerify(b *testing.B) {
	service, err := password.New(password.Options{})
	if err != nil {
		b.Fatal(err)
	}
	hash, err := service.Hash(context.Background(), "password1234")
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(1)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if ok, _, err := service.Verify(context.Background(), hash, "password1234"); !ok || err != nil {
				b.Errorf("ok %t, err %v", ok, err)
				return
			}
		}
	})
}
