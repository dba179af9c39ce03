package saml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // of key files, which the owner has encrypted
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
)

var errPass = errors.New("a private key cannot be decrypted with its pass phrase")

// maxIterations bounds the work for a pass phrase, which is done for every message: about 20
// milliseconds. OpenSSL writes 2,048.
const maxIterations = 100_000

// decryptPKCS8 opens an EncryptedPrivateKeyInfo of PBES2 (RFC 8018), which is what OpenSSL
// writes: PBKDF2 with AES or 3DES in CBC mode.
func decryptPKCS8(der []byte, pass string) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) != 0 {
		return nil, errPass
	}
	var params struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	if !info.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}) {
		return nil, errors.New("a private key is encrypted with something else than PBES2: write it again with openssl pkcs8 -topk8")
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, errPass
	}
	var kdf struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(params.KDF.Parameters.FullBytes, &kdf); err != nil ||
		!params.KDF.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}) || kdf.Iterations < 1 {
		return nil, errPass
	}
	if kdf.Iterations > maxIterations {
		return nil, errors.New("a private key's pass phrase takes too many iterations: write it again with openssl pkcs8 -topk8")
	}
	prf, ok := prfOf(kdf.PRF.Algorithm)
	size, block, known := pemCipher(params.Cipher.Algorithm)
	var iv []byte
	if _, err := asn1.Unmarshal(params.Cipher.Parameters.FullBytes, &iv); err != nil || !ok || !known {
		return nil, errPass
	}
	key, err := pbkdf2.Key(prf, pass, kdf.Salt, kdf.Iterations, size)
	if err != nil {
		return nil, errPass
	}
	b, err := block(key)
	if err != nil || len(iv) != b.BlockSize() || len(info.Data) == 0 || len(info.Data)%b.BlockSize() != 0 {
		return nil, errPass
	}
	plain := make([]byte, len(info.Data))
	cipher.NewCBCDecrypter(b, iv).CryptBlocks(plain, info.Data)
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > b.BlockSize() {
		return nil, errPass
	}
	return plain[:len(plain)-padding], nil
}

func prfOf(id asn1.ObjectIdentifier) (func() hash.Hash, bool) {
	switch id.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New, true
	case "1.2.840.113549.2.9":
		return sha256.New, true
	case "1.2.840.113549.2.10":
		return sha512.New384, true
	case "1.2.840.113549.2.11":
		return sha512.New, true
	}
	return nil, false
}

func pemCipher(id asn1.ObjectIdentifier) (keySize int, block func([]byte) (cipher.Block, error), known bool) {
	switch id.String() {
	case "2.16.840.1.101.3.4.1.2":
		return 16, aes.NewCipher, true
	case "2.16.840.1.101.3.4.1.22":
		return 24, aes.NewCipher, true
	case "2.16.840.1.101.3.4.1.42":
		return 32, aes.NewCipher, true
	case "1.2.840.113549.3.7":
		return 24, des.NewTripleDESCipher, true
	}
	return 0, nil, false
}
