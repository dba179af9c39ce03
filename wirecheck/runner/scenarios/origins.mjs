import { ORIGIN, alice, callback, table } from "./kit.mjs";

const evil = "http://evil.example";

export default [
  ...table("origin", [
    ["own", { origin: ORIGIN }],
    ["absent", { origin: null }],
    ["null", { origin: "null" }],
    ["foreign", { origin: evil }],
    ["foreign port", { origin: "http://localhost:3001" }],
    ["foreign scheme", { origin: "https://localhost:3000" }],
    ["look-alike", { origin: "http://localhost:3000.evil.example" }],
    ["with path", { origin: `${ORIGIN}/x` }],
    ["upper case", { origin: "HTTP://LOCALHOST:3000" }],
    ["referer only", { origin: null, referer: `${ORIGIN}/page` }],
    ["foreign referer only", { origin: null, referer: `${evil}/page` }],
    ["cross-site navigation", { origin: evil, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }],
    ["cross-site fetch", { origin: evil, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }],
    ["same-origin fetch", { origin: ORIGIN, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }],
    ["same-origin fetch, no origin", { origin: null, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }],
    ["navigation, no origin", { origin: null, "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
  ], async (t, headers) => {
    const { app, browser } = await alice(t);
    const body = { email: "alice@example.com", password: "password123" };
    await app.browser().post("/sign-in/email", body, { headers });
    await app.browser().post("/sign-up/email", { ...body, email: "bob@example.com", name: "Bob" }, { headers });
    await browser.post("/sign-in/email", body, { headers });
    await browser.post("/update-user", { name: "x" }, { headers });
    await browser.get("/list-sessions", { headers });
    await app.browser().post("/sign-out", {}, { headers });
    await browser.post("/sign-out", {}, { headers });
  }),
  ...table("callback address", [
    ["foreign", evil],
    ["path", "/ok"],
    ["protocol-relative", "//evil.example"],
    ["backslash", "/\\evil.example"],
    ["script", "javascript:alert(1)"],
    ["data", "data:text/html,x"],
    ["own origin", `${ORIGIN}/x`],
    ["own origin, other port", "http://localhost:3001/x"],
    ["user info", "http://localhost:3000@evil.example"],
    ["empty", ""],
    ["space", "/a b"],
    ["query", "/a?x=1&y=2"],
    ["query and fragment", "/a?x=1#h"],
    ["encoded", "%2f%2fevil.example"],
    ["encoded in path", "/%2fevil.example"],
    ["encoded backslash", "/%5cevil.example"],
    ["relative", "ok"],
    ["at sign", "/ok/@x"],
    ["nested address", "/in?next=http://evil.example"],
    ["dots", "/../x"],
    ["tab", "/\tevil.example"],
    ["app scheme", "myapp://home"],
    ["number", 5],
    ["object", {}],
    ["list", ["/ok"]],
  ], async (t, callbackURL) => {
    const { app, browser } = await alice(t, { trustedOrigins: ["http://friend.example"] });
    await app.browser().signIn({ callbackURL });
    await app.browser().post("/request-password-reset", { email: "alice@example.com", redirectTo: callbackURL });
    await app.browser().post("/sign-in/social", { provider: "github", errorCallbackURL: callbackURL });
    await app.browser().post("/sign-in/social", { provider: "github", newUserCallbackURL: callbackURL });
    await browser.post(`/sign-out?callbackURL=${encodeURIComponent(callbackURL)}`);
    await app.browser().get(`/reset-password/x?callbackURL=${encodeURIComponent(callbackURL)}`);
  }),
  ...table("trusted origins", [
    ["list", ["https://friend.example"], {}],
    ["wildcard host", ["https://*.friend.example"], {}],
    ["wildcard without scheme", ["*.friend.example"], {}],
    ["wildcard port", ["http://friend.example:*"], {}],
    ["host only", ["friend.example"], {}],
    ["app scheme", ["myapp://"], {}],
    ["everything", ["*"], {}],
    ["question mark", ["https://?.friend.example"], {}],
    ["environment", undefined, { env: { BETTER_AUTH_TRUSTED_ORIGINS: "https://friend.example,https://a.friend.example" } }],
    ["function", callback("trustedOrigins"), { handlers: { trustedOrigins: () => ["https://friend.example"] }, unrecorded: ["trustedOrigins"] }],
  ], async (t, trustedOrigins, extra) => {
    const { app, browser } = await alice(t, trustedOrigins === undefined ? {} : { trustedOrigins }, extra);
    for (const origin of ["https://friend.example", "https://a.friend.example", "http://a.friend.example", "https://a.b.friend.example", "https://friend.example.evil.example", "http://friend.example:8080", "myapp://home", evil]) {
      await browser.post("/update-user", { name: "x" }, { headers: { origin } });
      await app.browser().signIn({ callbackURL: `${origin}/back`, password: "wrong" });
    }
  }),
  ...table("trusted origins of native clients", [
    ["rooted scheme", ["com.example.app:/"]],
    ["Android app", ["android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"]],
    ["pages of files", ["file://"]],
    ["slash at the end", ["https://friend.example/"]],
    ["Expo", ["exp://"]],
  ], async (t, trustedOrigins) => {
    const { browser } = await alice(t, { trustedOrigins });
    for (const origin of ["com.example.app:/", "com.example.app://", "com.example.apps:/", "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", "android:apk-key-hash:xNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", "file://", "https://friend.example", "exp://192.168.1.7:8081"]) {
      await browser.post("/update-user", { name: "x" }, { headers: { origin } });
    }
  }),
  ...table("origin checks off", [
    ["origin", { disableOriginCheck: true }, {}],
    ["csrf", { disableCSRFCheck: true }, {}],
    ["origin, csrf stays", { disableOriginCheck: true, disableCSRFCheck: false }, {}],
    ["some paths", { disableOriginCheck: ["/sign-in"] }, {}],
    ["test environment", {}, { env: { NODE_ENV: "test" } }],
    ["test environment, checked", { disableOriginCheck: false }, { env: { NODE_ENV: "test" } }],
  ], async (t, advanced, extra) => {
    const { app, browser } = await alice(t, { advanced }, extra);
    const headers = { origin: evil };
    await browser.post("/sign-in/email", { email: "alice@example.com", password: "password123", callbackURL: evil }, { headers });
    await browser.post("/update-user", { name: "x" }, { headers });
    await app.browser().signIn({ callbackURL: evil });
    await app.browser().get(`/verify-email?token=x&callbackURL=${evil}`);
  }),
];
