/** Options that shape the organization plugin's tables, and options of the instance that meet it. */
import { callback, day, second, table } from "./kit.mjs";
import { company, each, organization, person, shop } from "./organization-kit.mjs";

const four = (prefix) => ({
  [`${prefix}RequiredField`]: { type: "string" },
  [`${prefix}OptionalField`]: { type: "string", required: false },
  [`${prefix}HiddenField`]: { type: "string", required: false, input: false },
  [`${prefix}PublicField`]: { type: "number", required: false },
});
const schema = {
  organization: { additionalFields: { ...four("org"), color: { type: "string", required: false, defaultValue: "red" } } },
  // Nothing says what a member who accepts an invitation has in a required field.
  member: { additionalFields: { ...four("member"), memberRequiredField: { type: "string", required: false } } },
  invitation: { additionalFields: four("invitation") },
  team: { additionalFields: four("team") },
  organizationRole: { additionalFields: { color: { type: "string", required: false, defaultValue: "#ffffff" }, serverOnlyValue: { type: "string", required: false, input: false, defaultValue: "server" } } },
};
const given = (prefix, more = {}) => ({ [`${prefix}RequiredField`]: "given", ...more });
const forbidden = (prefix) => ({ ...given(prefix), [`${prefix}HiddenField`]: "mine" });
const secret = { secretField: { type: "string", required: false, input: false, returned: false } };

const renamed = {
  organization: { modelName: "companies", fields: { name: "title", slug: "handle", metadata: "extra" } },
  member: { modelName: "staff", fields: { userId: "person_id", organizationId: "company_id", role: "rank" } },
  invitation: { modelName: "invites", fields: { email: "address", inviterId: "by_id", teamId: "group_ids" } },
  team: { modelName: "groups", fields: { name: "label", organizationId: "company_id" } },
  teamMember: { modelName: "group_people", fields: { teamId: "group_id", userId: "person_id" } },
  organizationRole: { modelName: "ranks", fields: { role: "label", permission: "may" } },
  session: { fields: { activeOrganizationId: "company_id", activeTeamId: "group_id" } },
};

/** Uses every table once. */
async function tour({ app, alice, org }, more = {}) {
  await app.at(second); // members who join now come after the others
  const erin = await person(app, "erin");
  const { json: team } = await alice.post("/organization/create-team", { name: "Blue", ...more.team });
  await alice.post("/organization/add-team-member", { teamId: team?.id ?? "none", userId: "carl" });
  await alice.post("/organization/create-role", { role: "helper", permission: { project: ["share"] }, ...more.role });
  const { json: invitation } = await alice.post("/organization/invite-member", { email: "erin@example.com", role: "helper", teamId: team?.id, ...more.invitation });
  await erin.get("/organization/list-user-invitations");
  await erin.get(`/organization/get-invitation?id=${invitation?.id}`);
  await erin.post("/organization/accept-invitation", { invitationId: invitation?.id ?? "none" });
  await erin.get("/get-session");
  await erin.get("/organization/list-user-teams");
  await erin.post("/organization/has-permission", { permissions: { project: ["share"] } });
  await alice.get("/organization/get-full-organization");
  await alice.get("/organization/list-members?sortBy=role&filterField=userId&filterValue=carl&filterOperator=ne");
  for (const path of ["list", "list-invitations", "list-teams", "list-roles", "get-active-member"]) await alice.get(`/organization/${path}`);
  await alice.post("/organization/update", { organizationId: org, data: { name: "New", ...more.update } });
  await app.rows("organization", "member", "invitation", "team", "teamMember", "organizationRole", "session");
}

const everythingOn = { ...shop.options, teams: { enabled: true, defaultTeam: { enabled: false } }, dynamicAccessControl: { enabled: true } };

