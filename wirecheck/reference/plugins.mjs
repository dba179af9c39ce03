/** Plugins by the name of the factory that makes them. */
import * as builtIn from "better-auth/plugins";

/** Packages next to better-auth, by the factory that each has. They are loaded when somebody asks for one. */
const siblings = {
  apiKey: "@better-auth/api-key",
  electron: "@better-auth/electron",
  expo: "@better-auth/expo",
  i18n: "@better-auth/i18n",
  oauthProvider: "@better-auth/oauth-provider",
  passkey: "@better-auth/passkey",
  scim: "@better-auth/scim",
  sso: "@better-auth/sso",
  stripe: "@better-auth/stripe",
};

const factories = new Map();

for (const name of [
  "admin", "anonymous", "bearer", "captcha", "customSession", "deviceAuthorization", "emailOTP", "genericOAuth",
  "haveIBeenPwned", "jwt", "lastLoginMethod", "magicLink", "mcp", "multiSession", "oAuthProxy", "oidcProvider",
  "oneTap", "oneTimeToken", "openAPI", "organization", "phoneNumber", "siwe", "testUtils", "twoFactor", "username",
]) factories.set(name, builtIn[name]);

// Better Auth has the options additionalFields in place of Kernia's plugin. A plugin of its own with the same columns is what an
// application would write.
factories.set("additionalFields", (models) => ({
  id: "additional-fields",
  schema: Object.fromEntries(Object.entries(models).map(([model, fields]) => [model, { fields }])),
}));

export class UnknownFactory extends Error {}

/** @param {string} name */
async function factory(name) {
  if (Object.hasOwn(siblings, name)) return (await import(siblings[name]))[name];
  if (factories.has(name)) return factories.get(name);
  throw new UnknownFactory(`no plugin factory ${name}`);
}

/**
 * @param {{id?: string, factory?: string, options?: any, args?: any[], inline?: boolean, schema?: any}[]} specs
 * @param {(value: any) => any} decode
 */
export function buildPlugins(specs, decode) {
  return Promise.all(specs.map(async (spec) => {
    if (spec.inline) return { id: spec.id, ...(spec.schema ? { schema: decode(spec.schema) } : {}) };
    const make = await factory(spec.factory);
    const args = [spec.options, ...(spec.args ?? [])].map(decode);
    while (args.length > 0 && args.at(-1) === undefined) args.pop();
    return make(...args);
  }));
}
