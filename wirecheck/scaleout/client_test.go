package scaleout

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
)

type object map[string]any

// appOrigin is the servers' base URL, as if a proxy were in front of them.
const appOrigin = "http://localhost:3000"

// transport keeps enough connections for every parallel request.
var transport = &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 256}

// browser is a client with cookies and an address of its own. It talks to any
// process, as it would through a load balancer. One goroutine uses it at a time.
type browser struct {
	address string
	cookies map[string]string
}

func newBrowser(address string) *browser { return &browser{address, map[string]string{}} }

// clone is a browser with the same cookies, for one of several parallel requests.
func (b *browser) clone() *browser { return &browser{b.address, maps.Clone(b.cookies)} }

// answer is what a call returned.
type answer struct {
	process string
	status  int
	body    string
	data    map[string]any
}

// member is a member of the answer by its path, nil when there is none.
func (a answer) member(path ...string) any {
	var v any = a.data
	for _, name := range path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("process %s answered %d %s, want %d", a.process, a.status, a.body, status)
	}
	return a
}

func (b *browser) get(t *testing.T, p *process, path string) answer {
	t.Helper()
	return b.send(t, p, http.MethodGet, path, nil)
}

func (b *browser) post(t *testing.T, p *process, path string, body object) answer {
	t.Helper()
	return b.send(t, p, http.MethodPost, path, body)
}

// send calls a route. It never ends the test, so that any goroutine may call it;
// a failure is an answer with status 0.
func (b *browser) send(t *testing.T, p *process, method, path string, body object) answer {
	t.Helper()
	failed := func(err error) answer {
		t.Errorf("%s %s on process %s: %v", method, path, p.name, err)
		return answer{process: p.name}
	}
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return failed(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.origin+"/api/auth"+path, &payload)
	if err != nil {
		return failed(err)
	}
	req.Header.Set("Origin", appOrigin)
	req.Header.Set("X-Forwarded-For", b.address)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.cookies {
		// As it came: net/http would quote what it does not like.
		req.Header.Set("Cookie", strings.TrimPrefix(req.Header.Get("Cookie")+"; "+name+"="+value, "; "))
	}
	client := http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return failed(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return failed(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	a := answer{process: p.name, status: res.StatusCode, body: string(text)}
	_ = json.Unmarshal(text, &a.data) // null and lists have no members
	return a
}

// together runs n calls that start at the same time, the even ones on the first
// process and the odd ones on the second, and returns their answers in order.
func (w *world) together(n int, call func(i int, p *process) answer) []answer {
	answers := make([]answer, n)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			answers[i] = call(i, w.processes[i%2])
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return answers
}

// winners are the indexes of the calls that were answered with status won. Every
// other one has to be answered with one of the lost.
func winners(t *testing.T, answers []answer, won int, lost ...int) []int {
	t.Helper()
	var all []int
	for i, a := range answers {
		switch {
		case a.status == won:
			all = append(all, i)
		case !contains(lost, a.status):
			t.Errorf("call %d on process %s was answered %d %s", i, a.process, a.status, a.body)
		}
	}
	return all
}

func contains(list []int, n int) bool {
	for _, one := range list {
		if one == n {
			return true
		}
	}
	return false
}
