const base = "/api/auth", $ = id => document.getElementById(id);
const site = location.origin + base;

async function call(path, body) {
  const answer = await fetch(path.startsWith("/demo") ? path : base + path, body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const text = await answer.text();
  const value = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(value?.message ?? `the server answered ${answer.status}`);
  return value;
}

// on runs what an element does, and shows why it failed.
function on(id, event, act) {
  $(id).addEventListener(event, async e => {
    e.preventDefault();
    $("problem").textContent = "";
    try { await act(e, e.target instanceof HTMLFormElement ? Object.fromEntries(new FormData(e.target, e.submitter)) : {}); }
    catch (problem) { $("problem").textContent = problem.message; }
  });
}

function item(list, text, ...buttons) {
  const li = document.createElement("li");
  li.append(text + " ");
  for (const [label, act] of buttons) {
    const button = document.createElement("button");
    button.id = `b${document.querySelectorAll("li button").length}`;
    button.textContent = label;
    li.append(button);
    list.append(li);
    on(button.id, "click", act);
  }
  list.append(li);
  return li;
}

async function show() {
  const session = await call("/get-session");
  $("status").textContent = session ? `Signed in as ${session.user.name} (${session.user.email})` : "Signed out";
  $("out").hidden = !!session;
  $("in").hidden = $("connect").hidden = !session;
  if (!session) return;
  const organizations = await call("/organization/list");
  const chosen = $("organization").value;
  $("organization").replaceChildren(...organizations.map(o => new Option(o.name, o.id, false, o.id === chosen)));
  $("connect").hidden = organizations.length === 0;
  if (organizations.length) await connections();
}

async function connections() {
  const id = $("register").providerId.value || "{id}";
  $("redirect").textContent = site + "/sso/callback";
  $("acs").textContent = `${site}/sso/saml2/sp/acs/${id}`;
  $("metadata").textContent = `${site}/sso/saml2/sp/metadata?providerId=${id}`;
  $("scim").textContent = site + "/scim/v2";
  const own = x => x.organizationId === $("organization").value;
  $("providers").replaceChildren();
  for (const p of (await call("/sso/providers")).providers.filter(own)) {
    item($("providers"), `${p.providerId}: ${p.domain}, ${p.type}, ${p.domainVerified ? "domain proven" : "domain not proven"}.`,
      ...(p.domainVerified ? [] : [["Prove the domain", () => prove(p)]]),
      ["Remove", async () => { await call("/sso/delete-provider", { providerId: p.providerId }); await show(); }]);
  }
  $("directories").replaceChildren();
  for (const d of (await call("/scim/list-provider-connections")).providers.filter(own)) {
    item($("directories"), d.providerId,
      ["Remove", async () => { await call("/scim/delete-provider-connection", { providerId: d.providerId }); await show(); }]);
  }
}

// prove shows the record to publish, and looks for it when it is there.
async function prove(p) {
  const { domainVerificationToken: token } = await call("/sso/request-domain-verification", { providerId: p.providerId });
  const label = `_better-auth-token-${p.providerId}`;
  const li = item($("providers"), `Publish the TXT record ${label}.${p.domain} with the value ${label}=${token}`,
    ["It is published", async () => { await call("/sso/verify-domain", { providerId: p.providerId }); await show(); }],
    ["Publish it here (acme.example alone)", () => call("/demo/dns", { name: `${label}.${p.domain}`, value: `${label}=${token}` })]);
  li.scrollIntoView();
}

on("sso", "submit", async (_, form) => {
  const { url } = await call("/sign-in/sso", { email: form.email, callbackURL: "/", errorCallbackURL: "/" });
  location.assign(url);
});
on("password", "submit", async (_, form) => {
  const { do: way, ...who } = form;
  await call(way === "up" ? "/sign-up/email" : "/sign-in/email", way === "up" ? { ...who, name: who.email.split("@")[0] } : who);
  await show();
});
on("leave", "click", async () => { await call("/sign-out", {}); await show(); });
on("organization", "change", connections);
on("found", "submit", async (e, form) => {
  const slug = form.name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const made = await call("/organization/create", { name: form.name, slug });
  e.target.reset();
  await show();
  $("organization").value = made.id;
  await connections();
});
on("register", "input", connections);
on("register", "change", () => {
  const saml = $("register").kind.value === "saml";
  $("saml").hidden = !saml;
  $("oidc").hidden = saml;
});
on("register", "submit", async (e, form) => {
  const { kind, providerId, domain, issuer } = form;
  const config = kind === "saml"
    ? { samlConfig: { issuer, callbackUrl: "/", idpMetadata: { metadata: form.metadata }, spMetadata: {}, entryPoint: "", cert: "" } }
    : { oidcConfig: { clientId: form.clientId, clientSecret: form.clientSecret, scopes: ["openid", "email", "profile"] } };
  await call("/sso/register", { providerId, domain, issuer, organizationId: $("organization").value, ...config });
  e.target.reset();
  await show();
});
on("example", "click", async () => {
  const { issuer, clientId, clientSecret, domain } = await call("/demo");
  const form = $("register");
  Object.assign(form.providerId, { value: "acme" });
  for (const [name, value] of Object.entries({ issuer, clientId, clientSecret, domain })) form[name].value = value;
  await connections();
});
on("directory", "submit", async (e, form) => {
  const { scimToken } = await call("/scim/generate-token", { providerId: form.providerId, organizationId: $("organization").value });
  $("token").textContent = `Token, shown once: ${scimToken}`;
  e.target.reset();
  await show();
});

const failed = new URLSearchParams(location.search).get("error");
if (failed) $("problem").textContent = `Single sign-on failed: ${failed}`;
show().catch(problem => { $("problem").textContent = problem.message; });
