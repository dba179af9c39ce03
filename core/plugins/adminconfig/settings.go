package adminconfig

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// maxClients bounds the list of e-mail services, maxText their texts, in bytes.
const (
	maxClients = 50
	maxText    = 320
)

// kinds are those of e-mail services.
var kinds = []string{"smtp", "resend", "postmark"}

// SetInput is the body of a change of settings, all of which it replaces:
// {"value":{…},"secretFields":["apiKey"],"updatedAt":…}.
type SetInput struct {
	Value        validate.Record `json:"value" doc:"The settings. The mask ******** keeps a secret"`
	SecretFields []string        `json:"secretFields" zod:"optional" doc:"Further names of members that are secret"`
	UpdatedAt    *string         `json:"updatedAt" zod:"nullish" doc:"The time of the answer that the change is based on, nothing when it was null. When it is another one now, the answer is 409"`
}

// EmailClientsReply is {"clients":[…],"updatedAt":…}, with ******** for secrets.
type EmailClientsReply struct {
	Clients   []validate.Record `json:"clients" doc:"E-mail services"`
	UpdatedAt *time.Time        `json:"updatedAt" doc:"When they were last changed, null while nothing is stored"`
}

// StripeReply is {"stripe":{…},"updatedAt":…}, with ******** for secrets.
type StripeReply struct {
	Stripe    validate.Record `json:"stripe" doc:"Settings of Stripe"`
	UpdatedAt *time.Time      `json:"updatedAt" doc:"When they were last changed, null while nothing is stored"`
}

// EmailClient is an e-mail service that administrators have set up.
type EmailClient struct {
	ID        string
	Kind      string // "smtp", "resend" or "postmark"
	Name      string
	Enabled   bool // default true
	FromEmail string
	// Config are the members of "config" that are no secrets, with values as encoding/json
	// reads them, and those beside "config" that have no field here.
	Config  map[string]any
	Secrets map[string]secret.Token // by the names of their members, in either place
}

// StripeConfig are the settings of Stripe.
type StripeConfig struct {
	Mode          string // "test" or "live", or ""
	APIKey        secret.Token
	WebhookSecret secret.Token
	Config        map[string]any          // the other members, as encoding/json reads them
	Secrets       map[string]secret.Token // further secrets
}

// EmailClients returns the e-mail services with their secrets, at most Options.MaxAge old.
// Without any the list is empty.
func (p *Plugin) EmailClients(ctx context.Context) ([]EmailClient, error) {
	v, names, err := p.settings(ctx, keyEmail)
	if err != nil {
		return nil, err
	}
	items, _ := v.Get("clients").Items()
	out := make([]EmailClient, len(items))
	for i, item := range items {
		one := EmailClient{Enabled: true, Config: map[string]any{}, Secrets: map[string]secret.Token{}}
		if err := p.divide(keyEmail, item, names, one.Config, one.Secrets); err != nil {
			return nil, err
		}
		if given, ok := one.Config["enabled"].(bool); ok {
			one.Enabled = given
		}
		one.ID, one.Kind, one.Name = take(one.Config, "id"), take(one.Config, "kind"), take(one.Config, "name")
		one.FromEmail = cmp.Or(take(one.Config, "fromEmail"), take(one.Config, "from"))
		delete(one.Config, "enabled")
		delete(one.Config, "config")
		if err := p.divide(keyEmail, item.Get("config"), names, one.Config, one.Secrets); err != nil {
			return nil, err
		}
		out[i] = one
	}
	return out, nil
}

// Stripe returns the settings of Stripe with their secrets, at most Options.MaxAge old. It
// fails with 404 ADMIN_CONFIG_NOT_FOUND while there are none.
func (p *Plugin) Stripe(ctx context.Context) (StripeConfig, error) {
	v, names, err := p.settings(ctx, keyStripe)
	if err != nil {
		return StripeConfig{}, err
	}
	if v.IsUndefined() {
		return StripeConfig{}, core.Fail(http.StatusNotFound, CodeNotFound)
	}
	out := StripeConfig{Config: map[string]any{}, Secrets: map[string]secret.Token{}}
	if err := p.divide(keyStripe, v, names, out.Config, out.Secrets); err != nil {
		return StripeConfig{}, err
	}
	out.Mode = take(out.Config, "mode")
	out.APIKey, out.WebhookSecret = out.Secrets["apiKey"], out.Secrets["webhookSecret"]
	delete(out.Secrets, "apiKey")
	delete(out.Secrets, "webhookSecret")
	return out, nil
}

func take(from map[string]any, name string) string {
	text, _ := from[name].(string)
	delete(from, name)
	return text
}

// settings reads a stored value from the cache.
func (p *Plugin) settings(ctx context.Context, key string) (wire.Value, []string, error) {
	now, err := p.state(ctx)
	if err != nil {
		return wire.Value{}, nil, err
	}
	return now.rows[key].content()
}

// divide puts the members of an object into plain and, decrypted, secrets. Secrets deeper
// in it are left out of plain.
func (p *Plugin) divide(key string, v wire.Value, names []string, plain map[string]any, secrets map[string]secret.Token) error {
	o, ok := v.Obj()
	if !ok {
		return nil
	}
	for _, m := range o.Members() {
		if slices.Contains(names, m.Name) {
			if m.Value.Truthy() {
				text, err := p.open(key, m.Value)
				if err != nil {
					return err
				}
				secrets[m.Name] = secret.Token(text)
			}
			continue
		}
		var value any
		clean := eachSecret(m.Value, names, func(wire.Value) wire.Value { return wire.Null() })
		if err := json.Unmarshal(clean.AppendJSON(nil), &value); err != nil {
			return err
		}
		plain[m.Name] = value
	}
	return nil
}

