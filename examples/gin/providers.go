package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/examples/demoidp"
)

// constructors make providers of the credentials in <NAME>_CLIENT_ID and
// <NAME>_CLIENT_SECRET, in the order of the page.
var constructors = []struct {
	name string
	make func(o social.Options) oauth.Config
}{
	{"GOOGLE", func(o social.Options) oauth.Config { return social.Google(social.GoogleOptions{Options: o}) }},
	{"GITHUB", func(o social.Options) oauth.Config { return social.GitHub(social.GitHubOptions{Options: o}) }},
	{"APPLE", func(o social.Options) oauth.Config {
		return social.Apple(social.AppleOptions{Options: o, TeamID: os.Getenv("APPLE_TEAM_ID"), KeyID: os.Getenv("APPLE_KEY_ID"), PrivateKey: os.Getenv("APPLE_PRIVATE_KEY")})
	}},
	{"MICROSOFT", func(o social.Options) oauth.Config {
		return social.Microsoft(social.MicrosoftOptions{Options: o, TenantID: os.Getenv("MICROSOFT_TENANT_ID")})
	}},
	{"ATLASSIAN", func(o social.Options) oauth.Config { return social.Atlassian(social.AtlassianOptions{Options: o}) }},
	{"CLOUDFLARE", func(o social.Options) oauth.Config {
		return social.Cloudflare(social.CloudflareOptions{Options: o})
	}},
	{"COGNITO", func(o social.Options) oauth.Config {
		return social.Cognito(social.CognitoOptions{
			Options: o, Domain: os.Getenv("COGNITO_DOMAIN"), Region: os.Getenv("COGNITO_REGION"), UserPoolID: os.Getenv("COGNITO_USERPOOL_ID"),
		})
	}},
	{"DISCORD", func(o social.Options) oauth.Config { return social.Discord(social.DiscordOptions{Options: o}) }},
	{"DROPBOX", func(o social.Options) oauth.Config { return social.Dropbox(social.DropboxOptions{Options: o}) }},
	{"FACEBOOK", func(o social.Options) oauth.Config { return social.Facebook(social.FacebookOptions{Options: o}) }},
	{"FIGMA", func(o social.Options) oauth.Config { return social.Figma(social.FigmaOptions{Options: o}) }},
	{"GITLAB", func(o social.Options) oauth.Config { return social.GitLab(social.GitLabOptions{Options: o}) }},
	{"HUGGINGFACE", func(o social.Options) oauth.Config {
		return social.HuggingFace(social.HuggingFaceOptions{Options: o})
	}},
	{"KAKAO", func(o social.Options) oauth.Config { return social.Kakao(social.KakaoOptions{Options: o}) }},
	{"KICK", func(o social.Options) oauth.Config { return social.Kick(social.KickOptions{Options: o}) }},
	{"LINE", func(o social.Options) oauth.Config { return social.LINE(social.LINEOptions{Options: o}) }},
	{"LINEAR", func(o social.Options) oauth.Config { return social.Linear(social.LinearOptions{Options: o}) }},
	{"LINKEDIN", func(o social.Options) oauth.Config { return social.LinkedIn(social.LinkedInOptions{Options: o}) }},
	{"NAVER", func(o social.Options) oauth.Config { return social.Naver(social.NaverOptions{Options: o}) }},
	{"NOTION", func(o social.Options) oauth.Config { return social.Notion(social.NotionOptions{Options: o}) }},
	{"PAYBIN", func(o social.Options) oauth.Config { return social.Paybin(social.PaybinOptions{Options: o}) }},
	{"PAYPAL", func(o social.Options) oauth.Config { return social.PayPal(social.PayPalOptions{Options: o}) }},
	{"POLAR", func(o social.Options) oauth.Config { return social.Polar(social.PolarOptions{Options: o}) }},
	{"RAILWAY", func(o social.Options) oauth.Config { return social.Railway(social.RailwayOptions{Options: o}) }},
	{"REDDIT", func(o social.Options) oauth.Config { return social.Reddit(social.RedditOptions{Options: o}) }},
	{"ROBLOX", func(o social.Options) oauth.Config { return social.Roblox(social.RobloxOptions{Options: o}) }},
	{"SALESFORCE", func(o social.Options) oauth.Config {
		return social.Salesforce(social.SalesforceOptions{Options: o})
	}},
	{"SLACK", func(o social.Options) oauth.Config { return social.Slack(social.SlackOptions{Options: o}) }},
	{"SPOTIFY", func(o social.Options) oauth.Config { return social.Spotify(social.SpotifyOptions{Options: o}) }},
	{"TIKTOK", func(o social.Options) oauth.Config { return social.TikTok(social.TikTokOptions{Options: o}) }},
	{"TWITCH", func(o social.Options) oauth.Config { return social.Twitch(social.TwitchOptions{Options: o}) }},
	{"TWITTER", func(o social.Options) oauth.Config { return social.Twitter(social.TwitterOptions{Options: o}) }},
	{"VERCEL", func(o social.Options) oauth.Config { return social.Vercel(social.VercelOptions{Options: o}) }},
	{"VK", func(o social.Options) oauth.Config { return social.VK(social.VKOptions{Options: o}) }},
	{"WECHAT", func(o social.Options) oauth.Config { return social.WeChat(social.WeChatOptions{Options: o}) }},
	{"ZOOM", func(o social.Options) oauth.Config { return social.Zoom(social.ZoomOptions{Options: o}) }},
}

// configured are the providers whose client ids are in the environment.
func configured() []oauth.Config {
	var out []oauth.Config
	for _, c := range constructors {
		// TikTok calls it a key.
		id := env(c.name+"_CLIENT_ID", os.Getenv(c.name+"_CLIENT_KEY"))
		if id != "" {
			out = append(out, c.make(social.Options{ClientID: id, ClientSecret: os.Getenv(c.name + "_CLIENT_SECRET")}))
		}
	}
	return out
}

// startDemo serves the demo provider on a free port of this machine. It signs in
// everybody who reaches it, as anybody: host, on which the application listens, must
// not be open to others.
func startDemo(host, baseURL string) (config oauth.Config, stop func() error, err error) {
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return config, nil, fmt.Errorf("DEMO_IDP signs in everybody as anybody: leave it out, or set HOST to localhost instead of %q", host)
	}
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return config, nil, err
	}
	issuer := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	provider := demoidp.New(issuer, baseURL+"/api/auth/callback/"+demoidp.ID)
	server := &http.Server{
		Handler: provider, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return provider.Config(), func() error {
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// offer tells the page which providers there are: [{"id":"google","name":"Google"}].
func offer(providers []*oauth.Provider) gin.HandlerFunc {
	type one struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	list := []one{}
	for _, p := range providers {
		list = append(list, one{p.ID(), p.Name()})
	}
	return func(c *gin.Context) { c.JSON(http.StatusOK, list) }
}
