/** The page: areas for visitors, areas of the account, and what a link in a mail asks for. */
import { $, clean, mount, notify, query, show } from "./page.js";
import { refresh } from "./session.js";
import { device } from "./areas/device.js";
import { invitation } from "./areas/invitation.js";
import { members } from "./areas/members.js";
import { otherWays } from "./areas/other-ways.js";
import { organizations } from "./areas/organizations.js";
import { passkeys } from "./areas/passkeys.js";
import { accounts, providerError } from "./areas/providers.js";
import { forgot, reset } from "./areas/reset.js";
import { secondFactor } from "./areas/second-factor.js";
import { secondStep } from "./areas/second-step.js";
import { sessions } from "./areas/sessions.js";
import { signIn } from "./areas/sign-in.js";
import { signUp } from "./areas/sign-up.js";
import { deletion, name, password, userName, you } from "./areas/you.js";

// The invitation comes last, because it changes links of the others; it is shown first.
for (const area of [signIn, otherWays, secondStep, signUp, forgot, reset, invitation]) mount($("#visitor"), area);
for (const area of [device, you, organizations, members, accounts, secondFactor, passkeys, sessions, name, userName, password, deletion]) mount($("#account"), area);

if (!window.PublicKeyCredential) for (const part of document.querySelectorAll("[data-passkeys]")) part.hidden = true;

const errors = {
  INVALID_TOKEN: "The link is not valid, or it was used before.",
  TOKEN_EXPIRED: "The link is too old.",
};
const view = query.get("view");
const failure = query.get("error");
if (failure && view === "provider") notify(providerError(failure));
else if (failure) notify(errors[failure.toUpperCase()] ?? "The link did not work.");
else if (view === "verified") notify("The e-mail address is verified.");
else if (view === "linked") notify("The account is linked. You can sign in with it from now on.");
else if (view === "deleted") notify("The account is deleted.");

// The notice has said it; a reload must not say it once more.
if (view === "provider" || view === "linked") clean();

if (view === "reset" && query.has("token") && !failure) {
  show("reset");
} else if (view === "sign-up" || view === "forgot") {
  show(view);
} else if (query.get("twoFactorRedirect") === "true") {
  clean(); // a provider has sent the browser back, and the second factor is still to come
  show("second-step");
} else {
  refresh().catch((error) => {
    notify(error.message);
    show("sign-in");
  });
}
