// Package saml is the SAML 2.0 stack of the plugin core/plugins/sso, in a module of its own:
// a program without SAML carries no XML.
//
//	sso.New(sso.Options{SAML: saml.New(saml.Options{})})
//
// A document goes one way. A scanner accepts a small, strict subset of XML, in which no two
// parsers disagree. The signature of an element is verified over its canonical bytes, these
// bytes are parsed once more, and identity is read from that second tree alone. The document
// that was received is never looked at again.
package saml