export default [
  {
    name: "organization fields: all given",
    async run(t) {
      const withHook = { organizationHooks: { beforeAddMember: callback("fill") } };
      const handlers = { fill: ({ member }) => ({ data: { ...given("member"), ...member } }) };
      const people = await company(t, { ...everythingOn, ...withHook, schema }, { body: given("org", { orgPublicField: 5, orgOptionalField: "o" }), member: given("member"), handlers, unrecorded: ["fill"] });
      await tour(people, {
        team: given("team", { teamPublicField: 1, teamOptionalField: "t" }),
        role: { additionalFields: { color: "#000000" } },
        invitation: given("invitation", { invitationPublicField: 2 }),
        update: { orgOptionalField: "changed", orgPublicField: 6, color: null },
      });
    },
  },
  {
    name: "organization fields: refused",
    async run(t) {
      const handlers = { fill: ({ member }) => ({ data: { ...given("member"), ...member } }) };
      const { app, alice, org } = await company(t, { ...everythingOn, organizationHooks: { beforeAddMember: callback("fill") }, schema }, { body: given("org"), member: given("member"), handlers, unrecorded: ["fill"] });
      await person(app, "erin");
      await each(alice, "/organization/create", [{ name: "A", slug: "a" }, { name: "A", slug: "a", orgRequiredField: 5 }, { name: "A", slug: "a", ...given("org", { orgPublicField: "5" }) }, { name: "A", slug: "a", ...forbidden("org") }, { name: "B", slug: "b", ...given("org", { orgOptionalField: null }) }]);
      await each(alice, "/organization/update", [{ organizationId: org, data: { orgHiddenField: "mine" } }, { organizationId: org, data: { orgRequiredField: null } }, { organizationId: org, data: { orgPublicField: "5" } }, { organizationId: org, data: { color: "blue" } }]);
      await each(alice, "/organization/create-team", [{ name: "A" }, { name: "A", teamRequiredField: 5 }, { name: "A", ...forbidden("team") }]);
      const [team] = await app.db("findMany", { model: "team" });
      await each(alice, "/organization/update-team", [{ teamId: team?.id ?? "none", data: forbidden("team") }, { teamId: team?.id ?? "none", data: { teamPublicField: "5" } }, { teamId: team?.id ?? "none", data: { teamPublicField: 5 } }]);
      await each(alice, "/organization/invite-member", [{ email: "a@example.com", role: "member" }, { email: "a@example.com", role: "member", invitationRequiredField: 5 }, { email: "a@example.com", role: "member", ...forbidden("invitation") }]);
      await each(alice, "/organization/create-role", [{ role: "a", permission: {}, additionalFields: { serverOnlyValue: "mine" } }, { role: "b", permission: {}, additionalFields: { color: 5 } }, { role: "c", permission: {}, additionalFields: { color: "c", unknown: 1 } }]);
      await each(alice, "/organization/update-role", [{ roleName: "c", data: { color: "d" } }, { roleName: "c", data: { color: 5 } }, { roleName: "c", data: { serverOnlyValue: "mine" } }, { roleName: "c", data: { additionalFields: { color: "e" } } }]);
      for (const body of [{}, { memberRequiredField: 5 }, forbidden("member"), given("member", { memberPublicField: 5 })]) await app.api("addMember", { body: { userId: "erin", role: "member", organizationId: org, ...body } });
      await app.rows("organization", "team", "invitation", "organizationRole", "member");
    },
  },
  {
    name: "organization fields: required of members",
    async run(t) {
      const handlers = { fill: ({ member }) => ({ data: { ...given("member"), ...member } }) };
      const { app, alice, org } = await company(t, { organizationHooks: { beforeAddMember: callback("fill") }, schema: { member: { additionalFields: { memberRequiredField: { type: "string" } } } } }, { member: given("member"), handlers, unrecorded: ["fill"] });
      const erin = await person(app, "erin");
      const { json } = await alice.post("/organization/invite-member", { email: "erin@example.com", role: "member" });
      await erin.post("/organization/accept-invitation", { invitationId: json?.id });
      for (const body of [{}, given("member")]) await app.api("addMember", { body: { userId: "erin", role: "member", organizationId: org, ...body } });
    },
  },
  {
    name: "organization fields: not returned",
    async run(t) {
      const secretly = Object.fromEntries(["organization", "member", "invitation", "team", "organizationRole"].map((name) => [name, { additionalFields: secret }]));
      const people = await company(t, { ...everythingOn, schema: secretly });
      for (const model of ["organization", "member"]) await people.app.db("updateMany", { model, where: [], update: { secretField: "secret" } });
      await tour(people);
    },
  },
  {
    name: "organization fields: of every type",
    async run(t) {
      const additionalFields = { count: { type: "number", required: false }, open: { type: "boolean", required: false, defaultValue: true }, since: { type: "date", required: false }, tags: { type: "string[]", required: false }, note: { type: "string", required: false, fieldName: "remark" } };
      const { app, alice } = await company(t, { schema: { organization: { additionalFields } } });
      await each(alice, "/organization/create", [
        { name: "A", slug: "a", count: 1.5, open: false, tags: ["x", "y"], note: "n" },
        { name: "B", slug: "b", count: "1" }, { name: "C", slug: "c", open: "yes" }, { name: "E", slug: "e", tags: "x" },
      ]);
      await each(alice, "/organization/update", [{ data: { count: 2, open: true, tags: [], note: null } }, { data: { count: 2, open: true, tags: [] } }]);
      await alice.get("/organization/list");
      await alice.get("/organization/get-full-organization");
      await app.rows("organization");
    },
  },
  {
    name: "organization fields: dates",
    async run(t) {
      const { app, alice } = await company(t, { schema: { organization: { additionalFields: { since: { type: "date", required: false } } } } });
      await each(alice, "/organization/update", [{ data: { since: "2020-02-29T00:00:00.000Z" } }, { data: { since: "yesterday" } }, { data: { since: 5 } }]);
      await app.rows("organization");
    },
  },
  {
    name: "organization: renamed tables and columns",
    async run(t) {
      await tour(await company(t, { ...everythingOn, schema: renamed }));
    },
  },
  ...table("organization: ids", [["serial", "serial"], ["uuid", "uuid"]], async (t, generateId) => {
    const app = await t.app({ advanced: { database: { generateId } } }, { plugins: [organization({ teams: { enabled: true } })] });
    const [alice, bob] = [app.browser(), app.browser()];
    await alice.signUp();
    const { json } = await bob.signUp({ email: "bob@example.com" });
    const { json: org } = await alice.post("/organization/create", { name: "Acme", slug: "acme" });
    await alice.post("/organization/set-active", { organizationId: org?.id });
    await alice.get("/organization/get-full-organization");
    await app.api("addMember", { body: { userId: json?.user.id, role: "member", organizationId: org?.id } });
    await alice.get("/organization/list-members");
    await alice.get("/organization/list-teams");
    await alice.get("/get-session");
    await alice.post("/organization/remove-member", { memberIdOrEmail: "bob@example.com" });
    await each(alice, "/organization/set-active", [{ organizationId: "1x" }, { organizationId: "0" }, { organizationId: "-1" }]);
    await app.rows("organization", "member", "team", "session");
  }),
  {
    name: "organization: sessions in a secondary storage",
    async run(t) {
      const values = new Map();
      const core = { secondaryStorage: { get: callback("get"), set: callback("set"), delete: callback("delete") } };
      const handlers = { get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value), delete: (key) => void values.delete(key) };
      const app = await t.app(core, { plugins: [organization({ teams: { enabled: true } })], handlers, unrecorded: ["get", "set", "delete"] });
      const browser = app.browser();
      await browser.signUp();
      const { json: org } = await browser.post("/organization/create", { name: "Acme", slug: "acme" });
      await browser.get("/get-session");
      await browser.post("/organization/set-active", { organizationId: null });
      await browser.get("/get-session");
      await browser.post("/organization/set-active", { organizationId: org?.id });
      await app.at(2 * day);
      await browser.get("/get-session");
      await browser.post("/organization/delete", { organizationId: org?.id });
      await browser.get("/get-session");
      for (const [key, value] of values) await t.note(key.startsWith("active-sessions-") ? "sessions of the user" : "session in the store", JSON.parse(value));
    },
  },
  {
    name: "organization: hooks of the instance",
    async run(t) {
      const core = { hooks: { before: callback("before", { middleware: true }), after: callback("after", { middleware: true }) }, databaseHooks: { session: { update: { before: callback("session") } } } };
      const { app, alice, org } = await company(t, {}, { core });
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post("/organization/set-active", { organizationId: org });
      await alice.get("/organization/list");
      await alice.post("/organization/update", { data: { slug: "other" } });
      await app.rows("session");
    },
  },
];
