package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

const (
	// maxRatio is how much larger than the deflated message XML may be. Deflate itself goes
	// beyond 1,000; logout messages stay below 10.
	maxRatio = 100
	// encodingDeflate is the only encoding of SAMLRedirect.
	encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// arrived is a message whose XML is not verified.
type arrived struct {
	root *etree.Element
	// query is what a signature of the query signs, or "" without one.
	query, algorithm string
	signature        []byte
}

// receive decodes a message of a field (SAMLRequest or SAMLResponse).
func receive(in *sso.SAMLReceived, field string, p *sso.SAMLPolicy, code core.ErrorCode) (*arrived, error) {
	limit := orDefault(p.MaxMessage, defaultMaxMessage)
	if len(in.Message) > 2*limit || len(in.RawQuery) > 4*limit {
		return nil, refuse(code, "the message is larger than %d bytes", limit)
	}
	encoding, malformed := code, code
	if code == codeInvalidResponse {
		encoding, malformed = codeInvalidEncoding, codeInvalidXML
	}
	out := &arrived{}
	var doc []byte
	var err error
	switch in.Binding {
	case sso.SAMLPost:
		if doc, err = decodeBase64(in.Message); err != nil || len(doc) == 0 {
			return nil, refuse(encoding, "the message is no base64")
		}
	case sso.SAMLRedirect:
		if err := out.readQuery(in, field); err != nil {
			return nil, refuse(code, "%s", err)
		}
		deflated, err := decodeBase64(in.Message)
		if err != nil {
			return nil, refuse(encoding, "the message is no base64")
		}
		if doc, err = inflate(deflated, limit); err != nil {
			return nil, refuse(encoding, "%s", err)
		}
	default:
		return nil, refuse(code, "the binding %.100q is not known", in.Binding)
	}
	if out.root, err = parse(doc, limit, false); err != nil {
		return nil, refuse(malformed, "%s", err)
	}
	return out, nil
}

// readQuery finds what a query has signed: its parameters as they were sent, because escapes
// may be written in more than one way.
func (a *arrived) readQuery(in *sso.SAMLReceived, field string) error {
	raw, value := map[string]string{}, map[string]string{}
	for part := range strings.SplitSeq(in.RawQuery, "&") {
		name, text, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return errors.New("the query is not well-formed")
		}
		switch name {
		case "SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding":
		default:
			continue
		}
		if _, twice := raw[name]; twice {
			return errors.New("the query has " + name + " twice")
		}
		decoded, err := url.QueryUnescape(text)
		if err != nil {
			return errors.New("the query is not well-formed")
		}
		raw[name], value[name] = part, decoded
	}
	other := "SAMLResponse"
	if field == other {
		other = "SAMLRequest"
	}
	if _, both := raw[other]; both {
		return errors.New("the query has another message as well")
	}
	// What was verified and what is used are the same.
	if value[field] != in.Message || value["RelayState"] != in.RelayState {
		return errors.New("the query does not have the message")
	}
	if e, ok := value["SAMLEncoding"]; ok && e != encodingDeflate {
		return errors.New("the encoding of the query is not known")
	}
	if raw["Signature"] == "" && raw["SigAlg"] == "" {
		return nil
	}
	signature, err := decodeBase64(value["Signature"])
	if err != nil || len(signature) == 0 || value["SigAlg"] == "" {
		return errors.New("the signature of the query is not whole")
	}
	parts := []string{raw[field]}
	if s, ok := raw["RelayState"]; ok {
		parts = append(parts, s)
	}
	a.query, a.algorithm, a.signature = strings.Join(append(parts, raw["SigAlg"]), "&"), value["SigAlg"], signature
	return nil
}

// inflate reads deflated data up to a limit.
func inflate(data []byte, limit int) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(data))
	limit = min(limit, max(maxRatio*len(data), 4096))
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case len(out) > limit:
		return nil, errors.New("the message is too large when it is inflated")
	case err != nil, len(out) == 0:
		return nil, errors.New("the message is not deflated")
	}
	return out, nil
}

// send puts a message into a form, or into a query.
func send(root *etree.Element, id, field string, binding sso.SAMLBinding, location, relayState string, s *signer) (*sso.SAMLMessage, error) {
	if err := webLocation(location); err != nil {
		return nil, err
	}
	switch binding {
	case sso.SAMLPost:
		if s != nil {
			if err := s.envelop(root); err != nil {
				return nil, err
			}
		}
		doc, err := write(root)
		if err != nil {
			return nil, err
		}
		fields := []sso.SAMLField{{Name: field, Value: base64.StdEncoding.EncodeToString(doc)}}
		if relayState != "" {
			fields = append(fields, sso.SAMLField{Name: "RelayState", Value: relayState})
		}
		return &sso.SAMLMessage{ID: id, URL: location, Fields: fields}, nil
	case sso.SAMLRedirect:
		doc, err := write(root)
		if err != nil {
			return nil, err
		}
		query, err := signedQuery(doc, field, relayState, s)
		if err != nil {
			return nil, err
		}
		return &sso.SAMLMessage{ID: id, URL: withQuery(location, query)}, nil
	default:
		return nil, refuse(codeConfiguration, "the binding %.100q is not known", binding)
	}
}

func signedQuery(doc []byte, field, relayState string, s *signer) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(doc); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := field + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes()))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if s == nil {
		return query, nil
	}
	query += "&SigAlg=" + url.QueryEscape(s.methodURI)
	signature, err := s.sign([]byte(query))
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

// withQuery adds a query to a location that may have one.
func withQuery(location, query string) string {
	location, _, _ = strings.Cut(location, "#")
	switch {
	case !strings.Contains(location, "?"):
		return location + "?" + query
	case strings.HasSuffix(location, "?"), strings.HasSuffix(location, "&"):
		return location + query
	default:
		return location + "&" + query
	}
}

// webLocation refuses what is not an absolute URL of the web: a browser would run
// javascript: as the page.
func webLocation(location string) error {
	u, err := url.Parse(location)
	if err != nil || len(location) > 2048 || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(location, " \t\r\n\\\"'<>") {
		return refuse(codeConfiguration, "the location %.100q is not an http or https URL", location)
	}
	return nil
}

// here checks that a message was sent to this server.
func here(destination string, in *sso.SAMLReceived) bool {
	return destination != "" && slices.Contains(in.At, destination)
}

// write makes a document of a root that is no part of one.
func write(root *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true, CanonicalEndTags: true}
	doc.SetRoot(root)
	return doc.WriteToBytes()
}
