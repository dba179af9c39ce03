package idtoken_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/idtoken"
)

func TestKeysAreCached(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	good := sign(rsaKey(), header(), claims(nil))
	ok := func(want int64) {
		t.Helper()
		if _, err := f.verify(good, ""); err != nil || f.asked.Load() != want {
			t.Errorf("%v after %d requests, want %d", err, f.asked.Load(), want)
		}
	}
	for range 5 {
		ok(1)
	}
	f.advance(59 * time.Minute)
	ok(1)
	f.advance(time.Minute)
	good = sign(rsaKey(), header(), claims(func(c object) { c["iat"], c["exp"] = f.now.Load(), f.now.Load()+86400*2 }))
	ok(2)
	f.advance(-30 * time.Minute) // a clock that is set back
	good = sign(rsaKey(), header(), claims(nil))
	ok(2)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	next := must(rsa.GenerateKey(rand.Reader, 2048))
	old := sign(rsaKey(), header(), claims(nil))
	fresh := sign(next, clone(header(), func(h object) { h["kid"] = "k2" }), claims(nil))
	if _, err := f.verify(old, ""); err != nil {
		t.Fatal(err)
	}
	f.keys(jwk(rsaKey().Public(), "k1"), jwk(next.Public(), "k2"))
	refused(t, f, fresh, "", idtoken.ReasonKey) // within the minute
	f.advance(time.Minute)
	if _, err := f.verify(fresh, ""); err != nil || f.asked.Load() != 2 {
		t.Error(err, f.asked.Load())
	}
	f.keys(jwk(next.Public(), "k2"))
	f.advance(time.Hour)
	at := func(c object) { c["iat"], c["exp"] = f.now.Load(), f.now.Load()+3600 }
	refused(t, f, sign(rsaKey(), header(), claims(at)), "", idtoken.ReasonKey) // taken out of the set
	refused(t, f, sign(next, clone(header(), func(h object) { h["kid"] = "k1" }), claims(at)), "", idtoken.ReasonKey)
	if _, err := f.verify(sign(next, clone(header(), func(h object) { delete(h, "kid") }), claims(at)), ""); err != nil {
		t.Error(err)
	}
	f.keys(jwk(rsaKey().Public(), "k1"), jwk(next.Public(), "k2"))
	f.advance(time.Hour)
	refused(t, f, sign(next, clone(header(), func(h object) { delete(h, "kid") }), claims(at)), "", idtoken.ReasonKey) // two keys
}

func TestUnknownKidFlood(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	flood := func() {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				h := clone(header(), func(h object) { h["kid"] = fmt.Sprintf("unknown-%d", i) })
				if _, err := f.verify(sign(rsaKey(), h, claims(nil)), ""); err == nil {
					t.Error("accepted")
				}
			})
		}
		wg.Wait()
	}
	t.Run("IDT-07 one request a minute", func(t *testing.T) {
		flood()
		flood()
		f.advance(59 * time.Second)
		flood()
		if n := f.asked.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
		f.advance(time.Second)
		flood()
		if n := f.asked.Load(); n != 2 {
			t.Errorf("%d requests", n)
		}
	})
	t.Run("IDT-07 also while the provider fails", func(t *testing.T) {
		f := open(t, nil)
		f.serve(503, "")
		for range 20 {
			if _, err := f.verify(sign(rsaKey(), header(), claims(nil)), ""); !errors.Is(err, idtoken.ErrNoKeys) {
				t.Error(err)
			}
		}
		if n := f.asked.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
		f.keys(jwk(rsaKey().Public(), "k1"))
		f.advance(time.Minute)
		if _, err := f.verify(sign(rsaKey(), header(), claims(nil)), ""); err != nil {
			t.Error(err)
		}
	})
}

