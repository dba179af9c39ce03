package social

import (
	"slices"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// DiscordOptions are the options of Discord.
type DiscordOptions struct {
	Options
	// Permissions are those of the bot, a sum of Discord's flags. They are sent when
	// Scopes contain "bot". Default: not sent.
	Permissions *int64
}

// Discord is the provider "discord". Its prompt is "none" unless Prompt says
// otherwise, so that a user who has consented once is not asked again. The address
// counts as verified when "verified" says so.
func Discord(o DiscordOptions) oauth.Config {
	c := oauth2.Config{
		ID: "discord", Name: "Discord", NoPKCE: true, Prompt: "none",
		AuthorizeURL: "https://discord.com/api/oauth2/authorize", TokenURL: "https://discord.com/api/oauth2/token",
		EncodeQuery: encode(scopeFirst, true),
		Profile: userInfo("https://discord.com/api/users/%40me", nil, func(c oauth2.Claims) *oauth2.Profile {
			p := &oauth2.Profile{
				ID: c.ID("id"), Name: first(c.String("global_name"), c.String("username")), Email: c.String("email"), EmailVerified: c.Bool("verified"), Image: discordImage(c),
			}
			c["image_url"] = p.Image
			return p
		}),
	}
	if o.Permissions != nil && slices.Contains(o.Scopes, "bot") {
		c.Params = wire.Query{{Name: "permissions", Value: strconv.FormatInt(*o.Permissions, 10)}}
	}
	return o.config(c, traits{prompt: true}, "identify", "email")
}

// discordImage is the avatar, or the one of six pictures (five with an old name)
// that Discord shows for a user without.
func discordImage(c oauth2.Claims) string {
	const cdn = "https://cdn.discordapp.com/"
	if avatar := c.String("avatar"); avatar != "" {
		format := ".png"
		if strings.HasPrefix(avatar, "a_") {
			format = ".gif"
		}
		return cdn + "avatars/" + c.ID("id") + "/" + avatar + format
	}
	n := uint64(0)
	if discriminator := c.String("discriminator"); discriminator == "0" {
		id, err := strconv.ParseUint(c.ID("id"), 10, 64)
		if err == nil {
			n = id >> 22 % 6
		}
	} else if d, err := strconv.ParseUint(discriminator, 10, 32); err == nil {
		n = d % 5
	}
	return cdn + "embed/avatars/" + strconv.FormatUint(n, 10) + ".png"
}
