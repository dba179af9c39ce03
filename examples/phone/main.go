// Command phone is a server on which people sign up with their phone number. It reads
// numbers as people of one country write them, with github.com/nyaruka/phonenumbers, and
// prints its codes in place of an SMS.
//
// Environment: PORT (default 3000).
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

const region = "CH" // of numbers without a country code

// regions are where messages are sent.
var regions = []string{"CH", "LI", "DE", "AT"}

func main() {
	port := cmp.Or(os.Getenv("PORT"), "3000")
	auth, err := newAuth("http://localhost:"+port, func(m phonenumber.Message) { fmt.Printf("SMS to %s: %s\n", m.PhoneNumber, m.Code) })
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "localhost:" + port, Handler: nethttp.Handler(auth), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func newAuth(baseURL string, sms func(phonenumber.Message)) (*core.Auth, error) {
	send := func(_ context.Context, m phonenumber.Message) error {
		sms(m)
		return nil
	}
	return core.New(core.Options{
		BaseURL: baseURL, Secret: rand.Text() + rand.Text(), Database: memory.New(),
		Plugins: []core.Plugin{phonenumber.New(phonenumber.Options{
			SendOTP: send, SendPasswordResetOTP: send, SignUp: &phonenumber.SignUp{},
			Normalize: normalize, AllowMessage: allow,
		})},
	})
}

// normalize makes E.164 of "079 123 45 67", "0041 79 123 45 67" and "+41 (0)79 123 45 67",
// and refuses numbers that cannot exist. E164 comes first for canonical numbers, so that a
// number that is stored is found again whatever the library's next release knows.
func normalize(phoneNumber string) (string, bool) {
	if number, ok := phonenumber.E164(phoneNumber); ok && number == phoneNumber {
		return number, true
	}
	if len(phoneNumber) > 32 {
		return "", false
	}
	n, err := phonenumbers.Parse(phoneNumber, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", false
	}
	return phonenumber.E164(phonenumbers.Format(n, phonenumbers.E164))
}

// allow refuses other countries, and numbers that cost their callers more.
func allow(_ context.Context, phoneNumber string) (bool, error) {
	n, err := phonenumbers.Parse(phoneNumber, "")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return false, nil
	}
	kind := phonenumbers.GetNumberType(n)
	mobile := kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE
	return mobile && slices.Contains(regions, phonenumbers.GetRegionCodeForNumber(n)), nil
}
