/** A company and its people, which the scenarios of the organization plugin share. */
import { createHmac } from "node:crypto";
import { createAccessControl } from "better-auth/plugins/access";
import { defaultStatements } from "better-auth/plugins/organization/access";
import { SECRET, START, day } from "./kit.mjs";

/** The plugin, as instances ask for it. */
export const organization = (options = {}) => ({ id: "organization", factory: "organization", options });

/** What a shop guards beside its organizations, and who may do what there. */
export const statements = { ...defaultStatements, project: ["create", "share", "delete"] };
export const clerk = { project: ["create"], invitation: ["create"] };
export const everything = Object.fromEntries(Object.entries(statements).map(([resource, actions]) => [resource, [...actions]]));

/** Options and client of a shop with its own roles. */
export const shop = {
  options: {
    ac: { $ac: statements },
    roles: { owner: { $role: everything }, admin: { $role: { ...everything, organization: ["update"], project: ["create", "share"] } }, member: { $role: { project: ["create"], ac: ["read"] } }, clerk: { $role: clerk } },
  },
  client({ organizationClient }) {
    const ac = createAccessControl(statements);
    const roles = Object.fromEntries(Object.entries(shop.options.roles).map(([name, { $role }]) => [name, ac.newRole($role)]));
    return [organizationClient({ ac, roles, teams: { enabled: true }, dynamicAccessControl: { enabled: true } })];
  },
};

const at = (milliseconds) => ({ $date: new Date(milliseconds).toISOString() });

/** Puts a user with a session into the database: quicker than to sign up. */
export async function person(app, name, { verified = true, ...more } = {}) {
  const [createdAt, updatedAt] = [at(START), at(START)];
  const browser = app.browser();
  browser.token = `token${name}`.padEnd(32, "0");
  browser.email = `${name}@example.com`;
  await app.db("create", { model: "user", forceAllowId: true, data: { id: name, name, email: browser.email, emailVerified: verified, createdAt, updatedAt, ...more } });
  await app.db("create", {
    model: "session",
    forceAllowId: true,
    data: { id: `session-${name}`, token: browser.token, userId: name, expiresAt: at(START + 7 * day), createdAt, updatedAt, ipAddress: "", userAgent: "wirecheck" },
  });
  const signature = createHmac("sha256", SECRET).update(browser.token).digest("base64");
  browser.jar.set("better-auth.session_token", `${browser.token}.${encodeURIComponent(signature)}`);
  return browser;
}

/** Makes somebody a member, under an id that is known: `member-bob`. Each a millisecond after the one before: pages are cut in the order of time. */
export function join(app, organizationId, userId, role = "member", more = {}) {
  app.joined = (app.joined ?? 0) + 1;
  return app.db("create", { model: "member", forceAllowId: true, data: { id: `member-${userId}`, organizationId, userId, role, createdAt: at(START + app.joined), ...more } });
}

/** Sets what a session has as active organization or team. */
export function activate(app, browser, update) {
  return app.db("update", { model: "session", where: [{ field: "token", value: browser.token }], update });
}

/**
 * Alice's company: Bob is an admin, Carl a member, Dave a stranger to it who has
 * a company of his own. Everybody's own company is active.
 * @param {import("../app.mjs").Run} t
 * @param {any} [options] of the plugin
 * @param {{core?: any, member?: any}} [extra] core: options of the instance; member: more fields of members; the rest as for Run.app
 */
export async function company(t, options = {}, { core = {}, member = {}, body = {}, ...extra } = {}) {
  const app = await t.app(core, { plugins: [organization(options)], clientPlugins: shop.client, ...extra });
  const people = {};
  for (const name of ["alice", "bob", "carl", "dave"]) people[name] = await person(app, name);
  const { json } = await people.alice.post("/organization/create", { name: "Acme", slug: "acme", ...body });
  const org = json?.id;
  if (!org) throw new Error("no organization was created");
  await join(app, org, "bob", "admin", member);
  await join(app, org, "carl", "member", member);
  for (const name of ["bob", "carl"]) await activate(app, people[name], { activeOrganizationId: org });
  const other = (await people.dave.post("/organization/create", { name: "Other", slug: "other", ...body })).json.id;
  return { app, ...people, org, other, all: Object.values(people) };
}

/** Posts bodies to a path, in turn. */
export async function each(browser, path, bodies) {
  for (const body of bodies) await browser.post(path, body);
}

/** Gets a path with queries, in turn. */
export async function eachQuery(browser, path, queries) {
  for (const query of queries) await browser.get(`${path}${query}`);
}

/** Bodies that no route takes: by form, not by content. */
export async function malformed(browsers, path) {
  for (const browser of browsers) {
    await each(browser, path, [{}, [], "text", null]);
    await browser.request("POST", path);
    await browser.request("POST", path, { body: "{", headers: { "content-type": "application/json" } });
  }
}
