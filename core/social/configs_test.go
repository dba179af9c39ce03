package social_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/social"
)

// The configurations of docs/providers.

func newApple() oauth.Config {
	return social.Apple(social.AppleOptions{
		Options: social.Options{
			ClientID: os.Getenv("APPLE_CLIENT_ID"),
		},
		TeamID:     os.Getenv("APPLE_TEAM_ID"),
		KeyID:      os.Getenv("APPLE_KEY_ID"),
		PrivateKey: os.Getenv("APPLE_PRIVATE_KEY"), // the text of the .p8 file
	})
}

func newAtlassian() oauth.Config {
	return social.Atlassian(social.AtlassianOptions{Options: social.Options{
		ClientID:     os.Getenv("ATLASSIAN_CLIENT_ID"),
		ClientSecret: os.Getenv("ATLASSIAN_CLIENT_SECRET"),
		Scopes:       []string{"read:me"},
	}})
}

func newCloudflare() oauth.Config {
	return social.Cloudflare(social.CloudflareOptions{Options: social.Options{
		ClientID:     os.Getenv("CLOUDFLARE_CLIENT_ID"),
		ClientSecret: os.Getenv("CLOUDFLARE_CLIENT_SECRET"),
	}})
}

func newCognito() oauth.Config {
	return social.Cognito(social.CognitoOptions{
		Options: social.Options{
			ClientID:     os.Getenv("COGNITO_CLIENT_ID"),
			ClientSecret: os.Getenv("COGNITO_CLIENT_SECRET"),
		},
		Domain:     "app.auth.us-east-1.amazoncognito.com",
		Region:     "us-east-1",
		UserPoolID: "us-east-1_AbCdEfGhI",
	})
}

func newDiscord() oauth.Config {
	return social.Discord(social.DiscordOptions{Options: social.Options{
		ClientID:     os.Getenv("DISCORD_CLIENT_ID"),
		ClientSecret: os.Getenv("DISCORD_CLIENT_SECRET"),
	}})
}

func newDropbox() oauth.Config {
	return social.Dropbox(social.DropboxOptions{
		Options: social.Options{
			ClientID:     os.Getenv("DROPBOX_CLIENT_ID"),
			ClientSecret: os.Getenv("DROPBOX_CLIENT_SECRET"),
		},
		AccessType: "offline",
	})
}

func newFacebook() oauth.Config {
	return social.Facebook(social.FacebookOptions{Options: social.Options{
		ClientID:     os.Getenv("FACEBOOK_CLIENT_ID"),
		ClientSecret: os.Getenv("FACEBOOK_CLIENT_SECRET"),
	}})
}

func newFigma() oauth.Config {
	return social.Figma(social.FigmaOptions{Options: social.Options{
		ClientID:     os.Getenv("FIGMA_CLIENT_ID"),
		ClientSecret: os.Getenv("FIGMA_CLIENT_SECRET"),
	}})
}

func newGitHub() oauth.Config {
	return social.GitHub(social.GitHubOptions{Options: social.Options{
		ClientID:     os.Getenv("GITHUB_CLIENT_ID"),
		ClientSecret: os.Getenv("GITHUB_CLIENT_SECRET"),
	}})
}

func newGitLab() oauth.Config {
	return social.GitLab(social.GitLabOptions{Options: social.Options{
		ClientID:     os.Getenv("GITLAB_CLIENT_ID"),
		ClientSecret: os.Getenv("GITLAB_CLIENT_SECRET"),
	}})
}

func newGoogle() oauth.Config {
	return social.Google(social.GoogleOptions{
		Options: social.Options{
			ClientID:     os.Getenv("GOOGLE_CLIENT_ID"),
			ClientSecret: os.Getenv("GOOGLE_CLIENT_SECRET"),
		},
		AccessType: "offline",
	})
}

func newHuggingFace() oauth.Config {
	return social.HuggingFace(social.HuggingFaceOptions{Options: social.Options{
		ClientID:     os.Getenv("HUGGINGFACE_CLIENT_ID"),
		ClientSecret: os.Getenv("HUGGINGFACE_CLIENT_SECRET"),
	}})
}

func newKakao() oauth.Config {
	return social.Kakao(social.KakaoOptions{Options: social.Options{
		ClientID:     os.Getenv("KAKAO_CLIENT_ID"),
		ClientSecret: os.Getenv("KAKAO_CLIENT_SECRET"),
	}})
}

