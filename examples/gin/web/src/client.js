/** The official client, and the words for what the server answers. */
import { passkeyClient } from "@better-auth/passkey/client";
import { createAuthClient } from "better-auth/client";
import {
  anonymousClient,
  deviceAuthorizationClient,
  emailOTPClient,
  magicLinkClient,
  organizationClient,
  twoFactorClient,
  usernameClient,
} from "better-auth/client/plugins";

let wait = 0; // seconds until the server takes what it has just refused

// The server answers below /api/auth of the origin this page came from.
export const auth = createAuthClient({
  plugins: [
    passkeyClient(),
    organizationClient(),
    twoFactorClient(),
    deviceAuthorizationClient(),
    usernameClient(),
    magicLinkClient(),
    emailOTPClient(),
    anonymousClient(),
  ],
  fetchOptions: {
    onError({ response }) {
      wait = Number(response.headers.get("X-Retry-After") ?? response.headers.get("Retry-After"));
    },
  },
});

/** The data of the client's answer; a refusal becomes an Error with the server's words. */
export async function ask(promise) {
  const { data, error } = await promise;
  if (!error) return data;
  const late = error.status === 429 || error.status === 503;
  const text = late ? tryAgain(error.status, wait) : error.message || error.error_description || `The server answered ${error.status || "not at all"}.`;
  throw Object.assign(new Error(text), { code: error.code });
}

function tryAgain(status, seconds) {
  const why = status === 429 ? "That was too often." : "The server is busy.";
  if (!(seconds > 0)) return `${why} Please try again later.`;
  if (seconds >= 120) return `${why} Please try again in ${Math.ceil(seconds / 60)} minutes.`;
  return `${why} Please try again in ${seconds} second${seconds === 1 ? "" : "s"}.`;
}
