/** The official clients of the next minor release, in a package of their own: it needs other versions of everything. */
export { apiKeyClient } from "@better-auth/api-key/client";
export { passkeyClient } from "@better-auth/passkey/client";
export { createAuthClient } from "better-auth/client";
export * from "better-auth/client/plugins";
