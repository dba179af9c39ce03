package saml

import (
	"time"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// readAssertion checks and reads an assertion that was signed.
func readAssertion(el *etree.Element, inResponseTo string, conn *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLAssertion, error) {
	if err := checkEnvelope(el, conn, in, codeInvalidResponse); err != nil {
		return nil, err
	}
	out := &sso.SAMLAssertion{ID: attr(el, "ID"), Issuer: conn.IDP.EntityID, InResponseTo: inResponseTo}
	until, err := checkConditions(el, conn, in)
	if err != nil {
		return nil, err
	}
	subject, err := need(el, nsAssertion, "Subject")
	if err != nil {
		return nil, refuse(codeInvalidResponse, "%s", err)
	}
	if out.ValidUntil, err = checkConfirmations(subject, inResponseTo, conn, in); err != nil {
		return nil, err
	}
	if !until.IsZero() && until.Before(out.ValidUntil) {
		out.ValidUntil = until
	}
	id, err := readNameID(subject)
	if err != nil {
		return nil, refuse(codeInvalidResponse, "%s", err)
	}
	out.NameID, out.NameIDFormat, out.NameIDQualifier, out.NameIDSPQualifier = id.value, id.format, id.qualifier, id.spQualifier
	if err := readAuthn(el, out, conn, in); err != nil {
		return nil, err
	}
	if out.Attributes, err = readAttributes(el); err != nil {
		return nil, refuse(codeInvalidResponse, "%s", err)
	}
	return out, nil
}

// window checks a time from which, and one until which something is good. Both are optional.
func window(el *etree.Element, p *sso.SAMLPolicy, now time.Time) (until time.Time, times int, err error) {
	if text, ok := lookup(el, "NotBefore"); ok {
		t, err := instantOf(text)
		if err != nil {
			return until, 0, refuse(codeNotBefore, "NotBefore of %s: %s", el.Tag, err)
		}
		if now.Add(skew(p)).Before(t) {
			return until, 0, refuse(codeNotYet, "%s is good from %s on", el.Tag, instant(t))
		}
		times++
	}
	if text, ok := lookup(el, "NotOnOrAfter"); ok {
		t, err := instantOf(text)
		if err != nil {
			return until, 0, refuse(codeNotOnOrAfter, "NotOnOrAfter of %s: %s", el.Tag, err)
		}
		if !now.Add(-skew(p)).Before(t) {
			return until, 0, refuse(codeExpired, "%s was good until %s", el.Tag, instant(t))
		}
		until = t
		times++
	}
	return until, times, nil
}

// checkConditions checks the times and the audience. What it does not know is a condition that
// cannot be kept.
func checkConditions(assertion *etree.Element, conn *sso.SAMLConnection, in *sso.SAMLReceived) (until time.Time, err error) {
	el, err := child(assertion, nsAssertion, "Conditions")
	if err != nil {
		return until, refuse(codeInvalidResponse, "%s", err)
	}
	if el == nil {
		if conn.Policy.RequireTimestamps {
			return until, refuse(codeNoTimes, "the assertion has no conditions")
		}
		return until, refuse(codeNoAudience, "the assertion has no conditions")
	}
	until, times, err := window(el, &conn.Policy, in.Now)
	if err != nil {
		return until, err
	}
	if times == 0 && conn.Policy.RequireTimestamps {
		return until, refuse(codeNoTimes, "the conditions have no times")
	}
	audience := conn.Audience
	if audience == "" {
		audience = conn.SP.EntityID
	}
	restrictions := 0
	for _, c := range el.ChildElements() {
		switch {
		case is(c, nsAssertion, "AudienceRestriction"):
			if restrictions++; !isFor(c, audience) {
				return until, refuse(codeAudience, "an audience restriction does not name %.200q", audience)
			}
		case is(c, nsAssertion, "OneTimeUse"), is(c, nsAssertion, "ProxyRestriction"):
			// Assertions are good once, and nobody issues others on their ground.
		default:
			return until, refuse(codeInvalidResponse, "the condition %.100q is not known", c.Tag)
		}
	}
	if restrictions == 0 {
		return until, refuse(codeNoAudience, "the conditions name no audience")
	}
	return until, nil
}

func isFor(restriction *etree.Element, audience string) bool {
	for _, a := range children(restriction, nsAssertion, "Audience") {
		if name, err := token(a); err == nil && name == audience && audience != "" {
			return true
		}
	}
	return false
}

// checkConfirmations looks for a bearer confirmation for this service, and returns when the
// last of them ends. All of them that count answer the same request.
func checkConfirmations(subject *etree.Element, inResponseTo string, conn *sso.SAMLConnection, in *sso.SAMLReceived) (until time.Time, err error) {
	first := error(refuse(codeNoBearer, "the subject has no bearer confirmation"))
	tried, good := false, false
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		if attr(c, "Method") != methodBearer {
			continue
		}
		t, err := checkBearer(c, conn, in)
		if err != nil {
			if !tried {
				first = err
			}
			tried = true
			continue
		}
		data, err := need(c, nsAssertion, "SubjectConfirmationData")
		if err != nil {
			return until, refuse(codeNoBearer, "%s", err)
		}
		if attr(data, "InResponseTo") != inResponseTo {
			return until, refuse(codeInvalidResponse, "the confirmation answers another request than the response")
		}
		good = true
		if t.After(until) {
			until = t
		}
	}
	if !good {
		return until, first
	}
	return until, nil
}

