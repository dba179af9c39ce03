/** SCIM: connections by the official client, and users as directories send them. */
import { scimClient as officialClient } from "@better-auth/scim/client";
import { table } from "./kit.mjs";
import { company, organization } from "./organization-kit.mjs";

const scim = (options = {}) => ({ factory: "scim", options });
const acme = (t, options = {}) => company(t, {}, { plugins: [organization(), scim(options)], clientPlugins: ({ scimClient }) => [(scimClient ?? officialClient)()] });

const URN = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const media = "application/scim+json";

/** What a directory sends by its token: no cookies, no origin. */
function directory(app, token) {
  const browser = app.browser();
  const headers = (more = {}) => ({ origin: null, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more });
  const send = (method, path, json, more) => browser.request(method, `/scim/v2${path}`, { json, headers: headers({ ...(json === undefined ? {} : { "content-type": media }), ...more }) });
  return {
    send,
    get: (path, more) => send("GET", path, undefined, more),
    post: (json) => send("POST", "/Users", json),
    put: (id, json) => send("PUT", `/Users/${id}`, json),
    patch: (id, ...Operations) => send("PATCH", `/Users/${id}`, { schemas: [PATCH], Operations }),
    remove: (id) => send("DELETE", `/Users/${id}`),
    find: (filter) => send("GET", `/Users?filter=${encodeURIComponent(filter)}`),
  };
}

const user = (name, more = {}) => ({ schemas: [URN], userName: `${name}@acme.example`, name: { formatted: `${name} Acme` }, emails: [{ value: `${name}@acme.example`, primary: true }], ...more });

/** A company with a connection, or the connection of a person. */
async function connected(t, { options, bound = true } = {}) {
  const world = await acme(t, options);
  const { json } = await world.alice.post("/scim/generate-token", { providerId: "corp", ...(bound ? { organizationId: world.org } : {}) });
  return { ...world, d: directory(world.app, json.scimToken) };
}




