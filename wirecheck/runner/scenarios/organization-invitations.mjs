/** Invitations: send, accept, reject, cancel, look at, list. */
import { callback, day, hour, second, table } from "./kit.mjs";
import { company, each, eachQuery, malformed, person, shop } from "./organization-kit.mjs";

const mail = { sendInvitationEmail: callback("sendInvitationEmail") };
const invite = (browser, more = {}) => browser.post("/organization/invite-member", { email: "erin@example.com", role: "member", ...more });

/** The company, Erin with a verified address, Fred without, and an invitation for each. */
async function invited(t, options = {}, extra = {}) {
  const all = await company(t, { ...mail, ...options }, extra);
  const erin = await person(all.app, "erin");
  const fred = await person(all.app, "fred", { verified: false });
  const { json: first } = await invite(all.alice);
  const { json: second } = await invite(all.alice, { email: "fred@example.com", role: ["admin", "member"] });
  return { ...all, erin, fred, first: { invitationId: first.id }, second: { invitationId: second.id } };
}

export default [
  {
    name: "organization invite: bodies",
    async run(t) {
      const { app, alice, org, other } = await company(t, mail);
      const nobody = app.browser();
      const path = "/organization/invite-member";
      await malformed([alice, nobody], path);
      const to = (n, more) => ({ email: `guest${n}@example.com`, role: "member", ...more });
      await each(alice, path, [
        { email: "a@example.com" }, { role: "member" }, { email: 5, role: 5 }, to(1, { role: [5] }), to(1, { role: null }), to(1, { organizationId: 5 }), to(1, { resend: "yes" }), to(1, { teamId: 5 }), to(1, { teamId: [5] }), to(1, { teamId: null }),
        to(1, { email: "" }), to(1, { email: "no address" }), to(1, { email: " guest@example.com" }), to(1, { email: "münchen@exämple.de" }),
        to(1, { organizationId: other }), to(1, { organizationId: "unknown" }), to(1, { organizationId: "" }),
        to(2), to(2), to(2, { email: "GUEST2@Example.com" }), to(3, { organizationId: org, role: ["admin", "member"] }), to(4, { role: "admin,member" }), to(5, { role: "owner" }), to(6, { role: ["member", "owner"] }),
        to(7, { email: "bob@example.com" }), to(7, { email: "Bob@Example.com" }), to(7, { email: "alice@example.com" }), to(8, { email: "dave@example.com" }),
        to(9, { status: "accepted", id: "mine", inviterId: "bob", expiresAt: "2030-01-01T00:00:00.000Z", unknown: 1 }), to(10, { resend: true }), to(11, { resend: false }),
      ]);
      await nobody.post(path, to(12));
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.post(path, to(12));
      await app.rows("invitation");
    },
  },
  {
    name: "organization invite: odd roles",
    async run(t) {
      const { app, alice, bob } = await company(t);
      const roles = ["", [], "boss", ["boss", "admin", "chief"], " admin , member ", "member, owner", ["__proto__", "constructor"], "member,member"];
      for (const [n, role] of roles.entries()) {
        await invite(alice, { email: `erin${n}@example.com`, role });
        await invite(bob, { email: `fred${n}@example.com`, role });
      }
      await app.rows("invitation");
    },
  },
  {
    name: "organization invite: by role",
    async run(t) {
      const { app, all, org } = await company(t, mail);
      for (const browser of all) {
        for (const role of ["member", "admin", "owner", ["admin", "owner"]]) await invite(browser, { role, organizationId: org, email: `${role}-${browser.email}` });
      }
      await app.rows("invitation");
    },
  },
  {
    name: "organization invite: roles of one's own",
    async run(t) {
      const { app, alice, bob, carl, org } = await company(t, { ...mail, ...shop.options, creatorRole: "admin" });
      await app.db("updateMany", { model: "member", where: [{ field: "userId", value: "carl" }], update: { role: "clerk" } });
      for (const browser of [alice, bob, carl]) {
        for (const role of ["clerk", "owner", "admin", "boss"]) await invite(browser, { role, organizationId: org, email: `${role}-${browser.email}` });
      }
      await app.rows("invitation");
    },
  },
  ...table("organization invite again", [
    ["refused", {}, {}],
    ["resent", {}, { resend: true }],
    ["resent with another role", {}, { resend: true, role: "admin" }],
    ["the old one is canceled", { cancelPendingInvitationsOnReInvite: true }, {}],
    ["resent, though the old would be canceled", { cancelPendingInvitationsOnReInvite: true }, { resend: true }],
    ["own time", { invitationExpiresIn: 60 }, { resend: true }],
  ], async (t, options, more) => {
    const { app, alice, erin } = await invited(t, options);
    await app.at(30 * second);
    await invite(alice, more);
    await app.rows("invitation");
    await app.at(80 * second);
    await erin.get("/organization/list-user-invitations");
    await invite(alice, more);
    await app.at(2 * day + 29 * second);
    await erin.get("/organization/list-user-invitations");
    await invite(alice, more);
    await app.at(2 * day + 31 * second);
    await invite(alice, more);
    await app.rows("invitation");
  }),
  ...table("organization invite: limit", [
    ["two", { invitationLimit: 2 }],
    ["none", { invitationLimit: 0 }],
    ["by function", { invitationLimit: callback("limit") }],
  ], async (t, options) => {
    const { app, alice, bob } = await company(t, options, { handlers: { limit: ({ member }) => (member.role === "owner" ? 3 : 1) }, unrecorded: ["limit"] });
    for (const [n, browser] of [alice, bob, alice, bob, alice].entries()) await invite(browser, { email: `guest${n}@example.com` });
    await app.at(2 * day + second);
    await invite(bob, { email: "late@example.com" });
    await app.rows("invitation");
  }),
  {
    name: "organization invite: a mail that does not go out",
    async run(t) {
      const { app, alice } = await company(t, mail, { handlers: { sendInvitationEmail: () => { throw { $error: { name: "Error", message: "no mail today" } }; } } });
      await invite(alice);
      await app.rows("invitation");
    },
  },
  {
    name: "organization accept: bodies",
    async run(t) {
      const { app, alice, erin, fred, first, second } = await invited(t);
      const nobody = app.browser();
      const path = "/organization/accept-invitation";
      await malformed([erin, nobody], path);
      await each(erin, path, [{ invitationId: 5 }, { invitationId: "" }, { invitationId: "unknown" }, second]);
      for (const browser of [nobody, alice]) await browser.post(path, first);
      await fred.post(path, second);
      await app.rows("invitation", "member");
      await erin.post(path, first);
      await erin.get("/get-session");
      await erin.post(path, first);
      await app.rows("invitation", "member", "session");
    },
  },
  ...table("organization invitation: unverified address", [["required", {}], ["not required", { requireEmailVerificationOnInvitation: false }], ["said to be required", { requireEmailVerificationOnInvitation: true }]], async (t, options) => {
    const { app, fred, alice, second } = await invited(t, options);
    await fred.get(`/organization/get-invitation?id=${second.invitationId}`);
    await fred.get("/organization/list-user-invitations");
    await fred.post("/organization/reject-invitation", second);
    await invite(alice, { email: "fred@example.com" });
    await fred.post("/organization/accept-invitation", { invitationId: app.last("sendInvitationEmail").id });
    await app.rows("invitation", "member");
  }),
  ...table("organization invitation: in time", [["a moment before", 2 * day - 1, {}], ["at the end", 2 * day, {}], ["after", 2 * day + 1, {}], ["own time", hour + 1, { invitationExpiresIn: 3600 }], ["no time", 2 * day - 1, { invitationExpiresIn: 0 }]], async (t, moment, options) => {
    const { app, alice, erin, first, second, org } = await invited(t, options);
    await app.at(moment);
    await erin.get(`/organization/get-invitation?id=${first.invitationId}`);
    await erin.get("/organization/list-user-invitations");
    await alice.get(`/organization/list-invitations?organizationId=${org}`);
    await erin.post("/organization/accept-invitation", first);
    await alice.post("/organization/cancel-invitation", second);
    await erin.post("/organization/reject-invitation", first);
    await app.rows("invitation", "member");
  }),
  {
    name: "organization invitation: expired, then rejected and canceled",
    async run(t) {
      const { app, alice, erin, fred, first, second } = await invited(t, { requireEmailVerificationOnInvitation: false });
      await app.at(3 * day);
      await erin.post("/organization/reject-invitation", first);
      await alice.post("/organization/cancel-invitation", first);
      await alice.post("/organization/cancel-invitation", second);
      await fred.post("/organization/accept-invitation", second);
      await app.rows("invitation");
    },
  },
  ...table("organization accept: membership limit", [
    ["three", { membershipLimit: 3 }],
    ["four", { membershipLimit: 4 }],
    ["zero", { membershipLimit: 0 }],
    ["by function", { membershipLimit: callback("limit") }],
  ], async (t, options) => {
    const { app, erin, fred, first, second, org } = await invited(t, { ...options, requireEmailVerificationOnInvitation: false }, { handlers: { limit: (user) => (user.id === "erin" ? 4 : 3) } });
    await erin.post("/organization/accept-invitation", first);
    await fred.post("/organization/accept-invitation", second);
    await person(app, "gina");
    await app.api("addMember", { body: { userId: "gina", role: "member", organizationId: org } });
    await app.rows("invitation", "member");
  }),
  {
    name: "organization accept: already a member",
    async run(t) {
      const { app, erin, first, org } = await invited(t);
      await app.api("addMember", { body: { userId: "erin", role: "admin", organizationId: org } });
      await erin.post("/organization/accept-invitation", first);
      await app.rows("member", "invitation");
    },
  },
  {
    name: "organization reject: bodies",
    async run(t) {
      const { app, alice, erin, fred, first, second } = await invited(t);
      const nobody = app.browser();
      const path = "/organization/reject-invitation";
      await malformed([erin, nobody], path);
      await each(erin, path, [{ invitationId: 5 }, { invitationId: "" }, { invitationId: "unknown" }, second]);
      for (const browser of [nobody, alice]) await browser.post(path, first);
      await fred.post(path, second);
      await erin.post(path, first);
      await erin.post(path, first);
      await erin.post("/organization/accept-invitation", first);
      await app.rows("invitation", "member");
    },
  },
  {
    name: "organization cancel: bodies",
    async run(t) {
      const { app, alice, bob, carl, dave, erin, first, second } = await invited(t);
      const nobody = app.browser();
      const path = "/organization/cancel-invitation";
      await malformed([alice, nobody], path);
      await each(alice, path, [{ invitationId: 5 }, { invitationId: "" }, { invitationId: "unknown" }]);
      for (const browser of [nobody, erin, dave, carl]) await browser.post(path, first);
      await bob.post(path, first);
      await alice.post(path, first);
      await erin.post("/organization/accept-invitation", first);
      await alice.post(path, second);
      await app.rows("invitation");
    },
  },
  {
    name: "organization cancel: one that was accepted",
    async run(t) {
      const { app, alice, erin, first } = await invited(t);
      await erin.post("/organization/accept-invitation", first);
      await alice.post("/organization/cancel-invitation", first);
      await app.rows("invitation", "member");
    },
  },
  {
    name: "organization get-invitation: queries",
    async run(t) {
      const { app, all, alice, bob, erin, fred, first, second } = await invited(t);
      const path = "/organization/get-invitation";
      await eachQuery(erin, path, ["", "?id=", "?id=unknown", `?id=${first.invitationId}`, `?id=${second.invitationId}`, `?id=${first.invitationId}&id=${second.invitationId}`]);
      for (const browser of [...all, app.browser()]) await browser.get(`${path}?id=${first.invitationId}`);
      await fred.get(`${path}?id=${second.invitationId}`);
      const { json } = await invite(bob, { email: "Erin@Example.com", resend: false });
      await t.note("not twice", json?.code);
      await erin.post("/organization/reject-invitation", first);
      await erin.get(`${path}?id=${first.invitationId}`);
      await invite(bob);
      await alice.post("/organization/remove-member", { memberIdOrEmail: "member-bob" });
      await erin.get(`${path}?id=${app.last("sendInvitationEmail").id}`);
      await erin.get("/organization/list-user-invitations");
      await erin.post("/organization/accept-invitation", { invitationId: app.last("sendInvitationEmail").id });
      await app.rows("member");
    },
  },
  {
    name: "organization list-invitations: queries",
    async run(t) {
      const { app, all, alice, erin, first, org, other } = await invited(t);
      const path = "/organization/list-invitations";
      await eachQuery(alice, path, ["", `?organizationId=${org}`, `?organizationId=${other}`, "?organizationId=unknown", "?organizationId=", `?organizationId=${org}&organizationId=${other}`, "?unknown=1"]);
      for (const browser of [...all, erin, app.browser()]) await browser.get(`${path}?organizationId=${org}`);
      await erin.post("/organization/accept-invitation", first);
      await alice.get(path);
      await alice.post("/organization/set-active", { organizationId: null });
      await alice.get(path);
    },
  },
  {
    name: "organization list-user-invitations: queries",
    async run(t) {
      const { app, dave, erin, fred, first } = await invited(t);
      const path = "/organization/list-user-invitations";
      await invite(dave, { role: "admin" });
      await eachQuery(erin, path, ["", "?email=fred@example.com", "?email=", "?email=a&email=b", "?unknown=1"]);
      for (const browser of [dave, fred, app.browser()]) await browser.get(path);
      await app.browser().get(`${path}?email=erin@example.com`);
      const headers = { cookie: erin.jar.header({ secure: false, now: app.now }) };
      const ask = (input) => app.api("listUserInvitations", input);
      await ask();
      await ask({ query: { email: "Erin@example.com" } });
      await ask({ query: { email: "nobody@example.com" } });
      await ask({ query: { email: "fred@example.com" }, headers });
      await ask({ headers });
      await ask({ headers: { cookie: fred.jar.header({ secure: false, now: app.now }) } });
      await erin.post("/organization/reject-invitation", first);
      await erin.get(path);
    },
  },
];
