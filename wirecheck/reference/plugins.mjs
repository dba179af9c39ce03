/** Plugins by the name of the factory that makes them. */
import * as builtIn from "better-auth/plugins";

/** Packages next to better-auth; those that are not installed are left out. */
const siblings = [
  "@better-auth/api-key",
  "@better-auth/passkey",
  "@better-auth/sso",
  "@better-auth/scim",
  "@better-auth/stripe",
  "@better-auth/oauth-provider",
  "@better-auth/i18n",
  "@better-auth/expo",
  "@better-auth/electron",
];

const factories = new Map();

for (const name of [
  "admin", "anonymous", "bearer", "captcha", "customSession", "deviceAuthorization", "emailOTP", "genericOAuth",
  "haveIBeenPwned", "jwt", "lastLoginMethod", "magicLink", "mcp", "multiSession", "oAuthProxy", "oidcProvider",
  "oneTap", "oneTimeToken", "openAPI", "organization", "phoneNumber", "siwe", "testUtils", "twoFactor", "username",
]) factories.set(name, builtIn[name]);

for (const name of siblings) {
  let module;
  try {
    module = await import(name);
  } catch (error) {
    if (error.code === "ERR_MODULE_NOT_FOUND") continue;
    throw error;
  }
  for (const [key, value] of Object.entries(module)) {
    if (typeof value === "function" && /^[a-z]/.test(key) && !factories.has(key)) factories.set(key, value);
  }
}

export class UnknownFactory extends Error {}

/**
 * @param {{id?: string, factory?: string, options?: any, args?: any[], inline?: boolean, schema?: any}[]} specs
 * @param {(value: any) => any} decode
 */
export function buildPlugins(specs, decode) {
  return specs.map((spec) => {
    if (spec.inline) return { id: spec.id, ...(spec.schema ? { schema: decode(spec.schema) } : {}) };
    const factory = factories.get(spec.factory);
    if (!factory) throw new UnknownFactory(`no plugin factory ${spec.factory}`);
    const args = [spec.options, ...(spec.args ?? [])].map(decode);
    while (args.length > 0 && args.at(-1) === undefined) args.pop();
    return factory(...args);
  });
}
