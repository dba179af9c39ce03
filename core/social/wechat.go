package social

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// WeChatOptions are the options of WeChat, for a website application.
type WeChatOptions struct {
	Options
	// Lang is the language of the page with the code to scan: "cn" or "en". Default
	// "cn".
	Lang string
}

// WeChat is the provider "wechat". WeChat has no addresses: an account gets a
// placeholder. The account's id is the unionid, which all applications of one
// owner share, or the openid when there is none.
func WeChat(o WeChatOptions) oauth.Config {
	var err error
	lang := first(o.Lang, "cn")
	if lang != "cn" && lang != "en" {
		err = errors.New(`Lang must be "cn" or "en"`)
	}
	return o.config(oauth2.Config{
		ID: "wechat", Name: "WeChat", NoPKCE: true, ClientIDParam: "appid", ScopeSeparator: ",", Params: wire.Query{{Name: "lang", Value: lang}},
		AuthorizeURL: "https://open.weixin.qq.com/connect/qrconnect#wechat_redirect",
		TokenURL:     "https://api.weixin.qq.com/sns/oauth2/access_token", RefreshURL: "https://api.weixin.qq.com/sns/oauth2/refresh_token",
		EncodeQuery: encode(scopeFirst, true),
		EditToken: func(r *oauth2.TokenRequest) error {
			form := r.Form
			if secret, ok := form.Get("client_secret"); ok {
				form = form.Set("secret", secret)
			}
			if r.Grant == oauth2.GrantCode {
				r.Form = pick(form, "appid", "secret", "code", "grant_type")
			} else {
				r.Form = pick(form, "appid", "grant_type", "refresh_token")
			}
			r.Method = http.MethodGet
			return nil
		},
		ReadTokens: func(a oauth2.Answer) (*oauth2.Tokens, error) {
			t, err := oauth2.ParseTokens(a)
			if err == nil {
				t.TokenType = "Bearer"
			}
			return t, err
		},
		Profile: weChatProfile,
	}, traits{secret: true, err: err}, "snsapi_login")
}

// weChatProfile needs the openid that came with the tokens.
func weChatProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	token, err := accessToken(r)
	if err != nil {
		return nil, err
	}
	tokens, err := oauth2.ParseClaims(r.Tokens.Raw)
	if err != nil || tokens.ID("openid") == "" {
		return nil, noProfile("the tokens came without an openid")
	}
	openid := tokens.ID("openid")
	q := wire.Query{{Name: "access_token", Value: token}, {Name: "openid", Value: openid}, {Name: "lang", Value: "zh_CN"}}
	user, err := oauth2.FetchObject(ctx, c, outbound.Request{URL: "https://api.weixin.qq.com/sns/userinfo?" + q.Encode()}, token)
	if err != nil {
		return nil, err
	}
	if other := user.ID("openid"); other != "" && other != openid {
		return nil, noProfile("the profile is that of another user than the tokens")
	}
	id := first(user.ID("unionid"), openid)
	return &oauth2.Profile{
		ID: id, Name: user.String("nickname"), Email: first(user.String("email"), placeholder("wechat", id)), Image: user.String("headimgurl"), Raw: user,
	}, nil
}
