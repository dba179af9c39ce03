/** Organizations: created, invited to, joined by the link, left again. */
import assert from "node:assert/strict";

export async function organizations({ check, base, open, mails }) {
  const [ada, bob] = [await open(), await open()];
  const password = "correct horse 1";
  const list = (who, name) => who.page.getByRole("list", { name }).getByRole("listitem");

  await check("create an organization", async () => {
    await ada.page.goto(`${base}/?view=sign-up`);
    await ada.signUp("Ada", "ada@example.com", password);
    assert.equal(await ada.card("Members").isVisible(), false);
    await ada.fill("Organizations", { Name: "Analytical Engines" });
    await ada.press("Create an organization");
    await ada.shown("you are its owner");
    assert.match(await ada.items("Organizations").innerText(), /Analytical Engines\s+Open/);
    assert.match(await ada.items("Members").innerText(), /Ada \(you\)\s+ada@example.com, owner/);
  });
  await check("invite, and cancel the invitation", async () => {
    await ada.fill("Members", { "E-mail": "nobody@example.com" });
    await ada.press("Invite");
    await ada.press("Cancel the invitation of nobody@example.com");
    await ada.shown("The link of the invitation no longer works");
    await ada.count(list(ada, "Invitations"), 0);
  });
  await check("invite as admin", async () => {
    await ada.fill("Members", { "E-mail": "bob@example.com" });
    await ada.card("Members").getByLabel("Role").selectOption("admin");
    await ada.press("Invite");
    await ada.shown("A mail with the link is on its way");
    assert.match(await list(ada, "Invitations").innerText(), /bob@example.com\s+Invited as admin/);
    await ada.shot("organization");
  });
  await check("follow the link as a visitor and create an account", async () => {
    await bob.page.goto(await mails.link("invitation", "bob@example.com"));
    await bob.shown("You are invited to an organization");
    await bob.shot("invitation");
    await bob.page.getByRole("link", { name: "Create an account" }).click();
    await bob.signUp("Bob", "bob@example.com", password);
    await bob.shown("Verify your address first");
  });
  await check("verify the address and accept", async () => {
    await bob.page.goto(await mails.link("verify-email", "bob@example.com"));
    await bob.shown("ada@example.com invites you to Analytical Engines, as admin.");
    await bob.press("Accept");
    await bob.shown("Welcome to the organization");
    assert.equal(await bob.card("Invitation").isVisible(), false);
    assert.match((await bob.items("Members").allInnerTexts()).join("\n"), /Bob \(you\)\s+bob@example.com, admin/);
  });
  await check("change a role and see the members", async () => {
    await ada.page.reload();
    await ada.press("Make Bob member");
    await ada.shown("Bob is member now");
    await ada.count(ada.items("Members"), 2);
    await bob.page.reload();
    await bob.card("Members").waitFor();
    await bob.shown("bob@example.com, member");
    assert.equal(await bob.page.getByRole("button", { name: "Invite", exact: true }).isVisible(), false, "a member invites nobody");
  });
  await check("accept an invitation without its link, from the list", async () => {
    await ada.fill("Organizations", { Name: "Difference Engines" });
    await ada.press("Create an organization");
    await ada.shown("you are its owner");
    await ada.fill("Members", { "E-mail": "bob@example.com" });
    await ada.press("Invite");
    await ada.shown("A mail with the link is on its way");
    await bob.page.reload();
    await bob.press("Accept the invitation to Difference Engines");
    await bob.shown("Welcome to the organization");
    await bob.press("Open Analytical Engines");
    await bob.press("Open Difference Engines");
  });
  await check("leave, and remove a member", async () => {
    await bob.press("Leave the organization");
    await bob.shown("You have left the organization");
    await bob.count(bob.items("Organizations"), 1);
    await ada.press("Open Analytical Engines");
    await ada.press("Remove Bob");
    await ada.shown("Bob is no member any more");
    await ada.count(ada.items("Members"), 1);
    await bob.page.reload();
    await bob.card("Organizations").waitFor();
    await bob.count(bob.items("Organizations"), 0);
  });
}
