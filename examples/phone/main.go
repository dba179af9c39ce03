// Command phone is a server on which people sign up with their phone number. It reads
// numbers as people of one country write them, with github.com/nyaruka/phonenumbers, and
// prints its codes in place of an SMS.
//
// Environment: HOST (default localhost), PORT (default 3000).
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
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
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	address := net.JoinHostPort(cmp.Or(os.Getenv("HOST"), "localhost"), cmp.Or(os.Getenv("PORT"), "3000"))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	baseURL := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	auth, err := newAuth(baseURL, func(m phonenumber.Message) { fmt.Printf("SMS to %s: %s\n", m.PhoneNumber, m.Code) })
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: nethttp.Handler(auth), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	log.Print("listening on " + baseURL)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	}
	// First the requests that were accepted, then the messages that they have caused.
	requests, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = server.Shutdown(requests)
	messages, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, auth.Close(messages))
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
