/** Organizations themselves: create, update, delete, list, look at, make active. */
import { callback, minute, table } from "./kit.mjs";
import { activate, company, each, eachQuery, join, malformed, organization, person, shop } from "./organization-kit.mjs";

const credentials = { email: "alice@example.com", password: "password123" };

export default [
  {
    name: "organization: wire-check of the product page",
    async run(t) {
      const app = await t.app({}, { plugins: [organization()], clientPlugins: shop.client });
      const { client } = app.browser();
      const say = async (label, promise) => t.note(label, await promise);
      await say("sign up", client.signUp.email({ ...credentials, name: "Alice" }));
      await say("session", client.getSession());
      await say("sign out", client.signOut());
      await say("no session", client.getSession());
      await say("sign in", client.signIn.email(credentials));
      await say("create", client.organization.create({ name: "Acme", slug: "acme" }));
      await say("list", client.organization.list());
      await say("session with an active organization", client.getSession());
      await app.rows("organization", "member", "session");
    },
  },
  {
    name: "organization: a day with the official client",
    async run(t) {
      const app = await t.app({}, {
        plugins: [organization({ ...shop.options, teams: { enabled: true }, dynamicAccessControl: { enabled: true }, sendInvitationEmail: callback("sendInvitationEmail") })],
        clientPlugins: shop.client,
      });
      const say = async (label, promise) => {
        const answer = await promise;
        await t.note(label, answer);
        return answer.data;
      };
      const [alice, bob] = [(await person(app, "alice")).client, (await person(app, "bob")).client];
      const org = await say("create", alice.organization.create({ name: "Acme", slug: "acme", logo: "https://acme.example/logo.png", metadata: { plan: "pro" } }));
      await say("free slug", alice.organization.checkSlug({ slug: "emca" }));
      await say("taken slug", alice.organization.checkSlug({ slug: "acme" }));
      await say("update", alice.organization.update({ organizationId: org.id, data: { name: "Acme Ltd", metadata: { plan: "max" } } }));
      await say("list", alice.organization.list());
      await say("set active", alice.organization.setActive({ organizationSlug: "acme" }));
      const { teams } = await say("full", alice.organization.getFullOrganization({ query: { membersLimit: 10 } }));
      const team = await say("create team", alice.organization.createTeam({ name: "Blue" }));
      await say("update team", alice.organization.updateTeam({ teamId: team.id, data: { name: "Green" } }));
      const { roleData } = await say("create role", alice.organization.createRole({ role: "Helper", permission: { project: ["share"] } }));
      await say("update role", alice.organization.updateRole({ roleId: roleData.id, data: { permission: { project: ["create", "share"] } } }));
      await say("roles", alice.organization.listRoles());
      await say("role", alice.organization.getRole({ query: { roleName: "helper" } }));
      const invited = await say("invite", alice.organization.inviteMember({ email: "Bob@example.com", role: "helper", teamId: team.id }));
      await say("invite once more", alice.organization.inviteMember({ email: "bob@example.com", role: "helper" }));
      await say("invitations", alice.organization.listInvitations());
      await say("invitations of Bob", bob.organization.listUserInvitations());
      await say("invitation", bob.organization.getInvitation({ query: { id: invited.id } }));
      const { member } = await say("accept", bob.organization.acceptInvitation({ invitationId: invited.id }));
      await say("active member", bob.organization.getActiveMember());
      await say("active role", bob.organization.getActiveMemberRole());
      await say("may share", bob.organization.hasPermission({ permissions: { project: ["share"] } }));
      await say("may not delete", bob.organization.hasPermission({ permissions: { project: ["delete"] } }));
      await t.note("by role", [
        alice.organization.checkRolePermission({ role: "clerk", permissions: { project: ["create"] } }),
        alice.organization.checkRolePermission({ role: "clerk", permissions: { project: ["delete"] } }),
      ]);
      await say("my teams", bob.organization.listUserTeams());
      await say("teams", bob.organization.listTeams());
      await say("set team", bob.organization.setActiveTeam({ teamId: team.id }));
      await say("team members", bob.organization.listTeamMembers());
      await say("leave team", alice.organization.removeTeamMember({ teamId: team.id, userId: "bob" }));
      await say("join team", alice.organization.addTeamMember({ teamId: team.id, userId: "bob" }));
      await say("role of Bob", alice.organization.updateMemberRole({ memberId: member.id, role: ["member", "clerk"] }));
      await say("members", alice.organization.listMembers({ query: { sortBy: "createdAt", sortDirection: "desc" } }));
      await say("delete role", alice.organization.deleteRole({ roleName: "helper" }));
      const second = await say("invite another", alice.organization.inviteMember({ email: "carl@example.com", role: ["member", "clerk"] }));
      await say("cancel", alice.organization.cancelInvitation({ invitationId: second.id }));
      const carl = (await person(app, "carl")).client;
      const third = await say("invite again", alice.organization.inviteMember({ email: "carl@example.com", role: "member" }));
      await say("reject", carl.organization.rejectInvitation({ invitationId: third.id }));
      await say("remove team", alice.organization.removeTeam({ teamId: teams[0].id }));
      await say("remove active team", bob.organization.removeTeam({ teamId: team.id }));
      await say("leave", bob.organization.leave({ organizationId: org.id }));
      await say("remove nobody", alice.organization.removeMember({ memberIdOrEmail: "bob@example.com" }));
      await say("session", bob.getSession());
      await say("delete", alice.organization.delete({ organizationId: org.id }));
      await say("nothing left", alice.organization.list());
      await app.rows("session", "organization", "member", "invitation", "organizationRole");
    },
  },
  {
    name: "organization: what a client of 1.7 calls",
    async run(t) {
      const { app, bob, org } = await company(t);
      const { organization: next } = bob.client;
      const say = async (label, promise) => t.note(label, await promise);
      await say("list", next.list());
      await say("set active", next.setActive({ organizationSlug: "acme" }));
      await say("full", next.getFullOrganization());
      await say("plain", next.getOrganization({ query: { organizationId: org } }));
      await say("update", next.update({ data: { name: "Acme Ltd" } }));
      await say("no logo", next.update({ data: { logo: null } }));
      await say("invite", next.inviteMember({ email: "erin@example.com", role: "member" }));
      await say("members", next.listMembers());
      await say("permission", next.hasPermission({ permissions: { member: ["delete"] } }));
      await say("session", bob.client.getSession());
      await app.rows("session");
    },
  },
  {
    name: "organization: stores of the official client",
    async run(t) {
      const { alice, org } = await company(t);
      const { client } = alice;
      for (const name of ["useListOrganizations", "useActiveOrganization", "useActiveMember", "useActiveMemberRole"]) {
        await client[name].get().refetch();
        const { data, error } = client[name].get();
        await t.note(name, { data, error });
      }
      await client.organization.setActive({ organizationId: null });
      await client.useActiveMember.get().refetch();
      await t.note("no active member", client.useActiveMember.get().error);
      await client.organization.setActive({ organizationId: org });
    },
  },
  {
    name: "organization create: bodies",
    async run(t) {
      const app = await t.app({}, { plugins: [organization()] });
      const alice = await person(app, "alice");
      await malformed([alice, app.browser()], "/organization/create");
      await each(alice, "/organization/create", [
        { name: "", slug: "" }, { name: "A" }, { slug: "a" }, { name: 5, slug: ["a"] }, { name: null, slug: null },
        { name: "A", slug: "a", logo: 5, metadata: "text", keepCurrentActiveOrganization: "yes" },
        { name: "A", slug: "a", logo: null }, { name: "A", slug: "a", metadata: null }, { name: "A", slug: "a", metadata: [1] },
        { name: "A", slug: "a", metadata: {} },
        { name: "B", slug: "b", metadata: { z: [1, { a: null }], a: "ü <b>", n: 1.50 }, logo: "https://a.example/l.png" },
        { name: "C", slug: "b" }, { name: "C", slug: "C", keepCurrentActiveOrganization: true },
        { name: "D", slug: " d ", id: "mine", createdAt: "2000-01-01T00:00:00.000Z", unknown: 1 },
        { name: "E", slug: "e", userId: "somebody" }, { name: "F", slug: "f", userId: 5 },
      ]);
      await app.browser().post("/organization/create", { name: "G", slug: "g" });
      await app.browser().post("/organization/create", { name: "G", slug: "g", userId: "alice" });
      await alice.get("/organization/create");
      await alice.get("/organization/list");
      await alice.get("/get-session");
      await app.rows("organization", "member", "session");
    },
  },
  ...table("organization create: allowed", [
    ["nobody", { allowUserToCreateOrganization: false }],
    ["some", { allowUserToCreateOrganization: callback("allow") }],
    ["two each", { organizationLimit: 2 }],
    ["none at all", { organizationLimit: 0 }],
    ["limit by function", { organizationLimit: callback("full") }],
    ["creator is something else", { creatorRole: "admin" }],
    ["creator is of no known role", { creatorRole: "boss" }],
  ], async (t, options) => {
    const handlers = { allow: (user) => user.id === "alice", full: (user) => user.id === "bob" };
    const app = await t.app({}, { plugins: [organization(options)], handlers, unrecorded: ["allow", "full"] });
    for (const name of ["alice", "bob"]) {
      const browser = await person(app, name);
      for (const slug of ["one", "two", "three"]) await browser.post("/organization/create", { name: slug, slug: `${name}-${slug}` });
      await app.api("createOrganization", { body: { name: "Served", slug: `${name}-served`, userId: name } });
      await browser.post("/organization/has-permission", { permissions: { organization: ["delete"] } });
      await browser.post("/organization/update", { data: { name: "New" } });
    }
    await app.rows("organization", "member");
  }),
  {
    name: "organization: server-side calls",
    async run(t) {
      const { app, alice, org, other } = await company(t);
      const headers = { cookie: alice.jar.header({ secure: false, now: app.now }) };
      await app.api("createOrganization", { body: { name: "A", slug: "a" } });
      await app.api("createOrganization", { body: { name: "A", slug: "a", userId: "nobody" } });
      await app.api("createOrganization", { body: { name: "A", slug: "a", userId: "bob", metadata: { by: "server" } } });
      await app.api("createOrganization", { body: { name: "B", slug: "b", userId: "bob" }, headers });
      await app.api("createOrganization", { body: { name: "C", slug: "c", userId: "bob" }, headers: {} });
      await app.api("checkOrganizationSlug", { body: { slug: "a" } });
      await app.api("checkOrganizationSlug", { body: { slug: "z" } });
      await app.api("setActiveOrganization", { body: { organizationId: org }, headers });
      await app.api("getFullOrganization", { query: { organizationId: org }, headers });
      await app.api("getFullOrganization", { headers });
      await app.api("updateOrganization", { body: { organizationId: org, data: { name: "Served" } }, headers });
      await app.api("updateOrganization", { body: { organizationId: other, data: { name: "Served" } }, headers });
      await app.api("listOrganizations", { headers });
      await app.api("hasPermission", { body: { permissions: { organization: ["update"] } }, headers });
      await app.api("deleteOrganization", { body: { organizationId: org }, headers });
      await app.rows("organization", "member");
    },
  },
  {
    name: "organization: server-side calls without headers",
    async run(t) {
      const { app, org } = await company(t);
      for (const name of ["updateOrganization", "setActiveOrganization", "getFullOrganization", "listOrganizations", "listMembers", "getActiveMember", "listInvitations"]) await app.api(name, { body: { organizationId: org, data: {} } });
      await app.api("listOrganizations");
      await app.api("hasPermission", { body: { organizationId: org, permissions: {} } });
    },
  },
  {
    name: "organization update: bodies",
    async run(t) {
      const { app, alice, org, other } = await company(t);
      const nobody = app.browser();
      await malformed([alice, nobody], "/organization/update");
      const update = (data) => ({ organizationId: org, data });
      await each(alice, "/organization/update", [
        update({}), update(null), update("text"), update([]), { organizationId: 5, data: {} }, { organizationId: null, data: {} }, { organizationId: "", data: { name: "Empty" } },
        update({ name: "" }), update({ slug: "" }), update({ name: 5, slug: {}, logo: [], metadata: "text" }), update({ name: null }),
        update({ name: "New" }), { data: { name: "By active" } }, update({ slug: "acme" }), update({ slug: "other" }), update({ slug: "new" }),
        update({ logo: "" }), update({ logo: null }), update({ metadata: { a: 1 } }), update({ metadata: {} }), update({ metadata: null }),
        update({ id: "mine", createdAt: "2000-01-01T00:00:00.000Z", unknown: 1 }), update({ id: "mine", name: "More" }),
        { organizationId: other, data: { name: "Mine" } }, { organizationId: "unknown", data: { name: "Mine" } },
      ]);
      await nobody.post("/organization/update", update({ name: "New" }));
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post("/organization/update", { data: { name: "New" } });
      await app.rows("organization");
    },
  },
  {
    name: "organization update: by role",
    async run(t) {
      const { app, all, org } = await company(t);
      for (const browser of all) await browser.post("/organization/update", { organizationId: org, data: { name: browser.email } });
      await app.rows("organization");
    },
  },
  {
    name: "organization delete: bodies",
    async run(t) {
      const { app, alice, bob, carl, dave, org, other } = await company(t, { teams: { enabled: true } });
      const nobody = app.browser();
      await malformed([alice, nobody], "/organization/delete");
      await each(alice, "/organization/delete", [{ organizationId: 5 }, { organizationId: "" }, { organizationId: "unknown" }, { organizationId: other }]);
      await alice.post("/organization/invite-member", { email: "erin@example.com", role: "member" });
      for (const browser of [nobody, dave, carl, bob]) await browser.post("/organization/delete", { organizationId: org });
      await app.rows("organization", "member", "invitation");
      await alice.post("/organization/delete", { organizationId: org });
      await alice.post("/organization/delete", { organizationId: org });
      for (const browser of [alice, bob]) await browser.get("/get-session");
      await bob.get("/organization/get-full-organization");
      await bob.get("/organization/get-active-member");
      await bob.get("/organization/list-members");
      await app.rows("organization", "member", "invitation", "session");
    },
  },
  {
    name: "organization delete: one that is not active",
    async run(t) {
      const { app, alice, org } = await company(t);
      await alice.post("/organization/create", { name: "Second", slug: "second" });
      await alice.post("/organization/delete", { organizationId: org });
      await alice.get("/get-session");
      await app.rows("organization", "member", "session");
    },
  },
  {
    name: "organization delete: switched off",
    async run(t) {
      const { app, alice, org } = await company(t, { disableOrganizationDeletion: true });
      await alice.post("/organization/delete", { organizationId: org });
      await app.browser().post("/organization/delete", { organizationId: org });
      await app.rows("organization");
    },
  },
  {
    name: "organization set-active: bodies",
    async run(t) {
      const { app, alice, dave, org, other } = await company(t);
      const nobody = app.browser();
      await malformed([alice, nobody], "/organization/set-active");
      await each(alice, "/organization/set-active", [
        { organizationId: org }, { organizationSlug: "acme" }, { organizationId: org, organizationSlug: "other" }, { organizationId: 5 }, { organizationSlug: null }, { organizationSlug: 5 },
        { organizationId: null }, { organizationId: null }, {}, { organizationId: "" }, { organizationId: "", organizationSlug: "" }, { organizationId: null, organizationSlug: "acme" },
        { organizationSlug: "acme" }, {}, { organizationSlug: "unknown" }, { organizationId: "unknown" }, { organizationId: org }, { organizationId: other },
      ]);
      await alice.get("/get-session");
      await each(alice, "/organization/set-active", [{ organizationId: org }, { organizationSlug: "other" }]);
      await alice.get("/get-session");
      await nobody.post("/organization/set-active", { organizationId: org });
      await dave.post("/organization/set-active", { organizationId: org });
      await dave.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "organization set-active: remembered or not, fresh or old",
    async run(t) {
      const app = await t.app({}, { plugins: [organization()] });
      await app.browser().signUp();
      const browser = app.browser();
      await browser.signIn({ rememberMe: false });
      await browser.post("/organization/create", { name: "Acme", slug: "acme" });
      await browser.get("/get-session");
      await browser.post("/organization/set-active", { organizationSlug: "acme" });
      await app.at(90 * minute);
      await browser.post("/organization/set-active", { organizationId: null });
      await browser.get("/get-session");
      await app.rows("session");
    },
  },
  {
    name: "organization set-active: by way of the session",
    async run(t) {
      const { alice, other } = await company(t, { teams: { enabled: true } });
      await each(alice, "/update-session", [{ activeOrganizationId: other }, { activeTeamId: "mine" }]);
    },
  },
  {
    name: "organization get-full: queries",
    async run(t) {
      const { app, alice, bob, dave, org, other } = await company(t);
      const path = "/organization/get-full-organization";
      await alice.post("/organization/invite-member", { email: "erin@example.com", role: "member" });
      await eachQuery(alice, path, [
        "", `?organizationId=${org}`, "?organizationSlug=acme", `?organizationId=${other}&organizationSlug=acme`, "?membersLimit=2", "?membersLimit=0", "?membersLimit=", "?membersLimit=abc", "?membersLimit=2x",
        "?organizationId=", "?organizationSlug=", "?unknown=1", "?organizationId=unknown", "?organizationSlug=unknown", `?organizationId=${org}&organizationId=${other}`, `?organizationId=${other}`, "",
      ]);
      await alice.get("/get-session");
      for (const browser of [bob, dave, app.browser()]) await browser.get(`${path}?organizationSlug=acme`);
      await app.rows("session");
    },
  },
  {
    name: "organization get-full: negative limits",
    run: async (t) => (await company(t)).alice.get("/organization/get-full-organization?membersLimit=-1"),
  },
  {
    name: "organization list: several",
    async run(t) {
      const { app, alice, bob, dave, other } = await company(t);
      await alice.post("/organization/create", { name: "Second", slug: "second", metadata: { a: 1 }, logo: "l" });
      await join(app, other, "alice");
      for (const browser of [alice, bob, dave, await person(app, "erin"), app.browser()]) await browser.get("/organization/list");
      await alice.post("/organization/list");
    },
  },
  {
    name: "organization check-slug: bodies",
    async run(t) {
      const { app, dave } = await company(t);
      const nobody = app.browser();
      await malformed([dave, nobody], "/organization/check-slug");
      await each(dave, "/organization/check-slug", [{ slug: "acme" }, { slug: "ACME" }, { slug: "free" }, { slug: "" }, { slug: 5 }, { slug: null }, { slug: ["acme"] }]);
      await nobody.post("/organization/check-slug", { slug: "acme" });
      await nobody.post("/organization/check-slug", { slug: "free" });
    },
  },
  ...table("organization with cookie cache", [["compact", "compact"], ["jwt", "jwt"], ["jwe", "jwe"]], async (t, strategy) => {
    const { alice, app } = await cached(t, strategy);
    await alice.get("/get-session");
    await each(alice, "/organization/set-active", [{ organizationId: "acme" }, { organizationId: null }, { organizationSlug: "acme" }]);
    await alice.get("/get-session");
    await each(alice, "/organization/set-active-team", [{ teamId: "blue" }, { teamId: null }, { teamId: "blue" }]);
    for (const path of ["/get-session", "/organization/get-active-member", "/get-session?disableCookieCache=true"]) await alice.get(path);
    await alice.post("/organization/set-active", { organizationId: "unknown" });
    await app.rows("session");
  }),
  {
    name: "organization with cookie cache: changes of another kind",
    async run(t) {
      const { alice, bob } = await cached(t, "compact");
      for (const browser of [alice, bob]) await browser.get("/get-session");
      const { json } = await alice.post("/organization/create", { name: "Second", slug: "second" });
      await alice.get("/get-session");
      await alice.post("/organization/delete", { organizationId: json?.id });
      await alice.get("/get-session");
      await bob.post("/organization/leave", { organizationId: "acme" });
      await bob.get("/get-session");
      const { json: invitation } = await alice.post("/organization/invite-member", { organizationId: "acme", email: "bob@example.com", role: "member", teamId: ["blue", "red"] });
      await bob.post("/organization/accept-invitation", { invitationId: invitation?.id });
      await bob.get("/get-session");
      await bob.get("/organization/get-full-organization?organizationSlug=other");
      await bob.get("/get-session");
    },
  },
];

/** A company whose rows have known ids, for sessions in cookies: Alice's, with Bob as a member of it and of the team Blue. */
async function cached(t, strategy) {
  const app = await t.app({ session: { cookieCache: { enabled: true, strategy } } }, { plugins: [organization({ teams: { enabled: true } })] });
  const [alice, bob] = [await person(app, "alice"), await person(app, "bob")];
  const createdAt = { $date: "2026-01-01T00:00:00.000Z" };
  const put = (model, data) => app.db("create", { model, forceAllowId: true, data: { createdAt, ...data } });
  await put("organization", { id: "acme", name: "Acme", slug: "acme" });
  await put("organization", { id: "other", name: "Other", slug: "other" });
  for (const id of ["blue", "red"]) await put("team", { id, name: id, organizationId: "acme" });
  for (const [userId, role] of [["alice", "owner"], ["bob", "admin"]]) {
    await join(app, "acme", userId, role);
    await put("teamMember", { id: `blue-${userId}`, teamId: "blue", userId });
  }
  await activate(app, bob, { activeOrganizationId: "acme" });
  return { app, alice, bob };
}
