package saml

import "testing"

// TestCanonical: the canonical forms are those of the recommendation, written down by hand.
func TestCanonical(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ xml, prefixes, want string }{
		"attributes":           {`<a z="1" b="2" xml:lang="x" a="3"/>`, "", `<a a="3" b="2" z="1" xml:lang="x"></a>`},
		"quotes and escapes":   {`<a b='"&lt;&gt;&amp;&#9;&#10;&#13;é'>"&lt;&gt;&amp;&#9;&#13;é</a>`, "", `<a b="&quot;&lt;>&amp;&#x9;&#xA;&#xD;é">"&lt;&gt;&amp;` + "\t" + `&#xD;é</a>`},
		"line ends":            {"<a>\r\n\r</a>", "", "<a>\n\n</a>"},
		"unused namespaces":    {`<a xmlns:p="urn:p"><p:b/></a>`, "", `<a><p:b xmlns:p="urn:p"></p:b></a>`},
		"used once":            {`<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:p" p:c=""/></p:a>`, "", `<p:a xmlns:p="urn:p"><p:b p:c=""></p:b></p:a>`},
		"included prefixes":    {`<a xmlns:p="urn:p"><b/></a>`, "p", `<a xmlns:p="urn:p"><b></b></a>`},
		"default namespace":    {`<a xmlns="urn:a"><b xmlns="urn:b"/><c/></a>`, "", `<a xmlns="urn:a"><b xmlns="urn:b"></b><c></c></a>`},
		"an inner declaration": {`<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"/></p:a>`, "", `<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"></p:b></p:a>`},
		"the declaration":      {`<?xml version="1.0"?>` + "\n<a/>\n", "", `<a></a>`},
	} {
		root, err := parse([]byte(c.xml), 1000, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := canonical(root, nil, c.prefixes); err != nil || string(got) != c.want {
			t.Errorf("%s: %s %v, want %s", name, got, err, c.want)
		}
	}
	// An element within a document has the namespaces of those around it, and loses one child.
	root, err := parse([]byte(`<r xmlns="urn:r" xmlns:p="urn:p"><p:a b="1">x<drop/><c/></p:a></r>`), 1000, false)
	if err != nil {
		t.Fatal(err)
	}
	el := root.ChildElements()[0]
	got, err := canonical(el, el.ChildElements()[0], "")
	if want := `<p:a xmlns:p="urn:p" b="1">x<c xmlns="urn:r"></c></p:a>`; err != nil || string(got) != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
	if xmlOf(root) != `<r xmlns="urn:r" xmlns:p="urn:p"><p:a b="1">x<drop/><c/></p:a></r>` {
		t.Error("the document has changed: ", xmlOf(root))
	}
}
