/** Roles that organizations make for themselves, and who may do what. */
import { callback, second, table } from "./kit.mjs";
import { activate, company, each, eachQuery, malformed, shop, statements } from "./organization-kit.mjs";

const dynamic = { ...shop.options, dynamicAccessControl: { enabled: true } };

/** The company with a role of its own, helper, which may share projects. */
async function staffed(t, options = {}, extra = {}) {
  const all = await company(t, { ...dynamic, ...options }, extra);
  const { json } = await all.alice.post("/organization/create-role", { role: "helper", permission: { project: ["share"] } });
  return { ...all, role: json?.roleData?.id };
}

export default [
  {
    name: "organization create-role: bodies",
    async run(t) {
      const { app, alice, dave, org, other } = await company(t, dynamic);
      const nobody = app.browser();
      const path = "/organization/create-role";
      await malformed([alice, nobody], path);
      const make = (role, permission = { project: ["create"] }, more = {}) => ({ role, permission, ...more });
      await each(alice, path, [
        make(5), { role: "a" }, { permission: {} }, make("a", []), make("a", { project: "create" }), make("a", { project: [5] }), make("a", { project: null }), make("a", null), make("a", undefined, { organizationId: 5 }), make("a", undefined, { additionalFields: 5 }),
        make("a", undefined, { organizationId: other }), make("a", undefined, { organizationId: "unknown" }), make("a", undefined, { organizationId: "" }),
        make("helper"), make("helper"), make("HELPER"), make("owner"), make("Admin"), make("clerk"), make("Mixed Case"),
        make("none", {}), make("empty", { project: [] }), make("twice", { project: ["create", "create"] }), make("b", { nonsense: ["create"] }), make("c", { project: ["nonsense"] }), make("d", { project: ["create", "nonsense"], team: ["create", "fly"] }), make("e", undefined, { organizationId: org, unknown: 1 }),
        make("__proto__"), make("constructor"), make("f", { constructor: ["x"] }),
      ]);
      await nobody.post(path, make("h"));
      await dave.post("/organization/set-active", { organizationId: null });
      await dave.post(path, make("h"));
      await app.rows("organizationRole");
    },
  },
  {
    name: "organization create-role: odd names",
    async run(t) {
      const { alice } = await company(t, dynamic);
      for (const role of ["", " ", "a,b", " c ", "x".repeat(100)]) await alice.post("/organization/create-role", { role, permission: { project: ["create"] } });
      await alice.request("POST", "/organization/create-role", { body: '{"role":"g","permission":{"__proto__":["x"]}}', headers: { "content-type": "application/json" } });
    },
  },
  {
    name: "organization update-role: renamed while it is in use",
    async run(t) {
      const { app, alice, carl } = await staffed(t);
      await alice.post("/organization/update-member-role", { memberId: "member-carl", role: ["member", "helper"] });
      await alice.post("/organization/update-role", { roleName: "helper", data: { roleName: "renamed" } });
      await carl.post("/organization/has-permission", { permissions: { project: ["share"] } });
      await carl.get("/organization/get-active-member-role");
      await app.rows("organizationRole");
    },
  },
  {
    name: "organization roles: by role",
    async run(t) {
      const { app, all, org, role } = await staffed(t);
      for (const browser of [...all].reverse()) {
        const organizationId = org;
        await browser.post("/organization/create-role", { organizationId, role: `of ${browser.email}`, permission: { project: ["create"] } });
        await browser.post("/organization/create-role", { organizationId, role: `all ${browser.email}`, permission: { project: ["share", "delete"], organization: ["delete"] } });
        await browser.post("/organization/update-role", { organizationId, roleName: "helper", data: { permission: { project: ["create"] } } });
        await browser.post("/organization/update-role", { organizationId, roleId: role, data: { permission: { project: ["delete"] } } });
        await browser.get(`/organization/list-roles?organizationId=${org}`);
        await browser.get(`/organization/get-role?organizationId=${org}&roleName=helper`);
        await browser.post("/organization/delete-role", { organizationId, roleName: "helper" });
      }
      await app.rows("organizationRole");
    },
  },
  {
    name: "organization roles: somebody without any say",
    async run(t) {
      const { app, carl, org } = await staffed(t);
      await app.db("updateMany", { model: "member", where: [{ field: "userId", value: "carl" }], update: { role: "clerk" } });
      await carl.get("/organization/list-roles");
      await carl.get("/organization/get-role?roleName=helper");
      await each(carl, "/organization/create-role", [{ role: "a", permission: {} }]);
      await each(carl, "/organization/update-role", [{ roleName: "helper", data: {} }]);
      await each(carl, "/organization/delete-role", [{ roleName: "helper" }, { roleName: "helper", organizationId: org }]);
      await app.rows("organizationRole");
    },
  },
  ...table("organization create-role: at most", [
    ["two", { maximumRolesPerOrganization: 2 }],
    ["zero", { maximumRolesPerOrganization: 0 }],
    ["by function", { maximumRolesPerOrganization: callback("limit") }],
  ], async (t, dynamicAccessControl) => {
    const { app, alice } = await company(t, { ...dynamic, dynamicAccessControl: { enabled: true, ...dynamicAccessControl } }, { handlers: { limit: () => 1 } });
    for (const role of ["a", "b", "c"]) await alice.post("/organization/create-role", { role, permission: { project: ["create"] } });
    await app.rows("organizationRole");
  }),
  {
    name: "organization roles: without access control",
    async run(t) {
      const { app, alice } = await company(t, { dynamicAccessControl: { enabled: true } });
      await alice.post("/organization/create-role", { role: "a", permission: { team: ["create"] } });
      await alice.post("/organization/update-role", { roleName: "a", data: { permission: { team: ["create"] } } });
      await alice.get("/organization/list-roles");
      await alice.get("/organization/get-role?roleName=a");
      await alice.post("/organization/delete-role", { roleName: "a" });
      await app.rows("organizationRole");
    },
  },
  {
    name: "organization roles: switched off",
    async run(t) {
      const { alice } = await company(t);
      for (const path of ["create-role", "update-role", "delete-role"]) await alice.post(`/organization/${path}`, {});
      for (const path of ["list-roles", "get-role"]) await alice.get(`/organization/${path}`);
    },
  },
  {
    name: "organization update-role: bodies",
    async run(t) {
      const { app, alice, dave, org, other, role } = await staffed(t);
      const nobody = app.browser();
      const path = "/organization/update-role";
      await alice.post("/organization/create-role", { role: "second", permission: {} });
      await malformed([alice, nobody], path);
      await app.at(5 * second);
      const update = (data, more = {}) => ({ roleName: "helper", data, ...more });
      await each(alice, path, [
        update(undefined), update(null), update([]), update({ permission: [] }), update({ permission: { project: "x" } }), update({ roleName: 5 }), { data: {} }, { roleName: "", data: {} }, { roleId: "", data: {} }, { roleName: 5, data: {} }, { roleId: 5, data: {} },
        update({}, { organizationId: 5 }), update({}, { organizationId: other }), update({}, { organizationId: "unknown" }), update({}, { organizationId: "" }),
        { roleName: "unknown", data: {} }, { roleId: "unknown", data: {} }, { roleName: "owner", data: { permission: {} } },
        update({}), update({ permission: {} }), update({ permission: { project: ["create", "delete"] } }), update({ permission: { nonsense: [] } }), update({ permission: { project: ["nonsense"] } }), update({ permission: null }),
        update({ roleName: "owner" }), update({ roleName: "Second" }), update({ roleName: "HELPER" }), update({ roleName: "" }), update({ roleName: "Renamed", permission: { project: ["share"] } }),
        { roleId: role, data: { roleName: "again" } }, { roleId: role, roleName: "second", data: { permission: { team: ["create"] } } }, { roleName: "again", data: { unknown: 1, id: "mine", organizationId: other, role: "owner" }, organizationId: org },
      ]);
      await nobody.post(path, update({}));
      await dave.post("/organization/set-active", { organizationId: null });
      await dave.post(path, update({}));
      await app.rows("organizationRole");
    },
  },
  {
    name: "organization delete-role: bodies",
    async run(t) {
      const { app, alice, carl, dave, other, role } = await staffed(t);
      const nobody = app.browser();
      const path = "/organization/delete-role";
      await alice.post("/organization/create-role", { role: "second", permission: {} });
      await alice.post("/organization/create-role", { role: "help", permission: {} });
      await malformed([alice, nobody], path);
      await alice.post("/organization/update-member-role", { memberId: "member-carl", role: ["member", "helper"] });
      await each(alice, path, [
        { roleName: "" }, { roleId: "" }, { roleName: 5 }, { roleId: 5 }, { roleName: "helper", organizationId: 5 }, { roleName: "helper", organizationId: other }, { roleName: "helper", organizationId: "unknown" },
        { roleName: "unknown" }, { roleId: "unknown" }, { roleName: "owner" }, { roleName: "clerk" }, { roleName: "Helper" }, { roleName: "helper" }, { roleId: role }, { roleName: "help" }, { roleName: "second", roleId: role },
      ]);
      await carl.post("/organization/has-permission", { permissions: { project: ["share"] } });
      await alice.post("/organization/update-member-role", { memberId: "member-carl", role: "member" });
      await alice.post(path, { roleId: role });
      await alice.post(path, { roleId: role });
      await nobody.post(path, { roleName: "helper" });
      await dave.post("/organization/set-active", { organizationId: null });
      await dave.post(path, { roleName: "helper" });
      await app.rows("organizationRole");
    },
  },
  {
    name: "organization get-role: queries",
    async run(t) {
      const { app, alice, dave, org, other, role } = await staffed(t);
      const nobody = app.browser();
      await eachQuery(alice, "/organization/get-role", [
        "", "?roleName=", "?roleId=", "?roleName=helper", `?roleId=${role}`, `?roleName=unknown&roleId=${role}`, "?roleName=unknown", "?roleId=unknown", "?roleName=owner", "?roleName=Helper", "?unknown=1",
        `?roleName=helper&organizationId=${org}`, `?roleName=helper&organizationId=${other}`, "?roleName=helper&organizationId=unknown", "?roleName=helper&organizationId=", "?roleName=helper&roleName=owner",
      ]);
      await eachQuery(alice, "/organization/list-roles", ["", `?organizationId=${org}`, `?organizationId=${org}&organizationId=${other}`, `?organizationId=${other}`, "?organizationId=unknown", "?organizationId=", "?unknown=1"]);
      for (const path of ["list-roles", "get-role?roleName=helper"]) await nobody.get(`/organization/${path}`);
      await dave.post("/organization/set-active", { organizationId: null });
      for (const path of ["list-roles", "get-role?roleName=helper"]) await dave.get(`/organization/${path}`);
      await dave.get(`/organization/get-role?roleId=${role}&organizationId=${other}`);
    },
  },
  {
    name: "organization roles: one of an organization's own at work",
    async run(t) {
      const { app, alice, carl, dave, org, other } = await staffed(t);
      await alice.post("/organization/update-member-role", { memberId: "member-carl", role: ["member", "helper"] });
      const may = (browser, permissions, more = {}) => browser.post("/organization/has-permission", { permissions, ...more });
      await may(carl, { project: ["share"] });
      await may(carl, { project: ["create", "share"] });
      await alice.post("/organization/update-role", { roleName: "helper", data: { permission: { project: ["create", "share"], invitation: ["create"] } } });
      await may(carl, { project: ["create", "share"] });
      await carl.post("/organization/invite-member", { email: "erin@example.com", role: "helper" });
      await dave.post("/organization/invite-member", { email: "erin@example.com", role: "helper" });
      await dave.post("/organization/create-role", { role: "member", permission: { project: ["delete"] } });
      await may(carl, { project: ["create"] }, { organizationId: other });
      await activate(app, carl, { activeOrganizationId: null });
      await may(carl, { project: ["create"] });
      await may(carl, { project: ["create"] }, { organizationId: org });
      await app.rows("member", "organizationRole");
    },
  },
  {
    name: "organization roles: statements that were tampered with",
    async run(t) {
      const { app, alice, carl } = await staffed(t);
      await alice.post("/organization/update-member-role", { memberId: "member-carl", role: "helper" });
      await app.db("updateMany", { model: "organizationRole", where: [], update: { permission: '{"project":"share"}' } });
      await carl.post("/organization/has-permission", { permissions: { project: ["share"] } });
      await alice.get("/organization/list-roles");
    },
  },
  {
    name: "organization has-permission: bodies",
    async run(t) {
      const { app, alice, carl, dave, org, other } = await company(t);
      const nobody = app.browser();
      const path = "/organization/has-permission";
      await malformed([alice, nobody], path);
      await each(alice, path, [
        { permissions: 5 }, { permissions: [] }, { permissions: null }, { permissions: { team: "create" } }, { permissions: { team: [5] } }, { permissions: { team: null } }, { permissions: { team: { actions: ["create"], connector: "OR" } } },
        { permissions: {} }, { permissions: { nonsense: [] } }, { permissions: { nonsense: ["create"] } }, { permissions: { team: ["nonsense"] } }, { permissions: { team: ["create", "nonsense"] } },
        { permissions: { team: ["create"] } }, { permissions: { team: ["create", "delete"], organization: ["delete"] } }, { permissions: { constructor: ["x"] } }, { permissions: { team: ["create"], nonsense: [] } },
        { permission: { team: ["create"] } }, { permission: { team: ["create"] }, permissions: { team: ["create"] } }, { permission: {} },
        { permissions: { team: ["create"] }, organizationId: org }, { permissions: { team: ["create"] }, organizationId: other }, { permissions: { team: ["create"] }, organizationId: "unknown" }, { permissions: { team: ["create"] }, organizationId: "" }, { permissions: {}, organizationId: 5 }, { permissions: {}, unknown: 1 },
      ]);
      await nobody.post(path, { permissions: { team: ["create"] }, organizationId: org });
      await dave.post("/organization/set-active", { organizationId: null });
      await dave.post(path, { permissions: { team: ["create"] } });
      await carl.post(path, { permissions: { ac: ["read"] } });
    },
  },
  {
    name: "organization has-permission: no action asked for",
    async run(t) {
      const { alice, carl } = await company(t);
      for (const browser of [alice, carl]) await each(browser, "/organization/has-permission", [{ permissions: { team: [] } }, { permissions: { organization: [], ac: ["read"] } }, { permissions: { ac: ["read"], team: [] } }]);
    },
  },
  ...table("organization has-permission: who may what", [
    ["by default", {}, ["owner", "admin", "member", "admin,member", "member,admin", "member, admin", "clerk", "", "constructor"]],
    ["roles of one's own", shop.options, ["owner", "admin", "member", "clerk", "clerk,member", "unknown"]],
    ["some roles only", { ...shop.options, roles: { restricted: { $role: { member: ["update"] } } }, creatorRole: "restricted" }, ["owner", "restricted", "member"]],
  ], async (t, options, roles) => {
    const { app, carl } = await company(t, options);
    for (const role of roles) {
      await app.db("updateMany", { model: "member", where: [{ field: "userId", value: "carl" }], update: { role } });
      for (const [resource, actions] of Object.entries(statements)) await carl.post("/organization/has-permission", { permissions: { [resource]: actions } });
      await carl.post("/organization/has-permission", { permissions: { member: ["update"], team: ["update"] } });
      await carl.post("/organization/update", { data: { name: role || "none" } });
    }
    await app.rows("organization");
  }),
];
