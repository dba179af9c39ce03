package i18n_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/i18n"
	"github.com/advantch/kernia-go/core/schema"
)

type object = map[string]any

var translations = map[string]i18n.Translations{
	"en":    {"INVALID_CREDENTIALS": "Wrong e-mail or password", "FIELD_NOT_ALLOWED": "Not yours"},
	"fr":    {"INVALID_CREDENTIALS": "Adresse ou mot de passe incorrect", "FIELD_NOT_ALLOWED": "Interdit"},
	"pt-BR": {"INVALID_CREDENTIALS": "E-mail ou senha incorretos"},
}

func open(t testing.TB, o i18n.Options) *authtest.Env {
	if o.Translations == nil {
		o.Translations = translations
	}
	return authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		c.User.Fields = []schema.Field{{Name: "locale", Type: schema.String, Optional: true}, {Name: "plan", Type: schema.String, Optional: true, NoInput: true}}
	}, emailpassword.New(emailpassword.Options{}), i18n.New(o))
}

func wrong(c *authtest.Client, header ...core.HeaderField) *authtest.Answer {
	return c.Post("/sign-in/email", object{"email": "nobody@example.com", "password": "nonsense1"}, header...)
}

func language(value string) core.HeaderField {
	return core.HeaderField{Name: "Accept-Language", Value: value}
}

func TestAcceptLanguage(t *testing.T) {
	t.Parallel()
	e := open(t, i18n.Options{})
	for header, locale := range map[string]string{
		"":                               "en",
		"fr":                             "fr",
		"FR-ca":                          "fr",
		"de, fr;q=0.5":                   "fr",
		"en;q=0.4, fr;q=0.9":             "fr",
		"fr;q=0, en":                     "en",
		"pt-BR":                          "pt-BR",
		"pt":                             "en",
		"*":                              "en",
		"fr;q=x, de":                     "en",
		"fr;q=NaN":                       "en",
		strings.Repeat("xx,", 32) + "fr": "en",
		",,;;q=,=;fr":                    "en",
		" fr ; q=0.3 , en;q=0.2":         "fr",
	} {
		if got := wrong(e.Client(), language(header)).Want(t, 401, "INVALID_CREDENTIALS").JSON("message"); got != translations[locale]["INVALID_CREDENTIALS"] {
			t.Errorf("%q: %q", header, got)
		}
	}
}

// The body is Better Auth's: code, message and the original.
func TestBody(t *testing.T) {
	t.Parallel()
	e := open(t, i18n.Options{})
	a := wrong(e.Client(), language("fr"))
	if want := `{"code":"INVALID_CREDENTIALS","message":"Adresse ou mot de passe incorrect","originalMessage":"Invalid email or password"}`; a.Body != want {
		t.Errorf("%s", a.Body)
	}
	// Without a translation the answer is as ever, and successes are not touched.
	if a := e.Client().Post("/sign-in/email", object{}, language("fr")); a.JSON("originalMessage") != "" || a.Code() != "VALIDATION_ERROR" {
		t.Errorf("%s", a.Body)
	}
	if a := e.Client().Get("/get-session", language("fr")); a.Status != 200 || a.Body != "null" {
		t.Errorf("%s", a.Body)
	}
}

func TestStrategies(t *testing.T) {
	t.Parallel()
	all := []i18n.Detection{i18n.Callback, i18n.Cookie, i18n.Session, i18n.Header}
	e := open(t, i18n.Options{Detection: all, Locale: func(c *core.Ctx) (string, error) {
		if c.Req.Header.Get("X-Broken") != "" {
			return "", errors.New("the locale server is gone")
		}
		return c.Req.Header.Get("X-Locale"), nil
	}})
	c := e.Client()
	c.Post("/sign-up/email", object{"name": "Ada", "email": "ada@example.com", "password": "correct horse", "locale": "fr"}).Want(t, 200, "")
	refused := func(header ...core.HeaderField) string {
		return c.Post("/update-user", object{"plan": "team"}, header...).Want(t, 400, "FIELD_NOT_ALLOWED").JSON("message")
	}
	own := core.HeaderField{Name: "X-Locale", Value: "en"}
	if got := refused(language("en")); got != "Interdit" {
		t.Errorf("by the session: %q", got)
	}
	if got := refused(language("fr"), own); got != "Not yours" {
		t.Errorf("by the callback: %q", got)
	}
	c.SetCookie("locale", "en")
	if got := refused(language("fr")); got != "Not yours" {
		t.Errorf("by the cookie: %q", got)
	}
	c.SetCookie("locale", "tlh")
	if got := refused(); got != "Interdit" {
		t.Errorf("by a cookie without translations: %q", got)
	}
	c.Post("/update-user", object{"plan": "team"}, core.HeaderField{Name: "X-Broken", Value: "1"}).Want(t, 500, "INTERNAL_SERVER_ERROR")
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for locale, o := range map[string]i18n.Options{
		"en":    {},
		"fr":    {DefaultLocale: "fr"},
		"pt-BR": {Translations: map[string]i18n.Translations{"pt-BR": translations["pt-BR"], "zz": {}}},
	} {
		if got := wrong(open(t, o).Client(), language("de")).JSON("message"); got != translations[locale]["INVALID_CREDENTIALS"] {
			t.Errorf("%s: %q", locale, got)
		}
	}
}

func TestRefusedOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]i18n.Options{
		"at least one locale":     {Translations: map[string]i18n.Translations{}},
		"has no translations":     {Translations: translations, DefaultLocale: "de"},
		"set Options.Locale":      {Translations: translations, Detection: []i18n.Detection{i18n.Callback}},
		"add it to core.Options":  {Translations: translations, Detection: []i18n.Detection{i18n.Session}},
		"header, cookie, session": {Translations: translations, Detection: []i18n.Detection{"telepathy"}},
	} {
		if _, err := core.New(authtest.NewEnv(t).Options(i18n.New(o))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// A file of translations may be shared: unknown codes are told, and not refused.
func TestUnknownCodes(t *testing.T) {
	t.Parallel()
	if e := open(t, i18n.Options{}); strings.Contains(e.Log.String(), "check the spelling") {
		t.Errorf("%s", e.Log)
	}
	e := open(t, i18n.Options{Translations: map[string]i18n.Translations{"en": {"INVALID_CREDENTIAL": "x", "INVALID_CREDENTIALS": "y"}}})
	if log := e.Log.String(); strings.Count(log, "check the spelling") != 1 || !strings.Contains(log, `["INVALID_CREDENTIAL"]`) {
		t.Errorf("%s", log)
	}
}
