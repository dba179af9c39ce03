// Command samlsp is a service provider with the module saml and nothing else: what it reads
// and writes is shown as JSON. saml.mjs drives it.
//
// It prints "listening on http://localhost:PORT" and ends when its standard input closes.
// Keys are made at the start, those of the identity provider as well: GET /peer has them.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/saml"
)

func main() {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	s, err := newServer("http://" + listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println("listening on " + s.url)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

type server struct {
	*http.ServeMux
	url      string
	stack    sso.SAML
	peer     keys
	signing  keys
	decrypts keys

	mu   sync.Mutex
	conn sso.SAMLConnection
}

// keys is a private key with its certificate, in PEM.
type keys struct {
	Key  string `json:"key"`
	Cert string `json:"cert"`
}

func newKeys() (keys, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keys{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "wirecheck"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return keys{}, err
	}
	return keys{
		Key:  string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		Cert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
	}, nil
}

func newServer(url string) (*server, error) {
	s := &server{ServeMux: http.NewServeMux(), url: url, stack: saml.New(saml.Options{})}
	for _, k := range []*keys{&s.peer, &s.signing, &s.decrypts} {
		var err error
		if *k, err = newKeys(); err != nil {
			return nil, err
		}
	}
	s.HandleFunc("GET /peer", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.peer, nil) })
	s.HandleFunc("POST /connection", s.connect)
	s.HandleFunc("GET /metadata", s.metadata)
	s.HandleFunc("POST /request", s.request)
	s.HandleFunc("POST /acs", s.acs)
	s.HandleFunc("/slo", s.slo)
	s.HandleFunc("POST /logout", s.logout)
	s.HandleFunc("POST /logout-answer", s.logoutAnswer)
	return s, nil
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v)
}

// connect begins a connection: metadata of the identity provider, and what this side does.
func (s *server) connect(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Metadata                             string
		Sign, Encrypt, Want, AllowDeprecated bool
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		answer(w, nil, err)
		return
	}
	conn := sso.SAMLConnection{
		SP:     sso.SAMLServiceProvider{EntityID: s.url + "/metadata", ACS: s.url + "/acs", SLO: s.url + "/slo", WantAssertionsSigned: in.Want},
		Policy: sso.SAMLPolicy{ClockSkew: time.Minute, RequireTimestamps: true, AllowDeprecated: in.AllowDeprecated},
	}
	if in.Sign {
		conn.SP.SigningKey, conn.SP.SigningCertificate, conn.SP.SignRequests = s.signing.Key, s.signing.Cert, true
	}
	if in.Encrypt {
		conn.SP.DecryptionKey, conn.SP.DecryptionCertificate = s.decrypts.Key, s.decrypts.Cert
	}
	idp, err := s.stack.ReadMetadata([]byte(in.Metadata), &conn.Policy)
	if err == nil {
		conn.IDP = *idp
		err = s.stack.CheckConnection(&conn)
	}
	if err == nil {
		s.mu.Lock()
		s.conn = conn
		s.mu.Unlock()
	}
	answer(w, idp, err)
}

func (s *server) connection() *sso.SAMLConnection {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn := s.conn
	return &conn
}

func (s *server) metadata(w http.ResponseWriter, _ *http.Request) {
	doc, err := s.stack.ServiceProviderMetadata(&s.connection().SP)
	if err != nil {
		answer(w, nil, err)
		return
	}
	_, _ = w.Write(doc)
}

func (s *server) request(w http.ResponseWriter, r *http.Request) {
	var in sso.SAMLRequest
	err := json.NewDecoder(r.Body).Decode(&in)
	in.Now = time.Now()
	var m *sso.SAMLMessage
	if err == nil {
		m, err = s.stack.AuthnRequest(s.connection(), in)
	}
	answer(w, m, err)
}

// received is a message as a browser has brought it.
func (s *server) received(r *http.Request, field string) *sso.SAMLReceived {
	in := &sso.SAMLReceived{
		Binding: sso.SAMLPost, RawQuery: r.URL.RawQuery, Message: r.FormValue(field), RelayState: r.FormValue("RelayState"),
		At: []string{s.url + r.URL.Path}, RequireSignature: true, Now: time.Now(),
	}
	if r.Method == http.MethodGet {
		in.Binding = sso.SAMLRedirect
	}
	return in
}

func (s *server) acs(w http.ResponseWriter, r *http.Request) {
	got, err := s.stack.ReadResponse(s.connection(), s.received(r, "SAMLResponse"))
	answer(w, got, err)
}

func (s *server) slo(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("SAMLResponse") != "" {
		got, err := s.stack.ReadLogoutResponse(s.connection(), s.received(r, "SAMLResponse"))
		answer(w, got, err)
		return
	}
	got, err := s.stack.ReadLogoutRequest(s.connection(), s.received(r, "SAMLRequest"))
	answer(w, got, err)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	var in sso.SAMLLogout
	err := json.NewDecoder(r.Body).Decode(&in)
	in.Now = time.Now()
	var m *sso.SAMLMessage
	if err == nil {
		m, err = s.stack.LogoutRequest(s.connection(), in)
	}
	answer(w, m, err)
}

func (s *server) logoutAnswer(w http.ResponseWriter, r *http.Request) {
	var in sso.SAMLLogoutAnswer
	err := json.NewDecoder(r.Body).Decode(&in)
	in.Now = time.Now()
	var m *sso.SAMLMessage
	if err == nil {
		m, err = s.stack.LogoutResponse(s.connection(), in)
	}
	answer(w, m, err)
}
