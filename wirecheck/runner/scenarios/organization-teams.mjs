/** Teams: make, change, remove, list, join, leave, make active. */
import { callback, second, table } from "./kit.mjs";
import { company, each, eachQuery, join, malformed, person } from "./organization-kit.mjs";

/** The company with its default team and a second one, Blue; Alice is in both, Carl is in Blue. */
async function teamed(t, teams = {}, options = {}, extra = {}) {
  const all = await company(t, { teams: { enabled: true, ...teams }, ...options }, extra);
  const { app, alice, org, other } = all;
  const [first] = await app.db("findMany", { model: "team", where: [{ field: "organizationId", value: org }] });
  const [foreign] = await app.db("findMany", { model: "team", where: [{ field: "organizationId", value: other }] });
  const { json: blue } = await alice.post("/organization/create-team", { name: "Blue" });
  for (const userId of ["alice", "carl"]) await alice.post("/organization/add-team-member", { teamId: blue?.id, userId });
  return { ...all, first: first?.id, blue: blue?.id, foreign: foreign?.id };
}

export default [
  {
    name: "organization create-team: bodies",
    async run(t) {
      const { app, alice, org, other } = await company(t, { teams: { enabled: true } });
      const nobody = app.browser();
      const path = "/organization/create-team";
      await malformed([alice, nobody], path);
      await each(alice, path, [
        { name: 5 }, { name: "A", organizationId: 5 }, { name: "A", organizationId: null }, { name: "" }, { name: "A" }, { name: "A" }, { name: "B", organizationId: org }, { name: "C", organizationId: other }, { name: "C", organizationId: "unknown" },
        { name: "D", id: "mine", createdAt: "2000-01-01T00:00:00.000Z", unknown: 1 },
      ]);
      await nobody.post(path, { name: "E", organizationId: org });
      await nobody.post(path, { name: "E" });
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, { name: "E" });
      await app.api("createTeam", { body: { name: "Served", organizationId: org } });
      await app.api("createTeam", { body: { name: "Served" } });
      await app.api("createTeam", { body: { name: "Served", organizationId: "unknown" } });
      await app.api("createTeam", { body: { name: "Served", organizationId: org }, headers: {} });
      await app.rows("team", "teamMember");
    },
  },
  {
    name: "organization teams: by role",
    async run(t) {
      const { app, all, org, blue, foreign } = await teamed(t);
      await person(app, "erin");
      await join(app, org, "erin");
      for (const browser of [...all].reverse()) {
        await browser.post("/organization/create-team", { name: browser.email, organizationId: org });
        await browser.post("/organization/update-team", { teamId: blue, data: { name: browser.email, organizationId: org } });
        await browser.post("/organization/add-team-member", { teamId: blue, userId: "erin", organizationId: org });
        await browser.post("/organization/remove-team-member", { teamId: blue, userId: "erin", organizationId: org });
        await browser.get(`/organization/list-teams?organizationId=${org}`);
        await browser.post("/organization/remove-team", { teamId: blue, organizationId: org });
        await browser.post("/organization/remove-team", { teamId: foreign, organizationId: org });
      }
      await app.rows("team", "teamMember");
    },
  },
  ...table("organization create-team: limit", [
    ["two", { maximumTeams: 2 }],
    ["zero", { maximumTeams: 0 }],
    ["by function", { maximumTeams: callback("limit") }],
    ["no default team", { defaultTeam: { enabled: false }, maximumTeams: 1 }],
    ["default team by function", { defaultTeam: { enabled: true, customCreateDefaultTeam: callback("team") } }],
  ], async (t, teams) => {
    // A function that makes no team leaves that to the plugin.
    const handlers = { limit: ({ session }) => (session ? 2 : 3), team: () => undefined };
    const { app, alice, org } = await company(t, { teams: { enabled: true, ...teams } }, { handlers });
    await each(alice, "/organization/create-team", [{ name: "A" }, { name: "B" }]);
    for (const name of ["C", "D"]) await app.api("createTeam", { body: { name, organizationId: org } });
    await alice.get("/organization/list-teams");
    await alice.get("/get-session");
    await app.rows("team", "teamMember");
  }),
  {
    name: "organization update-team: bodies",
    async run(t) {
      const { app, alice, org, other, first, blue, foreign } = await teamed(t);
      const nobody = app.browser();
      const path = "/organization/update-team";
      await malformed([alice, nobody], path);
      await app.at(5 * second);
      const update = (data) => ({ teamId: blue, data });
      await each(alice, path, [
        { teamId: blue }, { data: { name: "A" } }, { teamId: 5, data: {} }, { teamId: blue, data: null }, { teamId: blue, data: [] }, update({}), update({ name: "" }), update({ name: 5 }), update({ name: null }), update({ organizationId: 5 }),
        update({ name: "Green" }), update({ name: "Red", organizationId: org }), update({ name: "Red", organizationId: other }), update({ name: "Red", organizationId: "unknown" }), { teamId: foreign, data: { name: "Mine" } }, { teamId: "unknown", data: { name: "A" } },
        update({ id: "mine", name: "Same" }), update({ id: first }), update({ createdAt: "2000-01-01T00:00:00.000Z" }), update({ updatedAt: "2000-01-01T00:00:00.000Z" }), update({ unknown: 1 }),
      ]);
      await nobody.post(path, update({ name: "A" }));
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, update({ name: "A" }));
      await app.rows("team");
    },
  },
  {
    name: "organization remove-team: bodies",
    async run(t) {
      const { app, alice, bob, org, other, first, blue, foreign } = await teamed(t);
      const nobody = app.browser();
      const path = "/organization/remove-team";
      await malformed([alice, nobody], path);
      await each(alice, path, [{ teamId: 5 }, { teamId: "" }, { teamId: blue, organizationId: 5 }, { teamId: "unknown" }, { teamId: foreign }, { teamId: foreign, organizationId: other }, { teamId: blue, organizationId: other }, { teamId: first }]);
      await nobody.post(path, { teamId: blue });
      await nobody.post(path, { teamId: blue, organizationId: org });
      await alice.post("/organization/invite-member", { email: "erin@example.com", role: "member", teamId: blue });
      await alice.post(path, { teamId: blue });
      await alice.post(path, { teamId: blue });
      await bob.post(path, { teamId: first, organizationId: org });
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, { teamId: first });
      await app.api("removeTeam", { body: { teamId: first, organizationId: org } });
      await app.api("removeTeam", { body: { teamId: first } });
      await app.rows("team", "teamMember", "invitation", "session");
    },
  },
  {
    name: "organization remove-team: all of them",
    async run(t) {
      const { app, alice, bob, org, first, blue } = await teamed(t, { allowRemovingAllTeams: true });
      await alice.post("/organization/remove-team", { teamId: blue });
      await bob.post("/organization/remove-team", { teamId: first });
      await app.api("removeTeam", { body: { teamId: first, organizationId: org } });
      await alice.get("/organization/list-teams");
      await alice.get("/get-session");
      await app.rows("team", "teamMember", "session");
    },
  },
  {
    name: "organization list-teams: queries",
    async run(t) {
      const { app, all, alice, org, other } = await teamed(t);
      const path = "/organization/list-teams";
      await eachQuery(alice, path, ["", `?organizationId=${org}`, `?organizationId=${other}`, "?organizationId=unknown", "?organizationId=", "?unknown=1", `?organizationId=${org}&organizationId=${other}`]);
      for (const browser of [...all, app.browser()]) {
        await browser.get(`${path}?organizationId=${org}`);
        await browser.get("/organization/list-user-teams");
      }
      await alice.get("/organization/get-full-organization");
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.get(path);
    },
  },
  {
    name: "organization set-active-team: bodies",
    async run(t) {
      const { app, alice, bob, carl, blue, first, foreign } = await teamed(t);
      const nobody = app.browser();
      const path = "/organization/set-active-team";
      await malformed([alice, nobody], path);
      await alice.get("/get-session");
      await each(alice, path, [{ teamId: blue }, {}, { teamId: null }, { teamId: null }, {}, { teamId: "" }, { teamId: 5 }, { teamId: "unknown" }, { teamId: foreign }, { teamId: first }]);
      await nobody.post(path, { teamId: blue });
      await bob.post(path, { teamId: blue });
      await carl.post(path, { teamId: blue });
      await carl.get("/get-session");
      await carl.post("/organization/set-active", { organizationId: null });
      await carl.get("/get-session");
      await carl.post(path, { teamId: blue });
      await carl.post(path, {});
      await app.rows("session");
    },
  },
  {
    name: "organization set-active-team: another organization's team stays active",
    async run(t) {
      const { app, alice, other, blue } = await teamed(t);
      await join(app, other, "alice");
      await alice.post("/organization/set-active-team", { teamId: blue });
      await alice.post("/organization/set-active", { organizationId: other });
      await alice.get("/get-session");
      await alice.post("/organization/set-active-team", {});
      await alice.get("/organization/list-team-members");
      await app.rows("session");
    },
  },
  {
    name: "organization list-team-members: queries",
    async run(t) {
      const { app, all, alice, blue, first, foreign } = await teamed(t);
      const path = "/organization/list-team-members";
      await eachQuery(alice, path, ["", `?teamId=${blue}`, `?teamId=${first}`, `?teamId=${foreign}`, "?teamId=unknown", "?teamId=", "?unknown=1", `?teamId=${blue}&teamId=${first}`]);
      for (const browser of [...all, app.browser()]) {
        await browser.get(`${path}?teamId=${blue}`);
        await browser.get(path);
      }
    },
  },
  {
    name: "organization add-team-member: bodies",
    async run(t) {
      const { app, alice, dave, org, other, blue, foreign } = await teamed(t);
      const nobody = app.browser();
      const path = "/organization/add-team-member";
      await malformed([alice, nobody], path);
      const add = (userId, more = {}) => ({ teamId: blue, userId, ...more });
      await each(alice, path, [
        { teamId: blue }, { userId: "bob" }, { teamId: 5, userId: "bob" }, add(5), add(null), add({}), add("bob", { organizationId: 5 }), add("nobody"), add("dave"), add("bob", { organizationId: other }), add("bob", { organizationId: "unknown" }),
        { teamId: "unknown", userId: "bob" }, { teamId: foreign, userId: "bob" }, add("bob"), add("bob"), add("carl", { organizationId: org }),
      ]);
      await nobody.post(path, add("bob"));
      await dave.post(path, { teamId: blue, userId: "dave" });
      await dave.post(path, { teamId: foreign, userId: "alice" });
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, add("bob"));
      await app.rows("teamMember");
    },
  },
  {
    name: "organization remove-team-member: bodies",
    async run(t) {
      const { app, alice, carl, org, other, first, blue, foreign } = await teamed(t);
      const nobody = app.browser();
      const path = "/organization/remove-team-member";
      await malformed([alice, nobody], path);
      const remove = (userId, more = {}) => ({ teamId: blue, userId, ...more });
      await carl.post("/organization/set-active-team", { teamId: blue });
      await each(alice, path, [
        { teamId: blue }, { userId: "carl" }, { teamId: 5, userId: "carl" }, remove(5), remove(null), remove("carl", { organizationId: 5 }), remove("nobody"), remove("dave"), remove("carl", { organizationId: other }),
        { teamId: "unknown", userId: "carl" }, { teamId: foreign, userId: "carl" }, { teamId: first, userId: "carl" }, remove("bob"), remove("carl"), remove("carl"), remove("alice", { organizationId: org }),
      ]);
      await nobody.post(path, remove("alice"));
      await carl.get("/get-session");
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, remove("alice"));
      await app.rows("teamMember", "session");
    },
  },
  {
    name: "organization teams: a member who leaves, or is removed",
    async run(t) {
      const { app, alice, bob, carl, org, blue } = await teamed(t);
      await alice.post("/organization/add-team-member", { teamId: blue, userId: "bob" });
      await bob.post("/organization/set-active-team", { teamId: blue });
      await carl.post("/organization/leave", { organizationId: org });
      await alice.post("/organization/remove-member", { memberIdOrEmail: "bob@example.com" });
      for (const browser of [bob, carl]) {
        await browser.get("/organization/list-user-teams");
        await browser.get("/get-session");
      }
      await app.rows("teamMember", "member", "session");
    },
  },
  {
    name: "organization teams: invited to",
    async run(t) {
      const { app, alice, blue, first } = await teamed(t);
      const picks = { one: blue, list: [blue], two: [blue, first], none: [], empty: "" };
      for (const [name, teamId] of Object.entries(picks)) {
        const guest = await person(app, name);
        const { json } = await alice.post("/organization/invite-member", { email: guest.email, role: "member", teamId });
        await guest.post("/organization/accept-invitation", { invitationId: json?.id ?? "none" });
        await guest.get("/organization/list-user-teams");
        await guest.get("/get-session");
      }
      await app.rows("invitation", "member", "teamMember");
    },
  },
  {
    name: "organization teams: invited to teams that are none",
    async run(t) {
      const { app, alice, blue, first, foreign } = await teamed(t);
      for (const [n, teamId] of ["unknown", ["unknown", blue], foreign, `${blue},${first}`].entries()) {
        const guest = await person(app, `guest${n}`);
        const { json } = await alice.post("/organization/invite-member", { email: guest.email, role: "member", teamId });
        await guest.post("/organization/accept-invitation", { invitationId: json?.id ?? "none" });
      }
      await app.rows("invitation", "member", "teamMember");
    },
  },
  ...table("organization teams: members at most", [
    ["two", { maximumMembersPerTeam: 2 }],
    ["three", { maximumMembersPerTeam: 3 }],
    ["zero", { maximumMembersPerTeam: 0 }],
    ["by function", { maximumMembersPerTeam: callback("limit") }],
  ], async (t, teams) => {
    const { app, alice, org, blue } = await teamed(t, teams, {}, { handlers: { limit: () => 3 }, unrecorded: ["limit"] });
    const erin = await person(app, "erin");
    const fred = await person(app, "fred");
    const sent = [];
    for (const email of ["erin@example.com", "fred@example.com"]) sent.push(await alice.post("/organization/invite-member", { email, role: "member", teamId: blue }));
    await alice.post("/organization/invite-member", { email: "gina@example.com", role: "member", teamId: [blue, "unknown"] });
    await erin.post("/organization/accept-invitation", { invitationId: sent[0].json?.id ?? "none" });
    await fred.post("/organization/accept-invitation", { invitationId: sent[1].json?.id ?? "none" });
    await alice.post("/organization/add-team-member", { teamId: blue, userId: "bob" });
    await person(app, "hugo");
    await app.api("addMember", { body: { userId: "hugo", role: "member", organizationId: org, teamId: blue } });
    await app.rows("invitation", "member", "teamMember", "session");
  }),
  {
    name: "organization teams: switched off",
    async run(t) {
      const { app, alice } = await company(t);
      await each(alice, "/organization/create-team", [{ name: "A" }]);
      for (const path of ["list-teams", "list-user-teams", "list-team-members"]) await alice.get(`/organization/${path}`);
      await alice.post("/organization/invite-member", { email: "erin@example.com", role: "member", teamId: "any" });
      await alice.get("/organization/get-full-organization");
      await app.rows("invitation");
    },
  },
];
