package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// peer is this server as its identity provider sees it: what one writes, the other reads.
func peer() *sso.SAMLConnection {
	return &sso.SAMLConnection{
		SP:  sso.SAMLServiceProvider{EntityID: idpEntity, ACS: "https://idp.example.com/acs", SigningKey: idpPair().keyPEM(), SigningCertificate: idpPair().pem()},
		IDP: sso.SAMLIdentityProvider{EntityID: spEntity, Certificates: []string{spPair().pem()}},
	}
}

func received(t *testing.T, m *sso.SAMLMessage, field string) *sso.SAMLReceived {
	t.Helper()
	in := &sso.SAMLReceived{At: []string{slo}, RequireSignature: true, Now: now}
	if len(m.Fields) > 0 {
		in.Binding = sso.SAMLPost
		for _, f := range m.Fields {
			switch f.Name {
			case field:
				in.Message = f.Value
			case "RelayState":
				in.RelayState = f.Value
			}
		}
		return in
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	in.Binding, in.RawQuery = sso.SAMLRedirect, u.RawQuery
	in.Message, in.RelayState = u.Query().Get(field), u.Query().Get("RelayState")
	return in
}

func logoutOf(binding sso.SAMLBinding) sso.SAMLLogout {
	return sso.SAMLLogout{
		Binding: binding, Location: slo, NameID: "ada <&> lovelace", NameIDFormat: "urn:f", NameIDQualifier: "q", NameIDSPQualifier: "s",
		SessionIndexes: []string{"_s1", "_s2"}, RelayState: "a b+c/&=", Now: now,
	}
}

func TestLogoutRequest(t *testing.T) {
	t.Parallel()
	for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
		m, err := New(Options{}).LogoutRequest(peer(), logoutOf(binding))
		if err != nil {
			t.Fatal(err)
		}
		got, err := New(Options{}).ReadLogoutRequest(connection(), received(t, m, "SAMLRequest"))
		if err != nil {
			t.Fatal(binding, err)
		}
		want := logoutOf(binding)
		want.ID, want.Issuer, want.Location, want.ValidUntil = m.ID, idpEntity, "", now.Add(5*time.Minute)
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("got  %+v\nwant %+v", *got, want)
		}
	}
}

func TestLogoutResponse(t *testing.T) {
	t.Parallel()
	for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
		for _, success := range []bool{true, false} {
			answer := sso.SAMLLogoutAnswer{InResponseTo: "_q", Success: success, Binding: binding, Location: slo + "?a=b", RelayState: "r", Now: now}
			m, err := New(Options{}).LogoutResponse(peer(), answer)
			if err != nil {
				t.Fatal(err)
			}
			in := received(t, m, "SAMLResponse")
			in.At = []string{slo + "?a=b"}
			got, err := New(Options{}).ReadLogoutResponse(connection(), in)
			if err != nil {
				t.Fatal(err)
			}
			answer.ID, answer.Location = m.ID, ""
			if *got != answer {
				t.Errorf("got  %+v\nwant %+v", *got, answer)
			}
		}
	}
}

