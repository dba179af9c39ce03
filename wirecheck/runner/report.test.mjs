import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, failures, plugins, refusal, tables } from "./report.mjs";

const endpoints = [
  { name: "ok", method: "GET", path: "/ok", routed: true },
  { name: "signIn", method: "POST", path: "/sign-in", routed: true, fails: ["401 WRONG", "400 Bad thing"] },
  { name: "opened", method: "GET", path: "/open/:token", routed: true },
  { name: "hidden", method: "POST", path: null, routed: false },
];
const entry = (endpoint, status = "200", body = "{}", more = {}) => ({ endpoint, aspects: { status, body }, ...more });
const all = [
  entry("GET /ok"), entry("POST /sign-in"), entry("POST /sign-in", "401", '{"code":"WRONG","message":"No"}'),
  entry("POST /sign-in", "400", '{"message":"Bad thing"}'), entry("GET /open/abc", "302"), entry("api hidden"),
];
const run = (entries, isPending = () => false) => tables(endpoints, [{ scenario: "s", entries, differences: [] }], isPending);

test("everything is covered", () => {
  const { missing, unseen, covered, total, refusals } = run(all);
  assert.deepEqual({ missing, unseen, covered, total, refusals }, { missing: [], unseen: [], covered: 4, total: 4, refusals: 2 });
});

test("an endpoint without a comparison is missing, each alone", () => {
  for (const [i, name] of [[0, "GET /ok"], [4, "GET /open/:token"], [5, "api hidden"]]) {
    assert.deepEqual(run(all.filter((_, at) => at !== i)).missing, [name]);
  }
});

test("a refusal or a success that nobody has seen is named", () => {
  assert.deepEqual(run(all.filter((_, at) => at !== 2)).unseen, ["POST /sign-in 401 WRONG"]);
  assert.deepEqual(run(all.filter((_, at) => at !== 1)).unseen, ["POST /sign-in 200"]);
});

test("what is pending is neither", () => {
  const { missing, pending, unseen } = run(all.slice(1), (name) => name === "GET /ok");
  assert.deepEqual({ missing, pending, unseen }, { missing: [], pending: ["GET /ok"], unseen: [] });
});

test("endpoints of a plugin that is here must be reached", () => {
  const list = { "two-factor": ["POST /two-factor/enable", "GET /two-factor/:id"], jwt: ["GET /token"] };
  assert.deepEqual(plugins(list, ["POST /two-factor/enable"], []).missing, []);
  assert.deepEqual(plugins(list, ["POST /two-factor/enable"], ["twoFactor"]).missing, ["GET /two-factor/:id"]);
  assert.deepEqual(plugins(list, ["POST /two-factor/enable", "GET /two-factor/7"], ["twoFactor"]).missing, []);
  assert.deepEqual(plugins(list, [], ["twoFactor", "jwt"]).missing, ["POST /two-factor/enable", "GET /two-factor/:id", "GET /token"]);
});

test("a failure of a plugin that nobody has seen is named, and so is one that must not occur", () => {
  const expected = { "one-tap": { codes: { BAD: "Bad thing" }, texts: ["No"], redirects: ["denied"], never: { No: "because" } } };
  const answers = [entry("POST /a", "400", '{"code":"BAD"}'), entry("GET /b", "302", "", {})];
  answers[1].aspects["header location"] = "http://localhost:3000/?error=denied";
  const run = (entries, factory = "oneTap") => failures(expected, [{ entries, plugins: new Set([factory]) }]);
  assert.deepEqual(run(answers), { unseen: [], wrong: [], total: 3 });
  assert.deepEqual(run(answers.slice(1)).unseen, ["one-tap BAD"]);
  assert.deepEqual(run(answers.slice(0, 1)).unseen, ["one-tap denied"]);
  assert.deepEqual(run(answers, "twoFactor").unseen, ["one-tap BAD", "one-tap denied"]);
  assert.deepEqual(run([entry("POST /a", "200", '{"code":"BAD"}'), answers[1]]).unseen, ["one-tap BAD"]);
  assert.deepEqual(run([...answers, entry("POST /c", "400", '{"message":"No"}')]).wrong, ["one-tap No"]);
  assert.deepEqual(run([entry("POST /a", "400", '{"error":"Bad thing"}'), answers[1]]).unseen, []);
});

test("an answer is named by its code, else its message, else its error", () => {
  const name = (status, body) => refusal({ aspects: { status, body } });
  assert.deepEqual([name("400", '{"message":"M","code":"C"}'), name("401", '{"message":"M","error":"E"}'), name("400", '{"error":"E"}'), name("404", ""), name("200", "{}")],
    ["400 C", "401 M", "400 E", "404", "200"]);
});

test("a failure shows the request, both answers and the first difference", () => {
  const request = { method: "POST", path: "/api/auth/sign-in", headers: { origin: "http://o" }, body: '{"a":1}' };
  const text = describe("s", { at: 2, what: "POST /sign-in body", entry: { request }, reference: '{"x":1}', subject: '{"x":null}' });
  for (const part of ["s, step 3: POST /sign-in body", "POST /api/auth/sign-in", '{"origin":"http://o"}', '{"a":1}', '{"x":1}', '{"x":null}', "first difference at 5"]) {
    assert.ok(text.includes(part), part);
  }
});
