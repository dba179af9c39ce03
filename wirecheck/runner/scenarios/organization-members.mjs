/** Members of organizations: list, look at, add, change, remove, leave. */
import { second } from "./kit.mjs";
import { company, each, eachQuery, join, malformed, person } from "./organization-kit.mjs";

const operators = ["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with"];

export default [
  {
    name: "organization list-members: queries",
    async run(t) {
      const { app, alice, dave, org, other } = await company(t);
      const path = "/organization/list-members";
      await eachQuery(alice, path, [
        "", `?organizationId=${org}`, "?organizationSlug=acme", `?organizationId=${other}&organizationSlug=acme`, "?organizationSlug=unknown", "?organizationId=unknown", `?organizationId=${other}`, "?organizationId=", "?organizationSlug=",
        "?limit=2", "?limit=2&offset=1", "?offset=2", "?limit=0", "?offset=0", "?limit=", "?sortBy=role", "?sortBy=role&sortDirection=desc", "?sortDirection=desc", "?sortBy=userId&sortDirection=asc", "?sortBy=role&sortDirection=up",
        "?filterField=role&filterValue=admin", "?filterField=role", "?filterValue=admin", "?filterField=role&filterValue=", "?filterField=role&filterValue=admin&filterOperator=like", "?unknown=1", "?limit=1&limit=2",
      ]);
      for (const browser of [dave, app.browser()]) await browser.get(`${path}?organizationId=${org}`);
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.get(path);
      await alice.post(path);
    },
  },
  {
    name: "organization list-members: filters",
    async run(t) {
      const { alice, other } = await company(t);
      const by = (field, values, each = operators) => eachQuery(alice, "/organization/list-members", each.map((operator) => `?filterField=${field}&${values}&filterOperator=${operator}`));
      await by("role", "filterValue=member");
      await by("userId", "filterValue=carl");
      await by("role", "filterValue=member&filterValue=admin");
      await by("createdAt", "filterValue=2026-01-01T00:00:00.000Z", ["eq", "gt", "lte"]);
      await by("organizationId", `filterValue=${other}`, ["eq", "ne"]);
    },
  },
  {
    name: "organization list-members: odd queries",
    async run(t) {
      const { alice } = await company(t);
      await eachQuery(alice, "/organization/list-members", [
        "?filterField=nonsense&filterValue=1", "?filterField=user.email&filterValue=1", "?limit=-1", "?limit=abc", "?limit=1.5", "?limit=1e3", "?limit=99999999999999999999", "?offset=-1", "?offset=abc", "?offset=1.5", "?offset=100",
        "?sortBy=nonsense", "?sortBy=user", "?sortBy=__proto__", "?sortBy=",
      ]);
    },
  },
  {
    name: "organization list-members: limit of the plugin",
    async run(t) {
      const { alice } = await company(t, { membershipLimit: 2 });
      await eachQuery(alice, "/organization/list-members", ["", "?limit=3", "?offset=1"]);
      await alice.get("/organization/get-full-organization?membersLimit=3");
    },
  },
  {
    name: "organization active member: by session",
    async run(t) {
      const { app, all, alice, dave, org, other } = await company(t);
      for (const browser of [...all, app.browser()]) {
        await browser.get("/organization/get-active-member");
        await browser.get("/organization/get-active-member-role");
      }
      await eachQuery(alice, "/organization/get-active-member-role", [
        "?userId=bob", "?userId=carl", "?userId=dave", "?userId=unknown", "?userId=", "?userId=bob&userId=carl", `?organizationId=${org}`, `?organizationId=${other}`, "?organizationSlug=acme", "?organizationSlug=other", "?organizationSlug=unknown",
        `?organizationId=${other}&userId=dave`, "?organizationId=", "?unknown=1",
      ]);
      await dave.post("/organization/set-active", { organizationId: null });
      for (const path of ["get-active-member", "get-active-member-role", "get-active-member-role?userId=dave", "list-members"]) await dave.get(`/organization/${path}`);
    },
  },
  {
    name: "organization active member: no longer one",
    async run(t) {
      const { app, alice, carl, org } = await company(t);
      await alice.post("/organization/remove-member", { memberIdOrEmail: "member-carl" });
      for (const path of ["get-active-member", "get-active-member-role", "list-members", "list-invitations"]) await carl.get(`/organization/${path}`);
      await carl.post("/organization/has-permission", { permissions: { ac: ["read"] } });
      await carl.post("/organization/invite-member", { email: "x@example.com", role: "member" });
      await carl.post("/organization/update", { data: { name: "Mine" } });
      await carl.get("/get-session");
      await carl.get("/organization/get-full-organization");
      await carl.get("/get-session");
      await app.rows("member", "session");
      await carl.post("/organization/set-active", { organizationId: org });
    },
  },
  {
    name: "organization remove-member: bodies",
    async run(t) {
      const { app, alice, org, other } = await company(t);
      const nobody = app.browser();
      const path = "/organization/remove-member";
      await malformed([alice, nobody], path);
      const { id: dave } = await app.db("findOne", { model: "member", where: [{ field: "userId", value: "dave" }] });
      await each(alice, path, [
        { memberIdOrEmail: 5 }, { memberIdOrEmail: "" }, { memberIdOrEmail: "unknown" }, { memberIdOrEmail: "unknown@example.com" }, { memberIdOrEmail: "dave@example.com" }, { memberIdOrEmail: dave }, { memberIdOrEmail: dave, organizationId: other },
        { memberIdOrEmail: "member-carl", organizationId: 5 }, { memberIdOrEmail: "member-carl", organizationId: null }, { memberIdOrEmail: "member-carl", organizationId: "unknown" }, { memberIdOrEmail: "carl", organizationId: org },
        { memberIdOrEmail: "Carl@Example.com" }, { memberIdOrEmail: "member-bob", organizationId: org }, { memberIdOrEmail: "member-bob" }, { memberIdOrEmail: "alice@example.com" },
      ]);
      await nobody.post(path, { memberIdOrEmail: "member-carl", organizationId: org });
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, { memberIdOrEmail: "member-carl" });
      await app.rows("member");
    },
  },
  {
    name: "organization remove-member: by role",
    async run(t) {
      const { app, all, org } = await company(t);
      for (const [name, role] of [["erin", "member"], ["fred", "owner"]]) {
        await person(app, name);
        await join(app, org, name, role);
      }
      for (const browser of [...all].reverse()) {
        for (const memberIdOrEmail of ["member-erin", "carl@example.com", "member-bob", "member-fred", "alice@example.com", "dave@example.com"]) await browser.post("/organization/remove-member", { memberIdOrEmail, organizationId: org });
        await browser.get("/get-session");
      }
      await app.rows("member", "session");
    },
  },
  {
    name: "organization update-member-role: bodies",
    async run(t) {
      const { app, alice, org, other } = await company(t);
      const nobody = app.browser();
      const path = "/organization/update-member-role";
      await malformed([alice, nobody], path);
      const { id: dave } = await app.db("findOne", { model: "member", where: [{ field: "userId", value: "dave" }] });
      const carl = (role, more = {}) => ({ memberId: "member-carl", role, ...more });
      await each(alice, path, [
        { memberId: "member-carl" }, { role: "admin" }, carl(5), carl(null), carl({}), carl([5]), { memberId: 5, role: "admin" }, carl("admin", { organizationId: 5 }), carl("admin", { organizationId: "unknown" }), carl("admin", { organizationId: other }),
        { memberId: "unknown", role: "admin" }, { memberId: "carl", role: "admin" }, { memberId: dave, role: "admin" }, { memberId: dave, role: "admin", organizationId: other },
        carl("admin"), carl(["admin", "member"]), carl("member,admin"), carl("owner"), carl(["member"]), carl("admin", { organizationId: org }),
      ]);
      await nobody.post(path, carl("admin", { organizationId: org }));
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, carl("member"));
      await app.rows("member");
    },
  },
  {
    name: "organization update-member-role: odd roles",
    async run(t) {
      const { app, alice, carl } = await company(t);
      for (const role of ["", [], [""], "boss", ["admin", "boss"], "owner,evil", " admin , member ", ["admin", "admin"], "__proto__", ["constructor", "toString"], "x".repeat(10_000)]) {
        await alice.post("/organization/update-member-role", { memberId: "member-carl", role });
        await carl.get("/organization/get-active-member-role");
        await carl.post("/organization/has-permission", { permissions: { organization: ["update"] } });
        await app.db("updateMany", { model: "member", where: [{ field: "userId", value: "carl" }], update: { role: "member" } });
      }
    },
  },
  {
    name: "organization update-member-role: by role",
    async run(t) {
      const { app, all, org } = await company(t);
      await person(app, "erin");
      await join(app, org, "erin", "owner");
      const { id } = await app.db("findOne", { model: "member", where: [{ field: "userId", value: "alice" }] });
      for (const browser of [...all].reverse()) {
        const change = (memberId, role) => browser.post("/organization/update-member-role", { memberId, role, organizationId: org });
        for (const role of ["admin", "owner", ["member", "owner"], "member"]) await change("member-carl", role);
        await change("member-erin", "member");
        await change(id, "admin");
        await change(`member-${browser.email.split("@")[0]}`, "owner");
      }
      await app.rows("member");
    },
  },
  {
    name: "organization update-member-role: owner behind a comma",
    async run(t) {
      const { app, alice, bob } = await company(t);
      await bob.post("/organization/update-member-role", { memberId: "member-carl", role: "member,owner" });
      const { id: memberId } = await app.db("findOne", { model: "member", where: [{ field: "userId", value: "alice" }] });
      await app.db("updateMany", { model: "member", where: [{ field: "userId", value: "carl" }], update: { role: "member" } });
      await alice.post("/organization/update-member-role", { memberId, role: "owner,admin" });
    },
  },
  {
    name: "organization update-member-role: the only owner",
    async run(t) {
      const { app, alice, bob, org } = await company(t);
      const { id: memberId } = await app.db("findOne", { model: "member", where: [{ field: "userId", value: "alice" }] });
      for (const role of ["member", ["admin", "member"], "owner", ["admin", "owner"]]) await alice.post("/organization/update-member-role", { memberId, role });
      await alice.post("/organization/update-member-role", { memberId: "member-bob", role: "owner" });
      await alice.post("/organization/update-member-role", { memberId, role: "member" });
      await bob.post("/organization/leave", { organizationId: org });
      await bob.post("/organization/remove-member", { memberIdOrEmail: "member-bob" });
      await app.rows("member");
    },
  },
  {
    name: "organization leave: bodies",
    async run(t) {
      const { app, alice, bob, carl, dave, org, other } = await company(t);
      const nobody = app.browser();
      await malformed([carl, nobody], "/organization/leave");
      await each(carl, "/organization/leave", [{ organizationId: 5 }, { organizationId: "" }, { organizationId: "unknown" }, { organizationId: other }]);
      await nobody.post("/organization/leave", { organizationId: org });
      for (const browser of [alice, bob, carl, carl, dave]) {
        await browser.post("/organization/leave", { organizationId: org });
        await browser.get("/get-session");
      }
      await app.rows("member", "session");
    },
  },
  {
    name: "organization leave: a second owner, one that is not active",
    async run(t) {
      const { app, alice, bob, org, other } = await company(t);
      await alice.post("/organization/update-member-role", { memberId: "member-bob", role: ["admin", "owner"] });
      await join(app, other, "alice");
      await alice.post("/organization/set-active", { organizationId: other });
      await alice.post("/organization/leave", { organizationId: org });
      await alice.get("/get-session");
      await bob.post("/organization/leave", { organizationId: org });
      await app.rows("member");
    },
  },
  {
    name: "organization add-member: server-side",
    async run(t) {
      const { app, alice, org, other } = await company(t, { teams: { enabled: true } });
      for (const name of ["erin", "fred", "gina", "hugo"]) await person(app, name);
      const [team] = await app.db("findMany", { model: "team", where: [{ field: "organizationId", value: org }] });
      const [foreign] = await app.db("findMany", { model: "team", where: [{ field: "organizationId", value: other }] });
      const headers = { cookie: alice.jar.header({ secure: false, now: app.now }) };
      await app.at(5 * second);
      const add = (body, more = {}) => app.api("addMember", { body, ...more });
      await app.api("addMember");
      await add({});
      await add({ userId: "erin" });
      await add({ userId: "erin", role: 5 });
      await add({ userId: "erin", role: "member" });
      await add({ userId: 5, role: "member", organizationId: org });
      await add({ userId: "nobody", role: "member", organizationId: org });
      await add({ userId: "erin", role: "member", organizationId: "unknown" });
      await add({ userId: "erin", role: "member", organizationId: org });
      await add({ userId: "erin", role: "member", organizationId: org });
      await add({ userId: "alice", role: "member", organizationId: org });
      await add({ userId: "fred", role: ["admin", "member"], organizationId: org, teamId: team.id });
      await add({ userId: "gina", role: "member", organizationId: org, teamId: foreign.id });
      await add({ userId: "gina", role: "member", organizationId: org, teamId: "unknown" });
      await add({ userId: "gina", role: "owner", organizationId: org, teamId: "" });
      await add({ userId: "hugo", role: "member" }, { headers });
      await app.browser().post("/organization/add-member", { userId: "hugo", role: "member", organizationId: org });
      await app.rows("member", "teamMember");
    },
  },
  {
    name: "organization add-member: odd roles",
    async run(t) {
      const { app, org } = await company(t);
      for (const [n, role] of ["boss", "", [], ["member", "boss"]].entries()) {
        await person(app, `erin${n}`);
        await app.api("addMember", { body: { userId: `erin${n}`, role, organizationId: org } });
      }
    },
  },
  {
    name: "organization add-member: without teams",
    async run(t) {
      const { app, org } = await company(t);
      await person(app, "erin");
      await app.api("addMember", { body: { userId: "erin", role: "member", organizationId: org, teamId: "any" } });
      await app.rows("member");
    },
  },
];
