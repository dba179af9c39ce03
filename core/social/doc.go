// Package social signs users in with Google, GitHub and other providers, and links their
// accounts to users. It has Better Auth's 35 providers and Cloudflare, one constructor
// each:
//
//	social.New(
//		social.Google(social.GoogleOptions{Options: social.Options{ClientID: id, ClientSecret: secret}}),
//		social.GitHub(social.GitHubOptions{Options: social.Options{ClientID: id, ClientSecret: secret}}),
//	)
//
// The requests are those of Better Auth 1.6, so that a registration at a provider is used
// as it is. Where Better Auth 1.6 believes what nobody has proven, the comment of the
// provider says what is done instead. The rules for all of them:
//
//   - An id_token is read after its signature, issuer, audience and time were verified,
//     also when it came with a code.
//   - An address is verified when the provider says so with true or "true". A missing
//     value, "false", 1 and every other value are no proof.
//   - A provider without an address gives the account the placeholder
//     <id>@<provider>.placeholder.invalid, unverified.
//
// See https://better-auth.com/docs/concepts/oauth, and docs/providers for what to set in
// the console of each provider. Plugin id: "social".
package social
