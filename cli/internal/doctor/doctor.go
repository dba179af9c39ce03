// Package doctor looks for what goes wrong in new applications: in the options, in the
// database, in the npm packages nearby, and in the answers of the running server.
package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/advantch/kernia-go/core"
)

// Status is the result of a check.
type Status string

// The results of checks.
const (
	OK   Status = "OK"
	Warn Status = "WARN" // works, and will surprise somebody
	Fail Status = "FAIL" // does not work
	Skip Status = "SKIP" // was not looked at
)

// Finding is what a check has found.
type Finding struct {
	Status Status `json:"status"`
	Check  string `json:"check"`
	Text   string `json:"text"`
	Cure   string `json:"cure,omitempty"` // what to do about it
}

// Config says what to look at besides the application's configuration.
type Config struct {
	Dir   string           // whose package.json and those around are read
	URL   string           // of the running server; "": it is not asked
	Pages []string         // origins of pages that shall work, besides the trusted ones
	HTTP  *http.Client     // asks the server
	Now   func() time.Time // the time of this machine
	Build *debug.BuildInfo // of the program, or nil
}

// examination is one run of all checks.
type examination struct {
	Config
	auth  *core.Auth
	opts  core.Options
	found []Finding
	mount string // path of the routes at Config.URL; see at
}

// Run makes all checks, in the order in which they are shown.
func Run(ctx context.Context, a *core.Auth, c Config) []Finding {
	e := &examination{Config: c, auth: a, opts: a.Options()}
	for _, check := range []struct {
		name string
		run  func(context.Context, *reporter)
	}{
		{"versions", e.versions}, {"secret", e.secret}, {"base-url", e.baseURL}, {"origins", e.origins}, {"cookies", e.cookies},
		{"proxy", e.proxy}, {"database", e.database}, {"mail", e.mail}, {"clock", e.clock}, {"npm", e.npm}, {"server", e.server}, {"cors", e.cors},
	} {
		if ctx.Err() != nil {
			break
		}
		r := &reporter{check: check.name, e: e}
		check.run(ctx, r)
	}
	return e.found
}

// reporter collects the findings of one check.
type reporter struct {
	check string
	e     *examination
	said  bool // the check has a result
}

func (r *reporter) add(s Status, text, cure string) {
	r.said = true
	r.e.found = append(r.e.found, Finding{s, r.check, text, cure})
}

func (r *reporter) warn(text, cure string) { r.add(Warn, text, cure) }
func (r *reporter) skip(text, cure string) { r.add(Skip, text, cure) }
func (r *reporter) fail(text, cure string) { r.add(Fail, text, cure) }

// ok says that all is well, unless the check has another result.
func (r *reporter) ok(format string, args ...any) {
	if !r.said {
		r.add(OK, fmt.Sprintf(format, args...), "")
	}
}

// Worst is the worst of the results.
func Worst(found []Finding) Status {
	worst := OK
	for _, f := range found {
		if f.Status == Fail || f.Status == Warn && worst == OK {
			worst = f.Status
		}
	}
	return worst
}

// Text writes the findings for people.
func Text(w io.Writer, found []Finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintf(w, "%-4s  %-8s  %s\n", f.Status, f.Check, f.Text); err != nil {
			return err
		}
		if f.Cure == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "      %-8s  → %s\n", "", f.Cure); err != nil {
			return err
		}
	}
	return nil
}
