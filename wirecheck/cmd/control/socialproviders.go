package main

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/social"
)

// providers are the constructors by the names of Better Auth's option socialProviders,
// each with the options that this provider alone has.
var providers = map[string]func(s *section, o social.Options) oauth.Config{
	"apple": func(s *section, o social.Options) oauth.Config {
		return social.Apple(social.AppleOptions{Options: withAudience(s, o), AppBundleIdentifier: s.text("appBundleIdentifier")})
	},
	"atlassian": func(_ *section, o social.Options) oauth.Config {
		return social.Atlassian(social.AtlassianOptions{Options: o})
	},
	"cognito": func(s *section, o social.Options) oauth.Config {
		return social.Cognito(social.CognitoOptions{
			Options: o, Domain: s.text("domain"), Region: s.text("region"), UserPoolID: s.text("userPoolId"), RequireClientSecret: s.flag("requireClientSecret"),
		})
	},
	"discord": func(s *section, o social.Options) oauth.Config {
		c := social.DiscordOptions{Options: o}
		if n, ok := s.number("permissions"); ok {
			c.Permissions = new(int64(n))
		}
		return social.Discord(c)
	},
	"dropbox": func(s *section, o social.Options) oauth.Config {
		return social.Dropbox(social.DropboxOptions{Options: o, AccessType: s.text("accessType")})
	},
	"facebook": func(s *section, o social.Options) oauth.Config {
		return social.Facebook(social.FacebookOptions{Options: o, Fields: s.texts("fields"), ConfigID: s.text("configId")})
	},
	"figma": func(_ *section, o social.Options) oauth.Config { return social.Figma(social.FigmaOptions{Options: o}) },
	"github": func(_ *section, o social.Options) oauth.Config {
		return social.GitHub(social.GitHubOptions{Options: o})
	},
	"gitlab": func(s *section, o social.Options) oauth.Config {
		return social.GitLab(social.GitLabOptions{Options: o, Issuer: s.text("issuer")})
	},
	"google": func(s *section, o social.Options) oauth.Config {
		return social.Google(social.GoogleOptions{Options: o, AccessType: s.text("accessType"), Display: s.text("display"), HostedDomain: s.text("hd")})
	},
	"huggingface": func(_ *section, o social.Options) oauth.Config {
		return social.HuggingFace(social.HuggingFaceOptions{Options: o})
	},
	"kakao": func(_ *section, o social.Options) oauth.Config { return social.Kakao(social.KakaoOptions{Options: o}) },
	"kick":  func(_ *section, o social.Options) oauth.Config { return social.Kick(social.KickOptions{Options: o}) },
	"line":  func(_ *section, o social.Options) oauth.Config { return social.LINE(social.LINEOptions{Options: o}) },
	"linear": func(_ *section, o social.Options) oauth.Config {
		return social.Linear(social.LinearOptions{Options: o})
	},
	"linkedin": func(_ *section, o social.Options) oauth.Config {
		return social.LinkedIn(social.LinkedInOptions{Options: o})
	},
	"microsoft": func(s *section, o social.Options) oauth.Config {
		size, _ := s.number("profilePhotoSize")
		return social.Microsoft(social.MicrosoftOptions{
			Options: o, TenantID: s.text("tenantId"), Authority: s.text("authority"), ProfilePhotoSize: int(size),
			DisableProfilePhoto: s.flag("disableProfilePhoto"),
		})
	},
	"naver": func(_ *section, o social.Options) oauth.Config { return social.Naver(social.NaverOptions{Options: o}) },
	"notion": func(_ *section, o social.Options) oauth.Config {
		return social.Notion(social.NotionOptions{Options: o})
	},
	"paybin": func(s *section, o social.Options) oauth.Config {
		return social.Paybin(social.PaybinOptions{Options: o, Issuer: s.text("issuer")})
	},
	"paypal": func(s *section, o social.Options) oauth.Config {
		return social.PayPal(social.PayPalOptions{Options: o, Environment: s.text("environment")})
	},
	"polar": func(_ *section, o social.Options) oauth.Config { return social.Polar(social.PolarOptions{Options: o}) },
	"railway": func(_ *section, o social.Options) oauth.Config {
		return social.Railway(social.RailwayOptions{Options: o})
	},
	"reddit": func(s *section, o social.Options) oauth.Config {
		return social.Reddit(social.RedditOptions{Options: o, Duration: s.text("duration")})
	},
	"roblox": func(_ *section, o social.Options) oauth.Config {
		return social.Roblox(social.RobloxOptions{Options: o})
	},
	"salesforce": func(s *section, o social.Options) oauth.Config {
		return social.Salesforce(social.SalesforceOptions{Options: o, Environment: s.text("environment"), LoginURL: s.text("loginUrl")})
	},
	"slack": func(_ *section, o social.Options) oauth.Config { return social.Slack(social.SlackOptions{Options: o}) },
	"spotify": func(_ *section, o social.Options) oauth.Config {
		return social.Spotify(social.SpotifyOptions{Options: o})
	},
	"tiktok": func(s *section, o social.Options) oauth.Config {
		return social.TikTok(social.TikTokOptions{Options: o, ClientKey: s.text("clientKey")})
	},
	"twitch": func(s *section, o social.Options) oauth.Config {
		return social.Twitch(social.TwitchOptions{Options: o, Claims: s.texts("claims")})
	},
	"twitter": func(_ *section, o social.Options) oauth.Config {
		return social.Twitter(social.TwitterOptions{Options: o})
	},
	"vercel": func(_ *section, o social.Options) oauth.Config {
		return social.Vercel(social.VercelOptions{Options: o})
	},
	"vk": func(_ *section, o social.Options) oauth.Config { return social.VK(social.VKOptions{Options: o}) },
	"wechat": func(s *section, o social.Options) oauth.Config {
		return social.WeChat(social.WeChatOptions{Options: o, Lang: s.text("lang")})
	},
	"zoom": func(s *section, o social.Options) oauth.Config {
		return social.Zoom(social.ZoomOptions{Options: o, DisablePKCE: !s.flagOr("pkce", true)})
	},
}

// withAudience adds the option audience of Apple, a text or a list of them.
func withAudience(s *section, o social.Options) social.Options {
	v := s.get("audience")
	if text, ok := v.Str(); ok {
		o.Audiences = append(o.Audiences, text)
	}
	list, _ := v.Items()
	for _, item := range list {
		if text, ok := item.Str(); ok {
			o.Audiences = append(o.Audiences, text)
		}
	}
	return o
}
