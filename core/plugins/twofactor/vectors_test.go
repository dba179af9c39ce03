package twofactor

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// vectors were made by Better Auth 1.6.11.
type vectors struct {
	Secret string
	TOTP   []struct {
		Secret         string
		Digits, Period int
		Codes          []struct {
			Unix int64
			Code string
		}
		AcceptedStepOffsets map[string]bool
		URI                 string
	}
	TwoFactor map[string]json.RawMessage
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/better-auth-1.6.11.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v vectors) auth(t *testing.T, p *Plugin) *core.Auth {
	t.Helper()
	a, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: v.Secret, AllowWeakSecret: true, Database: memory.New(), Compat: core.CompatBetterAuth,
		Plugins: []core.Plugin{p},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestVectorsOfCodes(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).TOTP {
		period := time.Duration(v.Period) * time.Second
		for _, c := range v.Codes {
			if got := totp(v.Secret, time.Unix(c.Unix, 0), period, v.Digits); got != c.Code {
				t.Errorf("%s at %d: %s, want %s", v.Secret, c.Unix, got, c.Code)
			}
		}
		now := time.Unix(2_000_000_000, 0)
		for offset, want := range v.AcceptedStepOffsets {
			n, _ := strconv.Atoi(offset)
			code := totp(v.Secret, now.Add(time.Duration(n)*period), period, v.Digits)
			if _, ok := matchTOTP(v.Secret, code, now, time.Time{}, period, v.Digits); ok != want {
				t.Errorf("offset %s: %v", offset, ok)
			}
		}
		if got := keyURI(v.Secret, "My App", "ada@example.com", period, v.Digits); got != spaces(v.URI) {
			t.Errorf("%s, want %s", got, spaces(v.URI))
		}
	}
}

// spaces writes a URI of Better Auth as ours: a "+" there is a space, which apps do not know.
func spaces(uri string) string { return strings.ReplaceAll(uri, "+", "%20") }

func TestVectorsOfStoredValues(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	for name, store := range map[string]Storage{"encrypted (default)": "", "plain": Plain} {
		var made struct {
			StoredSecret, PlainSecret, TOTPURI, StoredBackupCodes string
			BackupCodesReturned                                   []string
			RowKeys                                               []string
			TrustDevice                                           struct{ UserID, CookieValue string }
		}
		if err := json.Unmarshal(v.TwoFactor[name], &made); err != nil {
			t.Fatal(err)
		}
		p := New(Options{BackupCodes: BackupCodeOptions{Store: store}})
		a := v.auth(t, p)
		plain, err := a.Keys().Decrypt(made.StoredSecret)
		if err != nil || plain != made.PlainSecret {
			t.Errorf("%s: the secret is %q, %v", name, plain, err)
		}
		if got := keyURI(plain, "My App", "u@example.com", 30*time.Second, 6); got != spaces(made.TOTPURI) {
			t.Errorf("%s: %s, want %s", name, got, spaces(made.TOTPURI))
		}
		codes, err := p.openCodes(t.Context(), a, made.StoredBackupCodes)
		if err != nil || !slices.Equal(codes, made.BackupCodesReturned) {
			t.Errorf("%s: the codes are %v, %v", name, codes, err)
		}
		ours, sealed, err := p.newCodes(t.Context(), a)
		if err != nil || len(ours) != len(codes) || len(ours[0]) != len(codes[0]) || ours[0][5] != '-' {
			t.Errorf("%s: our codes are %v, %v", name, ours, err)
		}
		if again, err := p.openCodes(t.Context(), a, sealed); err != nil || !slices.Equal(again, ours) {
			t.Errorf("%s: our codes are read as %v, %v", name, again, err)
		}
		if d := made.TrustDevice; d.CookieValue != "" {
			token, identifier, _ := strings.Cut(d.CookieValue, "!")
			if !a.Keys().VerifyURLString(d.UserID+"!"+identifier, token) {
				t.Error("a trusted device's cookie is not valid")
			}
		}
		table, _ := a.Schema().Table(ModelTwoFactor)
		keys := []string{"id"}
		for i := range table.Fields {
			if f := &table.Fields[i]; i < 4 {
				keys = append(keys, f.Name)
			} else if !f.Optional {
				t.Errorf("a server without the column %s could not make rows", f.Name)
			}
		}
		if !slices.Equal(keys, made.RowKeys) {
			t.Errorf("columns %v, want %v", keys, made.RowKeys)
		}
	}
}

func TestVectorsOfSentCodes(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	var made []struct {
		StoreOTP Storage
		OTP      string
		Row      struct{ Value string }
	}
	if err := json.Unmarshal(v.TwoFactor["otpStorage"], &made); err != nil {
		t.Fatal(err)
	}
	for _, m := range made {
		p := New(Options{OTP: OTPOptions{Store: m.StoreOTP}})
		a := v.auth(t, p)
		stored := m.Row.Value[:strings.LastIndexByte(m.Row.Value, ':')]
		ctx, store := t.Context(), a.Store()
		for code, want := range map[string]bool{m.OTP: true, "000000": false, "": false, stored: m.StoreOTP == Plain} {
			if err := store.DeleteVerification(ctx, "theirs"); err != nil {
				t.Fatal(err)
			}
			if _, err := store.CreateVerification(ctx, "theirs", m.Row.Value, a.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if err := p.codes.Check(ctx, "theirs", code); want != (err == nil) || err != nil && !errors.Is(err, otp.ErrWrong) {
				t.Errorf("%s: %q: %v", m.StoreOTP, code, err)
			}
		}
		if err := p.codes.Keep(ctx, "ours", m.OTP); err != nil {
			t.Fatal(err)
		}
		row, err := store.FindVerification(ctx, "ours")
		if err != nil {
			t.Fatal(err)
		}
		ours := strings.TrimSuffix(row.Value, ":0")
		if err := p.codes.Check(ctx, "ours", m.OTP); err != nil {
			t.Errorf("%s: our own is not read: %v", m.StoreOTP, err)
		}
		if m.StoreOTP == Hashed && ours != stored {
			t.Errorf("hashed to %s, want %s", ours, stored)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	p := New(Options{Table: "factors", Columns: map[string]string{"secret": "key", "twoFactorEnabled": "second_factor"}})
	a := vectors{Secret: strings.Repeat("s", 32)}.auth(t, p)
	table, _ := a.Schema().Table(ModelTwoFactor)
	users, _ := a.Schema().Table(core.ModelUser)
	key, _ := table.Column("secret")
	on, _ := users.Column(Enabled.Name)
	if table.Name != "factors" || key != "key" || on != "second_factor" {
		t.Errorf("%s %s %s", table.Name, key, on)
	}
	for _, f := range table.Fields {
		if f.Type == schema.String && !f.Hidden {
			t.Errorf("TFA-09 %s could be sent to clients", f.Name)
		}
	}
	if _, err := secret.Random(a.Rand(), 20, urlSafe); err != nil || len(urlSafe) != 64 {
		t.Error(err)
	}
}