func newKick() oauth.Config {
	return social.Kick(social.KickOptions{Options: social.Options{
		ClientID:     os.Getenv("KICK_CLIENT_ID"),
		ClientSecret: os.Getenv("KICK_CLIENT_SECRET"),
	}})
}

func newLINE() oauth.Config {
	return social.LINE(social.LINEOptions{Options: social.Options{
		ClientID:     os.Getenv("LINE_CLIENT_ID"),
		ClientSecret: os.Getenv("LINE_CLIENT_SECRET"),
	}})
}

func newLinear() oauth.Config {
	return social.Linear(social.LinearOptions{Options: social.Options{
		ClientID:     os.Getenv("LINEAR_CLIENT_ID"),
		ClientSecret: os.Getenv("LINEAR_CLIENT_SECRET"),
	}})
}

func newLinkedIn() oauth.Config {
	return social.LinkedIn(social.LinkedInOptions{Options: social.Options{
		ClientID:     os.Getenv("LINKEDIN_CLIENT_ID"),
		ClientSecret: os.Getenv("LINKEDIN_CLIENT_SECRET"),
	}})
}

func newMicrosoft() oauth.Config {
	return social.Microsoft(social.MicrosoftOptions{
		Options: social.Options{
			ClientID:     os.Getenv("MICROSOFT_CLIENT_ID"),
			ClientSecret: os.Getenv("MICROSOFT_CLIENT_SECRET"),
		},
		TenantID: os.Getenv("MICROSOFT_TENANT_ID"),
	})
}

func newNaver() oauth.Config {
	return social.Naver(social.NaverOptions{Options: social.Options{
		ClientID:     os.Getenv("NAVER_CLIENT_ID"),
		ClientSecret: os.Getenv("NAVER_CLIENT_SECRET"),
	}})
}

func newNotion() oauth.Config {
	return social.Notion(social.NotionOptions{Options: social.Options{
		ClientID:     os.Getenv("NOTION_CLIENT_ID"),
		ClientSecret: os.Getenv("NOTION_CLIENT_SECRET"),
	}})
}

func newPaybin() oauth.Config {
	return social.Paybin(social.PaybinOptions{Options: social.Options{
		ClientID:     os.Getenv("PAYBIN_CLIENT_ID"),
		ClientSecret: os.Getenv("PAYBIN_CLIENT_SECRET"),
	}})
}

func newPayPal() oauth.Config {
	return social.PayPal(social.PayPalOptions{
		Options: social.Options{
			ClientID:     os.Getenv("PAYPAL_CLIENT_ID"),
			ClientSecret: os.Getenv("PAYPAL_CLIENT_SECRET"),
		},
		Environment: "live",
	})
}

func newPolar() oauth.Config {
	return social.Polar(social.PolarOptions{Options: social.Options{
		ClientID:     os.Getenv("POLAR_CLIENT_ID"),
		ClientSecret: os.Getenv("POLAR_CLIENT_SECRET"),
	}})
}

func newRailway() oauth.Config {
	return social.Railway(social.RailwayOptions{Options: social.Options{
		ClientID:     os.Getenv("RAILWAY_CLIENT_ID"),
		ClientSecret: os.Getenv("RAILWAY_CLIENT_SECRET"),
	}})
}

func newReddit() oauth.Config {
	return social.Reddit(social.RedditOptions{
		Options: social.Options{
			ClientID:     os.Getenv("REDDIT_CLIENT_ID"),
			ClientSecret: os.Getenv("REDDIT_CLIENT_SECRET"),
		},
		Duration: "permanent",
	})
}

func newRoblox() oauth.Config {
	return social.Roblox(social.RobloxOptions{Options: social.Options{
		ClientID:     os.Getenv("ROBLOX_CLIENT_ID"),
		ClientSecret: os.Getenv("ROBLOX_CLIENT_SECRET"),
	}})
}

func newSalesforce() oauth.Config {
	return social.Salesforce(social.SalesforceOptions{Options: social.Options{
		ClientID:     os.Getenv("SALESFORCE_CLIENT_ID"),
		ClientSecret: os.Getenv("SALESFORCE_CLIENT_SECRET"),
	}})
}

func newSlack() oauth.Config {
	return social.Slack(social.SlackOptions{Options: social.Options{
		ClientID:     os.Getenv("SLACK_CLIENT_ID"),
		ClientSecret: os.Getenv("SLACK_CLIENT_SECRET"),
	}})
}

