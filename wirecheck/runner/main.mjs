/**
 * Plays every scenario against two control servers and compares what they say.
 *
 *     node runner/main.mjs                                  reference against the Go server
 *     node runner/main.mjs --self                           reference against itself
 *     node runner/main.mjs --only 'sign-in*'                some scenarios
 *     node runner/main.mjs --verbose                        the whole transcript of each scenario
 *     node runner/main.mjs --json FILE                      what differed, what each endpoint of the reference answered, and what nobody has seen
 *     node runner/main.mjs --framework echo --adapter ent-mysql
 *     node runner/main.mjs --subjects gin+mongo,fiber+memory  several, against one playing of the reference
 *     node runner/main.mjs --all                            every framework and every adapter, each once at least
 *
 * `--reference URL` and `--subject URL` use servers that already run; the reference
 * keeps its data in SQLite unless it is compared with itself. An adapter of a
 * server reads KERNIA_TEST_POSTGRES_DSN, KERNIA_TEST_MYSQL_DSN, KERNIA_TEST_REDIS_URL
 * or KERNIA_TEST_MONGO_URI; without the last a double of MongoDB is started. `--all`
 * leaves out, and says so, what has no server. A third part of a subject, as in
 * `gin+memory+extra-field`, makes it alter its answers: see prove.mjs. Passwords are
 * hashed with a thousandth of the cost on both sides unless `--real-hashing` is given.
 * Exit code: 0 all the same, 1 differences, 2 could not run.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { Run } from "./app.mjs";
import { AllowedDifferences, compare, glob } from "./compare.mjs";
import { Outside } from "./outside.mjs";
import { describe, failures as failuresOf, plugins, refusal, tables } from "./report.mjs";
import { scenarios } from "./scenarios/index.mjs";
import { closeConnections, control, startServer } from "./servers.mjs";

const { values: flags } = parseArgs({
  options: {
    self: { type: "boolean", default: false },
    reference: { type: "string" },
    subject: { type: "string" },
    framework: { type: "string", default: "gin" },
    adapter: { type: "string", default: "memory" },
    subjects: { type: "string" },
    all: { type: "boolean", default: false },
    "real-hashing": { type: "boolean", default: false },
    only: { type: "string" },
    parallel: { type: "string", default: "6" },
    verbose: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    json: { type: "string" },
    "max-failures": { type: "string", default: "40" },
  },
});

const here = dirname(fileURLToPath(import.meta.url));
const wirecheck = dirname(here);
const repository = dirname(wirecheck);
const patience = 180_000; // of one scenario; a busy machine takes a while to load another NODE_ENV

/** Every adapter once, each framework once at least. With redis, rows are in memory and what belongs into a secondary storage in Redis. */
const pairs = ["gin+redis", "echo+gorm-sqlite", "fiber+gorm-postgres", "nethttp+gorm-mysql", "echov5+ent-sqlite", "gin+ent-postgres", "fiberv3+ent-mysql", "nethttp+mongo"];

/** @type {import("./servers.mjs").ControlServer[]} */
const running = [];
const outside = new Outside();

/** Passwords are not what takes the time here, unless that is asked for. */
const hashing = flags["real-hashing"] ? [] : ["--quick-hashing"];

/** What is built for a run. */
let folder;

async function open(name, url, command, cwd, env) {
  if (url) return { name, url: url.replace(/\/$/, ""), stop: async () => {} };
  const server = await startServer(name, command, { cwd, env });
  running.push(server);
  return server;
}

