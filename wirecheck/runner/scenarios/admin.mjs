/** Administration of users, by the official client's adminClient and raw. */
import { alice, callback, hour, minute, refuse, table } from "./kit.mjs";

const password = "password123";
const plugin = (options = {}, extra = {}) => ({
  plugins: [{ factory: "admin", options }, ...(extra.plugins ?? [])],
  clientPlugins: ({ adminClient, ...others }) => [adminClient(), ...(extra.clientPlugins?.(others) ?? [])],
  ...extra.app,
});

/** Roles of an application's own: a helper who may do one thing at a time. */
const statements = {
  user: ["create", "list", "set-role", "ban", "impersonate", "impersonate-admins", "delete", "set-password", "set-email", "set-phone", "get", "update"],
  session: ["list", "revoke", "delete"],
  project: ["create", "share"],
};
const roles = (more = {}) => ({
  ac: { $ac: statements },
  roles: { admin: { $role: { ...statements, user: statements.user.filter((action) => action !== "impersonate-admins") } }, user: { $role: { project: ["create"] } }, ...more },
});

const at = (path) => `/admin/${path}`;
const email = (name) => `${name}@example.com`;

/** An app with an administrator, Alice, and two users, who signed up a minute apart. */
async function office(t, admin = {}, core = {}, extra = {}) {
  const { app, browser, user } = await alice(t, core, plugin(admin, extra));
  const people = { alice: { browser, id: user.id } };
  for (const [n, name] of ["bob", "carol"].entries()) {
    await app.at((n + 1) * minute);
    const guest = app.browser();
    const { json } = await guest.signUp({ email: email(name), name });
    people[name] = { browser: guest, id: json.user.id, token: json.token };
  }
  await app.at(3 * minute);
  await role(app, people.alice, "admin");
  return { app, ...people, post: (path, body, options) => browser.post(at(path), body, options), get: (path) => browser.get(at(path)) };
}

/** Gives somebody a role, as the database does. */
const role = (app, who, name) => set(app, who, { role: name });
const set = (app, who, update) => app.db("update", { model: "user", where: [{ field: "id", value: who.id }], update });

/** Every route with a body that fits, for a user. */
const routes = (who) => [
  ["post", "set-role", { userId: who.id, role: "admin" }],
  ["get", `get-user?id=${who.id}`],
  ["post", "create-user", { email: email("new"), name: "New", password, role: "user" }],
  ["post", "update-user", { userId: who.id, data: { name: "Other" } }],
  ["get", "list-users"],
  ["post", "list-user-sessions", { userId: who.id }],
  ["post", "unban-user", { userId: who.id }],
  ["post", "ban-user", { userId: who.id }],
  ["post", "impersonate-user", { userId: who.id }],
  ["post", "stop-impersonating", {}],
  ["post", "revoke-user-session", { sessionToken: who.token }],
  ["post", "revoke-user-sessions", { userId: who.id }],
  ["post", "set-user-password", { userId: who.id, newPassword: "password456" }],
  ["post", "has-permission", { permissions: { user: ["list"] } }],
  ["post", "remove-user", { userId: who.id }],
];
const ask = (browser, [method, path, body]) => browser[method](at(path), ...(method === "get" ? [] : [body]));

