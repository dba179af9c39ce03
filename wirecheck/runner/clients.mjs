/**
 * The official clients: of this release, and of the next minor one, which people
 * have on their pages before their server follows.
 */
import { apiKeyClient } from "@better-auth/api-key/client";
import { i18nClient } from "@better-auth/i18n/client";
import { oauthProviderClient } from "@better-auth/oauth-provider/client";
import { passkeyClient } from "@better-auth/passkey/client";
import { scimClient } from "@better-auth/scim/client";
import { ssoClient } from "@better-auth/sso/client";
import { stripeClient } from "@better-auth/stripe/client";
import { createAuthClient } from "better-auth/client";
import * as plugins from "better-auth/client/plugins";
import * as next from "client-1.7";

/**
 * By release: how a client is made, and its plugins by their names. Those of Expo
 * and Electron run nowhere else and are left out.
 */
export const clients = {
  this: { createAuthClient, ...plugins, apiKeyClient, i18nClient, oauthProviderClient, passkeyClient, scimClient, ssoClient, stripeClient },
  next,
};

/** Every plugin of a release at once, as a page may have them. */
export function everyPlugin(release) {
  const makers = Object.entries(release).filter(([name]) => name.endsWith("Client") && name !== "createAuthClient");
  return makers.map(([name, make]) => make(name === "oneTapClient" ? { clientId: "client-id" } : {}));
}
