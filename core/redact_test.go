package core_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
	"github.com/advantch/kernia-go/core/plugins/captcha"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/expo"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/plugins/haveibeenpwned"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/mcp"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/plugins/oidcprovider"
	"github.com/advantch/kernia-go/core/plugins/onetap"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/openapi"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/redacttest"
	"github.com/advantch/kernia-go/core/verify"
)

// No exported type puts passwords, tokens, codes or cookies into a log.
func TestTypesThatHoldSecrets(t *testing.T) {
	t.Parallel()
	redacttest.Run(t, ".", map[string]string{
		"core.Error":     "the code of an error is public",
		"core.ErrorCode": "the code of an error is public",
		"core.Event":     "the code of an error is public",
		"oauth2.Error":   "the code of an error is public",
		"oauth.Refusal":  "the code of a refusal is public",
		// The name of a header, and what the OpenAPI document says.
		"core.SecurityScheme": "the name of a header is public", "core.OpenAPIPart": "the name of a header is public",
		"core.Manifest":   "the name of a header is public",
		"openapi.Options": "every visitor of the page is sent the nonce",
		// Whoever has a nonce needs the wallet's signature as well.
		"siwe.NonceReply": "a nonce is no secret: wallets show it",
		"siwe.Message":    "a nonce is no secret: wallets show it",
	},
		core.Session{}, core.SessionData{}, core.Account{}, core.Mail{}, core.ChangeEmailMail{}, core.Options{},
		core.Request{}, core.Response{}, core.HeaderField{}, core.Credential{},
		core.VerifyEmailInput{}, core.RevokeSessionInput{}, core.DeleteUserInput{}, core.DeleteUserCallbackInput{},
		emailpassword.SignUpInput{}, core.SignUpReply{}, emailpassword.SignInInput{}, core.PasswordReply{}, core.PasswordSignIn{}, core.Arrival{},
		adminconfig.SetInput{}, adminconfig.EmailClient{}, adminconfig.StripeConfig{}, &adminconfig.Plugin{},
		anonymous.SignInReply{}, anonymous.Link{}, &anonymous.Plugin{},
		admin.CreateUserInput{}, admin.SetPasswordInput{}, admin.RevokeSessionInput{}, admin.SessionsReply{}, &admin.Plugin{},
		apikey.Key{}, apikey.Created{}, apikey.Shown{}, apikey.VerifyInput{}, apikey.VerifyReply{}, apikey.ListReply{}, &apikey.Plugin{}, &auditlog.Plugin{},
		scim.Options{}, scim.StaticConnection{}, scim.TokenReply{}, scim.TokenEvent{}, scim.Provider{}, scim.Provisioned{}, &scim.Plugin{},
		sso.Options{}, sso.OIDCConfig{}, sso.SAMLConfig{}, sso.SAMLPeer{}, sso.DefaultProvider{}, sso.ClientKey{}, sso.Arrival{}, sso.RegisterInput{}, sso.OIDCInput{}, sso.SAMLInput{},
		sso.IDPInput{}, sso.SPInput{}, sso.UpdateInput{}, sso.OIDCUpdate{}, sso.SAMLUpdate{}, sso.IDPUpdate{}, sso.RegisterReply{}, sso.Row{}, sso.CallbackInput{},
		sso.SharedCallbackInput{}, sso.AssertionInput{}, sso.AssertionPageInput{}, sso.SAMLCallbackInput{}, sso.SAMLCallbackBody{}, sso.LogoutMessageInput{}, sso.LogoutMessageBody{}, sso.SignInInput{},
		sso.SignInReply{}, sso.DomainTokenReply{}, sso.SAMLServiceProvider{}, sso.SAMLConnection{}, sso.SAMLReceived{}, sso.SAMLRequest{}, sso.SAMLMessage{}, sso.SAMLField{},
		sso.SAMLAssertion{}, sso.SAMLLogout{}, &sso.Plugin{},
		captcha.Options{}, &captcha.Plugin{}, &haveibeenpwned.Plugin{}, &openapi.Plugin{},
		username.SignInInput{}, &username.Plugin{}, siwe.VerifyInput{}, siwe.VerifyReply{}, siwe.Proof{}, siwe.ContractSignature{}, &siwe.Plugin{},
		emailpassword.ChangePasswordInput{}, emailpassword.ChangePasswordReply{}, emailpassword.VerifyPasswordInput{},
		emailpassword.SetPasswordInput{}, emailpassword.ResetCallbackInput{}, emailpassword.ResetPasswordInput{},
		twofactor.VerifyBackupCodeInput{}, twofactor.BackupCodesReply{}, twofactor.PasswordInput{}, twofactor.EnableInput{},
		twofactor.EnableReply{}, twofactor.Message{}, twofactor.GenerateTOTPInput{}, twofactor.CodeReply{}, twofactor.URIReply{},
		twofactor.VerifyInput{}, twofactor.VerifyReply{},
		phonenumber.SignInInput{}, phonenumber.SignInReply{}, phonenumber.ConsumeInput{}, phonenumber.VerifyInput{}, phonenumber.VerifyReply{},
		phonenumber.ResetInput{}, phonenumber.Message{}, &phonenumber.Plugin{},
		core.Raw{}, core.UpdateSessionReply{}, core.Invocation{}, core.Verification{}, core.Fields{}, &core.Ctx{},
		organization.TeamLimitRequest{}, outbound.Request{}, outbound.Response{},
		oauth2.Config{}, oauth2.Tokens{}, oauth2.Exchange{}, oauth2.Answer{}, oauth2.TokenRequest{}, oauth2.ProfileRequest{},
		oauth2.Provider{}, oauth2.AuthorizationRequest{}, core.ListedAccount{}, core.SessionReply{}, &core.Auth{}, otp.Try{},
		&core.Store{}, &core.Table[core.User]{}, &core.Op[core.NoInput, core.StatusReply]{}, core.SignIn{}, &otp.Codes{}, core.Arrival{},
		&organization.Plugin{}, &twofactor.Plugin{}, &emailpassword.Plugin{}, &core.API{},
		oauth.Config{}, oauth.Provider{}, &oauth.Engine{}, oauth.SignedIn{},
		social.AtlassianOptions{}, social.CloudflareOptions{}, social.CognitoOptions{}, social.DiscordOptions{}, social.DropboxOptions{},
		social.FacebookOptions{}, social.FigmaOptions{}, social.GitLabOptions{}, social.HuggingFaceOptions{}, social.KakaoOptions{},
		social.KickOptions{}, social.LINEOptions{}, social.LinearOptions{}, social.LinkedInOptions{}, social.NaverOptions{},
		social.NotionOptions{}, social.PayPalOptions{}, social.PaybinOptions{}, social.PolarOptions{}, social.RailwayOptions{},
		social.RedditOptions{}, social.RobloxOptions{}, social.SalesforceOptions{}, social.SlackOptions{}, social.SpotifyOptions{},
		social.TikTokOptions{}, social.TwitchOptions{}, social.TwitterOptions{}, social.VKOptions{}, social.VercelOptions{},
		social.WeChatOptions{}, social.ZoomOptions{},
		social.AppleOptions{}, social.GitHubOptions{}, social.GoogleOptions{}, social.MicrosoftOptions{}, &social.Plugin{},
		oauth.IDToken{}, oauth.Identity{}, oauth.Finished{}, oauth.Started{},
		social.IDToken{}, social.LinkIDToken{}, social.SignInInput{}, social.SignInReply{}, social.LinkInput{}, social.CallbackInput{}, social.AccessTokenReply{}, social.RefreshTokenReply{}, social.Options{},
		genericoauth.Config{}, genericoauth.Options{}, genericoauth.Preset{}, genericoauth.CallbackInput{}, genericoauth.SignInReply{}, oauthproxy.Options{}, oauthproxy.CallbackInput{}, oauth.Departure{}, oauth.Redemption{},
		deviceauthorization.CodeReply{}, deviceauthorization.TokenInput{}, deviceauthorization.TokenReply{}, deviceauthorization.VerifyInput{},
		deviceauthorization.VerifyReply{}, deviceauthorization.DecideInput{}, &deviceauthorization.Plugin{},
		oauthprovider.TokenInput{}, oauthprovider.TokenReply{}, oauthprovider.TokenQuestion{}, oauthprovider.RedirectReply{}, oauthprovider.Client{}, oauthprovider.Claims{},
		oauthprovider.ConsentInput{}, oauthprovider.ContinueInput{}, oauthprovider.AuthorizeInput{}, oauthprovider.UserInfoInput{}, oauthprovider.EndSessionInput{},
		oauthprovider.PreloginInput{}, oauthprovider.FormPostInput{}, oauthprovider.Options{}, &oauthprovider.Plugin{}, oauthprovider.Bearer{},
		oidcprovider.AuthorizeInput{}, oidcprovider.ConsentInput{}, oidcprovider.ConsentReply{}, oidcprovider.Registered{}, oidcprovider.EndSessionInput{}, oidcprovider.PageInput{},
		oidcprovider.TrustedClient{}, oidcprovider.Options{}, &oidcprovider.Plugin{}, mcp.Session{}, mcp.Token{}, mcp.Options{}, &mcp.Plugin{},

		emailotp.Message{}, emailotp.Code(""), emailotp.GetReply{}, emailotp.CheckInput{}, emailotp.VerifyEmailInput{}, emailotp.VerifyEmailReply{},
		emailotp.SignInInput{}, emailotp.SignInReply{}, emailotp.ResetPasswordInput{}, emailotp.RequestEmailChangeInput{}, emailotp.ChangeEmailInput{}, &emailotp.Plugin{},
		magiclink.Message{}, magiclink.VerifyInput{}, magiclink.VerifyReply{}, &magiclink.Plugin{},
		electron.TokenInput{}, electron.TokenReply{}, electron.TransferInput{}, electron.TransferReply{}, electron.ProxyInput{}, &electron.Plugin{},
		expo.ProxyInput{}, &expo.Plugin{}, multisession.TokenInput{}, &multisession.Plugin{},
		onetimetoken.TokenReply{}, onetimetoken.VerifyInput{}, &onetimetoken.Plugin{},
		jwt.Key{}, jwt.TokenReply{}, jwt.SignInput{}, jwt.VerifyInput{}, jwt.VerifyReply{}, jwt.Claims{}, jwt.KeySet{}, &jwt.Plugin{},
		verify.Token{}, verify.Session{}, verify.APIKey{}, verify.Caller{}, verify.CookieOptions{}, verify.APIKeyOptions{}, verify.Options{},
		&verify.Cookies{}, &verify.APIKeys{}, &verify.Verifier{},
		onetap.CallbackInput{}, onetap.CallbackReply{}, &onetap.Plugin{}, &oauthproxy.Plugin{}, &oauthpopup.Plugin{}, &genericoauth.Plugin{},
		genericoauth.EntraOptions{}, genericoauth.Auth0Options{}, genericoauth.IssuerOptions{}, genericoauth.LINEOptions{},
	)
}
