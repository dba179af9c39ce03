package kernia_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/fiberv3"
	"github.com/advantch/kernia-go/internal/pairtest"
)

// fasthttp reuses its buffers. Strings that the kernel has stored from a request must
// not change after a hundred others over the same connections.
func TestStringsOutliveTheRequest(t *testing.T) {
	t.Parallel()
	env := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}))
	app := fiber.New()
	app.Use(kernia.Fiber(env.Auth))
	url := "http://" + listen(t, app)

	const n = 100
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			status, err := post(t.Context(), url+"/api/auth/sign-up/email", agent(i),
				fmt.Sprintf(`{"name":"Ada %d","email":"ada%d@example.com","password":"correct horse"}`, i, i))
			if err != nil || status != http.StatusOK {
				t.Errorf("sign-up %d: %d, %v", i, status, err)
			}
		}()
	}
	wg.Wait()
	for i := range n {
		if _, err := post(t.Context(), url+"/api/auth/sign-out", strings.Repeat("z", 40+i), `{}`); err != nil {
			t.Error(err)
		}
	}
	for i := range n {
		u, err := env.Auth.Store().FindUserByEmail(t.Context(), fmt.Sprintf("ada%d@example.com", i))
		if err != nil || u == nil || u.Name != fmt.Sprintf("Ada %d", i) {
			t.Fatalf("user %d: %+v, %v", i, u, err)
		}
		list, err := env.Auth.Store().ListSessions(t.Context(), u.ID)
		if err != nil || len(list) != 1 || list[0].UserAgent == nil || *list[0].UserAgent != agent(i) || *list[0].IPAddress != "127.0.0.1" {
			t.Errorf("the session of user %d is %+v, %v", i, list, err)
		}
	}
}

func agent(i int) string { return fmt.Sprintf("browser %d of a hundred/1.0", i) }

func post(ctx context.Context, url, agent, body string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", authtest.BaseURL)
	r.Header.Set("User-Agent", agent)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// A context that a handler has passed on may ask for the session when the request
// is over and its memory serves somebody else's: it finds no session, and adds nothing
// to the other's answer. An earlier result stays.
func TestContextOutlivesTheRequest(t *testing.T) {
	t.Parallel()
	now := authtest.NewEnv(t).Clock
	a, cookies := pairtest.SignedIn(t, func(o *core.Options) { o.Clock = now.Now })
	now.Add(48 * time.Hour) // reading a session of that age renews it
	asked, unasked := make(chan context.Context, 1), make(chan context.Context, 1)
	app := fiber.New()
	app.Use(kernia.Fiber(a))
	app.Get("/asked", func(c fiber.Ctx) error {
		asked <- c.Context()
		return who(c)
	})
	app.Get("/unasked", func(c fiber.Ctx) error {
		unasked <- c.Context()
		return c.SendString("-")
	})
	app.Get("/other", func(c fiber.Ctx) error {
		if s, ok := core.SessionFrom(<-unasked); ok {
			t.Errorf("a request that is over has the session of %s", s.User.Email)
		}
		if s, ok := core.SessionFrom(<-asked); !ok || s.User.Email != "ada@example.com" {
			t.Error("a session that was asked for is gone with its request")
		}
		return c.SendString("other")
	})
	head := func(path string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: localhost:3000\r\nCookie: " + cookies + "\r\n"
	}
	// One connection, one fasthttp context for all three.
	text := exchange(t, listen(t, app), head("/asked")+"\r\n"+head("/unasked")+"\r\n"+head("/other")+"Connection: close\r\n\r\n")
	answers := strings.Split(text, "HTTP/1.1 200 OK")
	if len(answers) != 4 || !strings.Contains(answers[1], "ada@example.com") || !strings.Contains(answers[3], "other") {
		t.Fatalf("got %q", text)
	}
	if !strings.Contains(answers[1], "Set-Cookie:") {
		t.Error("the first request should have renewed the session")
	}
	for _, later := range answers[2:] {
		if strings.Contains(later, "Set-Cookie:") {
			t.Errorf("a request that did not ask got cookies: %q", later)
		}
	}
}

// A session that is asked for while the request ends gets its cookies into this
// answer or into none.
func TestSessionReadWhileTheRequestEnds(t *testing.T) {
	t.Parallel()
	now := authtest.NewEnv(t).Clock
	reached, goOn := make(chan struct{}, 1), make(chan struct{})
	a, cookies := pairtest.SignedIn(t, func(o *core.Options) {
		o.Clock = func() time.Time {
			if now.Now().After(authtest.Start) {
				select {
				case reached <- struct{}{}: // reading has begun, the headers are known
					<-goOn
				default:
				}
			}
			return now.Now()
		}
	})
	now.Add(48 * time.Hour)
	read := make(chan bool, 1)
	app := fiber.New()
	app.Use(kernia.Fiber(a))
	app.Get("/slow", func(c fiber.Ctx) error {
		ctx := c.Context()
		go func() {
			_, ok := core.SessionFrom(ctx)
			read <- ok
		}()
		<-reached
		return c.SendString("gone")
	})
	app.Get("/other", func(c fiber.Ctx) error {
		close(goOn)
		if !<-read {
			t.Error("the session was not read")
		}
		return c.SendString("other")
	})
	head := func(path string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: localhost:3000\r\nCookie: " + cookies + "\r\n"
	}
	text := exchange(t, listen(t, app), head("/slow")+"\r\n"+head("/other")+"Connection: close\r\n\r\n")
	if !strings.Contains(text, "gone") || !strings.Contains(text, "other") || strings.Contains(text, "Set-Cookie:") {
		t.Errorf("got %q", text)
	}
}

// Background work of a hook may hold the request; it finds no headers, and the body
// as it was.
func TestBackgroundOutlivesTheRequest(t *testing.T) {
	t.Parallel()
	tasks := make(chan func(), 1)
	seen := make(chan string, 1)
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Background = func(task func()) { tasks <- task }
		o.Before = func(c *core.Ctx) error {
			if c.Path() == "/sign-out" {
				c.Go("a task", func(context.Context) error {
					seen <- c.Req.Header.Get("User-Agent") + string(c.Req.Body)
					return nil
				})
			}
			return nil
		}
	})
	app := fiber.New()
	app.Use(kernia.Fiber(env.Auth))
	app.Post("/other", func(c fiber.Ctx) error {
		(<-tasks)()
		return c.SendString("other")
	})
	request := func(path, body, more string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost:3000\r\nUser-Agent: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
			path, path, len(body), more, body)
	}
	text := exchange(t, listen(t, app), request("/api/auth/sign-out", `{"first":1}`, "")+request("/other", `{"other":2}`, "Connection: close\r\n"))
	if !strings.Contains(text, `{"success":true}`) || !strings.HasSuffix(text, "other") {
		t.Fatalf("got %q", text)
	}
	if got := <-seen; got != `{"first":1}` {
		t.Errorf("the task saw %q", got)
	}
}
