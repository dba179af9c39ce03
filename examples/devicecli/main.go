// Command devicecli is a command-line tool that signs in to the quickstart server as a
// device: it shows a code, its user approves it in a browser, and the tool gets a session
// of its own. It has nothing of Kernia in it: golang.org/x/oauth2 speaks RFC 8628.
//
//	go run ./examples/gin &
//	go run ./examples/devicecli
//
// Environment: SERVER (default http://localhost:3000).
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"

	"golang.org/x/oauth2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, cmp.Or(os.Getenv("SERVER"), "http://localhost:3000")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, server string) error {
	config := oauth2.Config{ClientID: "devicecli", Endpoint: oauth2.Endpoint{
		DeviceAuthURL: server + "/api/auth/device/code",
		TokenURL:      server + "/api/auth/device/token",
		// By default the package tries two ways to send the client id, one right after the
		// other, and is told to slow down.
		AuthStyle: oauth2.AuthStyleInParams,
	}}
	codes, err := config.DeviceAuth(ctx)
	if err != nil {
		return fmt.Errorf("asking for a code: %w", err)
	}
	_, _ = fmt.Fprintf(out, "Open %s and enter %s\n", codes.VerificationURI, codes.UserCode)
	token, err := config.DeviceAccessToken(ctx, codes) // waits for the user's decision
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	user, err := me(ctx, config.Client(ctx, token), server+"/me")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "Signed in as %s <%s>\n", user.Name, user.Email)
	return nil
}

type person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// me asks a route of the application, which Kernia guards, who is calling.
func me(ctx context.Context, client *http.Client, address string) (*person, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, res.Status)
	}
	var user person
	return &user, json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&user)
}