export default [
  {
    name: "admin: a life by the official client",
    async run(t) {
      const { app, alice: admin, bob, carol } = await office(t);
      const { client } = admin.browser;
      const say = async (label, promise) => t.note(label, await promise);
      await say("list", client.admin.listUsers({ query: { sortBy: "createdAt" } }));
      await say("get", client.admin.getUser({ query: { id: bob.id } }));
      await app.at(5 * minute);
      const made = await client.admin.createUser({ email: email("dan"), password, name: "Dan", role: "user", data: { image: "https://example.com/dan.png" } });
      await say("create", made);
      await say("role", client.admin.setRole({ userId: bob.id, role: "admin" }));
      await say("update", client.admin.updateUser({ userId: carol.id, data: { name: "Carol C" } }));
      await say("sessions", client.admin.listUserSessions({ userId: carol.id }));
      await say("ban", client.admin.banUser({ userId: carol.id, banReason: "spam", banExpiresIn: 3600 }));
      await say("the banned one", carol.browser.client.signIn.email({ email: email("carol"), password }));
      await say("unban", client.admin.unbanUser({ userId: carol.id }));
      await say("and back", carol.browser.client.signIn.email({ email: email("carol"), password }));
      await say("password", client.admin.setUserPassword({ userId: carol.id, newPassword: "password456" }));
      await say("old one", carol.browser.client.signIn.email({ email: email("carol"), password }));
      await say("permission", client.admin.hasPermission({ permissions: { user: ["list"] } }));
      await say("checked by the client", Promise.resolve(client.admin.checkRolePermission({ role: "admin", permissions: { user: ["list"] } })));
      await say("impersonate", client.admin.impersonateUser({ userId: carol.id }));
      await say("session", client.getSession());
      await say("stop", client.admin.stopImpersonating());
      await say("session", client.getSession());
      await say("revoke", client.admin.revokeUserSessions({ userId: carol.id }));
      await say("remove", client.admin.removeUser({ userId: carol.id }));
      await say("list", client.admin.listUsers({ query: { sortBy: "createdAt", sortDirection: "desc", limit: 2 } }));
      await app.rows("user");
    },
  },
  ...table("admin: without permission", [
    ["a stranger", (app) => app.browser()],
    ["a user", (app, bob) => bob.browser],
  ], async (t, who) => {
    const { app, bob, carol } = await office(t);
    for (const route of routes(carol)) await ask(who(app, bob), route);
    await app.rows("user", "session");
  }),
  {
    name: "admin: in a row",
    async run(t) {
      const { app, alice: admin, carol } = await office(t);
      for (const route of routes(carol)) await ask(admin.browser, route);
      await app.rows("user", "account");
    },
  },
  ...table("admin: a user who is not there", [
    ["unknown", "nobody"],
    ["a number", 1],
  ], async (t, userId) => {
    const { post, get } = await office(t);
    await get("get-user?id=nobody");
    await get("get-user");
    for (const path of ["ban-user", "impersonate-user", "remove-user", "revoke-user-sessions"]) await post(path, { userId });
    await post("revoke-user-session", { sessionToken: "nobody" });
  }),
  {
    name: "admin: an unknown user, where Better Auth fails",
    async run(t) {
      const { post } = await office(t);
      const userId = "nobody";
      await post("set-role", { userId, role: "user" });
      await post("update-user", { userId, data: { name: "x" } });
      await post("unban-user", { userId });
      await post("set-user-password", { userId, newPassword: "password456" });
      await post("list-user-sessions", { userId });
    },
  },
  {
    name: "admin: themselves",
    async run(t) {
      const { alice: admin, post } = await office(t);
      for (const path of ["ban-user", "remove-user", "impersonate-user"]) await post(path, { userId: admin.id });
      await post("update-user", { userId: admin.id, data: { name: "Alice A" } });
      await post("set-user-password", { userId: admin.id, newPassword: "password456" });
      await post("revoke-user-sessions", { userId: admin.id });
      await admin.browser.get("/get-session");
    },
  },
  {
    name: "admin: the last one",
    async run(t) {
      const { app, alice: admin, bob, post } = await office(t);
      await post("set-role", { userId: admin.id, role: "user" });
      await role(app, bob, "admin");
      await post("set-role", { userId: admin.id, role: "user" });
      await app.rows("user");
    },
  },
  ...table("admin: bodies", [
    ["empty", {}],
    ["with values of other types", { userId: {}, role: 1, data: [], banReason: 1, banExpiresIn: "1", newPassword: 1, sessionToken: 1, email: 1, name: 1, password: 1, permissions: [] }],
    ["with nulls", { userId: null, role: null, data: null, banReason: null, newPassword: null, sessionToken: null, email: null, name: null, permissions: null }],
    ["with empty texts", { userId: "", role: "", data: {}, newPassword: "", sessionToken: "", email: "", name: "", permissions: {} }],
  ], async (t, body) => {
    const { post } = await office(t);
    for (const path of ["update-user", "create-user", "ban-user", "impersonate-user", "stop-impersonating", "revoke-user-session", "remove-user", "set-user-password", "has-permission"]) {
      await post(path, body);
    }
    if (body.role !== "") await post("set-role", body);
  }),
  ...table("admin: roles without a list", [
    ["another one", "editor"],
    ["several", ["admin", "user"]],
    ["none", []],
    ["several in one text", "user,admin"],
  ], async (t, name) => {
    const { app, bob, post, alice: admin } = await office(t);
    await post("set-role", { userId: bob.id, role: name });
    await post("update-user", { userId: bob.id, data: { role: name } });
    await post("create-user", { email: email("new"), name: "New", role: name });
    await bob.browser.post(at("has-permission"), { permissions: { user: ["list"] } });
    await admin.browser.get(at("list-users"));
    await app.rows("user");
  }),
  ...table("admin: roles of a list", [
    ["one of it", "user"],
    ["another one", "editor"],
    ["several, one unknown", ["user", "editor"]],
    ["in one text", "user,admin"],
  ], async (t, name) => {
    const { app, bob, post } = await office(t, roles());
    await post("set-role", { userId: bob.id, role: name });
    await post("update-user", { userId: bob.id, data: { role: name } });
    await app.rows("user");
  }),
  ...table("admin: a role that is no text", [
    ["a number", 1],
    ["null", null],
    ["a list with a number", ["user", 1]],
  ], async (t, value) => {
    const { bob, post } = await office(t);
    await post("update-user", { userId: bob.id, data: { role: value } });
  }),
  ...table("admin: a role with one permission", statements.user.map((action) => [action, { user: [action] }]).concat(statements.session.map((action) => [`session ${action}`, { session: [action] }])),
    async (t, granted) => {
      const { app, bob, carol } = await office(t, roles({ helper: { $role: granted } }));
      await role(app, bob, "helper");
      const asked = routes(carol).filter(([, path]) => path !== "create-user" && path !== "set-role");
      for (const route of [...asked.slice(0, -1), ["post", "set-role", { userId: carol.id, role: "user" }], ["post", "create-user", { email: email("new"), name: "New" }], asked.at(-1)]) {
        await ask(bob.browser, route);
        if (route[1] === "impersonate-user") await bob.browser.post(at("stop-impersonating"));
      }
    }),
  ...table("admin: options", [
    ["defaultRole", { defaultRole: "member" }],
    ["a default role that may do everything", { defaultRole: "admin" }],
    ["adminRoles as a text", { adminRoles: "admin,user" }],
    ["adminRoles as a list", { adminRoles: ["user"] }],
    ["allowImpersonatingAdmins", { allowImpersonatingAdmins: true }],
    ["defaultBanReason", { defaultBanReason: "house rules" }],
    ["defaultBanExpiresIn", { defaultBanExpiresIn: 60 }],
    ["bannedUserMessage", { bannedUserMessage: "Out!" }],
    ["impersonationSessionDuration", { impersonationSessionDuration: 120 }],
  ], async (t, options) => {
    const { app, alice: admin, bob, carol, post } = await office(t, options);
    await role(app, carol, "admin");
    await post("impersonate-user", { userId: carol.id });
    await post("stop-impersonating");
    await post("impersonate-user", { userId: bob.id });
    await app.rows("session");
    await post("stop-impersonating");
    await post("ban-user", { userId: bob.id });
    await app.browser().signIn({ email: email("bob") });
    await app.at(10 * minute);
    await app.browser().signIn({ email: email("bob") });
    await post("create-user", { email: email("new"), name: "New" });
    await admin.browser.get(at("list-users"));
    await app.rows("user");
  }),
  {
    name: "admin: a user of adminUserIds",
    async run(t) {
      let [users, others] = [0, 0];
      const { app, bob, carol } = await office(t, { adminUserIds: ["user2"] }, { advanced: { database: { generateId: callback("id", { sync: true }) } } }, {
        app: { handlers: { id: ({ model }) => `${model}${model === "user" ? ++users : ++others}` }, unrecorded: ["id"] },
      });
      await bob.browser.get(at("list-users"));
      await bob.browser.post(at("has-permission"), { permissions: { project: ["share"] } });
      await bob.browser.post(at("ban-user"), { userId: carol.id });
      await app.browser().signIn({ email: email("carol") });
    },
  },
  ...table("admin: creation", [
    ["without a password", {}],
    ["with an empty password", { password: "" }],
    ["with further fields", { data: { image: "https://example.com/i.png", emailVerified: true, unknown: 1 } }],
    ["of an address in capitals", { email: "NEW@EXAMPLE.COM" }],
    ["of an address that is none", { email: "nonsense" }],
    ["of an address that is taken", { email: "BOB@example.com" }],
    ["with several roles", { role: ["user", "admin"] }],
  ], async (t, body) => {
    const { app, post } = await office(t);
    await post("create-user", { email: email("new"), name: "New", ...body });
    await app.rows("user", "account");
    await app.browser().signIn({ email: email("new") });
  }),
  {
    name: "admin: creation with a short password",
    async run(t) {
      const { post } = await office(t);
      await post("create-user", { email: email("new"), name: "New", password: "short" });
    },
  },
  {
    name: "admin: creation with the fields of others",
    async run(t) {
      const { app, post } = await office(t);
      await post("create-user", { email: email("new"), name: "New", data: { email: email("other"), name: "Other", role: "admin" } });
      await app.rows("user");
    },
  },
  {
    name: "admin: creation by the server",
    async run(t) {
      const { app } = await office(t);
      await app.api("createUser", { body: { email: email("new"), name: "New", password, role: "admin" } });
      await app.api("userHasPermission", { body: { permissions: { user: ["list"] } } });
      await app.api("userHasPermission", { body: { role: "admin", permissions: { user: ["list"] } } });
      await app.api("userHasPermission", { body: { userId: "nobody", permissions: { user: ["list"] } } });
      await app.api("userHasPermission", { body: { role: "user", permissions: { user: ["list"] } } });
      await app.rows("user");
    },
  },
  ...table("admin: a change", [
    ["of nothing", {}],
    ["of a name", { name: "Bob B" }],
    ["of an image", { image: "https://example.com/b.png" }],
    ["of a picture that is taken away", { image: null }],
    ["of a password", { password: "password456" }],
    ["of an id", { id: "other" }],
    ["of an address", { email: "ROBERT@example.com" }],
    ["of a verified address", { email: "robert@example.com", emailVerified: true }],
    ["of an address that is taken", { email: "carol@example.com" }],
    ["of an address that is none", { email: "nonsense" }],
    ["of a ban", { banned: true, banReason: "spam" }],
    ["of unknown fields", { unknown: 1 }],
    ["of a name to a number", { name: 1 }],
  ], async (t, data) => {
    const { app, bob, post } = await office(t);
    await post("update-user", { userId: bob.id, data });
    await app.rows("user");
    await bob.browser.get("/get-session");
  }),
  ...table("admin: a ban", [
    ["for ever", {}],
    ["with a reason", { banReason: "spam" }],
    ["with an empty reason", { banReason: "" }],
    ["for an hour", { banExpiresIn: 3600 }],
    ["for no time", { banExpiresIn: 0 }],
    ["for part of a second", { banExpiresIn: 0.5 }],
  ], async (t, body) => {
    const { app, bob, post } = await office(t);
    await post("ban-user", { userId: bob.id, ...body });
    await app.rows("user", "session");
    await bob.browser.get("/get-session");
    await bob.browser.signIn({ email: email("bob") });
    await post("impersonate-user", { userId: bob.id });
    await app.at(hour);
    await bob.browser.signIn({ email: email("bob") });
    await app.at(2 * hour);
    await bob.browser.signIn({ email: email("bob") });
    await app.rows("user");
  }),
  ...table("admin: a ban that cannot be", [
    ["for a negative time", { banExpiresIn: -1 }],
    ["for longer than there are dates", { banExpiresIn: 1e15 }],
  ], async (t, body) => {
    const { bob, post } = await office(t);
    await post("ban-user", { userId: bob.id, ...body });
  }),
  {
    name: "admin: a second ban has no end",
    async run(t) {
      const { bob, post } = await office(t);
      await post("ban-user", { userId: bob.id, banExpiresIn: 60 });
      await post("ban-user", { userId: bob.id });
    },
  },
  ...table("admin: a banned user and a cookie cache", [["compact", "compact"], ["jwt", "jwt"], ["jwe", "jwe"]], async (t, strategy) => {
    const { app, bob, post } = await office(t, {}, { session: { cookieCache: { enabled: true, strategy } } });
    await bob.browser.get("/get-session");
    await post("ban-user", { userId: bob.id });
    await bob.browser.get("/get-session");
    await bob.browser.get("/get-session?disableCookieCache=true");
    await app.at(20 * minute);
    await bob.browser.get("/get-session");
  }),
  ...table("admin: impersonation", [
    ["of a user", {}, {}],
    ["with rememberMe false", {}, { rememberMe: false }],
    ["with a cookie cache", { session: { cookieCache: { enabled: true } } }, {}],
    ["with several accounts in the browser", {}, {}, { plugins: [{ factory: "multiSession" }] }],
  ], async (t, core, signIn, extra = {}) => {
    const { app, alice: admin, bob, post } = await office(t, {}, core, extra);
    await admin.browser.post("/sign-out");
    await admin.browser.signIn(signIn);
    await post("impersonate-user", { userId: bob.id });
    await admin.browser.get("/get-session");
    await admin.browser.get("/list-sessions");
    await bob.browser.get("/list-sessions");
    await admin.browser.get(at("list-users"));
    await app.at(30 * minute);
    await admin.browser.get("/get-session");
    await admin.browser.post("/update-user", { name: "Robert" });
    await post("stop-impersonating");
    await admin.browser.get("/get-session");
    await post("stop-impersonating");
    await app.rows("session");
  }),
  {
    name: "admin: an impersonation that has ended",
    async run(t) {
      const { app, alice: admin, bob, post } = await office(t);
      await post("impersonate-user", { userId: bob.id });
      await app.at(hour + 5 * minute);
      await admin.browser.get("/get-session");
      await post("stop-impersonating");
    },
  },
  {
    name: "admin: an impersonation within another",
    async run(t) {
      const { bob, carol, app, post } = await office(t, { allowImpersonatingAdmins: true });
      await role(app, bob, "admin");
      await post("impersonate-user", { userId: bob.id });
      await post("impersonate-user", { userId: carol.id });
    },
  },
  ...table("admin: the way back", [
    ["without a cookie", (jar) => jar.delete("better-auth.admin_session")],
    ["with a cookie of one's own", (jar) => jar.set("better-auth.admin_session", "token:.forged")],
  ], async (t, change) => {
    const { alice: admin, bob, post } = await office(t);
    await post("impersonate-user", { userId: bob.id });
    change(admin.browser.jar);
    await post("stop-impersonating");
  }),
  {
    name: "admin: the way back of one who was removed",
    async run(t) {
      const { app, alice: admin, bob, post } = await office(t);
      await post("impersonate-user", { userId: bob.id });
      await app.db("deleteMany", { model: "session", where: [{ field: "userId", value: admin.id }] });
      await post("stop-impersonating");
      await app.db("deleteMany", { model: "user", where: [{ field: "id", value: admin.id }] });
      await post("stop-impersonating");
    },
  },
  {
    name: "admin: sign-out while impersonating",
    async run(t) {
      const { app, alice: admin, bob, post } = await office(t);
      await post("impersonate-user", { userId: bob.id });
      await admin.browser.post("/sign-out");
      await app.rows("session");
    },
  },
  {
    name: "admin: what only users themselves may do, while impersonating",
    async run(t) {
      const { alice: admin, bob, post } = await office(t, {}, { user: { deleteUser: { enabled: true }, changeEmail: { enabled: true } } });
      await post("impersonate-user", { userId: bob.id });
      await admin.browser.post("/change-password", { currentPassword: password, newPassword: "password456" });
      await admin.browser.post("/delete-user", {});
    },
  },
  ...table("admin: a list", [
    ["of all", ""],
    ["of a page", "?limit=2&offset=1"],
    ["with a limit of nothing", "?limit=0"],
    ["with a limit that is none", "?limit=x&offset=y"],
    ["in the other direction", "?sortBy=email&sortDirection=desc"],
    ["by name", "?sortBy=name"],
    ["searched by address", "?searchValue=bob"],
    ["searched in capitals", "?searchValue=BOB"],
    ["searched by name", "?searchValue=car&searchField=name&searchOperator=starts_with"],
    ["searched by the end", "?searchValue=example.com&searchOperator=ends_with"],
    ["searched for nobody", "?searchValue=nobody"],
    ["searched for a wildcard", "?searchValue=%25"],
    ["filtered by role", "?filterField=role&filterValue=admin"],
    ["filtered by several", "?filterField=name&filterValue=bob&filterValue=carol&filterOperator=in"],
    ["filtered by what it is not", "?filterField=email&filterValue=bob@example.com&filterOperator=ne"],
    ["filtered by a flag", "?filterField=emailVerified&filterValue=false"],
    ["with both", "?searchValue=example&filterField=role&filterValue=user&sortBy=name&sortDirection=desc&limit=1"],
  ], async (t, query) => {
    const { app, alice: admin } = await office(t);
    await admin.browser.get(at(`list-users${query}`));
  }),
  ...table("admin: a list that cannot be", [
    ["by an unknown field", "?sortBy=nope"],
    ["filtered by an unknown field", "?filterField=nope&filterValue=1"],
    ["filtered by a password", "?filterField=password&filterValue=a&filterOperator=starts_with"],
    ["with another operator", "?filterField=name&filterValue=a&filterOperator=like"],
    ["with another direction", "?sortBy=name&sortDirection=up"],
    ["searched in another field", "?searchValue=a&searchField=image"],
    ["with a negative limit", "?limit=-1"],
    ["with a limit beyond all bounds", "?limit=1000000000"],
    ["with SQL", "?sortBy=name%3B%20DROP%20TABLE%20user"],
    ["by __proto__", "?sortBy=__proto__"],
  ], async (t, query) => {
    const { alice: admin } = await office(t);
    await admin.browser.get(at(`list-users${query}`));
  }),
  ...table("admin: has-permission", [
    ["of nothing", {}],
    ["of the older name", { permission: { user: ["list"] } }],
    ["of both names", { permission: { user: ["list"] }, permissions: { user: ["list"] } }],
    ["of one", { permissions: { user: ["list"] } }],
    ["of several", { permissions: { user: ["list", "ban"], session: ["revoke"] } }],
    ["of one too many", { permissions: { user: ["list", "impersonate-admins"] } }],
    ["of an unknown resource", { permissions: { project: ["share"] } }],
    ["of an empty request", { permissions: {} }],
    ["of another user", { userId: "nobody", role: "user", permissions: { user: ["list"] } }],
  ], async (t, body) => {
    const { bob, post } = await office(t);
    await post("has-permission", body);
    await bob.browser.post(at("has-permission"), body);
  }),
  {
    name: "admin: passwords",
    async run(t) {
      const { app, bob, post } = await office(t);
      for (const newPassword of ["short", "x".repeat(129), "", "password456"]) await post("set-user-password", { userId: bob.id, newPassword });
      await app.browser().signIn({ email: email("bob") });
      await app.browser().signIn({ email: email("bob"), password: "password456" });
      await bob.browser.get("/get-session");
      await post("set-user-password", { userId: "", newPassword: "password456" });
    },
  },
  {
    name: "admin: a password for a user without one",
    async run(t) {
      const { app, post } = await office(t);
      const { json } = await post("create-user", { email: email("new"), name: "New" });
      await post("set-user-password", { userId: json.user.id, newPassword: "password456" });
      await app.browser().signIn({ email: email("new"), password: "password456" });
    },
  },
  {
    name: "admin: sessions",
    async run(t) {
      const { app, bob, post } = await office(t);
      await app.at(4 * minute);
      await app.browser().signIn({ email: email("bob") });
      await post("list-user-sessions", { userId: bob.id });
      await post("revoke-user-session", { sessionToken: bob.token });
      await bob.browser.get("/get-session");
      await post("list-user-sessions", { userId: bob.id });
      await post("revoke-user-sessions", { userId: bob.id });
      await post("list-user-sessions", { userId: bob.id });
      await app.rows("session");
    },
  },
  {
    name: "admin: a hook that refuses",
    async run(t) {
      const { app, post } = await office(t, {}, { databaseHooks: { user: { create: { before: callback("before") } } } }, {
        app: { unrecorded: ["before"], handlers: { before: (user) => (user.email === email("new") ? refuse("BAD_REQUEST", 400, { message: "not here", code: "NOT_HERE" }) : undefined) } },
      });
      await post("create-user", { email: email("new"), name: "New" });
      await app.rows("user");
    },
  },
  {
    name: "admin: a hook that gives up",
    async run(t) {
      const { post } = await office(t, {}, { databaseHooks: { user: { create: { before: callback("before") } } } }, {
        app: { unrecorded: ["before"], handlers: { before: (user) => (user.email === email("new") ? false : undefined) } },
      });
      await post("create-user", { email: email("new"), name: "New" });
    },
  },
  {
    name: "admin: a provider's way back of a banned user",
    async run(t) {
      const world = ({ url }) => {
        if (url.includes("/login/oauth/access_token")) return { json: { access_token: "at", token_type: "bearer" } };
        if (url.endsWith("/user")) return { json: { id: 7, login: "bob", name: "bob", email: email("bob"), avatar_url: "https://example.com/b.png" } };
        if (url.endsWith("/user/emails")) return { json: [{ email: email("bob"), primary: true, verified: true, visibility: "public" }] };
      };
      const { app, bob, post } = await office(t, {}, { socialProviders: { github: { clientId: "cid", clientSecret: "sec" } } }, { app: { world } });
      const round = async () => {
        const guest = app.browser();
        const { json } = await guest.post("/sign-in/social", { provider: "github", callbackURL: "/home" });
        await guest.get(`/callback/github?code=c&state=${new URL(json.url).searchParams.get("state")}`);
        await guest.get("/get-session");
      };
      await set(app, bob, { emailVerified: true });
      await round();
      await post("ban-user", { userId: bob.id });
      await round();
    },
  },
];
