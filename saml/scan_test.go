package saml

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml/xmlenc"
)

// declared is XML of n declarations of namespaces, of the prefixes a0, a1 and so on.
func declared(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` xmlns:a%d="urn:%d"`, i, i)
	}
	return b.String()
}

// allocated is how many bytes f allocates. Other tests must not run meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestNamespaceBombs: the canonical form repeats the URI of a namespace for each element that
// uses its prefix, before anything is known about the sender.
func TestNamespaceBombs(t *testing.T) { //nolint:paralleltest // counts what is allocated
	bomb := func(uri string, uses int) string {
		donor := element(`<md:EntityDescriptor xmlns:md="` + nsMetadata + `" ID="_md" entityID="` + idpEntity + `"><md:x/></md:EntityDescriptor>`)
		signing{}.sign(donor)
		root := goodAnswer().root()
		root.CreateAttr("ID", "_md")
		root.InsertChildAt(1, take(donor))
		root.CreateAttr("xmlns:q", uri)
		return strings.Replace(xmlOf(root), "<samlp:Status>", "<samlp:Extensions>"+strings.Repeat("<q:b/>", uses)+"</samlp:Extensions><samlp:Status>", 1)
	}
	for name, xml := range map[string]string{
		"SAM-22 a long namespace that 4,000 elements use":  bomb("u:"+strings.Repeat("a", 100_000), 4000),
		"SAM-22 a short namespace that 6,000 elements use": bomb("u:"+strings.Repeat("a", 250), 6000),
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // likewise
			var err error
			if n := allocated(func() { _, err = read(connection(), xml) }); n > 24<<20 {
				t.Errorf("%d bytes became %d", len(xml), n)
			}
			wantRefused(t, err, "SAML_INVALID_XML")
			// The same in the plaintext of an encrypted assertion.
			plain := strings.Replace(strings.Replace(xml, "samlp:Response", "samlp:Assertion", 2), nsProtocol, nsAssertion, 1)
			boxed := xmlOf(encryptInto(goodAnswer().root(), boxOf([]byte(plain), encrypter(xmlenc.OAEP(), xmlenc.AES128GCM, xmlenc.SHA1))))
			conn := decrypting()
			conn.Policy.MaxMessage = 256 << 10
			if n := allocated(func() { _, err = read(conn, boxed) }); n > 24<<20 {
				t.Errorf("encrypted, %d bytes became %d", len(boxed), n)
			}
			wantRefused(t, err, "INVALID_SAML_RESPONSE")
		})
	}
}

// TestNamespaceBounds: documents at a bound are read, and those beyond it are not.
func TestNamespaceBounds(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		return "<r" + declared(50) + ">" + strings.Repeat("<b/>", n) + "</r>"
	}
	const overhead = len(` xmlns:p="urn:p"`)
	for name, c := range map[string]struct {
		xml   string
		limit int
		good  bool
	}{
		"a URI of 256 bytes":                         {`<a xmlns="u:` + strings.Repeat("a", 254) + `"/>`, 1000, true},
		"a URI of 257 bytes":                         {`<a xmlns="u:` + strings.Repeat("a", 255) + `"/>`, 1000, false},
		"SAM-22 50 namespaces around 1,999 elements": {many(1999), 1 << 20, true},
		"SAM-22 50 namespaces around 2,000 elements": {many(2000), 1 << 20, false},
		"as many added bytes as are allowed":         {`<a xmlns:p="urn:p"><p:b/><p:b/><p:b><p:c p:d=""/></p:b></a>`, 3*overhead + len(` xmlns:=""`), true},
		"one added byte more":                        {`<a xmlns:p="urn:p"><p:b/><p:b/><p:b><p:c p:d=""/></p:b></a>`, 3*overhead + len(` xmlns:=""`) - 1, false},
		"an inner declaration counts again":          {`<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"><p:c/></p:b><p:d/></p:a>`, 2 * overhead, true},
		"a prefix of an attribute counts":            {`<p:a xmlns:p="urn:p" xmlns:q="urn:q"><p:b q:c=""/><p:b q:c=""/></p:a>`, 3*overhead - 1, false},
		"an attribute twice by two prefixes":         {`<a xmlns:p="urn:p" xmlns:q="urn:p" p:a="" q:a=""/>`, 1000, false},
		"one local name of two namespaces":           {`<a xmlns:p="urn:p" xmlns:q="urn:q" a="" p:a="" q:a=""/>`, 1000, true},
		"a namespace with an entity":                 {`<a xmlns="urn:a&amp;b"/>`, 1000, false},
		"a namespace with a space":                   {`<a xmlns="urn:a b"/>`, 1000, false},
		"a relative namespace":                       {`<a xmlns="a"/>`, 1000, false},
		"a prefix that is declared empty":            {`<a xmlns:p=""/>`, 1000, false},
		"an attribute called xmlns":                  {`<a xmlns:p="urn:p" p:xmlns="urn:q"/>`, 1000, false},
		"an element called xmlns":                    {`<p:xmlns xmlns:p="urn:p"/>`, 1000, false},
		"a default namespace that is taken back":     {`<a xmlns="urn:a"><b xmlns=""/></a>`, 1000, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := scan([]byte(c.xml), c.limit, false); (err == nil) != c.good {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAttributesOfOneName: attributes of one local name cost about as much as others. They
// once cost six times as much and more, because each was looked up again for each other.
func TestAttributesOfOneName(t *testing.T) { //nolint:paralleltest // compares times
	best := map[string]time.Duration{}
	for _, local := range []string{"a", "a%d"} {
		var el strings.Builder
		for i := range 60 {
			name := local
			if strings.Contains(local, "%") {
				name = fmt.Sprintf(local, i)
			}
			fmt.Fprintf(&el, ` a%d:%s=""`, i, name)
		}
		doc := []byte("<r" + declared(60) + ">" + strings.Repeat("<b"+el.String()+"/>", 100) + "</r>")
		for range 10 {
			start := time.Now()
			if err := scan(doc, 1<<20, false); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); best[local] == 0 || d < best[local] {
				best[local] = d
			}
		}
	}
	if best["a"] > 3*best["a%d"] {
		t.Errorf("%s, and %s with other names", best["a"], best["a%d"])
	}
}
