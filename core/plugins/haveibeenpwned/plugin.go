// Package haveibeenpwned refuses new passwords that are known from data breaches. It asks
// the range API of Have I Been Pwned with the first five digits of the password's SHA-1,
// which many passwords share: the password does not leave the server. See
// https://better-auth.com/docs/plugins/have-i-been-pwned. Plugin id: "have-i-been-pwned".
package haveibeenpwned

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // the service is defined with it
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/outbound"
)

// ID is the plugin's id.
const ID = "have-i-been-pwned"

const (
	rangeURL = "https://api.pwnedpasswords.com/range/"
	timeout  = 5 * time.Second // for an answer; then Options.AllowUnchecked decides
)

// Options configures the plugin. The zero value checks every new password.
type Options struct {
	// Disabled switches the check off.
	Disabled bool
	// Paths are the routes whose passwords are checked, as they are declared. Default:
	// every new password, by whatever route or call from Go.
	Paths []string
	// Message replaces the message of PASSWORD_COMPROMISED.
	Message string
	// AllowUnchecked accepts a password when the service cannot be asked, and logs it.
	// Default: 500, as Better Auth answers.
	AllowUnchecked bool
}

// Plugin is the installed plugin; get it with From.
type Plugin struct {
	opts Options
	auth *core.Auth
}

// New makes the plugin.
func New(o Options) *Plugin { return &Plugin{opts: o} }

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "have-i-been-pwned".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	m := core.Manifest{Errors: []core.ErrorCode{core.CodePasswordCompromised}, Init: p.init}
	if !p.opts.Disabled {
		m.CheckPassword = p.check
	}
	return m, nil
}

// init keeps the Auth. A path that is no route would check nothing, so it is an error.
func (p *Plugin) init(ctx context.Context, a *core.Auth) error {
	p.auth = a
	if !slices.ContainsFunc([]string{"email-password", "phone-number", "email-otp", "admin"}, a.HasPlugin) {
		a.Logger().WarnContext(ctx, "no built-in plugin sets passwords, so there are none to check: add emailpassword.New to Options.Plugins", "plugin", ID)
	}
	for _, path := range p.opts.Paths {
		if !slices.ContainsFunc(a.Operations(), func(op core.OpSpec) bool { return op.Path == path }) {
			return fmt.Errorf("Options.Paths: %q is the path of no route; leave Paths out to check every new password", path)
		}
	}
	return nil
}

// check is the rule for new passwords.
func (p *Plugin) check(c *core.Ctx, password string) error {
	if len(p.opts.Paths) > 0 && !slices.Contains(p.opts.Paths, c.Path()) {
		return nil
	}
	found, err := p.Compromised(c, password)
	switch {
	case err != nil && p.opts.AllowUnchecked:
		p.auth.Logger().WarnContext(c, "have-i-been-pwned: a password was accepted unchecked", "error", err)
	case err != nil:
		return unavailable(err)
	case found:
		code := core.CodePasswordCompromised
		code.Message = cmp.Or(p.opts.Message, code.Message)
		return core.Fail(http.StatusBadRequest, code)
	}
	return nil
}

// unavailable is Better Auth's answer when the service cannot be asked.
func unavailable(err error) error {
	message := "Failed to check password. Please try again later."
	if e, ok := errors.AsType[*statusError](err); ok {
		message = "Failed to check password. Status: " + strconv.Itoa(e.status)
	}
	return core.FailText(http.StatusInternalServerError, message).Because(err)
}

// statusError is an answer other than 200.
type statusError struct{ status int }

func (e *statusError) Error() string { return "have-i-been-pwned: status " + strconv.Itoa(e.status) }

// Compromised reports whether a password is known from a breach. It fails when the service
// gives no usable answer.
func (p *Plugin) Compromised(ctx context.Context, password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	digest := strings.ToUpper(hex.EncodeToString(sum[:]))
	// Padding hides from those who see the length of the answer which range it is.
	header := http.Header{"Add-Padding": {"true"}, "User-Agent": {"Kernia"}}
	res, err := outbound.Fetch(ctx, p.auth.HTTP(), outbound.Request{URL: rangeURL + digest[:5], Header: header, Timeout: timeout})
	if err != nil {
		return false, fmt.Errorf("have-i-been-pwned: %w", err)
	}
	if res.Status < 200 || res.Status > 299 {
		return false, &statusError{res.Status}
	}
	return listed(res.Body, digest[5:])
}

var errGarbage = errors.New("have-i-been-pwned: the answer is no list of hashes")

// listed looks for the rest of a digest in lines such as 0018A45C4D1DEF81644B54AB7F969B88D65:3.
// Padding has the count 0. A list that does not read as one is an error, and so is an empty
// one, which the service never sends: a page of some proxy must not pass for "not found".
func listed(list []byte, suffix string) (found bool, err error) {
	for line := range bytes.SplitSeq(bytes.TrimSpace(list), []byte("\n")) {
		digest, times, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
		n, err := strconv.ParseUint(times, 10, 63)
		if !ok || err != nil || len(digest) != len(suffix) {
			return false, errGarbage
		}
		found = found || n > 0 && strings.EqualFold(digest, suffix)
	}
	return found, nil
}

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
