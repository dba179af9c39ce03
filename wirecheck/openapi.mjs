/**
 * The OpenAPI document of an instance with every plugin: what `/open-api/generate-schema` of both sides describes is
 * compared, path by path, and ours must pass Redocly's lint and become types that compile.
 *
 *     node openapi.mjs                 fails on a difference that openapi-differences.json does not list
 *     node openapi.mjs --write FILE    keeps our document
 *     node openapi.mjs --list FILE     keeps all differences, to see what an entry covers
 *
 * Two documents differ where a client that was generated from one could not use the other: an operation, tag, name of
 * an operation, parameter, member of a body, member of an answer, status or component that is missing or has another
 * type. Texts are not compared.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { Run } from "./runner/app.mjs";
import { glob } from "./runner/compare.mjs";
import { Outside } from "./runner/outside.mjs";
import { callback } from "./runner/scenarios/kit.mjs";
import { domain } from "./runner/scenarios/siwe-kit.mjs";
import { closeConnections, startServer } from "./runner/servers.mjs";

const { values: flags } = parseArgs({ options: { write: { type: "string" }, list: { type: "string" } } });
const wirecheck = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

/** Every plugin that both sides have and that has operations or fields. */
const plugins = [
  { factory: "openAPI" },
  { factory: "anonymous" },
  { factory: "bearer" },
  { factory: "deviceAuthorization" },
  { factory: "emailOTP", options: { sendVerificationOTP: callback("send"), changeEmail: { enabled: true } } },
  { factory: "expo" },
  { factory: "genericOAuth", options: { config: [{ providerId: "acme", clientId: "id", clientSecret: "secret", authorizationUrl: "https://acme.example/authorize", tokenUrl: "https://acme.example/token", userInfoUrl: "https://acme.example/me" }] } },
  { factory: "jwt" },
  { factory: "lastLoginMethod", options: { storeInDatabase: true } },
  { factory: "magicLink", options: { sendMagicLink: callback("send") } },
  { factory: "multiSession" },
  { factory: "oAuthProxy" },
  { factory: "oneTap" },
  { factory: "oneTimeToken" },
  { factory: "organization", options: { teams: { enabled: true }, dynamicAccessControl: { enabled: true } } },
  { factory: "passkey" },
  { factory: "phoneNumber", options: { sendOTP: callback("send"), sendPasswordResetOTP: callback("send") } },
  { factory: "siwe", options: { domain, getNonce: callback("getNonce"), verifyMessage: callback("verifyMessage") } },
  { factory: "twoFactor" },
  { factory: "username" },
  { factory: "apiKey" },
];

/** The document that a server's plugin answers. */
async function documentOf(server, outside) {
  const play = new Run(server, outside);
  try {
    const app = await play.app({ socialProviders: { google: { clientId: "id", clientSecret: "secret" } } }, { plugins });
    const served = await app.browser().get("/open-api/generate-schema");
    if (served.status !== 200) throw new Error(`${server.name}: ${served.status} ${served.body}`);
    return served.json;
  } finally {
    await play.close();
  }
}

/** Everything that a client depends on, by a name that says where it is. */
function facts(document) {
  const found = new Map();
  const resolve = (schema) => (schema?.$ref ? document.components.schemas[schema.$ref.split("/").at(-1)] : schema);
  const types = (schema) => {
    if (!schema) return ["any"];
    if (schema.$ref) return ["object"];
    const inner = schema.anyOf ?? schema.oneOf;
    if (inner) return [...new Set(inner.flatMap(types))].sort();
    const own = [].concat(schema.type ?? (schema.properties ? "object" : "any"));
    return [...new Set(schema.nullable ? [...own, "null"] : own)].sort();
  };
  const members = (at, given, depth = 0, seen = []) => {
    const schema = resolve(given);
    if (!schema || seen.includes(schema) || depth > 4) return;
    found.set(at, types(given).join("|"));
    for (const part of schema.anyOf ?? schema.oneOf ?? []) members(at, part, depth, [...seen, schema]);
    if (schema.items) members(`${at}[]`, schema.items, depth + 1, [...seen, schema]);
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
      members(`${at}.${name}`, member, depth + 1, [...seen, schema]);
      if (schema.required?.includes(name)) found.set(`${at}.${name} required`, "yes");
    }
    if (given.anyOf || given.oneOf) found.set(at, types(given).join("|"));
  };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (method === "servers") continue;
      const at = `${method.toUpperCase()} ${path}`;
      found.set(at, "operation");
      found.set(`${at} tags`, operation.tags.join(", "));
      if (operation.operationId) found.set(`${at} operationId`, operation.operationId);
      for (const p of operation.parameters ?? []) {
        members(`${at} ${p.in} ${p.name}`, p.schema ?? {});
        if (p.required) found.set(`${at} ${p.in} ${p.name} required`, "yes");
      }
      const body = operation.requestBody?.content?.["application/json"]?.schema;
      if (body) members(`${at} body`, body);
      for (const [status, answer] of Object.entries(operation.responses)) {
        found.set(`${at} ${status}`, Object.keys(answer.content ?? {}).join(", ") || "empty");
        const schema = answer.content?.["application/json"]?.schema;
        if (Number(status) >= 400) found.set(`${at} ${status} answer`, [...new Set([schema].flatMap((s) => s?.anyOf ?? s).map(resolve).flatMap((s) => s?.required ?? []))].sort().join(", "));
        else if (schema) members(`${at} ${status} answer`, schema);
      }
    }
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) members(`component ${name}`, schema);
  return found;
}

