// Command storm measures a login storm: it starts a server, sends many sign-ins at
// once, and reports how many succeeded, how long it took and the most memory that
// the server's process held (VmHWM; Linux).
//
//	go run ./scripts/storm -n 1000
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	n := flag.Int("n", 1000, "sign-ins at once")
	flag.Parse()
	if err := run(*n); err != nil {
		log.Fatal(err)
	}
}

func run(n int) error {
	dir, err := os.MkdirTemp("", "kernia-storm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "server")
	if out, err := exec.Command("go", "build", "-o", binary, "./examples/benchserver").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	server := exec.Command(binary, "-database", filepath.Join(dir, "storm.sqlite"))
	server.Env = append(os.Environ(), "BETTER_AUTH_SECRET="+base64.StdEncoding.EncodeToString(secret))
	server.Stderr = os.Stderr
	stdout, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return err
	}
	base := strings.TrimSpace(strings.TrimPrefix(line, "listening "))

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n}}
	post := func(path, body string) (status int, again time.Duration, err error) {
		res, err := client.Post(base+"/api/auth"+path, "application/json", bytes.NewBufferString(body))
		if err != nil {
			return 0, 0, err
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			if again, err = time.ParseDuration(res.Header.Get("Retry-After") + "s"); err != nil {
				return 0, 0, fmt.Errorf("503 without Retry-After: %w", err)
			}
		}
		_, err = io.Copy(io.Discard, res.Body)
		return res.StatusCode, again, err
	}
	if status, _, err := post("/sign-up/email", `{"name":"Storm","email":"storm@example.com","password":"password123"}`); err != nil || status != 200 {
		return fmt.Errorf("sign-up: status %d, %v", status, err)
	}
	before, err := peak(server.Process.Pid)
	if err != nil {
		return err
	}
	var (
		mu     sync.Mutex
		wait   sync.WaitGroup
		counts = map[string]int{}

		requests    int
		held, waits []time.Duration
	)
	start := time.Now()
	for range n {
		wait.Go(func() {
			what, tries := "503", 0
			var answered time.Duration // how long the last answer took
			for what == "503" {
				tries++
				asked := time.Now()
				status, again, err := post("/sign-in/email", `{"email":"storm@example.com","password":"password123"}`)
				answered = time.Since(asked)
				if what = fmt.Sprint(status); err != nil {
					what = err.Error()
				}
				time.Sleep(again)
			}
			mu.Lock()
			defer mu.Unlock()
			counts[what]++
			requests += tries
			held = append(held, answered)
			waits = append(waits, time.Since(start))
		})
	}
	wait.Wait()
	took := time.Since(start)
	after, err := peak(server.Process.Pid)
	if err != nil {
		return err
	}
	limit := runtime.NumCPU()*64 + 150
	fmt.Printf("%d sign-ins at once on %d cores: %v\n", n, runtime.NumCPU(), counts)
	slices.Sort(held)
	slices.Sort(waits)
	fmt.Printf("%d requests; median %.1f s until signed in; the answer that signed in took %.1f s in the median, %.1f s at most\n",
		requests, waits[n/2].Seconds(), held[n/2].Seconds(), held[n-1].Seconds())
	fmt.Printf("%.1f s, %.1f a second; peak memory %d MiB (%d MiB before), limit %d MiB\n",
		took.Seconds(), float64(n)/took.Seconds(), after, before, limit)
	if after > limit || counts["200"] != n {
		return fmt.Errorf("the storm was not weathered")
	}
	return nil
}

// peak is the most memory that a process has held, in MiB.
func peak(pid int) (int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kib int
			_, err := fmt.Sscan(rest, &kib)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM for process %d", pid)
}