func checkBearer(confirmation *etree.Element, conn *sso.SAMLConnection, in *sso.SAMLReceived) (until time.Time, err error) {
	data, err := need(confirmation, nsAssertion, "SubjectConfirmationData")
	if err != nil {
		return until, refuse(codeNoBearer, "%s", err)
	}
	if _, ok := lookup(data, "NotBefore"); ok {
		return until, refuse(codeNoBearer, "the bearer confirmation has NotBefore")
	}
	if _, ok := lookup(data, "NotOnOrAfter"); !ok {
		return until, refuse(codeNoBearer, "the bearer confirmation has no NotOnOrAfter")
	}
	if until, _, err = window(data, &conn.Policy, in.Now); err != nil {
		return until, err
	}
	if r := attr(data, "Recipient"); !here(r, in) {
		return until, refuse(codeNoBearer, "the bearer confirmation is for the recipient %.200q", r)
	}
	return until, nil
}

type nameID struct{ value, format, qualifier, spQualifier string }

// readNameID reads the name of a Subject or a LogoutRequest: its whole text. A subject without
// a name has none.
func readNameID(el *etree.Element) (nameID, error) {
	for _, name := range []string{"BaseID", "EncryptedID"} {
		if len(children(el, nsAssertion, name)) != 0 {
			return nameID{}, refuse(codeInvalidResponse, "%s is not supported", name)
		}
	}
	id, err := child(el, nsAssertion, "NameID")
	if err != nil || id == nil {
		return nameID{}, err
	}
	value, err := text(id)
	if err != nil {
		return nameID{}, err
	}
	return nameID{value, attr(id, "Format"), attr(id, "NameQualifier"), attr(id, "SPNameQualifier")}, nil
}

// readAuthn reads the statements about the session at the identity provider: the first one,
// and the earliest end of all.
func readAuthn(assertion *etree.Element, out *sso.SAMLAssertion, conn *sso.SAMLConnection, in *sso.SAMLReceived) error {
	for i, s := range children(assertion, nsAssertion, "AuthnStatement") {
		if i == 0 {
			out.SessionIndex = attr(s, "SessionIndex")
			if t, ok := lookup(s, "AuthnInstant"); ok {
				var err error
				if out.AuthnInstant, err = instantOf(t); err != nil {
					return refuse(codeInvalidResponse, "AuthnInstant: %s", err)
				}
			}
		}
		t, ok := lookup(s, "SessionNotOnOrAfter")
		if !ok {
			continue
		}
		end, err := instantOf(t)
		if err != nil {
			return refuse(codeInvalidResponse, "SessionNotOnOrAfter: %s", err)
		}
		if !in.Now.Add(-skew(&conn.Policy)).Before(end) {
			return refuse(codeExpired, "the session at the identity provider has ended")
		}
		if out.SessionNotOnOrAfter.IsZero() || end.Before(out.SessionNotOnOrAfter) {
			out.SessionNotOnOrAfter = end
		}
	}
	return nil
}

// readAttributes reads all attribute statements. A FriendlyName counts where no attribute has
// it as its Name.
func readAttributes(assertion *etree.Element) (map[string][]string, error) {
	out, friendly := map[string][]string{}, map[string][]string{}
	for _, s := range children(assertion, nsAssertion, "AttributeStatement") {
		if len(children(s, nsAssertion, "EncryptedAttribute")) != 0 {
			return nil, refuse(codeInvalidResponse, "EncryptedAttribute is not supported")
		}
		for _, a := range children(s, nsAssertion, "Attribute") {
			name := attr(a, "Name")
			if name == "" {
				return nil, refuse(codeInvalidResponse, "an attribute has no Name")
			}
			values := attributeValues(a)
			out[name] = append(out[name], values...)
			if f := attr(a, "FriendlyName"); f != "" && friendly[f] == nil {
				friendly[f] = values
			}
		}
	}
	for name, values := range friendly {
		if _, taken := out[name]; !taken {
			out[name] = values
		}
	}
	return out, nil
}

// attributeValues are the values of an attribute that are text, or a NameID.
func attributeValues(a *etree.Element) []string {
	values := []string{}
	for _, v := range children(a, nsAssertion, "AttributeValue") {
		if id, err := sequence(v, nsAssertion, "NameID"); err == nil {
			v = id[0]
		}
		if s, err := text(v); err == nil {
			values = append(values, s)
		}
	}
	return values
}