/** @returns {{at: string, reference?: string, subject?: string}[]} */
function differences(reference, subject) {
  return [...new Set([...reference.keys(), ...subject.keys()])]
    .filter((at) => reference.get(at) !== subject.get(at))
    .map((at) => ({ at, reference: reference.get(at), subject: subject.get(at) }));
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), "openapi-"));
  const outside = new Outside();
  const servers = [];
  try {
    await outside.start();
    const start = async (name, command, cwd) => servers.push(await startServer(name, command, { cwd }));
    await Promise.all([
      start("reference", [process.execPath, join(wirecheck, "reference", "server.mjs"), "--addr", "127.0.0.1:0"], wirecheck),
      start("ours", ["go", "run", "./wirecheck/cmd/control", "-addr", "127.0.0.1:0", "-framework", "nethttp"], dirname(wirecheck)),
    ]);
    const [theirs, ours] = await Promise.all(["reference", "ours"].map((name) => documentOf(servers.find((s) => s.name === name), outside)));
    const file = join(folder, "openapi.json");
    await writeFile(file, JSON.stringify(ours));
    if (flags.write) await writeFile(flags.write, JSON.stringify(ours, null, 1));

    const found = differences(facts(theirs), facts(ours));
    const allowed = JSON.parse(await readFile(join(wirecheck, "openapi-differences.json"), "utf8")).map((entry) => ({ ...entry, used: false, patterns: [].concat(entry.at).map(glob) }));
    const wrong = found.filter((d) => {
      const entry = allowed.find((a) => a.patterns.some((p) => p.test(d.at)) && (a.reference === undefined || glob(a.reference).test(d.reference ?? "")) && (a.subject === undefined || glob(a.subject).test(d.subject ?? "")));
      if (entry) entry.used = true;
      return !entry;
    });
    if (flags.list) await writeFile(flags.list, JSON.stringify(found, null, 1));
    for (const { at, reference, subject } of wrong) console.log(`✗ ${at}: ${reference ?? "absent"} in Better Auth, ${subject ?? "absent"} here`);
    const unused = allowed.filter((a) => !a.used);
    for (const { at } of unused) console.log(`✗ openapi-differences.json: ${[].concat(at).join(", ")} no longer occurs`);
    console.log(`${Object.keys(ours.paths).length} paths, ${found.length} differences, ${wrong.length} of them without a reason`);

    const tool = (name, ...args) => run(process.execPath, [join(wirecheck, "node_modules", name), ...args], { cwd: folder, maxBuffer: 1 << 26 }).catch((error) => {
      console.log(error.stdout, error.stderr);
      throw new Error(`${name} refuses the document`);
    });
    await writeFile(join(folder, "redocly.yaml"), await readFile(join(wirecheck, "redocly.yaml"), "utf8"));
    await tool("@redocly/cli/bin/cli.js", "lint", "openapi.json", "--config", "redocly.yaml");
    console.log("✓ redocly lint");
    await tool("openapi-typescript/bin/cli.js", "openapi.json", "-o", "types.d.ts");
    await writeFile(join(folder, "use.ts"), use);
    await tool("typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--module", "nodenext", "use.ts");
    console.log("✓ openapi-typescript and tsc");
    return wrong.length + unused.length > 0 ? 1 : 0;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    outside.stop();
    closeConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a program does with the types. */
const use = `
import type { components, paths } from "./types.js";
type Answer<P extends keyof paths> = paths[P] extends { post: { responses: { 200: { content: { "application/json": infer T } } } } } ? T : never;
const user: components["schemas"]["User"] = { id: "1", name: "Ada", email: "ada@example.com", emailVerified: true, createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z" };
const signedUp: Answer<"/sign-up/email"> = { token: "t", user };
export const token: string | null = signedUp.token;
// @ts-expect-error a user has an address
export const broken: components["schemas"]["User"] = { id: "1" };
`;

process.exitCode = await main();
