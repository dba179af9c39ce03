package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // of AllowDeprecated
	"crypto/rand"
	"crypto/rsa"
	"errors"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// errDecryption is the one reason for whatever fails between a ciphertext and a verified
// assertion. If it told what has failed, answers would decrypt assertions bit by bit.
func errDecryption() *sso.SAMLError {
	return refuse(codeInvalidResponse, "the encrypted assertion could not be read")
}

// encrypted is an EncryptedAssertion, taken apart. Nothing in it needs a key to be read.
type encrypted struct {
	keyMethod, dataMethod string
	keySize               int
	oaep                  rsa.OAEPOptions
	key, data             []byte
}

// readEncrypted takes an EncryptedAssertion apart. The key is in the KeyInfo of the data, or
// beside the data; there is exactly one.
func readEncrypted(el *etree.Element, p *sso.SAMLPolicy) (*encrypted, error) {
	data, err := need(el, nsXMLEnc, "EncryptedData")
	if err != nil {
		return nil, err
	}
	if t := attr(data, "Type"); t != "" && t != nsXMLEnc+"Element" {
		return nil, errors.New("the encrypted data are no element")
	}
	keys := children(el, nsXMLEnc, "EncryptedKey")
	info, err := child(data, nsSignature, "KeyInfo")
	if err != nil {
		return nil, err
	}
	if info != nil {
		keys = append(keys, children(info, nsXMLEnc, "EncryptedKey")...)
	}
	if len(keys) != 1 {
		return nil, errors.New("the encrypted assertion does not have exactly one key")
	}
	out := &encrypted{}
	if out.keyMethod, out.key, err = readCipher(keys[0]); err != nil {
		return nil, err
	}
	if out.dataMethod, out.data, err = readCipher(data); err != nil {
		return nil, err
	}
	if err := allowKeyEncryption(p, out.keyMethod); err != nil {
		return nil, err
	}
	if out.keySize, err = allowDataEncryption(p, out.dataMethod); err != nil {
		return nil, err
	}
	if out.keyMethod != rsa15 {
		if err := out.readOAEP(keys[0]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readCipher(el *etree.Element) (method string, value []byte, err error) {
	m, err := need(el, nsXMLEnc, "EncryptionMethod")
	if err != nil {
		return "", nil, err
	}
	data, err := need(el, nsXMLEnc, "CipherData")
	if err != nil {
		return "", nil, err
	}
	v, err := need(data, nsXMLEnc, "CipherValue")
	if err != nil {
		return "", nil, err
	}
	t, err := text(v)
	if err != nil {
		return "", nil, err
	}
	if value, err = decodeBase64(t); err != nil {
		return "", nil, errors.New("an encrypted value is no base64")
	}
	return attr(m, "Algorithm"), value, nil
}

// readOAEP reads the hashes and the label of RSA-OAEP, which default to SHA-1 and nothing.
// SHA-1 is not broken in this use.
func (e *encrypted) readOAEP(key *etree.Element) error {
	e.oaep = rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	m, err := need(key, nsXMLEnc, "EncryptionMethod")
	if err != nil {
		return err
	}
	digest, err := child(m, nsSignature, "DigestMethod")
	if err != nil {
		return err
	}
	if digest != nil {
		hash, known := digestOf(attr(digest, "Algorithm"))
		if !known {
			return refuse(codeUnknownAlgorithm, "the digest algorithm of the key encryption is not known")
		}
		e.oaep.Hash = hash
	}
	mgf, err := child(m, nsXMLEnc11, "MGF")
	if err != nil {
		return err
	}
	if mgf != nil {
		hash, known := mgfOf(attr(mgf, "Algorithm"))
		if !known || e.keyMethod != oaep11 {
			return refuse(codeUnknownAlgorithm, "the mask generation of the key encryption is not known")
		}
		e.oaep.MGFHash = hash
	}
	label, err := child(m, nsXMLEnc, "OAEPparams")
	if err != nil || label == nil {
		return err
	}
	t, err := text(label)
	if err != nil {
		return err
	}
	if e.oaep.Label, err = decodeBase64(t); err != nil {
		return errors.New("the parameters of the key encryption are no base64")
	}
	return nil
}

func mgfOf(uri string) (hash crypto.Hash, known bool) {
	switch uri {
	case nsXMLEnc11 + "mgf1sha1":
		return crypto.SHA1, true
	case nsXMLEnc11 + "mgf1sha256":
		return crypto.SHA256, true
	case nsXMLEnc11 + "mgf1sha384":
		return crypto.SHA384, true
	case nsXMLEnc11 + "mgf1sha512":
		return crypto.SHA512, true
	}
	return 0, false
}

// open decrypts. A key that cannot be unwrapped is replaced by a random one, so that the work
// goes on as it would.
func (e *encrypted) open(private *rsa.PrivateKey) (plain []byte, ok bool) {
	key := make([]byte, e.keySize)
	_, _ = rand.Read(key) // never fails
	opened := e.unwrap(private, key)
	plain, ok = e.decipher(key)
	return plain, ok && opened
}

// unwrap puts the key of the data into key, which has random bytes before.
func (e *encrypted) unwrap(private *rsa.PrivateKey, key []byte) bool {
	if e.keyMethod == rsa15 {
		// Constant time: with wrong padding the random key stays, and the data do not open.
		return rsa.DecryptPKCS1v15SessionKey(nil, private, e.key, key) == nil //nolint:staticcheck // of AllowDeprecated
	}
	got, err := private.Decrypt(nil, e.key, &e.oaep)
	if err != nil && e.oaep.MGFHash != e.oaep.Hash {
		// Some software masks with the hash of the digest, whatever it writes.
		o := e.oaep
		o.MGFHash = o.Hash
		got, err = private.Decrypt(nil, e.key, &o)
	}
	if err != nil || len(got) != len(key) {
		return false
	}
	copy(key, got)
	return true
}

func (e *encrypted) decipher(key []byte) ([]byte, bool) {
	make := aes.NewCipher
	if e.dataMethod == tripleDES {
		make = des.NewTripleDESCipher
	}
	block, err := make(key)
	if err != nil {
		return nil, false
	}
	switch e.dataMethod {
	case aes128GCM, aes192GCM, aes256GCM:
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil || len(e.data) < aead.Overhead() {
			return nil, false
		}
		plain, err := aead.Open(nil, nil, e.data, nil)
		return plain, err == nil
	}
	size := block.BlockSize()
	if len(e.data) < 2*size || len(e.data)%size != 0 {
		return nil, false
	}
	plain := append([]byte(nil), e.data[size:]...)
	cipher.NewCBCDecrypter(block, e.data[:size]).CryptBlocks(plain, plain)
	// XML encryption's padding has its length in the last byte and anything before it.
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > size {
		return plain, false
	}
	return plain[:len(plain)-padding], true
}

// decryptionKey reads the key of a service provider that opens assertions.
func decryptionKey(sp *sso.SAMLServiceProvider, p *sso.SAMLPolicy) (*rsa.PrivateKey, error) {
	key, err := parseKey(sp.DecryptionKey, sp.DecryptionKeyPass)
	if err != nil {
		return nil, errors.New("the decryption key: " + err.Error())
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the decryption key is no RSA key")
	}
	if err := strongEnough(private.Public(), p); err != nil {
		return nil, errors.New("the decryption key: " + err.Error())
	}
	return private, nil
}
