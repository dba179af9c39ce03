/** Hooks before and after everything that organizations do. */
import { callback, refuse } from "./kit.mjs";
import { company, person } from "./organization-kit.mjs";

const names = ["CreateOrganization", "UpdateOrganization", "DeleteOrganization", "AddMember", "RemoveMember", "UpdateMemberRole", "CreateInvitation", "AcceptInvitation", "RejectInvitation", "CancelInvitation", "CreateTeam", "UpdateTeam", "DeleteTeam", "AddTeamMember", "RemoveTeamMember"];
const all = names.flatMap((name) => [`before${name}`, `after${name}`]);
const hooks = (list) => Object.fromEntries(list.map((name) => [name, callback(name)]));

/** Does once what every hook is told of. */
async function tour(t, given, { list = all, quietly = false } = {}) {
  // 1.6.11 makes up an id for the updates of a team, and drops it again.
  const beforeUpdateTeam = async (event) => {
    await t.note("before a team is updated", { ...event, updates: { ...event.updates, id: undefined } });
    return given.beforeUpdateTeam?.(event);
  };
  const handlers = { ...given, beforeUpdateTeam };
  const options = { teams: { enabled: true }, organizationHooks: hooks(list) };
  // Where all is written at once, what is told afterwards comes after what is asked before.
  const extra = { handlers, unrecorded: quietly ? all : ["beforeUpdateTeam"], unordered: all };
  const { app, alice, carl, org } = await company(t, options, extra);
  const erin = await person(app, "erin");
  await person(app, "fred");
  const invite = async () => (await alice.post("/organization/invite-member", { email: "erin@example.com", role: "member" })).json?.id ?? "none";
  await alice.post("/organization/update", { data: { name: "Renamed", metadata: { a: 1 } } });
  await app.api("addMember", { body: { userId: "fred", role: "member", organizationId: org } });
  await alice.post("/organization/update-member-role", { memberId: "member-carl", role: ["admin", "member"] });
  const { json: team } = await alice.post("/organization/create-team", { name: "Blue" });
  await app.api("createTeam", { body: { name: "Served", organizationId: org } });
  const teamId = team?.id ?? "none";
  await alice.post("/organization/update-team", { teamId, data: { name: "Green" } });
  await alice.post("/organization/add-team-member", { teamId, userId: "carl" });
  await alice.post("/organization/remove-team-member", { teamId, userId: "carl" });
  await alice.post("/organization/remove-team", { teamId });
  await erin.post("/organization/reject-invitation", { invitationId: await invite() });
  await alice.post("/organization/cancel-invitation", { invitationId: await invite() });
  await erin.post("/organization/accept-invitation", { invitationId: await invite() });
  await alice.post("/organization/remove-member", { memberIdOrEmail: "fred@example.com" });
  await carl.post("/organization/leave", { organizationId: org });
  await app.rows("organization", "member", "invitation", "team", "teamMember");
  await alice.post("/organization/delete", { organizationId: org });
  await app.rows("organization", "member", "invitation", "team");
}

const broken = () => {
  throw { $error: { name: "Error", message: "broken" } };
};

/** The company with hooks that refuse one after the other, as often as `refuseIn` is asked for the next. */
async function refusable(t, list) {
  let current;
  const handlers = Object.fromEntries(list.map((name) => [name, () => (name === current ? refuse("BAD_REQUEST", 400, { message: `Not now: ${name}`, code: "NOT_NOW" }) : undefined)]));
  const people = await company(t, { teams: { enabled: true }, organizationHooks: hooks(list) }, { handlers, unrecorded: list });
  const refuseIn = function* () {
    for (current of list) yield current;
  };
  return { ...people, refuseIn: refuseIn() };
}

/** One refusal for each hook that is asked before. The company itself is made before it takes effect. */
const refusing = Object.fromEntries(names.slice(1).filter((name) => !["AddMember", "CreateTeam"].includes(name)).map((name) => [`before${name}`, () => refuse("FORBIDDEN", 403, { message: `No ${name}`, code: "NO" })]));

export default [
  { name: "organization hooks: watch", run: (t) => tour(t, {}) },
  { name: "organization hooks: refuse", run: (t) => tour(t, refusing, { quietly: true }) },
  {
    name: "organization hooks: change what is written",
    run: (t) => tour(t, {
      beforeCreateOrganization: ({ organization }) => ({ data: { logo: "by the hook", metadata: { made: organization.slug } } }),
      beforeUpdateOrganization: ({ organization }) => ({ data: { name: `${organization.name}!`, logo: "changed" } }),
      beforeAddMember: ({ member }) => (member.role === "member" ? { data: { role: "admin" } } : undefined),
      beforeUpdateMemberRole: () => ({ data: { role: "admin" } }),
      beforeCreateInvitation: ({ invitation }) => ({ data: { role: "admin", expiresAt: { $date: "2026-02-01T00:00:00.000Z" }, email: invitation.email } }),
      beforeCreateTeam: ({ team }) => ({ data: { name: `${team.name}!` } }),
      beforeUpdateTeam: ({ updates }) => ({ data: { ...updates, name: `${updates.name}?` } }),
      beforeAddTeamMember: () => ({ data: { userId: "alice" } }),
      beforeDeleteOrganization: () => ({ data: { name: "ignored" } }),
    }),
  },
  {
    name: "organization hooks: answers without meaning",
    run(t) {
      const answers = [true, false, null, {}, { data: {} }];
      let n = 0;
      return tour(t, Object.fromEntries(all.map((name) => [name, () => answers[n++ % answers.length]])), { quietly: true });
    },
  },
  {
    name: "organization hooks: break",
    run: (t) => tour(t, { beforeUpdateOrganization: broken, afterUpdateMemberRole: broken }, { list: ["beforeUpdateOrganization", "afterUpdateMemberRole"] }),
  },
  {
    name: "organization hooks: refuse while an organization is made",
    async run(t) {
      const { app, alice, refuseIn } = await refusable(t, ["beforeCreateOrganization", "beforeAddMember", "afterAddMember", "beforeCreateTeam", "afterCreateTeam", "afterCreateOrganization"]);
      for (const slug of refuseIn) await alice.post("/organization/create", { name: "Another", slug: slug.toLowerCase() });
      await alice.get("/get-session");
      await app.rows("organization", "member", "team", "teamMember", "session");
    },
  },
  {
    name: "organization hooks: refuse a member or an invitation",
    async run(t) {
      const { app, alice, org, refuseIn } = await refusable(t, ["beforeAddMember", "afterAddMember", "beforeAcceptInvitation", "afterAcceptInvitation", "afterCreateInvitation", "afterRemoveMember"]);
      let n = 0;
      for (const _ of refuseIn) {
        const [guest, added] = [await person(app, `guest${++n}`), await person(app, `added${n}`)];
        await app.api("addMember", { body: { userId: `added${n}`, role: "member", organizationId: org } });
        const { json } = await alice.post("/organization/invite-member", { email: guest.email, role: "member" });
        await guest.post("/organization/accept-invitation", { invitationId: json?.id ?? "none" });
        await alice.post("/organization/remove-member", { memberIdOrEmail: added.email });
      }
      await app.rows("member", "invitation", "session");
    },
  },
];
