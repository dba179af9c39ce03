package adminconfig

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// mask is what answers have in place of a secret. A body that has it keeps the secret.
const mask = "********"

// alwaysSecret are the names of members that are secret whether a body names them or not.
var alwaysSecret = []string{
	"password", "pass", "apiKey", "apiSecret", "token", "accessToken", "serverToken", "secret", "secretKey", "clientSecret", "privateKey",
	"webhookSecret", "restrictedKey", "signingKey",
}

// destinations are parts of the names of members that say where a secret is sent and how,
// in lower case. When such a member changes, at any depth of the same settings, the mask
// keeps none of their secrets: whoever cannot read them must not have them sent elsewhere.
// A word too many here costs somebody a secret that is typed again.
var destinations = []string{
	"kind", "host", "port", "url", "uri", "endpoint", "server", "proxy", "domain", "region", "gateway", "relay", "socket", "tls", "ssl", "secure",
}

func isDestination(name string) bool {
	lower := strings.ToLower(name)
	return !slices.Contains(alwaysSecret, name) && slices.ContainsFunc(destinations, func(part string) bool { return strings.Contains(lower, part) })
}

const (
	maxSecretFields = 50
	maxSecret       = 8 << 10  // bytes
	maxValue        = 64 << 10 // bytes of JSON
	maxDepth        = 16
)

// sealer makes the stored form of a value.
type sealer struct {
	p          *Plugin
	purpose    string   // of the envelopes, so that those of another purpose do not pass
	names, old []string // of secret members, now and in the stored value
	moved      bool     // the secrets of these settings would go elsewhere
}

func (p *Plugin) purpose(key string) string { return ID + ":" + key + ":" }

// secretNames are the names that a body adds, those that were secret before, and those that
// always are.
func secretNames(sent, before []string) ([]string, error) {
	out := slices.Clone(alwaysSecret)
	for _, name := range sent {
		if name == "" || len(name) > maxLabel || slices.Contains([]string{"id", "kind", "mode", "clients", "config", "enabled"}, name) {
			return nil, invalid("secretFields", "a member of that name cannot be secret")
		}
	}
	for _, name := range slices.Concat(before, sent) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) > maxSecretFields {
		return nil, invalid("secretFields", fmt.Sprintf("at most %d names can be secret", maxSecretFields))
	}
	return out, nil
}

// settings encrypts the secrets of a value that a client has sent. stored is what was there
// before, and keeps its secrets where the client has sent the mask. Each e-mail service has
// settings of its own.
func (s *sealer) settings(v, stored wire.Value) (wire.Value, error) {
	services, ok := v.Get("clients").Items()
	if s.purpose != s.p.purpose(keyEmail) || !ok {
		s.moved = s.goesElsewhere(v, stored)
		return s.seal(v, stored, "value", 0)
	}
	out := make([]wire.Value, len(services))
	for i, one := range services {
		before := sameItem(stored.Get("clients"), one)
		s.moved = s.goesElsewhere(one, before)
		var err error
		if out[i], err = s.seal(one, before, "value.clients", 2); err != nil {
			return v, err
		}
	}
	return wire.ObjectOf(wire.NewObject(wire.Member{Name: "clients", Value: wire.Array(out...)})), nil
}

// goesElsewhere reports whether a member differs that says where secrets are sent.
func (s *sealer) goesElsewhere(v, stored wire.Value) bool {
	now := s.targets(nil, v, s.names, "", false, 0)
	before := s.targets(nil, masked(stored, s.old), s.names, "", false, 0)
	slices.Sort(now)
	slices.Sort(before)
	return !slices.Equal(now, before)
}

// targets lists the members that say where secrets are sent, with their places. within says
// that v is such a member. A secret that is one, as an address with a password in it, counts
// as it is shown: the mask, or the new text.
func (s *sealer) targets(to []string, v wire.Value, secrets []string, where string, within bool, depth int) []string {
	if depth > maxDepth {
		return to // seal refuses it
	}
	if items, ok := v.Items(); ok {
		for i, item := range items {
			at := strconv.Itoa(i)
			if id, ok := item.Get("id").Str(); ok {
				at = strconv.Quote(id)
			}
			to = s.targets(to, item, secrets, where+"/"+at, within, depth+1)
		}
		return to
	}
	o, ok := v.Obj()
	if !ok {
		if within {
			to = append(to, where+"="+string(v.AppendJSON(nil)))
		}
		return to
	}
	for _, m := range o.Members() {
		is := isDestination(m.Name)
		if slices.Contains(secrets, m.Name) && !is {
			continue
		}
		to = s.targets(to, m.Value, secrets, where+"/"+strconv.Quote(m.Name), within || is, depth+1)
	}
	return to
}

