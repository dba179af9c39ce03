// Package cookie writes Set-Cookie values and reads Cookie headers byte for
// byte as Better Auth does (through better-call 1.3.5), with RFC 6265bis rules
// where that library is looser. It knows nothing of sessions or signatures.
package cookie
