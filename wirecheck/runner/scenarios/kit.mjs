/** Short forms that many scenarios share. */
export { ORIGIN, SECRET, START, day, hour, minute, second } from "../app.mjs";

/** @param {string} name @returns a callback option */
export const callback = (name, flags = {}) => ({ $callback: name, ...flags });

/** Options with a sender for every mail. */
export const withMail = {
  emailAndPassword: { enabled: true, sendResetPassword: callback("sendResetPassword") },
  emailVerification: { sendVerificationEmail: callback("sendVerificationEmail") },
};

/** The server's answer to a hook that refuses. */
export function refuse(status, statusCode, body) {
  throw { $error: { name: "APIError", message: body.message, status, statusCode, body } };
}

/** An app with Alice signed up and signed in. */
export async function alice(t, options = {}, extra = {}) {
  const app = await t.app(options, extra);
  const browser = app.browser();
  const { json } = await browser.signUp();
  return { app, browser, user: json?.user, token: json?.token };
}

/** Marks a user's address as verified. */
export function verify(app, email = "alice@example.com") {
  return app.db("update", { model: "user", where: [{ field: "email", value: email }], update: { emailVerified: true } });
}

/** Moves the start of all sessions into the past. */
export function age(app, milliseconds) {
  return app.db("updateMany", { model: "session", where: [], update: { createdAt: { $date: new Date(app.now - milliseconds).toISOString() } } });
}

/** Makes scenarios from a table: name and arguments of f. */
export function table(prefix, rows, f) {
  return rows.map(([name, ...args]) => ({ name: `${prefix}: ${name}`, run: (t) => f(t, ...args) }));
}
