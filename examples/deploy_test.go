package examples

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	goredis "github.com/redis/go-redis/v9"
)

type composeFile struct {
	Services map[string]struct {
		Image       string
		Build       struct{ Context, Dockerfile string }
		Environment map[string]string
		Ports       []string
		Command     []string
		ReadOnly    bool                                  `yaml:"read_only"`
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck struct{ Test []string }
		Volumes     []string
	}
	Volumes map[string]any
}

// The compose file and the Dockerfile say what the program reads, hold no secret, and open
// nothing but the program to the machine.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("gin/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file composeFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	source := ""
	for _, name := range []string{"gin/main.go", "gin/services.go"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(data)
	}
	app := file.Services["app"]
	for name := range app.Environment {
		if !strings.Contains(source, `"`+name+`"`) {
			t.Errorf("the program does not read %s", name)
		}
	}
	for _, name := range []string{"DATABASE_URL", "REDIS_URL", "KERNIA_SECRET", "BASE_URL"} {
		if app.Environment[name] == "" {
			t.Errorf("the program is not given %s", name)
		}
	}
	for _, name := range []string{"KERNIA_SECRET", "DATABASE_URL"} {
		if !strings.Contains(app.Environment[name], ":?") {
			t.Errorf("%s has a value of its own: %s", name, app.Environment[name])
		}
	}
	address, err := url.Parse(regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllString(app.Environment["DATABASE_URL"], "x"))
	if err != nil || file.Services[address.Hostname()].Image == "" {
		t.Errorf("DATABASE_URL names no service: %v %v", address, err)
	}
	for name, s := range file.Services {
		if name == "app" {
			if !s.ReadOnly || len(s.Ports) != 1 || !strings.HasPrefix(s.Ports[0], "127.0.0.1:") {
				t.Errorf("%s: %+v", name, s)
			}
			continue
		}
		if len(s.Ports) > 0 || len(s.Healthcheck.Test) == 0 || app.DependsOn[name].Condition != "service_healthy" {
			t.Errorf("%s can be reached from outside, or is not waited for: %+v", name, s)
		}
		for _, v := range s.Volumes {
			if volume, _, _ := strings.Cut(v, ":"); !hasKey(file.Volumes, volume) {
				t.Errorf("%s: the volume %s is not declared", name, volume)
			}
		}
		if strings.HasSuffix(s.Image, ":latest") || !strings.Contains(s.Image, ":") {
			t.Errorf("%s has no version: %s", name, s.Image)
		}
	}
	if !slices.Contains(file.Services["redis"].Command, "noeviction") {
		t.Error("Redis may evict sessions")
	}
	built := filepath.Join("gin", app.Build.Context, app.Build.Dockerfile)
	docker, err := os.ReadFile(built)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(docker), "\n")
	last := 0
	for i, l := range lines {
		if strings.HasPrefix(l, "FROM ") {
			last = i
		}
		// What is copied from the folder of the build exists.
		if fields := strings.Fields(l); len(fields) > 2 && fields[0] == "COPY" && !strings.HasPrefix(fields[1], "--") {
			for _, from := range fields[1 : len(fields)-1] {
				if _, err := os.Stat(filepath.Join("..", from)); err != nil {
					t.Error(err)
				}
			}
		}
	}
	final := strings.Join(lines[last:], "\n")
	for _, want := range []string{"FROM gcr.io/distroless/static", ":nonroot", "USER nonroot", `HEALTHCHECK`, `"-ready"`, "HOST=0.0.0.0"} {
		if !strings.Contains(final, want) {
			t.Errorf("the image lacks %s", want)
		}
	}
}

func hasKey(m map[string]any, key string) bool { _, ok := m[key]; return ok }

// The quickstart on PostgreSQL and Redis, as the compose file starts it, by a balancer that
// asks for readiness.
func TestQuickstartOnServers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows knows no SIGTERM")
	}
	postgres, redis := os.Getenv("KERNIA_TEST_POSTGRES_DSN"), os.Getenv("KERNIA_TEST_REDIS_URL")
	if postgres == "" || redis == "" {
		t.Skip("the quickstart was not tried on servers: set KERNIA_TEST_POSTGRES_DSN and KERNIA_TEST_REDIS_URL")
	}
	admin, err := sql.Open("pgx", postgres)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	database := fmt.Sprintf("kernia_quickstart_%d", os.Getpid())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)") }) //nolint:noctx // after the test
	own, err := url.Parse(postgres)
	if err != nil {
		t.Fatal(err)
	}
	own.Path = "/" + database
	o, err := goredis.ParseURL(redis)
	if err != nil {
		t.Fatal(err)
	}
	kv := goredis.NewClient(o)
	t.Cleanup(func() { _ = kv.Close() })

	binary := filepath.Join(t.TempDir(), "gin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./gin").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	t.Run("a secret for all processes", func(t *testing.T) {
		command := exec.CommandContext(t.Context(), binary)
		command.Dir, command.Env = t.TempDir(), append(os.Environ(), "PORT=0", "KERNIA_SECRET=", "DATABASE_URL="+own.String())
		if out, err := command.CombinedOutput(); err == nil || !strings.Contains(string(out), "KERNIA_SECRET") {
			t.Errorf("it started with %v: %s", err, out)
		}
	})
	s := startWith(t, binary, example{"", signUp, aSignUp}, "DATABASE_URL="+own.String(), "REDIS_URL="+redis, "DRAIN=2s",
		"KERNIA_SECRET=a secret of the test, long enough for it")
	ask := func(path string) int {
		t.Helper()
		res, err := http.Get("http://localhost:" + s.port + path) //nolint:noctx // a server of its own
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	ready := func() error {
		command := exec.CommandContext(t.Context(), binary, "-ready")
		command.Env = append(os.Environ(), "PORT="+s.port)
		return command.Run()
	}
	if ask("/ready") != http.StatusOK || ready() != nil {
		t.Errorf("not ready: %s", s.said())
	}
	if status := s.begin(t, aSignUp).end(t); status != http.StatusOK {
		t.Fatalf("sign-up: %d %s", status, s.said())
	}
	quickstart, err := sql.Open("pgx", own.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = quickstart.Close() }()
	var id string
	if err := quickstart.QueryRowContext(t.Context(), `SELECT id FROM "user" WHERE email = 'ada@example.com'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	key := "better-auth:active-sessions-" + id
	list, err := kv.Get(t.Context(), key).Result()
	if err != nil {
		t.Errorf("Redis does not know the session: %v", err)
	}
	used := []string{key}
	for _, token := range regexp.MustCompile(`"token":"(\w+)"`).FindAllStringSubmatch(list, -1) {
		used = append(used, "better-auth:"+token[1])
	}
	if n, err := kv.Del(t.Context(), used...).Result(); err != nil || n != 2 {
		t.Errorf("Redis holds %d of the list and the session: %v", n, err)
	}

	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(limit); ask("/ready") == http.StatusOK; { //nolint:forbidigo // a process tells by nothing else
		if time.Now().After(end) { //nolint:forbidigo // likewise
			t.Fatal("it is still ready")
		}
	}
	if status := ask("/api/auth/ok"); status != http.StatusOK || ready() == nil {
		t.Errorf("while it drains it has to answer: %d", status)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("it ended with %v: %s", err, s.said())
		}
	case <-time.After(limit):
		t.Fatal("it does not end")
	}
}
