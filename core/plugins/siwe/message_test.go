package siwe

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// signed is a message that npm's viem or siwe has made and viem has signed.
type signed struct {
	Name, Address, Nonce, Message, Signature, Compact string
	ChainID                                           int64
}

func vectors(t testing.TB) []signed {
	t.Helper()
	var all []signed
	b, err := os.ReadFile("testdata/signed.json")
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil || len(all) == 0 {
		t.Fatal(err, len(all))
	}
	return all
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		m, err := ParseMessage(v.Message)
		if err != nil || m.Address != v.Address || m.ChainID != v.ChainID || m.Nonce != v.Nonce || m.Domain != "app.example.com" {
			t.Errorf("%s: %+v, %v", v.Name, m, err)
			continue
		}
		if strings.Contains(v.Name, "every field") && (m.Scheme == "" || m.Statement == "" || m.RequestID == "" || m.ExpirationTime.IsZero() || m.NotBefore.IsZero() || len(m.Resources) == 0) {
			t.Errorf("%s: %+v", v.Name, m)
		}
		for form, signature := range map[string]string{"65 bytes": v.Signature, "EIP-2098": v.Compact} {
			raw, _ := hex.DecodeString(signature[2:])
			if got, ok := recoverAddress(hashMessage(v.Message), raw); !ok || got != v.Address {
				t.Errorf("%s, %s: signed by %s", v.Name, form, got)
			}
		}
	}
}

func TestSignatureForms(t *testing.T) {
	t.Parallel()
	v := vectors(t)[0]
	hash := hashMessage(v.Message)
	good, _ := hex.DecodeString(v.Signature[2:])
	change := func(f func(b []byte) []byte) []byte { return f(append([]byte(nil), good...)) }
	low := change(func(b []byte) []byte { b[64] -= 27; return b })
	if got, ok := recoverAddress(hash, low); !ok || got != v.Address {
		t.Errorf("v of 0 or 1: %s", got)
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "short": good[:63], "long": append(good[:65:65], 0),
		"v of 29":     change(func(b []byte) []byte { b[64] = 29; return b }),
		"v of 2":      change(func(b []byte) []byte { b[64] = 2; return b }),
		"r of 0":      change(func(b []byte) []byte { clear(b[:32]); return b }),
		"s of 0":      change(func(b []byte) []byte { clear(b[32:64]); return b }),
		"s too large": change(func(b []byte) []byte { copy(b[32:64], strings.Repeat("\xff", 32)); return b }),
		"high s":      change(highS),
	} {
		if got, ok := recoverAddress(hash, bad); ok {
			t.Errorf("%s: signed by %s", name, got)
		}
	}
	other := change(func(b []byte) []byte { b[64] = 27 + 28 - b[64]; return b }) // the other parity
	if got, _ := recoverAddress(hash, other); got == v.Address {
		t.Error("the other parity recovers the same address")
	}
}

// highS is the other signature that fits: n-s, with the other parity.
func highS(b []byte) []byte {
	order, _ := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	borrow := 0
	for i := 31; i >= 0; i-- {
		d := int(order[i]) - int(b[32+i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		b[32+i] = byte(d)
	}
	b[64] = 27 + 28 - b[64]
	return b
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	for _, a := range []string{ // the examples of EIP-55
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		if got := checksum("0X" + strings.ToUpper(a[2:])); got != a || !isChecksummed(a) {
			t.Errorf("%s: %s", a, got)
		}
	}
}

func TestParseMessageRefuses(t *testing.T) {
	t.Parallel()
	good := ""
	for _, v := range vectors(t) {
		if v.Name == "viem: every field" {
			good = v.Message
		}
	}
	if _, err := ParseMessage(good); err != nil {
		t.Fatal(err)
	}
	address := strings.Split(good, "\n")[1]
	for name, change := range map[string][2]string{
		"SIW-02 an address in lower case":     {address, strings.ToLower(address)},
		"SIW-02 an address in upper case":     {address, "0x" + strings.ToUpper(address[2:])},
		"SIW-02 an address with 0X":           {address, "0X" + address[2:]},
		"SIW-02 a short address":              {address, address[:41]},
		"SIW-02 a name in place of it":        {address, "alice.eth"},
		"carriage returns":                    {"\n", "\r\n"},
		"no scheme before ://":                {"https://app.example.com wants", "://app.example.com wants"},
		"no domain":                           {"https://app.example.com wants", " wants"},
		"a path in the domain":                {"app.example.com wants", "app.example.com/a wants"},
		"two domains":                         {"app.example.com wants", "app.example.com evil.example wants"},
		"another sentence":                    {"Ethereum", "ethereum"},
		"no empty line before the statement":  {address + "\n\n", address + "\n"},
		"a statement of two lines":            {"I accept", "I\naccept"},
		"a statement with other letters":      {"I accept", "I äccept"},
		"a URI without a scheme":              {"URI: https://app", "URI: //app"},
		"an empty URI":                        {"URI: https://app.example.com/login", "URI: "},
		"a space in the URI":                  {"example.com/login", "example.com/lo gin"},
		"another version":                     {"Version: 1", "Version: 2"},
		"no version":                          {"Version: 1\n", ""},
		"a chain of zero":                     {"Chain ID: 137", "Chain ID: 0"},
		"a negative chain":                    {"Chain ID: 137", "Chain ID: -1"},
		"a chain with a sign":                 {"Chain ID: 137", "Chain ID: +1"},
		"a chain in hexadecimal":              {"Chain ID: 137", "Chain ID: 0x89"},
		"a chain beyond JavaScript's numbers": {"Chain ID: 137", "Chain ID: 9007199254740993"},
		"a short nonce":                       {"vectorNonce0001", "short"},
		"a nonce of other signs":              {"vectorNonce0001", "vector-nonce-0001"},
		"two nonces":                          {"Nonce: vector", "Nonce: another0001\nNonce: vector"},
		"no issue date":                       {"Issued At: 2026-01-01T00:00:00.000Z\n", ""},
		"a date of another form":              {"2026-01-01T00:00:00.000Z", "1 Jan 2026"},
		"a date without a zone":               {"2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00"},
		"a date that is none":                 {"2026-01-01T", "2026-02-30T"},
		"an empty expiry":                     {"Expiration Time: 2126-01-01T00:00:00.000Z", "Expiration Time: "},
		"another order":                       {"Version: 1\nChain ID: 137", "Chain ID: 137\nVersion: 1"},
		"a space in the request's id":         {"request-1", "request 1"},
		"a resource that is no URI":           {"- ipfs://", "- "},
		"a resource without a dash":           {"- ipfs", "* ipfs"},
		"a longer line of resources":          {"Resources:", "Resources: "},
		"too much":                            {"I accept", strings.Repeat("I accept", 2000)},
	} {
		text := strings.ReplaceAll(good, change[0], change[1])
		if text == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if m, err := ParseMessage(text); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for _, text := range []string{"", "\n", good + "\n", "\n" + good, good + "\nx", " " + good} {
		if _, err := ParseMessage(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Message)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMessage(text)
		if err != nil {
			return
		}
		if len(text) > maxMessage || strings.ContainsAny(text, "\r\x00") {
			t.Errorf("%q is a message", text)
		}
		if !isChecksummed(m.Address) || !isNonce(m.Nonce) || m.ChainID < 1 || m.ChainID > maxChainID || strings.ContainsAny(m.Domain+m.URI, " \r\n") {
			t.Errorf("%+v", m)
		}
	})
}