func newSpotify() oauth.Config {
	return social.Spotify(social.SpotifyOptions{Options: social.Options{
		ClientID:     os.Getenv("SPOTIFY_CLIENT_ID"),
		ClientSecret: os.Getenv("SPOTIFY_CLIENT_SECRET"),
	}})
}

func newTikTok() oauth.Config {
	return social.TikTok(social.TikTokOptions{
		Options: social.Options{
			ClientSecret: os.Getenv("TIKTOK_CLIENT_SECRET"),
		},
		ClientKey: os.Getenv("TIKTOK_CLIENT_KEY"),
	})
}

func newTwitch() oauth.Config {
	return social.Twitch(social.TwitchOptions{Options: social.Options{
		ClientID:     os.Getenv("TWITCH_CLIENT_ID"),
		ClientSecret: os.Getenv("TWITCH_CLIENT_SECRET"),
	}})
}

func newTwitter() oauth.Config {
	return social.Twitter(social.TwitterOptions{Options: social.Options{
		ClientID:     os.Getenv("TWITTER_CLIENT_ID"),
		ClientSecret: os.Getenv("TWITTER_CLIENT_SECRET"),
	}})
}

func newVercel() oauth.Config {
	return social.Vercel(social.VercelOptions{Options: social.Options{
		ClientID:     os.Getenv("VERCEL_CLIENT_ID"),
		ClientSecret: os.Getenv("VERCEL_CLIENT_SECRET"),
	}})
}

func newVK() oauth.Config {
	return social.VK(social.VKOptions{Options: social.Options{
		ClientID:     os.Getenv("VK_CLIENT_ID"),
		ClientSecret: os.Getenv("VK_CLIENT_SECRET"),
	}})
}

func newWeChat() oauth.Config {
	return social.WeChat(social.WeChatOptions{Options: social.Options{
		ClientID:     os.Getenv("WECHAT_CLIENT_ID"),
		ClientSecret: os.Getenv("WECHAT_CLIENT_SECRET"),
	}})
}

func newZoom() oauth.Config {
	return social.Zoom(social.ZoomOptions{Options: social.Options{
		ClientID:     os.Getenv("ZOOM_CLIENT_ID"),
		ClientSecret: os.Getenv("ZOOM_CLIENT_SECRET"),
	}})
}

func TestConfigurationsOfTheDocs(t *testing.T) {
	configs := map[string]func() oauth.Config{
		"apple":       newApple,
		"atlassian":   newAtlassian,
		"cloudflare":  newCloudflare,
		"cognito":     newCognito,
		"discord":     newDiscord,
		"dropbox":     newDropbox,
		"facebook":    newFacebook,
		"figma":       newFigma,
		"github":      newGitHub,
		"gitlab":      newGitLab,
		"google":      newGoogle,
		"huggingface": newHuggingFace,
		"kakao":       newKakao,
		"kick":        newKick,
		"line":        newLINE,
		"linear":      newLinear,
		"linkedin":    newLinkedIn,
		"microsoft":   newMicrosoft,
		"naver":       newNaver,
		"notion":      newNotion,
		"paybin":      newPaybin,
		"paypal":      newPayPal,
		"polar":       newPolar,
		"railway":     newRailway,
		"reddit":      newReddit,
		"roblox":      newRoblox,
		"salesforce":  newSalesforce,
		"slack":       newSlack,
		"spotify":     newSpotify,
		"tiktok":      newTikTok,
		"twitch":      newTwitch,
		"twitter":     newTwitter,
		"vercel":      newVercel,
		"vk":          newVK,
		"wechat":      newWeChat,
		"zoom":        newZoom,
	}
	if len(configs) != len(constructors) {
		t.Errorf("%d of %d providers have a configuration", len(configs), len(constructors))
	}
	for id, make := range configs {
		env := strings.ToUpper(id)
		for _, name := range []string{"CLIENT_ID", "CLIENT_KEY", "CLIENT_SECRET"} {
			t.Setenv(env+"_"+name, "value")
		}
		if id == "apple" {
			t.Setenv("APPLE_TEAM_ID", "TEAM123456")
			t.Setenv("APPLE_KEY_ID", "KEY1234567")
			t.Setenv("APPLE_PRIVATE_KEY", pemOf(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))))
		}
		if p, err := oauth.NewProvider(make()); err != nil || p.ID() != id {
			t.Error(id, err)
		}
	}
}
