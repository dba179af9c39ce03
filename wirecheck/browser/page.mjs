/** The quickstart's page as its tests see it, and the mails that its server prints. */
import { join } from "node:path";

export const patience = 60_000; // of one step, on a busy machine

/**
 * Steps on a page of the quickstart.
 * @param {import("playwright-core").Page} page
 */
export function onPage(page, shots) {
  page.setDefaultTimeout(patience);
  const card = (title) => page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });
  return {
    page,
    card,
    shown: (text) => page.getByText(text, { exact: false }).first().waitFor(),
    press: (name) => page.getByRole("button", { name, exact: true }).click(),
    items: (title) => card(title).getByRole("listitem"),
    /** Waits until there are n of what a locator finds. */
    async count(found, n) {
      if (n > 0) await found.nth(n - 1).waitFor();
      await found.nth(n).waitFor({ state: "detached" });
    },
    field: (name) => page.locator(`[data-field=${name}]`).innerText(),
    /** Fills in fields of a card by their labels. */
    async fill(title, fields) {
      for (const [label, value] of Object.entries(fields)) await card(title).getByLabel(label, { exact: true }).filter({ visible: true }).fill(value);
    },
    /** Signs in with a password; a second step may follow. */
    async signIn(email, password) {
      await this.fill("Sign in", { "E-mail": email, Password: password });
      await this.press("Sign in");
    },
    async signUp(name, email, password) {
      await this.fill("Create an account", { Name: name, "E-mail": email, Password: password });
      await this.press("Create account");
      await card("You").waitFor();
    },
    async shot(name) {
      if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    },
  };
}

/** The mails of a server that prints them, line by line. */
export class Mails {
  #mails = [];
  #waiting = [];

  /** Takes a line of the server's output. */
  line = (text) => {
    if (!text.startsWith('{"mail":')) return;
    const { mail } = JSON.parse(text);
    // What a person would paste, exactly as it stands in the line.
    const [, url] = /"url":"([^"]*)"/.exec(text);
    this.#mails.push({ ...mail, url });
    for (const look of this.#waiting.splice(0)) look();
  };

  /** The link of the next mail of a kind to an address. */
  async link(kind, to) {
    return (await this.#next(kind, to)).url;
  }

  /** The token or code of the next mail of a kind to an address. */
  async token(kind, to) {
    return (await this.#next(kind, to)).token;
  }

  async #next(kind, to) {
    for (const late = Date.now() + patience; ; ) {
      const at = this.#mails.findIndex((mail) => mail.kind === kind && mail.to === to);
      if (at >= 0) return this.#mails.splice(at, 1)[0];
      if (Date.now() > late) throw new Error(`no mail ${kind} to ${to}`);
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, patience).unref();
      });
    }
  }
}
