package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+41791234567": "+41791234567", "079 123 45 67": "+41791234567", "0041 79 123 45 67": "+41791234567", "+41 (0)79 123 45 67": "+41791234567",
		"+1 202-555-0123": "+12025550123", "": "", "79": "", "+41 79 123": "", "horse": "", strings.Repeat("0", 33): "",
	} {
		if got, ok := normalize(in); got != want || ok != (want != "") {
			t.Errorf("normalize(%q) = %q, %v", in, got, ok)
		}
	}
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	sent := make(chan phonenumber.Message, 9)
	auth, err := newAuth("http://localhost:3000", func(m phonenumber.Message) { sent <- m })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(nethttp.Handler(auth))
	defer server.Close()
	post := func(path, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/auth/phone-number/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for number, want := range map[string]int{"079 123 45 67": 200, "+881612345678": 400, "+1 202-555-0123": 400, "0900 123 456": 400} {
		if got := post("send-otp", `{"phoneNumber":"`+number+`"}`); got != want {
			t.Errorf("%s: %d", number, got)
		}
	}
	m := <-sent
	if m.PhoneNumber != "+41791234567" || len(sent) != 0 {
		t.Errorf("sent to %s, and %d more", m.PhoneNumber, len(sent))
	}
	if got := post("verify", `{"phoneNumber":"+41 79 123 45 67","code":"`+m.Code+`"}`); got != 200 {
		t.Error(got)
	}
}
