/**
 * Proves that the comparison can fail: the Go control server alters its answers
 * in one small way, and that must be the first thing that each scenario reports.
 *
 *     node runner/prove.mjs
 */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const scenarios = "sign-up: plain,sign-in: wrong password,sign-in: plain,sign-up: address in use";

/** Faults by their name, with what the report must name. */
const faults = {
  "attribute-order": "set-cookie",
  "missing-cookie": "set-cookie",
  "extra-cookie": "set-cookie",
  "null-for-absent": "body",
  "extra-field": "body",
  "date-without-milliseconds": "body",
  "key-order": "body",
  "wrong-code": "body",
  "wrong-status": "status",
  "missing-header": "header content-type",
};

const main = join(dirname(fileURLToPath(import.meta.url)), "main.mjs");
const sound = "gin+memory";
const subjects = [sound, ...Object.keys(faults).map((fault) => `${sound}+${fault}`)];
const args = [main, "--real-hashing", "--only", scenarios, "--subjects", subjects.join(","), "--max-failures", "1000"];
const { code, text } = await new Promise((resolve) => {
  execFile(process.execPath, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => resolve({ code: error ? error.code : 0, text: stdout + stderr }));
});

/** What each scenario reports first of a subject. What a missing cookie leads to differs as well, but later in the scenario. */
function firstDifferences(subject) {
  const first = new Map();
  const line = /^(?:(\S+) )?✗ (.*), step \d+: \S+ \S+ (.*)$/gm;
  let at;
  for (const [, name, scenario, what] of text.matchAll(line)) {
    at = name ?? at; // a report names its subject once
    if (at === subject && !first.has(scenario)) first.set(scenario, what);
  }
  return new Set(first.values());
}

const check = (held, said, otherwise) => {
  console.log(held ? `✓ ${said}` : `✗ ${otherwise}`);
  failed ||= !held;
};
let failed = false;
check(text.includes(`\n${sound}: 0 scenarios with differences`), "no fault, no difference", "without a fault there are differences");
for (const [name, aspect] of Object.entries(faults)) {
  const seen = firstDifferences(`${sound}+${name}`);
  check(seen.size === 1 && seen.has(aspect), `${name}: seen in ${aspect}`, `${name}: seen first in ${[...seen].join(", ") || "nothing"}`);
}
check(code === 1, "differences fail the run", `the run ended with code ${code}`);
if (failed) console.log(text);
process.exitCode = failed ? 1 : 0;
