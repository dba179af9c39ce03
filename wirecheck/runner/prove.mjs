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

function play(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, "--only", scenarios, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, text: stdout + stderr });
    });
  });
}

const sound = await play();
let failed = sound.code !== 0;
console.log(failed ? `✗ without a fault the run fails:\n${sound.text}` : "✓ no fault, no difference");
for (const [name, aspect] of Object.entries(faults)) {
  const { code, text } = await play("--break", name);
  // What a missing cookie leads to differs as well, but later in the scenario.
  const first = new Map();
  for (const [, scenario, what] of text.matchAll(/^✗ (.*), step \d+: \S+ \S+ (.*)$/gm)) if (!first.has(scenario)) first.set(scenario, what);
  const named = new Set(first.values());
  const caught = code === 1 && named.size === 1 && named.has(aspect);
  console.log(caught ? `✓ ${name}: seen in ${aspect}` : `✗ ${name}: exit code ${code}, seen first in ${[...named].join(", ") || "nothing"}\n${text}`);
  failed ||= !caught;
}
process.exitCode = failed ? 1 : 0;