async function play(scenario, server, release) {
  const run = new Run(server, outside, release);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${patience} ms`)), patience);
  });
  try {
    await Promise.race([scenario.run(run), late]);
  } catch (error) {
    run.failure = error;
  } finally {
    clearTimeout(timer);
    await run.close().catch((error) => (run.failure ??= error));
  }
  return run;
}

/** The pairs of framework and adapter that are asked for, as far as their servers are there. */
function subjectsOf() {
  if (!flags.all) return flags.subjects ? flags.subjects.split(",") : [`${flags.framework}+${flags.adapter}`];
  const missing = (pair) =>
    (pair.endsWith("+redis") && !process.env.KERNIA_TEST_REDIS_URL && "KERNIA_TEST_REDIS_URL") ||
    (pair.endsWith("-postgres") && !process.env.KERNIA_TEST_POSTGRES_DSN && "KERNIA_TEST_POSTGRES_DSN") ||
    (pair.endsWith("-mysql") && !process.env.KERNIA_TEST_MYSQL_DSN && "KERNIA_TEST_MYSQL_DSN");
  const asked = pairs.map((pair) => (pair.endsWith("+redis") && missing(pair) ? "gin+memory" : pair));
  for (const pair of pairs) if (missing(pair)) console.log(`left out: ${pair}, for ${missing(pair)} names no server`);
  return asked.filter((pair) => !missing(pair));
}

/** Builds the control server, starts one for each pair, and the double of MongoDB if it is needed. */
async function openSubjects(names, folder) {
  const binary = join(folder, "control");
  const env = { ...process.env };
  const building = promisify(execFile)("go", ["build", "-o", binary, "./wirecheck/cmd/control"], { cwd: repository, maxBuffer: 1 << 26 });
  if (names.some((name) => name.split("+")[1] === "mongo") && !env.KERNIA_TEST_MONGO_URI) {
    const double = ["go", "run", "./core/adapters/mongo/internal/mongotest/serve"];
    env.KERNIA_TEST_MONGO_URI = (await open("double of MongoDB", undefined, double, repository)).url;
  }
  await building;
  return Promise.all(names.map((name) => {
    const [framework, adapter, fault] = name.split("+");
    const command = [binary, "-addr", "127.0.0.1:0", "-framework", framework, "-adapter", adapter, ...hashing];
    if (fault) command.push("-break", fault);
    return open(name, undefined, command, repository, env).then((server) => Object.assign(server, { documents: true }));
  }));
}

async function main() {
  const chosen = flags.only ? scenarios.filter((s) => flags.only.split(",").some((p) => glob(p).test(s.name))) : scenarios;
  if (flags.list) {
    for (const { name } of chosen) console.log(name);
    return 0;
  }
  const allowed = new AllowedDifferences(flags.self ? [] : JSON.parse(await readFile(join(wirecheck, "allowed-differences.json"), "utf8")));
  await explained(allowed);
  const endpoints = JSON.parse(await readFile(join(wirecheck, "testdata", "endpoints.json"), "utf8"));
  await outside.start();
  const referenceCommand = [process.execPath, join(wirecheck, "reference", "server.mjs"), "--addr", "127.0.0.1:0", ...hashing];
  folder = await mkdtemp(join(tmpdir(), "wirecheck-"));
  const started = await Promise.allSettled([
    open("reference", flags.reference, referenceCommand, wirecheck),
    flags.subject || flags.self ? open("subject", flags.subject, referenceCommand, wirecheck).then((one) => [one]) : openSubjects(subjectsOf(), folder),
  ]);
  // Both have settled, so whatever did start is known and will be stopped.
  const [reference, subjects] = started.map((s) => {
    if (s.status === "rejected") throw s.reason;
    return s.value;
  });
  const factories = flags.self ? [] : (await control(subjects[0], "GET", "/__plugins")).factories;
  // Better Auth's memory adapter leaves fields out where SQL answers null. Every
  // adapter of ours answers as SQL does: like with like.
  if (!flags.self || flags.adapter !== "memory") {
    reference.database = { kind: "sqlite", path: ":memory:" };
    if (flags.self) subjects[0].database = reference.database;
  }

  const results = [];
  const failures = [];
  const queue = [...chosen];
  const counts = new Map(subjects.map(({ name }) => [name, { differing: new Set(), allowed: 0 }]));
  /** Plays a scenario on all servers; says whether it used the official client. */
  const compared = async (scenario, release) => {
    const label = release === "next" ? `${scenario.name} (client of 1.7)` : scenario.name;
    const [a, ...all] = await Promise.all([reference, ...subjects].map((server) => play(scenario, server, release)));
    if (a.failure) failures.push({ scenario: scenario.name, text: `✗ ${label}: the scenario fails on the reference\n    ${a.failure.stack}` });
    const differences = [];
    all.forEach((b, at) => {
      const { name } = subjects[at];
      const count = counts.get(name);
      const fail = (text) => {
        failures.push({ scenario: scenario.name, text: subjects.length > 1 ? `${name} ${text}` : text });
        count.differing.add(scenario.name);
      };
      const found = differencesOf(a, b, scenario.untied || /-(postgres|mysql)$|\+mongo$/.test(name)).map((difference) => ({ difference, allowed: allowed.permits(scenario.name, difference) }));
      const bad = found.filter((d) => !d.allowed);
      if (bad.length > 0) fail(bad.map((d) => describe(label, d.difference)).join("\n"));
      const explained = found.length > 0 && bad.length === 0;
      if (b.failure && !a.failure && !explained) fail(`✗ ${label}: the scenario fails on the subject\n    ${b.failure.stack}`);
      for (const violation of new Set(b.violations)) fail(`✗ ${label}: the OpenAPI document does not allow it\n    ${violation}`);
      count.allowed += found.filter((d) => d.allowed && !d.allowed.everywhere).length;
      differences.push(...found);
    });
    if (flags.verbose) print(label, a.transcript);
    results.push({ scenario: label, entries: a.transcript, differences, plugins: a.plugins });
    return a.spoke;
  };
  const work = async () => {
    for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
      if (await compared(scenario, "this")) await compared(scenario, "next");
    }
  };
  await Promise.all(Array.from({ length: Number(flags.parallel) }, work));

  const ofCodes = failuresOf(JSON.parse(await readFile(join(wirecheck, "testdata", "codes.json"), "utf8")), results);
  if (flags.json) await writeFile(flags.json, JSON.stringify({ ...found(results), unused: allowed.unused(), unseen: ofCodes.unseen }, null, 1));
  const limit = Number(flags["max-failures"]);
  failures.sort((a, b) => (a.scenario < b.scenario ? -1 : 1));
  for (const { text } of failures.slice(0, limit)) console.log(`${text}\n`);
  if (failures.length > limit) console.log(`… and ${failures.length - limit} more\n`);

  const isPending = (endpoint) => !flags.self && allowed.isPending(endpoint);
  const { table, missing, pending, covered, total, refusals, unseen } = tables(endpoints, results, isPending);
  console.log(table);
  console.log(`\ncoverage: ${covered} of ${total} endpoints of the core and the plugins that are implemented`);
  if (!flags.only) console.log(`coverage: success and ${refusals} refusals by status and code${unseen.length > 0 ? `, not seen: ${unseen.join(", ")}` : ", all seen"}`);
  const requested = [...new Set(results.flatMap((r) => r.entries.map((e) => e.endpoint).filter(Boolean)))];
  const ofPlugins = plugins(JSON.parse(await readFile(join(wirecheck, "testdata", "plugins.json"), "utf8")), requested, factories);
  console.log(`\n${ofPlugins.table}\n`);
  missing.push(...ofPlugins.missing);
  if (!flags.only) console.log(`coverage: ${ofCodes.total} failures of plugins${ofCodes.unseen.length > 0 ? `, not seen: ${ofCodes.unseen.join(", ")}` : ", all seen"}`);
  if (ofCodes.wrong.length > 0) console.log(`seen, though testdata/codes.json says never: ${ofCodes.wrong.join(", ")}`);
  if (pending.length > 0) console.log(`pending, for a later module: ${pending.join(", ")}`);
  if (!flags.only && missing.length > 0) console.log(`not covered: ${missing.join(", ")}`);
  const unused = flags.only || flags.self ? [] : allowed.unused();
  for (const entry of unused) console.log(`✗ allowed difference that no longer occurs: ${entry.scenario} / ${entry.what}`);
  const exchanges = results.reduce((sum, r) => sum + r.entries.filter((e) => e.endpoint).length, 0);
  console.log(`\n${results.length} scenarios, ${exchanges} exchanges`);
  for (const [name, { differing, allowed }] of counts) console.log(`${name}: ${differing.size} scenarios with differences, ${allowed} allowed differences`);
  return failures.length + unused.length + ofCodes.wrong.length + (flags.only ? 0 : missing.length + unseen.length + ofCodes.unseen.length) > 0 ? 1 : 0;
}

/** For --json: every difference with both answers, and each endpoint's answers of the reference by status and code. */
function found(results) {
  const answers = {};
  for (const { entries } of results) {
    for (const entry of entries) {
      if (entry.endpoint) (answers[entry.endpoint] ??= {})[refusal(entry)] ??= entry.aspects.body;
    }
  }
  const differences = results.flatMap(({ scenario, differences }) => differences
    .filter(({ allowed }) => !allowed?.everywhere)
    .map(({ difference: { at, what, reference, subject, answers: [a, b] }, allowed }) => ({ scenario, at, what, allowed: Boolean(allowed), reference, subject, answers: [a?.aspects, b?.aspects] })));
  return { answers, differences };
}

/** Every allowed difference must point at a heading that exists. @param {AllowedDifferences} allowed */
async function explained(allowed) {
  const anchors = new Map();
  for (const { docs } of allowed.entries) {
    const [file, anchor] = docs.split("#");
    if (!anchors.has(file)) {
      const text = await readFile(join(repository, file), "utf8");
      const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((m) => m[1].toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-"));
      anchors.set(file, new Set(headings));
    }
    if (!anchors.get(file).has(anchor)) throw new Error(`${docs} does not exist`);
  }
}

/** What a server cannot do at all is one difference, not as many as there are steps. */
function differencesOf(a, b, loose) {
  if (b.failure?.status !== 501) return loose ? compare(a.loose, b.loose) : compare(a.transcript, b.transcript);
  return [{ at: 0, what: "unsupported", entry: undefined, reference: "supported", subject: b.failure.message, answers: [undefined, undefined] }];
}

function print(name, transcript) {
  console.log(`── ${name}`);
  for (const { kind, label, aspects, request } of transcript) {
    console.log(`  ${kind} ${label}${request?.body ? ` ${request.body}` : ""}`);
    for (const [aspect, value] of Object.entries(aspects)) console.log(`      ${aspect}: ${value.slice(0, 3000).replaceAll("\n", "\n        ")}`);
  }
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await Promise.all(running.map((server) => server.stop()));
    process.exit(2);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 2;
} finally {
  await Promise.all(running.map((server) => server.stop()));
  outside.stop();
  closeConnections();
  if (folder) await rm(folder, { recursive: true, force: true });
}
