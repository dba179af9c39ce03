package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/i18n"
)

func init() { factories["i18n"] = (*instance).i18n }

func (i *instance) i18n(s *section) core.Plugin {
	o := i18n.Options{
		DefaultLocale: s.text("defaultLocale"), LocaleCookie: s.text("localeCookie"), UserLocaleField: s.text("userLocaleField"),
		Translations: map[string]i18n.Translations{},
	}
	for _, d := range s.texts("detection") {
		o.Detection = append(o.Detection, i18n.Detection(d))
	}
	all := s.sub("translations")
	for _, m := range all.object.Members() {
		one := all.sub(m.Name)
		texts := i18n.Translations{}
		for _, code := range one.object.Members() {
			texts[code.Name] = one.text(code.Name)
		}
		o.Translations[m.Name] = texts
	}
	if f := s.function("getLocale"); f != nil {
		o.Locale = func(c *core.Ctx) (string, error) {
			v, err := f.call(c, contextOf(c, true))
			locale, _ := v.Str()
			return locale, err
		}
	}
	return i18n.New(o)
}
