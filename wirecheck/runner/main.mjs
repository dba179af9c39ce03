/**
 * Plays every scenario against two control servers and compares what they say.
 *
 *     node runner/main.mjs                     reference against the Go server
 *     node runner/main.mjs --self              reference against itself
 *     node runner/main.mjs --only 'sign-in*'   some scenarios
 *     node runner/main.mjs --verbose           the whole transcript of each scenario
 *
 * `--reference URL` and `--subject URL` use servers that already run;
 * `--framework` and `--adapter` are handed to the Go control server; the
 * reference keeps its data in SQLite then. `--break` makes the Go control server
 * alter its answers, see prove.mjs.
 * Exit code: 0 all the same, 1 differences, 2 could not run.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Run } from "./app.mjs";
import { AllowedDifferences, compare, glob } from "./compare.mjs";
import { Outside } from "./outside.mjs";
import { describe, plugins, tables } from "./report.mjs";
import { scenarios } from "./scenarios/index.mjs";
import { closeConnections, startServer } from "./servers.mjs";

const { values: flags } = parseArgs({
  options: {
    self: { type: "boolean", default: false },
    reference: { type: "string" },
    subject: { type: "string" },
    framework: { type: "string", default: "gin" },
    adapter: { type: "string", default: "memory" },
    break: { type: "string" },
    only: { type: "string" },
    parallel: { type: "string", default: "6" },
    verbose: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    "max-failures": { type: "string", default: "40" },
  },
});

const here = dirname(fileURLToPath(import.meta.url));
const wirecheck = dirname(here);
const repository = dirname(wirecheck);
const patience = 180_000; // of one scenario; a busy machine takes a while to load another NODE_ENV

/** @type {import("./servers.mjs").ControlServer[]} */
const running = [];
const outside = new Outside();

async function open(name, url, command, cwd) {
  if (url) return { name, url: url.replace(/\/$/, ""), stop: async () => {} };
  const server = await startServer(name, command, { cwd });
  running.push(server);
  return server;
}

async function play(scenario, server) {
  const run = new Run(server, outside);
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
  const referenceCommand = [process.execPath, join(wirecheck, "reference", "server.mjs"), "--addr", "127.0.0.1:0"];
  const goCommand = ["go", "run", "./wirecheck/cmd/control", "-addr", "127.0.0.1:0", "-framework", flags.framework, "-adapter", flags.adapter];
  if (flags.break) goCommand.push("-break", flags.break);
  const started = await Promise.allSettled([
    open("reference", flags.reference, referenceCommand, wirecheck),
    open("subject", flags.subject, flags.self ? referenceCommand : goCommand, flags.self ? wirecheck : repository),
  ]);
  // Both have settled, so whatever did start is known and will be stopped.
  const [reference, subject] = started.map((s) => {
    if (s.status === "rejected") throw s.reason;
    return s.value;
  });
  // Better Auth's memory adapter leaves fields out where SQL answers null. Every
  // adapter of ours answers as SQL does: like with like.
  if (!flags.self || flags.adapter !== "memory") {
    reference.database = { kind: "sqlite", path: ":memory:" };
    if (flags.self) subject.database = reference.database;
  }

  const results = [];
  const failures = [];
  const queue = [...chosen];
  const work = async () => {
    for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
      const [a, b] = await Promise.all([play(scenario, reference), play(scenario, subject)]);
      if (a.failure) failures.push({ scenario: scenario.name, text: `✗ ${scenario.name}: the scenario fails on the reference\n    ${a.failure.stack}` });
      const differences = differencesOf(a, b).map((difference) => ({ difference, allowed: allowed.permits(scenario.name, difference) }));
      const bad = differences.filter((d) => !d.allowed);
      if (bad.length > 0) failures.push({ scenario: scenario.name, text: bad.map((d) => describe(scenario.name, d.difference)).join("\n") });
      const explained = differences.length > 0 && bad.length === 0;
      if (b.failure && !a.failure && !explained) failures.push({ scenario: scenario.name, text: `✗ ${scenario.name}: the scenario fails on the subject\n    ${b.failure.stack}` });
      if (flags.verbose) print(scenario.name, a.transcript);
      results.push({ scenario: scenario.name, entries: a.transcript, differences });
    }
  };
  await Promise.all(Array.from({ length: Number(flags.parallel) }, work));

  const limit = Number(flags["max-failures"]);
  failures.sort((a, b) => (a.scenario < b.scenario ? -1 : 1));
  for (const { text } of failures.slice(0, limit)) console.log(`${text}\n`);
  if (failures.length > limit) console.log(`… and ${failures.length - limit} more\n`);

  const isPending = (endpoint) => !flags.self && allowed.isPending(endpoint);
  const { table, missing, pending, covered, total, refusals, unseen } = tables(endpoints, results, isPending);
  console.log(table);
  console.log(`\ncoverage: ${covered} of ${total} endpoints of the core that are implemented`);
  console.log(`coverage: success and ${refusals} refusals by status and code${unseen.length > 0 ? `, not seen: ${unseen.join(", ")}` : ", all seen"}`);
  const reached = new Set(results.flatMap((r) => r.entries.map((e) => e.endpoint)));
  console.log(`\n${plugins(JSON.parse(await readFile(join(wirecheck, "testdata", "plugins.json"), "utf8")), reached)}\n`);
  if (pending.length > 0) console.log(`pending, for a later module: ${pending.join(", ")}`);
  if (missing.length > 0) console.log(`not covered: ${missing.join(", ")}`);
  const unused = flags.only || flags.self ? [] : allowed.unused();
  for (const entry of unused) console.log(`✗ allowed difference that no longer occurs: ${entry.scenario} / ${entry.what}`);
  const exchanges = results.reduce((sum, r) => sum + r.entries.filter((e) => e.endpoint).length, 0);
  const permitted = results.reduce((sum, r) => sum + r.differences.filter((d) => d.allowed && !d.allowed.everywhere).length, 0);
  const failed = new Set(failures.map((f) => f.scenario)).size;
  console.log(`\n${results.length} scenarios, ${exchanges} exchanges, ${failed} scenarios with differences, ${permitted} allowed differences`);
  return failures.length + unused.length + (flags.only ? 0 : missing.length + unseen.length) > 0 ? 1 : 0;
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
function differencesOf(a, b) {
  if (b.failure?.status !== 501) return compare(a.transcript, b.transcript);
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
}