func (s *sealer) seal(v, stored wire.Value, where string, depth int) (wire.Value, error) {
	if depth > maxDepth {
		return v, invalid(where, "too deep")
	}
	if items, ok := v.Items(); ok {
		out := make([]wire.Value, len(items))
		for i, item := range items {
			var err error
			if out[i], err = s.seal(item, sameItem(stored, item), where, depth+1); err != nil {
				return v, err
			}
		}
		return wire.Array(out...), nil
	}
	o, ok := v.Obj()
	if !ok {
		return v, nil
	}
	out := wire.NewObject()
	for _, m := range o.Members() {
		at := where + "." + m.Name
		var sealed wire.Value
		var err error
		if slices.Contains(s.names, m.Name) {
			sealed, err = s.secret(m.Value, stored.Get(m.Name), at, slices.Contains(s.old, m.Name))
		} else {
			sealed, err = s.seal(m.Value, stored.Get(m.Name), at, depth+1)
		}
		if err != nil {
			return v, err
		}
		out.Set(m.Name, sealed)
	}
	return wire.ObjectOf(out), nil
}

// secret encrypts one secret. kept says that the stored one is encrypted.
func (s *sealer) secret(v, stored wire.Value, where string, kept bool) (wire.Value, error) {
	if v.IsNull() {
		return v, nil
	}
	plain, ok := v.Str()
	switch {
	case !ok:
		return v, invalid(where, "a secret is a string")
	case len(plain) > maxSecret:
		return v, invalid(where, fmt.Sprintf("a secret has at most %d bytes", maxSecret))
	case plain == "":
		return v, nil
	case plain == mask:
		before, ok := stored.Str()
		switch {
		case !ok || before == "":
			return v, invalid(where, "there is no secret to keep")
		case s.moved:
			return v, invalid(where, "send the secret again, because where it is sent to has changed")
		case kept:
			return stored, nil
		}
		plain = before
	}
	sealed, err := s.p.auth.Keys().Encrypt(s.purpose + plain)
	return wire.String(sealed), err
}

// sameItem is the item of a stored list with the id of another one. Lists change their
// order, so nothing else makes two items the same.
func sameItem(stored, item wire.Value) wire.Value {
	id, ok := item.Get("id").Str()
	items, _ := stored.Items()
	for _, other := range items {
		if known, is := other.Get("id").Str(); ok && is && known == id {
			return other
		}
	}
	return wire.Value{}
}

// masked is a stored value for clients.
func masked(v wire.Value, names []string) wire.Value {
	return eachSecret(v, names, func(wire.Value) wire.Value { return wire.String(mask) })
}

// eachSecret replaces the secrets of a stored value that are not empty.
func eachSecret(v wire.Value, names []string, replace func(wire.Value) wire.Value) wire.Value {
	if items, ok := v.Items(); ok {
		out := make([]wire.Value, len(items))
		for i, item := range items {
			out[i] = eachSecret(item, names, replace)
		}
		return wire.Array(out...)
	}
	o, ok := v.Obj()
	if !ok {
		return v
	}
	out := wire.NewObject()
	for _, m := range o.Members() {
		switch {
		case !slices.Contains(names, m.Name):
			m.Value = eachSecret(m.Value, names, replace)
		case m.Value.Truthy():
			m.Value = replace(m.Value)
		}
		out.Set(m.Name, m.Value)
	}
	return wire.ObjectOf(out)
}

// open decrypts a secret.
func (p *Plugin) open(key string, sealed wire.Value) (string, error) {
	text, _ := sealed.Str()
	plain, err := p.auth.Keys().Decrypt(text)
	if err != nil {
		return "", fmt.Errorf("adminconfig: a secret of %q cannot be decrypted: is its key still among the secrets? %w", key, err)
	}
	plain, ok := strings.CutPrefix(plain, p.purpose(key))
	if !ok {
		return "", fmt.Errorf("adminconfig: a secret of %q was encrypted for something else", key)
	}
	return plain, nil
}

// content is the stored value and the names of its secrets.
func (r *config) content() (wire.Value, []string, error) {
	if r == nil {
		return wire.Value{}, nil, nil
	}
	v, err := wire.Parse(r.Value, wire.Limits{})
	if err != nil {
		return v, nil, fmt.Errorf("adminconfig: the value of %q cannot be read: %w", r.Key, err)
	}
	var names []string
	if len(r.SecretFields) > 0 {
		if err := json.Unmarshal(r.SecretFields, &names); err != nil {
			return v, nil, fmt.Errorf("adminconfig: secretFields of %q cannot be read: %w", r.Key, err)
		}
	}
	return v, names, nil
}
