/**
 * The official clients: of this release, and of the next minor one, which people
 * have on their pages before their server follows.
 */
import { passkeyClient } from "@better-auth/passkey/client";
import { createAuthClient } from "better-auth/client";
import * as plugins from "better-auth/client/plugins";
import * as next from "client-1.7";

/** By release: how a client is made, and its plugins by their names. */
export const clients = { this: { createAuthClient, ...plugins, passkeyClient }, next };