// TestLogoutAttacks: each message is a good one with one change.
func TestLogoutAttacks(t *testing.T) {
	t.Parallel()
	write := func(binding sso.SAMLBinding, f func(*sso.SAMLConnection, *sso.SAMLLogout)) *sso.SAMLMessage {
		p, r := peer(), logoutOf(binding)
		f(p, &r)
		m, err := New(Options{}).LogoutRequest(p, r)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	nothing := func(*sso.SAMLConnection, *sso.SAMLLogout) {}
	for name, c := range map[string]struct {
		write func(*sso.SAMLConnection, *sso.SAMLLogout)
		read  func(*sso.SAMLReceived)
	}{
		"SAM-25 not signed (GO-2026-4764)": {func(p *sso.SAMLConnection, _ *sso.SAMLLogout) { p.SP.SigningKey, p.SP.SigningCertificate = "", "" }, nil},
		"SAM-25 signed by somebody else": {func(p *sso.SAMLConnection, _ *sso.SAMLLogout) {
			p.SP.SigningKey, p.SP.SigningCertificate = foreign().keyPEM(), foreign().pem()
		}, nil},
		"SAM-25 by another issuer":       {func(p *sso.SAMLConnection, _ *sso.SAMLLogout) { p.SP.EntityID = "https://other.example.com" }, nil},
		"SAM-17 for another destination": {func(_ *sso.SAMLConnection, r *sso.SAMLLogout) { r.Location = "https://other.example.com/slo" }, nil},
		"too old":                        {func(_ *sso.SAMLConnection, r *sso.SAMLLogout) { r.Now = now.Add(-6 * time.Minute) }, nil},
		"of the future":                  {func(_ *sso.SAMLConnection, r *sso.SAMLLogout) { r.Now = now.Add(2 * time.Minute) }, nil},
		"without a name":                 {func(_ *sso.SAMLConnection, r *sso.SAMLLogout) { r.NameID = "" }, nil},
		"the signature is cut":           {nothing, func(in *sso.SAMLReceived) { in.RawQuery, _, _ = strings.Cut(in.RawQuery, "&SigAlg"); stripPosted(in) }},
		"another relay state, which is signed": {nothing, func(in *sso.SAMLReceived) {
			in.RawQuery = strings.Replace(in.RawQuery, "RelayState=a", "RelayState=b", 1)
			in.RelayState = "b b+c/&="
			spoilPosted(in)
		}},
		"the relay state is not that of the query": {nothing, func(in *sso.SAMLReceived) { in.RelayState = "x"; spoilPosted(in) }},
		"another message than that of the query": {nothing, func(in *sso.SAMLReceived) {
			in.RawQuery = strings.Replace(in.RawQuery, "SAMLRequest=", "SAMLRequest=A", 1)
			spoilPosted(in)
		}},
		"a parameter twice": {nothing, func(in *sso.SAMLReceived) {
			in.RawQuery += "&RelayState=" + url.QueryEscape(in.RelayState)
			spoilPosted(in)
		}},
		"a response as well":            {nothing, func(in *sso.SAMLReceived) { in.RawQuery += "&SAMLResponse=x"; spoilPosted(in) }},
		"an encoding that is not known": {nothing, func(in *sso.SAMLReceived) { in.RawQuery += "&SAMLEncoding=urn:x"; spoilPosted(in) }},
		"SAM-10 HMAC": {nothing, func(in *sso.SAMLReceived) {
			in.RawQuery = strings.Replace(in.RawQuery, "rsa-sha256", "hmac-sha256", 1)
			spoilPosted(in)
		}},
		"SAM-11 SHA-1": {nothing, func(in *sso.SAMLReceived) {
			in.RawQuery = strings.Replace(in.RawQuery, url.QueryEscape(rsaSHA256), url.QueryEscape("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), 1)
			spoilPosted(in)
		}},
		"a binding that is not known": {nothing, func(in *sso.SAMLReceived) { in.Binding = "urn:x" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
				in := received(t, write(binding, c.write), "SAMLRequest")
				if c.read != nil {
					c.read(in)
				}
				_, err := New(Options{}).ReadLogoutRequest(connection(), in)
				wantRefused(t, err, "")
			}
		})
	}
	t.Run("the octets of the query are verified, not their meaning", func(t *testing.T) {
		t.Parallel()
		in := received(t, write(sso.SAMLRedirect, nothing), "SAMLRequest")
		in.RawQuery = "x=y&" + in.RawQuery + "&z"
		if _, err := New(Options{}).ReadLogoutRequest(connection(), in); err != nil {
			t.Error("other parameters: ", err)
		}
		in.RawQuery = strings.Replace(in.RawQuery, "RelayState=a+b", "RelayState=a%20b", 1)
		_, err := New(Options{}).ReadLogoutRequest(connection(), in)
		wantRefused(t, err, "INVALID_LOGOUT_REQUEST")
	})
	t.Run("SAM-25 a changed name in a signed form", func(t *testing.T) {
		t.Parallel()
		in := received(t, write(sso.SAMLPost, nothing), "SAMLRequest")
		xml, err := base64.StdEncoding.DecodeString(in.Message)
		if err != nil {
			t.Fatal(err)
		}
		in.Message = base64.StdEncoding.EncodeToString(bytes.Replace(xml, []byte("lovelace"), []byte("byron"), 1))
		_, err = New(Options{}).ReadLogoutRequest(connection(), in)
		wantRefused(t, err, "INVALID_LOGOUT_REQUEST")
	})
	t.Run("SAM-01 a signed request within another", func(t *testing.T) {
		t.Parallel()
		in := received(t, write(sso.SAMLPost, nothing), "SAMLRequest")
		xml, err := base64.StdEncoding.DecodeString(in.Message)
		if err != nil {
			t.Fatal(err)
		}
		old := element(string(xml))
		for _, keep := range []bool{true, false} {
			root := evil(old, "_evil")
			x := root.CreateElement("samlp:Extensions")
			x.AddChild(old.Copy())
			if !keep {
				inner := x.FindElement("./LogoutRequest")
				root.InsertChildAt(1, take(inner))
			}
			in.Message = base64.StdEncoding.EncodeToString([]byte(xmlOf(root)))
			_, err = New(Options{}).ReadLogoutRequest(connection(), in)
			wantRefused(t, err, "INVALID_LOGOUT_REQUEST")
		}
	})
	t.Run("an unsigned request where none has to be signed", func(t *testing.T) {
		t.Parallel()
		for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
			in := received(t, write(binding, func(p *sso.SAMLConnection, _ *sso.SAMLLogout) { p.SP.SigningKey, p.SP.SigningCertificate = "", "" }), "SAMLRequest")
			in.RequireSignature = false
			if _, err := New(Options{}).ReadLogoutRequest(connection(), in); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a signature in the XML of a query", func(t *testing.T) {
		t.Parallel()
		posted := received(t, write(sso.SAMLPost, nothing), "SAMLRequest")
		xml, err := base64.StdEncoding.DecodeString(posted.Message)
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Options{}).ReadLogoutRequest(connection(), deflated(xml))
		wantRefused(t, err, "INVALID_LOGOUT_REQUEST")
	})
}

// stripPosted and spoilPosted do to a form what their callers do to a query.
func stripPosted(in *sso.SAMLReceived) {
	if in.Binding != sso.SAMLPost {
		return
	}
	xml, _ := base64.StdEncoding.DecodeString(in.Message)
	root := element(string(xml))
	take(root)
	in.Message = base64.StdEncoding.EncodeToString([]byte(xmlOf(root)))
}

func spoilPosted(in *sso.SAMLReceived) {
	if in.Binding == sso.SAMLPost {
		in.Message = in.Message[4:]
	}
}

func deflated(xml []byte) *sso.SAMLReceived {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(xml)
	_ = w.Close()
	m := base64.StdEncoding.EncodeToString(b.Bytes())
	return &sso.SAMLReceived{Binding: sso.SAMLRedirect, Message: m, RawQuery: "SAMLRequest=" + url.QueryEscape(m), At: []string{slo}, Now: now}
}

func TestInflate(t *testing.T) {
	t.Parallel()
	t.Run("SAM-22 deflated zeros (CVE-2023-28119)", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{200 << 10, 64 << 20} {
			_, err := New(Options{}).ReadLogoutRequest(connection(), deflated(make([]byte, n)))
			wantRefused(t, err, "INVALID_LOGOUT_REQUEST")
		}
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestCompression)
		_, _ = w.Write(bytes.Repeat([]byte(" "), 200<<10))
		_ = w.Close()
		if _, err := inflate(b.Bytes(), 256<<10); err == nil {
			t.Errorf("%d bytes became %d", b.Len(), 200<<10)
		}
	})
	for _, data := range [][]byte{nil, {0}, []byte("no deflate"), {3, 0}} {
		if _, err := inflate(data, 1<<20); err == nil {
			t.Errorf("%q is inflated", data)
		}
	}
}

func TestWithQuery(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://a.test/x": "https://a.test/x?q=1", "https://a.test/x?y=2": "https://a.test/x?y=2&q=1",
		"https://a.test/x?": "https://a.test/x?q=1", "https://a.test/x?y=2&": "https://a.test/x?y=2&q=1", "https://a.test/x#f": "https://a.test/x?q=1",
	} {
		if got := withQuery(location, "q=1"); got != want {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}