func (p *Plugin) getEmailClients(c *core.Ctx, _ *core.NoInput) (EmailClientsReply, error) {
	row, err := p.find(c, keyEmail)
	if err != nil {
		return EmailClientsReply{}, err
	}
	return emailReply(row)
}

func emailReply(row *config) (EmailClientsReply, error) {
	v, names, err := row.content()
	out := EmailClientsReply{Clients: []validate.Record{}, UpdatedAt: row.version()}
	items, _ := masked(v, names).Get("clients").Items()
	for _, item := range items {
		o, _ := item.Obj()
		out.Clients = append(out.Clients, validate.Record{Members: o})
	}
	return out, err
}

func (p *Plugin) setEmailClients(c *core.Ctx, in *SetInput) (EmailClientsReply, error) {
	clients, err := checkClients(wire.ObjectOf(in.Value.Members).Get("clients"))
	if err != nil {
		return EmailClientsReply{}, err
	}
	row, err := p.replace(c, keyEmail, wire.ObjectOf(wire.NewObject(wire.Member{Name: "clients", Value: clients})), in, EventEmailClients)
	if err != nil {
		return EmailClientsReply{}, err
	}
	return emailReply(row)
}

// checkClients checks what the application relies on in the list of e-mail services.
func checkClients(v wire.Value) (wire.Value, error) {
	items, ok := v.Items()
	if !ok || len(items) > maxClients {
		return v, invalid("value.clients", fmt.Sprintf("expected a list of at most %d", maxClients))
	}
	seen := map[string]bool{}
	for _, item := range items {
		id, ok := item.Get("id").Str()
		if !ok || id == "" || !isText(id) || seen[id] {
			return v, invalid("value.clients.id", "every client has an id of its own")
		}
		seen[id] = true
		if kind, _ := item.Get("kind").Str(); !slices.Contains(kinds, kind) {
			return v, invalid("value.clients.kind", "expected one of "+strings.Join(kinds, ", "))
		}
		for _, name := range []string{"name", "fromEmail", "from"} {
			given := item.Get(name)
			if text, ok := given.Str(); !given.IsUndefined() && (!ok || !isText(text)) {
				return v, invalid("value.clients."+name, "expected one line of text")
			}
		}
		if given := item.Get("enabled"); !given.IsUndefined() && given.Kind() != wire.KindBool {
			return v, invalid("value.clients.enabled", "expected a boolean")
		}
		if given := item.Get("config"); !given.IsUndefined() && given.Kind() != wire.KindObject {
			return v, invalid("value.clients.config", "expected an object")
		}
	}
	return v, nil
}

func isText(s string) bool { return len(s) <= maxText && !strings.ContainsFunc(s, unicode.IsControl) }

func (p *Plugin) getStripe(c *core.Ctx, _ *core.NoInput) (StripeReply, error) {
	row, err := p.find(c, keyStripe)
	if err != nil {
		return StripeReply{}, err
	}
	return stripeReply(row)
}

func stripeReply(row *config) (StripeReply, error) {
	v, names, err := row.content()
	o, ok := masked(v, names).Obj()
	if !ok {
		o = wire.NewObject()
	}
	return StripeReply{validate.Record{Members: o}, row.version()}, err
}

func (p *Plugin) setStripe(c *core.Ctx, in *SetInput) (StripeReply, error) {
	value := wire.ObjectOf(in.Value.Members)
	if mode := value.Get("mode"); !mode.IsUndefined() {
		if text, _ := mode.Str(); text != "test" && text != "live" {
			return StripeReply{}, invalid("value.mode", "expected test or live")
		}
	}
	row, err := p.replace(c, keyStripe, value, in, EventStripe)
	if err != nil {
		return StripeReply{}, err
	}
	return stripeReply(row)
}

// replace stores settings in place of those that the client has read.
func (p *Plugin) replace(c *core.Ctx, key string, value wire.Value, in *SetInput, event core.EventType) (*config, error) {
	if len(value.AppendJSON(nil)) > maxValue {
		return nil, invalid("value", fmt.Sprintf("expected at most %d bytes of JSON", maxValue))
	}
	since, err := versionOf(in.UpdatedAt)
	if err != nil {
		return nil, err
	}
	return p.write(c, key, "", func(_ context.Context, old *config) (change, error) {
		if !sameVersion(old, since) {
			return change{}, core.Fail(http.StatusConflict, CodeConflict)
		}
		stored, before, err := old.content()
		if err != nil {
			return change{}, err
		}
		names, err := secretNames(in.SecretFields, before)
		if err != nil {
			return change{}, err
		}
		s := &sealer{p: p, purpose: p.purpose(key), names: names, old: before}
		sealed, err := s.settings(value, stored)
		if err != nil {
			return change{}, err
		}
		list, err := json.Marshal(names)
		return change{value: sealed.AppendJSON(nil), secretFields: list}, err
	}, func() core.Event { return core.Event{Type: event} })
}
