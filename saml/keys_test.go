package saml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"strings"
	"testing"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// encryptPKCS8 writes what openssl pkcs8 -topk8 -v2 aes-256-cbc does.
func encryptPKCS8(der []byte, pass string, iterations int) string {
	salt, iv := make([]byte, 16), make([]byte, 16)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(iv)
	key, err := pbkdf2.Key(sha256.New, pass, salt, min(iterations, 2048), 32)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	n := 16 - len(der)%16
	data := append([]byte(nil), der...)
	for range n {
		data = append(data, byte(n))
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	raw := func(v any) asn1.RawValue {
		b, err := asn1.Marshal(v)
		if err != nil {
			panic(err)
		}
		return asn1.RawValue{FullBytes: b}
	}
	kdf := struct {
		Salt       []byte
		Iterations int
		PRF        pkix.AlgorithmIdentifier
	}{salt, iterations, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, Parameters: asn1.NullRawValue}}
	params := struct{ KDF, Cipher pkix.AlgorithmIdentifier }{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, Parameters: raw(kdf)},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, Parameters: raw(iv)},
	}
	info := struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, Parameters: raw(params)}, data}
	return pemOf("ENCRYPTED PRIVATE KEY", raw(info).FullBytes)
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	private, _ := spPair().key.(*rsa.PrivateKey)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(private)
	legacy, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", pkcs1, []byte("pw"), x509.PEMCipherAES256) //nolint:staticcheck // what old tools write
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, pass string }{
		"PKCS #8": {pemOf("PRIVATE KEY", pkcs8), ""}, "PKCS #1": {pemOf("RSA PRIVATE KEY", pkcs1), ""},
		"PKCS #8 with a pass phrase": {encryptPKCS8(pkcs8, "pw", 2048), "pw"}, "old PEM with a pass phrase": {string(pem.EncodeToMemory(legacy)), "pw"},
		"space around": {"\n  " + strings.TrimSpace(pemOf("PRIVATE KEY", pkcs8)), ""},
	} {
		got, err := parseKey(c.text, c.pass)
		if err != nil || !private.Equal(got) {
			t.Errorf("%s: %v", name, err)
		}
		if c.pass == "" {
			continue
		}
		if _, err := parseKey(c.text, "wrong"); err == nil || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: a wrong pass phrase: %v", name, err)
		}
	}
	ec := newEC(elliptic.P256())
	sec1, err := x509.MarshalECPrivateKey(mustEC(ec))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseKey(pemOf("EC PRIVATE KEY", sec1), ""); err != nil || !mustEC(ec).Equal(got) {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "no PEM": "secret", "no key": pemOf("PRIVATE KEY", []byte("secret")), "a certificate": spPair().pem(),
		"something encrypted": pemOf("ENCRYPTED PRIVATE KEY", []byte("secret")), "long": strings.Repeat("secret", 20_000),
		"too many iterations": encryptPKCS8(pkcs8, "pw", 1_000_000_000),
	} {
		if _, err := parseKey(text, "pw"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseCertificates(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"PEM": idpPair().pem(), "base64": bare(idpPair()), "wrapped base64": bare(idpPair())[:64] + "\r\n " + bare(idpPair())[64:],
		"text before": "subject=x\n" + idpPair().pem(),
	} {
		certs, err := parseCertificates(text)
		if err != nil || len(certs) != 1 || !certs[0].Equal(idpPair().cert) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if certs, err := parseCertificates(idpPair().pem() + foreign().pem()); err != nil || len(certs) != 2 || !certs[1].Equal(foreign().cert) {
		t.Error(err)
	}
	for _, text := range []string{"", "x", "AAAA", "-----BEGIN CERTIFICATE-----", spPair().keyPEM(), pemOf("CERTIFICATE", []byte("x")), strings.Repeat("A", 100_000)} {
		if _, err := parseCertificates(text); err == nil {
			t.Errorf("%.50q is a certificate", text)
		}
	}
}
