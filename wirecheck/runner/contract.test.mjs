import assert from "node:assert/strict";
import { test } from "node:test";
import { Contract } from "./contract.mjs";

const contract = new Contract({
  security: [{ sessionCookie: [] }, {}],
  components: { schemas: { User: { type: "object", properties: { id: { type: "string" }, image: { type: ["string", "null"] } }, required: ["id"] } } },
  paths: {
    "/user/{id}": { get: {
      security: [{ sessionCookie: [] }],
      parameters: [{ name: "id", in: "path", required: true }, { name: "q", in: "query", required: true }],
      responses: { 200: { content: { "application/json": { schema: { $ref: "#/components/schemas/User" } } } }, 302: {} },
    } },
    "/user": { post: {
      requestBody: { content: { "application/json": { schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } } } },
      responses: { 200: { content: { "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/User" } } } } } },
    } },
  },
});
const json = ["content-type", "application/json; charset=utf-8"];
const get = (answer, { path = "/user/1?q=1", headers = { cookie: "a=b" } } = {}) => contract.violation({ method: "GET", path, headers }, { status: 200, headers: [json], body: '{"id":"1","image":null}', ...answer });
const post = (body, answer = "[]") => contract.violation({ method: "POST", path: "/user", headers: { "content-type": "application/json" }, body }, { status: 200, headers: [json], body: answer });

test("what the document allows", () => {
  assert.equal(get({}), undefined);
  assert.equal(get({ status: 302, body: "" }), undefined);
  assert.equal(get({ status: 404 }, { path: "/elsewhere" }), undefined);
  assert.equal(post('{"name":"a"}', '[{"id":"1"}]'), undefined);
});

test("what it does not", () => {
  for (const [wrong, part] of [
    [get({ body: '{"id":1}' }), "body/id must be string"],
    [get({ body: '{"id":"1","secret":"x"}' }), "secret"],
    [get({ body: '{"image":null}' }), "required property 'id'"],
    [get({ body: "" }), "no body"],
    [get({ status: 302, body: "x" }), "has a body"],
    [get({ status: 418 }), "the status 418"],
    [get({ headers: [["content-type", "text/html"]] }), "text/html"],
    [get({}, { headers: {} }), "without the credentials"],
    [get({}, { path: "/user/1" }), "query parameter q"],
    [get({}, { path: "/elsewhere" }), "not in the document"],
    [post('{"name":"a"}', '[{"id":"1","secret":"x"}]'), "secret"],
    [post("{}"), "required property 'name'"],
  ]) assert.ok(wrong?.includes(part), `${part}: ${wrong}`);
});
