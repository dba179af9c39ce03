package phonenumber_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

func Example() {
	var sent phonenumber.Message // what the person would read on the phone
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "example-secret-0123456789-abcdefghijklmnopq", Database: memory.New(),
		Background: func(task func()) { task() },
		Plugins: []core.Plugin{phonenumber.New(phonenumber.Options{
			SendOTP: func(_ context.Context, m phonenumber.Message) error { sent = m; return nil },
			SignUp:  &phonenumber.SignUp{},
			// Messages to Switzerland only.
			AllowMessage: func(_ context.Context, n string) (bool, error) { return strings.HasPrefix(n, "+41"), nil },
		})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, _ := phonenumber.From(auth)
	ctx := context.Background()
	if _, err := p.SendOTP.Call(ctx, &phonenumber.SendOTPInput{PhoneNumber: "+1 555 010 0100"}); core.HasCode(err, phonenumber.CodeInvalidPhoneNumber) {
		fmt.Println("not to this country")
	}
	if _, err := p.SendOTP.Call(ctx, &phonenumber.SendOTPInput{PhoneNumber: "+41 79 123 45 67"}); err != nil {
		fmt.Println(err)
	}
	reply, err := p.Verify.Call(ctx, &phonenumber.VerifyInput{PhoneNumber: "+41791234567", Code: sent.Code})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply.User.Name, reply.Token != nil)
	// Output:
	// not to this country
	// +41791234567 true
}
