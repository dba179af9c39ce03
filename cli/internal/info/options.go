package info

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// elsewhere are options that the report shows elsewhere, or not at all.
var elsewhere = []string{
	"AppName", "BaseURL", "BasePath", "PublicPath", "Secret", "Secrets", "Database", "SecondaryStorage", "Plugins", "Compat", "Comparison",
	"Clock", "Rand", "Logger", // New fills them in
}

// shown are the options whose values may stand in a report that strangers read: limits,
// switches, and names that browsers or the database's schema have anyway. Of all others,
// and of those that core will get, the report says only that they are set.
var shown = []string{
	"DynamicBaseURL.AllowedHosts", "DynamicBaseURL.Fallback", "DynamicBaseURL.Protocol", "DynamicBaseURL.TrustForwarded",
	"Stateless", "TrustedOrigins",
	"User.Table", "User.Columns", "User.Fields", "User.MaxImage", "User.ChangeEmail.Enabled", "User.ChangeEmail.UpdateWithoutVerification",
	"User.DeleteUser.Enabled", "User.DeleteUser.TokenTTL",
	"Session.Table", "Session.Columns", "Session.Fields", "Session.ExpiresIn", "Session.UpdateAge", "Session.FreshAge", "Session.DisableRefresh",
	"Session.DeferRefresh", "Session.CookieCache.Enabled", "Session.CookieCache.MaxAge", "Session.CookieCache.Strategy",
	"Session.CookieCache.RefreshAge", "Session.MaxPerUser", "Session.StoreInDatabase", "Session.PreserveInDatabase",
	"Account.Table", "Account.Columns", "Account.Fields", "Account.AllowUnlinkingAll", "Account.Linking.Disabled", "Account.Linking.DisableImplicit",
	"Account.Linking.TrustedProviders", "Account.Linking.AllowDifferentEmails", "Account.Linking.AllowUnverifiedUser", "Account.Linking.UpdateUser",
	"Account.EncryptTokens", "Account.UpdateOnSignIn", "Account.StoreCookie", "Account.StateInCookie", "Account.SkipStateCookieCheck",
	"Verification.Table", "Verification.Columns", "Verification.Fields", "Verification.StoreIdentifier.Mode", "Verification.StoreInDatabase",
	"Verification.DisableCleanup",
	"EmailVerification.SendOnSignUp", "EmailVerification.SendOnSignIn", "EmailVerification.AutoSignIn", "EmailVerification.TTL",
	"EmailVerification.MinAnswerTime",
	"RateLimit.Disabled", "RateLimit.Default.Window", "RateLimit.Default.Max", "RateLimit.Rules", "RateLimit.Account.Window", "RateLimit.Account.Max",
	"RateLimit.Mails.Window", "RateLimit.Mails.Max", "RateLimit.Storage", "RateLimit.Table.Table", "RateLimit.Table.Columns", "RateLimit.Table.Fields",
	"Cookies.Prefix", "Cookies.Secure", "Cookies.CrossSubDomain", "Cookies.Domain", "Cookies.Names",
	"IPAddress.Headers", "IPAddress.TrustedProxies", "IPAddress.IPv6Subnet", "IPAddress.Disabled",
	"Password.Argon2.Memory", "Password.Argon2.Time", "Password.Argon2.Threads", "Password.Argon2.SaltLength", "Password.Argon2.KeyLength",
	"Password.Parallel", "Password.Queue", "Password.MaxWait",
	"IDs.Kind", "DisabledPaths", "SkipOriginCheck", "DisableCSRFCheck", "BackgroundTimeout", "Timeout",
	"GuardedHTTP.AllowHTTP", "GuardedHTTP.Ports", "GuardedHTTP.MaxRedirects", "GuardedHTTP.Timeout", "GuardedHTTP.MaxHeader", "GuardedHTTP.MaxBody",
	"MaxBody", "AllowWeakSecret", "SkipTrailingSlashes",
}

// set is what the report says of a value that it does not show.
const set = "set"

// options lists the options that have a value.
func options(o core.Options) []Option {
	out := []Option{}
	v := reflect.ValueOf(o)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !slices.Contains(elsewhere, name) {
			list(&out, name, v.Field(i))
		}
	}
	return out
}

// list adds an option, or those below it of which one may be shown.
func list(out *[]Option, name string, v reflect.Value) {
	if v.IsZero() {
		return
	}
	if slices.Contains(shown, name) {
		*out = append(*out, Option{name, text(v)})
		return
	}
	inside := v
	if v.Kind() == reflect.Pointer {
		inside = v.Elem()
	}
	below := func(option string) bool { return strings.HasPrefix(option, name+".") }
	if inside.Kind() != reflect.Struct || v.Kind() == reflect.Struct && v.Type() == reflect.TypeFor[time.Time]() ||
		v.Kind() == reflect.Pointer && !slices.ContainsFunc(shown, below) {
		*out = append(*out, Option{name, set})
		return
	}
	for i := range inside.NumField() {
		f := inside.Type().Field(i)
		switch {
		case f.Anonymous:
			list(out, name, inside.Field(i))
		case f.IsExported():
			list(out, name+"."+f.Name, inside.Field(i))
		}
	}
}

// text is the value of an option that may be shown, in one line.
func text(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case string:
		return plain(value)
	case fmt.Stringer: // durations, networks
		return value.String()
	case []schema.Field:
		names := make([]string, len(value))
		for i, f := range value {
			names[i] = f.Name
		}
		return strings.Join(names, ", ")
	case map[string]string:
		var pairs []string
		for k, name := range value {
			pairs = append(pairs, k+": "+plain(name))
		}
		slices.Sort(pairs)
		return strings.Join(pairs, ", ")
	case []string, []int, []netip.Prefix:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, text(v.Index(i)))
		}
		return strings.Join(parts, ", ")
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprint(v.Interface())
	case reflect.String:
		return plain(v.String())
	case reflect.Pointer:
		return text(v.Elem())
	case reflect.Slice: // of values with an inside of their own: how many
		return fmt.Sprint(v.Len())
	}
	return set
}

// plain is a text without the password of an address.
func plain(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}