func TestOldKeysWhileTheProviderIsDown(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*fixture){
		"a failure":   func(f *fixture) { f.serve(500, `{"keys":[]}`) },
		"no set":      func(f *fixture) { f.serve(200, `<html>`) },
		"no keys":     func(f *fixture) { f.serve(200, `{"keys":[]}`) },
		"a huge body": func(f *fixture) { f.serve(200, `{"keys":[`+strings.Repeat(" ", 1<<20)+`]}`) },
		"too many keys": func(f *fixture) {
			keys := make([]object, 1000)
			for i := range keys {
				keys[i] = jwk(rsaKey().Public(), fmt.Sprint(i))
			}
			f.keys(keys...)
		},
		"a redirect": func(f *fixture) {
			f.answer.Store(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host != "idp.example.com" {
					panic("it was followed")
				}
				return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://evil.example.com"}}, Body: http.NoBody, Request: r}, nil
			})
		},
		"no connection": func(f *fixture) {
			f.answer.Store(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") })
		},
		"a transport that panics": func(f *fixture) {
			f.answer.Store(func(*http.Request) (*http.Response, error) { panic("a bug") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, func(o *idtoken.Options) { o.MaxAge = 0 })
			token := sign(rsaKey(), header(), claims(func(c object) { c["exp"] = now.Add(48 * time.Hour).Unix() }))
			for want := range int64(3) {
				if want == 1 {
					fail(f)
				}
				if _, err := f.verify(token, ""); err != nil || f.asked.Load() != want+1 {
					t.Fatalf("%v after %d requests", err, f.asked.Load())
				}
				f.advance(2 * time.Hour)
			}
		})
	}
}

func TestOneRequestForManyCallers(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	answer := f.answer.Load().(func(*http.Request) (*http.Response, error))
	arrived, release := make(chan struct{}), make(chan struct{})
	f.answer.Store(func(r *http.Request) (*http.Response, error) {
		close(arrived)
		<-release
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return answer(r)
	})
	token := sign(rsaKey(), header(), claims(nil))
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := f.p.VerifyIDToken(ctx, f.client, token, "")
		first <- err
	}()
	<-arrived
	cancel() // the first caller goes away; the request goes on
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := f.verify(token, ""); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := f.asked.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	public := jwk(rsaKey().Public(), "k1")
	small := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 511), big.NewInt(1))
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	for name, keys := range map[string][]object{
		"IDT-08 for encryption":         {clone(public, func(k object) { k["use"] = "enc" })},
		"IDT-08 use that is no text":    {clone(public, func(k object) { k["use"] = []string{"sig"} })},
		"IDT-08 key_ops without verify": {clone(public, func(k object) { k["key_ops"] = []string{"encrypt"} })},
		"IDT-08 RSA of 512 bits":        {clone(public, func(k object) { k["n"] = number(small) })},
		"IDT-08 RSA of 32768 bits": {clone(public, func(k object) {
			k["n"] = number(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 32767), big.NewInt(1)))
		})},
		"IDT-08 an exponent of 1":           {clone(public, func(k object) { k["e"] = "AQ" })},
		"IDT-08 a point not on the curve":   {{"kty": "EC", "crv": "P-256", "kid": "k1", "x": strings.Repeat("A", 42) + "E", "y": strings.Repeat("A", 42) + "E"}},
		"IDT-08 a private key":              {clone(public, func(k object) { k["d"] = number(rsaKey().D) })},
		"IDT-08 a secret":                   {{"kty": "oct", "kid": "k1", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}},
		"IDT-08 one kid and two keys":       {public, jwk(other.Public(), "k1")},
		"IDT-08 one kid and two keys, back": {jwk(other.Public(), "k1"), public},
		"IDT-08 another algorithm":          {clone(public, func(k object) { k["alg"] = "RS512" })},
		"IDT-08 no kty":                     {clone(public, func(k object) { delete(k, "kty") })},
		"IDT-08 numbers that are no text":   {clone(public, func(k object) { k["n"] = 5 })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, nil)
			f.keys(append(keys, jwk(other.Public(), "another"))...)
			refused(t, f, sign(rsaKey(), header(), claims(nil)), "", idtoken.ReasonKey)
			f = open(t, nil)
			f.keys(append(keys[:len(keys):len(keys)], clone(public, func(k object) { k["kid"] = "sound" }))...)
			if _, err := f.verify(sign(rsaKey(), clone(header(), func(h object) { h["kid"] = "sound" }), claims(nil)), ""); err != nil {
				t.Error("the set is refused whole:", err)
			}
		})
	}
	t.Run("the same key twice, with certificates that are not read", func(t *testing.T) {
		t.Parallel()
		f := open(t, nil)
		f.keys(clone(public, func(k object) { k["x5c"], k["x5t"], k["alg"] = []string{"no certificate"}, "x", "RS256" }), public)
		if _, err := f.verify(sign(rsaKey(), header(), claims(nil)), ""); err != nil {
			t.Error(err)
		}
	})
}
