package password_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/advantch/kernia-go/core/password"
)

// The storm runs in a process of its own, because the peak of the resident memory
// is a property of the process: the test starts its own binary with childVar set.
// The default is a short one; KERNIA_STORM=1000 go test -run DOS_04 -v runs the
// full one, and beside it (b) bare Argon2id for comparison.
const (
	stormVar  = "KERNIA_STORM"
	childVar  = "KERNIA_STORM_CHILD"
	perCore   = 64 << 10  // KiB
	allowance = 150 << 10 // KiB
)

func TestDOS_04_MemoryUnderStorm(t *testing.T) {
	if n := os.Getenv(childVar); n != "" {
		calls, _ := strconv.Atoi(n[1:])
		storm(t, calls, n[0] == 'b')
		return
	}
	if runtime.GOOS != "linux" || testing.Short() || raceEnabled {
		t.Skip("memory was not measured: it needs Linux, and neither -short nor the race detector")
	}
	calls := "24"
	if n := os.Getenv(stormVar); n != "" {
		calls = n
	}
	peak := map[string]int{}
	kinds := []string{"s"}
	if os.Getenv(stormVar) != "" {
		kinds = []string{"b", "s"}
	}
	for _, kind := range kinds {
		child := exec.Command(os.Args[0], "-test.run=^TestDOS_04_MemoryUnderStorm$", "-test.v")
		child.Env = append(os.Environ(), childVar+"="+kind+calls)
		out, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, line := range strings.Split(string(out), "\n") {
			if rest, ok := strings.CutPrefix(line, "storm "); ok {
				t.Log(kind, rest)
				var kib int
				if _, err := fmt.Sscanf(rest, "peak=%d", &kib); err == nil {
					peak[kind] = kib
				}
			}
		}
	}
	limit := runtime.GOMAXPROCS(0)*perCore + allowance
	if peak["s"] == 0 || peak["s"] > limit {
		t.Errorf("peak of %d KiB, limit %d KiB", peak["s"], limit)
	}
}

// storm verifies in as many goroutines as there are calls; bare does the same
// work without the service, as many at once as there are processors.
func storm(t *testing.T, calls int, bare bool) {
	ctx := context.Background()
	service, err := password.New(password.Options{MaxWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := service.Hash(ctx, "password1234")
	if err != nil {
		t.Fatal(err)
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	start := time.Now()
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			if bare {
				slots <- struct{}{}
				defer func() { <-slots }()
				runtime.KeepAlive(argon2.IDKey([]byte("password1234"), []byte("0123456789abcdef"), 3, 64<<10, 4, 32))
				return
			}
			if ok, _, err := service.Verify(ctx, hash, "password1234"); !ok || err != nil {
				t.Errorf("ok %t, err %v", ok, err)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Printf("storm peak=%s calls=%d rate=%.2f/s gc=%d\n", strings.TrimSpace(rest), calls, float64(calls)/took.Seconds(), m.NumGC)
		}
	}
}
