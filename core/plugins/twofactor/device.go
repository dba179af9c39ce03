package twofactor

import (
	"context"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/secret"
)

// A trusted device holds a signed cookie HMAC(userId!identifier)!identifier. The
// identifier is that of a verification value, which names the user, is used up by
// each sign-in, and is replaced by a new one.
const (
	deviceCookie = "trust_device"
	devicePrefix = "trust-device-"
	// resetPrefix and a user's id name the time before which no trust in a device
	// counts.
	resetPrefix = "2fa-trust-reset-"
)

// passDevice reports whether the request comes from a trusted device. The device gets a
// new cookie, or loses an invalid one.
func (p *Plugin) passDevice(ctx context.Context, c *core.Ctx, u *core.User, s *core.SignIn) (bool, error) {
	cookie := c.NewCookie(deviceCookie, p.opts.TrustDeviceTTL)
	value, ok := c.SignedCookie(cookie.Name)
	if !ok {
		return false, nil
	}
	trusted, err := p.useDevice(ctx, c.Auth(), u.ID, value)
	if err != nil {
		return false, err
	}
	if !trusted {
		return false, core.AfterCommit(ctx, func(context.Context) error {
			c.ExpireCookie(cookie)
			return nil
		})
	}
	next, err := p.trustDevice(ctx, c.Auth(), u.ID)
	if err != nil {
		return false, err
	}
	s.Then(func(context.Context) error {
		c.SetSignedCookie(cookie, next)
		return nil
	})
	return true, nil
}

// useDevice uses up the stored value of a device's cookie.
func (p *Plugin) useDevice(ctx context.Context, a *core.Auth, userID, value string) (bool, error) {
	token, identifier, ok := strings.Cut(value, "!")
	if !ok || !strings.HasPrefix(identifier, devicePrefix) || !a.Keys().VerifyURLString(userID+"!"+identifier, token) {
		return false, nil
	}
	store := a.Store()
	v, err := store.FindVerification(ctx, identifier)
	if core.IsNotFound(err) {
		return false, nil
	}
	if err != nil || v.Value != userID || !v.ExpiresAt.After(a.Now()) {
		return false, err
	}
	reset, err := store.FindVerification(ctx, resetPrefix+userID)
	if err != nil && !core.IsNotFound(err) {
		return false, err
	}
	if err == nil && !v.CreatedAt.After(reset.CreatedAt) {
		return false, nil
	}
	outdated, err := passwordIsNewer(ctx, a, userID, v)
	if err != nil || outdated {
		return false, err
	}
	// Only one of parallel sign-ins counts as the device's.
	won, err := store.ConsumeVerification(ctx, identifier)
	if core.IsNotFound(err) {
		return false, nil
	}
	return err == nil && won.Value == userID, err
}

// passwordIsNewer reports whether a user's password has been set after a value was
// made. A reset removes such values, but those in a key-value store cannot be found by
// their user.
func passwordIsNewer(ctx context.Context, a *core.Auth, userID string, v *core.Verification) (bool, error) {
	credential, err := a.Store().FindCredential(ctx, userID)
	if core.IsNotFound(err) {
		return false, nil
	}
	return err == nil && v.CreatedAt.Before(credential.UpdatedAt), err
}

// trustDevice stores the value behind a device's cookie, and returns the cookie's
// value.
func (p *Plugin) trustDevice(ctx context.Context, a *core.Auth, userID string) (string, error) {
	random, err := secret.Random(a.Rand(), 32, urlSafe)
	if err != nil {
		return "", err
	}
	identifier := devicePrefix + random
	if _, err := a.Store().CreateVerification(ctx, identifier, userID, a.Now().Add(p.opts.TrustDeviceTTL)); err != nil {
		return "", err
	}
	return a.Keys().SignURL([]byte(userID+"!"+identifier)) + "!" + identifier, nil
}

// forgetDevices ends the trust in all devices of a user. The mark lives as long as the
// youngest trust could have lasted.
func (p *Plugin) forgetDevices(ctx context.Context, a *core.Auth, userID string) error {
	store := a.Store()
	if err := store.DeleteVerification(ctx, resetPrefix+userID); err != nil {
		return err
	}
	_, err := store.CreateVerification(ctx, resetPrefix+userID, "0", a.Now().Add(p.opts.TrustDeviceTTL))
	return err
}