export default [
  {
    name: "scim: connections by the official client",
    async run(t) {
      const { alice, bob, carl, dave, org } = await acme(t);
      for (const [label, browser] of Object.entries({ alice, bob, carl, dave })) {
        const { scim } = browser.client;
        const made = await scim.generateToken({ providerId: "corp", organizationId: org });
        await t.note(`${label} generates`, { error: made.error?.message, status: made.error?.status, has: Boolean(made.data?.scimToken) });
        await t.note(`${label} lists`, (await scim.listProviderConnections()).data?.providers.map(({ providerId }) => providerId));
        await t.note(`${label} gets`, (await scim.getProviderConnection({ query: { providerId: "corp" } })).data?.providerId);
      }
      for (const browser of [carl, dave, bob, alice]) await browser.client.scim.deleteProviderConnection({ providerId: "corp" });
      await alice.get("/scim/get-provider-connection?providerId=corp");
    },
  },
  ...table("scim token", [
    ["without a session", { providerId: "x" }, "nobody"],
    ["a colon", { providerId: "a:b" }],
    ...["credential", "email-otp", "magic-link", "phone-number", "anonymous", "siwe"].map((providerId) => [`reserved ${providerId}`, { providerId }]),
    ["no id", {}],
    ["a number", { providerId: 7 }],
    ["an unknown organization", { providerId: "x", organizationId: "nothing" }],
  ], async (t, body, who = "alice") => {
    const world = await acme(t);
    await (who === "nobody" ? world.app.browser() : world[who]).post("/scim/generate-token", body);
  }),
  {
    name: "scim token: an organization without its plugin",
    async run(t) {
      const app = await t.app({}, { plugins: [scim()] });
      const browser = app.browser();
      await browser.signUp();
      await browser.post("/scim/generate-token", { providerId: "x", organizationId: "y" });
      await browser.post("/scim/generate-token", { providerId: "x" });
      await browser.get("/scim/list-provider-connections");
      await browser.get("/scim/get-provider-connection?providerId=nothing");
      await browser.get("/scim/get-provider-connection");
      await browser.post("/scim/delete-provider-connection", { providerId: "nothing" });
      await browser.post("/scim/delete-provider-connection", {});
    },
  },
  {
    name: "scim token: the owner's alone",
    async run(t) {
      const { alice, bob } = await acme(t, { providerOwnership: { enabled: true } });
      await alice.post("/scim/generate-token", { providerId: "mine" });
      await bob.post("/scim/generate-token", { providerId: "mine" });
      await bob.get("/scim/get-provider-connection?providerId=mine");
      await bob.post("/scim/delete-provider-connection", { providerId: "mine" });
      await bob.get("/scim/list-provider-connections");
      await alice.post("/scim/delete-provider-connection", { providerId: "mine" });
    },
  },
  {
    name: "scim token: roles of its own",
    async run(t) {
      const { alice, carl, org } = await acme(t, { requiredRole: ["member"] });
      await carl.post("/scim/generate-token", { providerId: "corp", organizationId: org });
      await alice.post("/scim/generate-token", { providerId: "other", organizationId: org });
    },
  },
  ...table("scim token stored", [["plain", "plain"], ["hashed", "hashed"], ["encrypted", "encrypted"]], async (t, storeSCIMToken) => {
    const { d } = await connected(t, { options: { storeSCIMToken } });
    await d.get("/Users");
  }),
  {
    name: "scim: default connections",
    async run(t) {
      const { app } = await acme(t, { defaultSCIM: [{ providerId: "static", scimToken: "the-scim-token-of-the-server" }] });
      const token = Buffer.from("the-scim-token-of-the-server:static").toString("base64url");
      await directory(app, token).post(user("ada"));
      await directory(app, token).get("/Users");
      await directory(app, Buffer.from("another:static").toString("base64url")).get("/Users");
    },
  },
  {
    name: "scim refusals: tokens",
    async run(t) {
      const { app } = await connected(t);
      for (const token of [undefined, "", "x", Buffer.from("a").toString("base64url"), Buffer.from("a:corp").toString("base64url"), Buffer.from("a:nothing").toString("base64url")]) {
        const d = directory(app, token);
        await d.get("/Users");
        await d.get("/Users/x");
        await d.post(user("ada"));
        await d.remove("x");
      }
    },
  },
  ...[true, false].map((bound) => ({
    name: `scim users: a life ${bound ? "in an organization" : "without one"}`,
    async run(t) {
      const { d } = await connected(t, { bound });
      await d.get("/Users");
      const { json } = await d.post(user("ada"));
      const { id } = json;
      await d.get(`/Users/${id}`);
      await d.post(user("ada"));
      await d.find('userName eq "ada@acme.example"');
      await d.find('userName eq "nobody@acme.example"');
      await d.get("/Users");
      await d.put(id, user("grace", { externalId: "e1" }));
      await d.get(`/Users/${id}`);
      await d.patch(id, { op: "replace", path: "/name/formatted", value: "Grace Hopper" });
      await d.get(`/Users/${id}`);
      await d.patch(id, { op: "replace", path: "externalId", value: "e2" }, { op: "replace", path: "userName", value: "hopper@acme.example" });
      await d.get(`/Users/${id}`);
      await d.patch(id, { op: "replace", value: { name: { formatted: "G H" } } });
      await d.get(`/Users/${id}`);
      await d.remove(id);
      await d.get(`/Users/${id}`);
      await d.remove(id);
    },
  })),
  ...table("scim users create", [
    ["a user name alone", { userName: "the-username" }],
    ["an external id", { userName: "ada@acme.example", externalId: "e1" }],
    ["parts of a name", { userName: "ada@acme.example", name: { givenName: "Ada", familyName: "Lovelace" } }],
    ["a first name", { userName: "ada@acme.example", name: { givenName: "Ada" } }],
    ["a second address that is primary", { userName: "ada@acme.example", emails: [{ value: "first@acme.example" }, { value: "second@acme.example", primary: true }] }],
    ["an address that is none", { userName: "ada@acme.example", emails: [{ value: "nothing" }] }],
    ["no user name", { name: { formatted: "x" } }],
    ["capitals", { userName: "Ada@Acme.Example" }],
    ["a user who exists", { userName: "alice@example.com" }],
    ["nothing", {}],
    ["a list", []],
  ], async (t, body) => {
    const { d } = await connected(t);
    await d.post(body);
    await d.get("/Users");
  }),
  ...table("scim users filter", [
    ["another operator", 'userName co "ada"'],
    ["another attribute", 'role eq "admin"'],
    ["no value", "userName eq"],
    ["no filter", "nothing"],
    ["capitals", 'userName eq "ADA@acme.example"'],
  ], async (t, filter) => {
    const { d } = await connected(t);
    await d.post(user("ada"));
    await d.find(filter);
  }),
  ...table("scim users patch", [
    ["nothing known", { op: "replace", path: "nothing", value: "x" }],
    ["a given name", { op: "replace", path: "name.givenName", value: "Grace" }],
    ["a family name", { op: "replace", path: "name.familyName", value: "Hopper" }],
    ["add in capitals", { op: "Add", path: "name.formatted", value: "X" }],
    ["no op", { path: "name.formatted", value: "X" }],
    ["another op", { op: "move", path: "name.formatted", value: "X" }],
    ["remove alone", { op: "remove", path: "nickName" }],
    ["active", { op: "replace", path: "active", value: false }],
  ], async (t, operation) => {
    const { d } = await connected(t);
    const { json } = await d.post(user("ada"));
    await d.patch(json.id, operation);
    await d.get(`/Users/${json.id}`);
    await d.patch("nothing", operation);
  }),
  {
    name: "scim users: bodies of other forms",
    async run(t) {
      const { d } = await connected(t);
      const { json } = await d.post(user("ada"));
      await d.send("PATCH", `/Users/${json.id}`, { Operations: [{ op: "replace", path: "userName", value: "x@acme.example" }] });
      await d.send("PATCH", `/Users/${json.id}`, { schemas: [PATCH] });
      await d.send("POST", "/Users", user("bob"), { "content-type": "application/json" });
      await d.send("POST", "/Users", user("carl"), { "content-type": "text/plain" });
      await d.put("nothing", user("x"));
    },
  },
  {
    name: "scim discovery",
    async run(t) {
      const d = directory((await acme(t)).app, undefined);
      for (const path of ["/ServiceProviderConfig", "/Schemas", `/Schemas/${URN}`, "/Schemas/nothing", "/ResourceTypes", "/ResourceTypes/User", "/ResourceTypes/nothing"]) await d.get(path);
    },
  },
];
