/** The OpenAPI document and its page. What the document says is compared by ../../openapi.mjs. */
const openAPI = (options) => ({ plugins: [{ factory: "openAPI", options }] });

/** What both documents have: their form. */
const shape = ({ openapi, components, paths }) => ({
  openapi, user: components.schemas.User.type, operations: ["/sign-up/email", "/get-session", "/ok"].map((path) => Object.keys(paths[path])),
});

export default [
  {
    name: "open-api: the document",
    async run(t) {
      const app = await t.app({}, openAPI());
      const browser = app.browser();
      await t.note("document", shape((await browser.get("/open-api/generate-schema")).json));
      await browser.post("/open-api/generate-schema");
      await app.api("generateOpenAPISchema", {});
    },
  },
  {
    name: "open-api: disabled paths are not described",
    async run(t) {
      const app = await t.app({ disabledPaths: ["/update-user"] }, openAPI());
      const { json } = await app.browser().get("/open-api/generate-schema");
      await t.note("paths", { disabled: "/update-user" in json.paths, itself: "/open-api/generate-schema" in json.paths });
    },
  },
  {
    name: "open-api: the page",
    async run(t) {
      const browser = (await t.app({}, openAPI({ theme: "moon", nonce: "abc123" }))).browser();
      const { body } = await browser.get("/reference");
      await t.note("page", { script: /<script[^>]*id="api-reference"/.test(body), nonce: body.includes('nonce="abc123"'), theme: body.includes("moon") });
      await browser.post("/reference");
    },
  },
  {
    name: "open-api: another path",
    async run(t) {
      const browser = (await t.app({}, openAPI({ path: "/docs" }))).browser();
      await browser.get("/docs");
      await browser.get("/reference");
    },
  },
  {
    name: "open-api: no page",
    async run(t) {
      const browser = (await t.app({}, openAPI({ disableDefaultReference: true }))).browser();
      await browser.get("/reference");
      await t.note("document", shape((await browser.get("/open-api/generate-schema")).json));
    },
  },
];
