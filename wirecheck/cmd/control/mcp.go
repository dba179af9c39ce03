package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/mcp"
)

func init() { factories["mcp"] = (*instance).mcp }

// mcp maps the options of mcp.
func (i *instance) mcp(s *section) core.Plugin {
	own := s.sub("oidcConfig")
	own.text("loginPage")   // which loginPage beside it replaces
	own.flag("requirePKCE") // always
	o := mcp.Options{
		LoginPage: s.text("loginPage"), ConsentPage: own.text("consentPage"), Scopes: own.texts("scopes"), DefaultScope: own.text("defaultScope"),
		GenerateClientID: own.maker("generateClientId"), GenerateClientSecret: own.maker("generateClientSecret"), GetAdditionalUserInfoClaim: userInfoClaim(own),
	}
	if resource := s.text("resource"); resource != "" {
		o.Resources = []string{resource}
	}
	o.CodeExpiresIn, _ = own.seconds("codeExpiresIn")
	o.AccessTokenExpiresIn, _ = own.seconds("accessTokenExpiresIn")
	o.RefreshTokenExpiresIn, _ = own.seconds("refreshTokenExpiresIn")
	return mcp.New(o)
}
