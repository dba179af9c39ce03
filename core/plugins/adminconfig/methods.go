package adminconfig

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core"
)

// maxLabel is the greatest length of a label, in characters.
const maxLabel = 100

// Event types of the plugin. Event.Detail of the first says what was switched: "+" and "-"
// before the names of methods, separated by spaces.
const (
	EventAuthMethods  core.EventType = "admin-config.auth-methods"
	EventEmailClients core.EventType = "admin-config.email-clients"
	EventStripe       core.EventType = "admin-config.stripe"
)

// PublicReply is {"methods":{"email":{"enabled":true,"label":…},…}}.
type PublicReply struct {
	Methods map[string]AuthMethod `json:"methods" doc:"Methods by their names"`
}

// AuthMethodsReply is {"methods":{…},"updatedAt":…}.
type AuthMethodsReply struct {
	Methods map[string]ManagedMethod `json:"methods" doc:"Methods by their names"`
	// UpdatedAt is null while nobody has switched anything.
	UpdatedAt *time.Time `json:"updatedAt" doc:"When they were last changed"`
}

// ManagedMethod is a method as administrators see it: Enabled is its own switch, and says
// nothing of the method that it is part of.
type ManagedMethod struct {
	AuthMethod
	Always bool   `json:"always" doc:"It cannot be switched off"`
	PartOf string `json:"partOf,omitempty" doc:"The method without which this one is off, too"`
}

// SetAuthMethodsInput is the body of a change: {"value":{"magic-link":{"enabled":false}}}.
// Methods and members that it leaves out stay as they are.
type SetAuthMethodsInput struct {
	Value map[string]MethodChange `json:"value" doc:"Changes by the names of methods"`
	// SecretFields is there for clients that send it with every configuration: methods have
	// no secrets.
	SecretFields []string `json:"secretFields" zod:"optional" doc:"Not used here"`
	UpdatedAt    *string  `json:"updatedAt" zod:"nullish" doc:"The time of the answer that the change is based on. When somebody has changed something since, the answer is 409"`
}

// MethodChange changes a method.
type MethodChange struct {
	Enabled *bool   `json:"enabled,omitempty" doc:"Whether anybody can sign in or up by it"`
	Label   *string `json:"label,omitempty" doc:"Its name for people. Empty: the built-in one"`
}

// gate refuses the methods that are off.
func (p *Plugin) gate(ctx context.Context, method string) error {
	now, err := p.state(ctx)
	if err == nil && now.off[method] {
		err = core.Fail(http.StatusForbidden, CodeMethodDisabled)
	}
	return err
}

func (p *Plugin) publicAuth(c *core.Ctx, _ *core.NoInput) (PublicReply, error) {
	now, err := p.state(c)
	if err != nil {
		return PublicReply{}, err
	}
	stored, err := now.rows[keyMethods].methods()
	if err != nil {
		return PublicReply{}, err
	}
	out := PublicReply{map[string]AuthMethod{}}
	for name, m := range p.all(stored) {
		m.Enabled = !now.off[name]
		out.Methods[name] = m.AuthMethod
	}
	return out, nil
}

// Enabled reports whether anybody can sign in by a method now. Nobody can by one that no
// plugin has.
func (p *Plugin) Enabled(ctx context.Context, method string) (bool, error) {
	if !slices.ContainsFunc(p.auth.SignInMethods(), func(m core.SignInMethod) bool { return m.Name == method }) {
		return false, nil
	}
	now, err := p.state(ctx)
	return err == nil && !now.off[method], err
}

func (p *Plugin) getAuthMethods(c *core.Ctx, _ *core.NoInput) (AuthMethodsReply, error) {
	row, err := p.find(c, keyMethods)
	if err != nil {
		return AuthMethodsReply{}, err
	}
	return p.methodsReply(row)
}

func (p *Plugin) methodsReply(row *config) (AuthMethodsReply, error) {
	stored, err := row.methods()
	return AuthMethodsReply{p.all(stored), row.version()}, err
}

func (p *Plugin) setAuthMethods(c *core.Ctx, in *SetAuthMethodsInput) (AuthMethodsReply, error) {
	since, err := in.check(p)
	if err != nil {
		return AuthMethodsReply{}, err
	}
	if len(in.Value) == 0 {
		return p.getAuthMethods(c, nil)
	}
	userID := ""
	if !c.FromServer() {
		userID = c.Session().User.ID
	}
	var switched []string
	row, err := p.write(c, keyMethods, userID, func(ctx context.Context, old *config) (change, error) {
		if in.UpdatedAt != nil && !sameVersion(old, since) {
			return change{}, core.Fail(http.StatusConflict, CodeConflict)
		}
		stored, err := old.methods()
		if err != nil {
			return change{}, err
		}
		before := p.all(stored)
		for name, m := range in.Value {
			kept := stored[name]
			if m.Enabled != nil {
				kept.Enabled = m.Enabled
			}
			if m.Label != nil {
				kept.Label = m.Label
			}
			stored[name] = kept
		}
		switched = differences(before, p.all(stored))
		if userID != "" && slices.ContainsFunc(switched, func(s string) bool { return s[0] == '-' }) {
			if err := p.mayReturn(ctx, userID, p.offOf(stored)); err != nil {
				return change{}, err
			}
		}
		value, err := json.Marshal(stored)
		return change{value: value}, err
	}, func() core.Event { return core.Event{Type: EventAuthMethods, Detail: strings.Join(switched, " ")} })
	if err != nil {
		return AuthMethodsReply{}, err
	}
	return p.methodsReply(row)
}

// check refuses changes of methods that nobody has, and of those that are always on.
func (in *SetAuthMethodsInput) check(p *Plugin) (since time.Time, err error) {
	known := p.all(nil)
	for name, m := range in.Value {
		own, ok := known[name]
		switch {
		case !ok:
			return since, invalid("value", fmt.Sprintf("there is no sign-in method %.64q: GET /admin/config/auth-methods lists them", name))
		case m.Enabled == nil && m.Label == nil:
			return since, invalid("value."+name, "expected enabled or label")
		case m.Enabled != nil && !*m.Enabled && own.Always:
			return since, core.Fail(http.StatusBadRequest, CodeMethodRequired)
		case m.Label != nil && !isLabel(*m.Label):
			return since, invalid("value", fmt.Sprintf("a label is one line of at most %d characters", maxLabel))
		}
	}
	return versionOf(in.UpdatedAt)
}

func isLabel(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxLabel && !strings.ContainsFunc(s, unicode.IsControl)
}

// mayReturn refuses a change that would leave its author no way to sign in. ctx belongs to
// the transaction of the change, which has locked the user, so that no account or passkey
// goes away meanwhile.
func (p *Plugin) mayReturn(ctx context.Context, userID string, off map[string]bool) error {
	store := p.auth.Store()
	u, err := store.FindUser(ctx, userID)
	if err != nil {
		return err
	}
	accounts, err := store.FindAccounts(ctx, userID)
	if err != nil {
		return err
	}
	for _, m := range p.auth.SignInMethods() {
		if off[m.Name] || m.Usable == nil {
			continue
		}
		if ok, err := m.Usable(ctx, u, accounts); ok || err != nil {
			return err
		}
	}
	return core.Fail(http.StatusBadRequest, CodeLastMethod)
}

// methods reads the stored switches.
func (r *config) methods() (map[string]MethodChange, error) {
	out := map[string]MethodChange{}
	if r == nil {
		return out, nil
	}
	if err := json.Unmarshal(r.Value, &out); err != nil {
		return nil, fmt.Errorf("adminconfig: the value of %q cannot be read: %w", r.Key, err)
	}
	return out, nil
}

// all are the methods of this server with their own switches.
func (p *Plugin) all(stored map[string]MethodChange) map[string]ManagedMethod {
	out := map[string]ManagedMethod{}
	for _, m := range p.auth.SignInMethods() {
		one := ManagedMethod{AuthMethod: AuthMethod{Enabled: true, Label: m.Label}, PartOf: m.Parent, Always: slices.Contains(p.opts.AlwaysAllow, m.Name)}
		if d, ok := p.opts.DefaultAuthMethods[m.Name]; ok {
			one.Enabled = d.Enabled
			if d.Label != "" {
				one.Label = d.Label
			}
		}
		if set := stored[m.Name]; set.Enabled != nil {
			one.Enabled = *set.Enabled
		}
		if set := stored[m.Name]; set.Label != nil && *set.Label != "" {
			one.Label = *set.Label
		}
		one.Enabled = one.Enabled || one.Always
		out[m.Name] = one
	}
	return out
}

func (p *Plugin) off(row *config) (map[string]bool, error) {
	stored, err := row.methods()
	if err != nil {
		return nil, err
	}
	return p.offOf(stored), nil
}

// offOf are the methods by which nobody can sign in: those whose switch is off, and their
// parts.
func (p *Plugin) offOf(stored map[string]MethodChange) map[string]bool {
	off, all := map[string]bool{}, p.all(stored)
	for name, m := range all {
		parent, part := all[m.PartOf]
		off[name] = !m.Enabled || part && !parent.Enabled && !m.Always
	}
	return off
}

// differences lists what was switched, in the order of the names.
func differences(before, after map[string]ManagedMethod) []string {
	var out []string
	for name, m := range after {
		switch {
		case m.Enabled && !before[name].Enabled:
			out = append(out, "+"+name)
		case !m.Enabled && before[name].Enabled:
			out = append(out, "-"+name)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(a[1:], b[1:]) })
	return out
}
