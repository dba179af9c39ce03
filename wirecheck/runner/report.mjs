/** Text for people: what was compared, what differed, what nobody looked at. */

/** @typedef {{name: string, method: string, path: string | null, routed: boolean, fails?: string[]}} Endpoint fails: "status code" of each refusal that a client can meet */

/**
 * @param {Endpoint[]} endpoints
 * @param {{scenario: string, entries: import("./app.mjs").Entry[], differences: {difference: import("./compare.mjs").Difference, allowed: import("./compare.mjs").Allowed | undefined}[]}[]} results
 * @param {(endpoint: string) => boolean} isPending endpoints that the server under test does not have yet
 */
export function tables(endpoints, results, isPending) {
  const rows = new Map(endpoints.map((e) => [key(e), { endpoint: e, scenarios: new Set(), client: new Set(), raw: new Set(), answers: new Set(), exchanges: 0, same: 0, allowed: 0, different: 0 }]));
  const other = new Map();
  for (const { scenario, entries, differences } of results) {
    const byEntry = new Map();
    for (const d of differences) byEntry.set(d.difference.at, [...(byEntry.get(d.difference.at) ?? []), d]);
    entries.forEach((entry, at) => {
      if (!entry.endpoint) return;
      const found = endpoints.find((e) => serves(e, entry.endpoint));
      const row = found ? rows.get(key(found)) : upsert(other, "requests to no endpoint");
      row.scenarios.add(scenario);
      (entry.client ? row.client : row.raw).add(scenario);
      row.answers?.add(refusal(entry));
      row.exchanges++;
      const here = (byEntry.get(at) ?? []).filter((d) => !d.allowed?.everywhere);
      if (here.length === 0) row.same++;
      else if (here.every((d) => d.allowed)) row.allowed++;
      else row.different++;
    });
  }
  const lines = [["endpoint", "scenarios", "by client", "raw", "exchanges", "same", "allowed", "different"]];
  for (const [name, row] of [...rows, ...other]) {
    if (row.exchanges > 0) lines.push([name, row.scenarios.size, row.client.size, row.raw.size, row.exchanges, row.same, row.allowed, row.different].map(String));
  }
  const pending = [...rows.keys()].filter(isPending);
  const missing = [...rows].filter(([name, row]) => row.exchanges === 0 && !isPending(name)).map(([name]) => name);
  const total = rows.size - pending.length;
  const open = [...rows].filter(([name]) => !isPending(name));
  const refusals = open.flatMap(([name, row]) => [...(row.endpoint.fails ?? []), "200"].map((answer) => ({ name, answer, seen: row.answers.has(answer) || (answer === "200" && row.answers.has("302")) })));
  const unseen = refusals.filter((r) => !r.seen).map((r) => `${r.name} ${r.answer}`);
  return { refusals: refusals.length - open.length, unseen, table: align(lines), missing, pending, covered: total - missing.length, total };
}

/**
 * Endpoints of the plugins: how many of each are reached, and those of plugins that are here that no scenario reaches.
 * @param {Record<string, string[]>} plugins "METHOD /path" or "api name" by plugin
 * @param {string[]} requested endpoints that some scenario asked for
 * @param {string[]} factories of the plugins that the server under test has
 */
export function plugins(plugins, requested, factories) {
  const here = new Set(factories.map((name) => name.toLowerCase())); // "twoFactor" makes "two-factor"
  const lines = [["plugin", "endpoints", "reached", ""]];
  const missing = [];
  for (const [name, endpoints] of Object.entries(plugins)) {
    const open = endpoints.filter((e) => {
      const [method, path] = e.split(" ");
      const endpoint = method === "api" ? { name: path } : { routed: true, method, path };
      return !requested.some((r) => serves(endpoint, r));
    });
    const implemented = here.has(name.replaceAll("-", ""));
    if (implemented) missing.push(...open);
    lines.push([name, endpoints.length, endpoints.length - open.length, implemented ? "here" : ""].map(String));
  }
  return { table: align(lines), missing };
}

/**
 * Failures of plugins that no answer of the reference has, in scenarios with that plugin: a plugin's code, a text that
 * Better Auth answers without a code, or an error that a redirect carries. `never` has those that no request can bring about, each with its reason.
 * @param {Record<string, {codes: Record<string, string>, texts: string[], redirects: string[], never: Record<string, string>}>} expected by plugin
 * @param {{entries: import("./app.mjs").Entry[], plugins: Set<string>}[]} results plugins: their factories
 * @returns {{unseen: string[], wrong: string[], total: number}} wrong: what is said to be impossible and has been seen
 */
export function failures(expected, results) {
  const failed = (entry) => entry.endpoint && Number(entry.aspects.status) >= 300;
  const said = ({ aspects }) => `${aspects.body} ${aspects["header location"] ?? ""}`;
  const unseen = [], wrong = [];
  let total = 0;
  for (const [plugin, { codes, texts, redirects, never }] of Object.entries(expected)) {
    const own = results.filter((r) => [...r.plugins].some((factory) => factory?.toLowerCase() === plugin.replaceAll("-", "")));
    const answers = new Set(own.flatMap(({ entries }) => entries.filter(failed).map(said)));
    const seen = (parts) => [...answers].some((answer) => parts.some((part) => answer.includes(part)));
    const all = [
      ...Object.entries(codes).map(([code, message]) => [code, [`"${code}"`, JSON.stringify(message)]]),
      ...texts.map((text) => [text, [JSON.stringify(text)]]),
      ...redirects.map((code) => [code, [`error=${code}`]]),
    ];
    for (const [name, parts] of all) {
      total++;
      if (!seen(parts) && !never[name]) unseen.push(`${plugin} ${name}`);
      if (seen(parts) && never[name]) wrong.push(`${plugin} ${name}`);
    }
  }
  return { unseen, wrong, total };
}

/** Status and code of an answer; where there is no code, the message or the error of a protocol. */
export function refusal(entry) {
  const { status, body } = entry.aspects;
  if (Number(status) < 400) return status;
  const { code, message, error } = body.startsWith("{") ? JSON.parse(body) : {};
  return `${status} ${code ?? message ?? error ?? ""}`.trim();
}

function upsert(map, name) {
  if (!map.has(name)) map.set(name, { scenarios: new Set(), client: new Set(), raw: new Set(), exchanges: 0, same: 0, allowed: 0, different: 0 });
  return map.get(name);
}

function key(endpoint) {
  return endpoint.routed ? `${endpoint.method} ${endpoint.path}` : `api ${endpoint.name}`;
}

function serves(endpoint, requested) {
  if (requested === `api ${endpoint.name}`) return true;
  if (!endpoint.routed) return false;
  const pattern = endpoint.path.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : part)).join("/");
  return new RegExp(`^${endpoint.method} ${pattern}$`).test(requested);
}

/** @param {string[][]} lines */
function align(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ")).join("\n");
}

/**
 * @param {string} scenario
 * @param {import("./compare.mjs").Difference} difference
 */
export function describe(scenario, { at, what, entry, reference, subject }) {
  const lines = [`✗ ${scenario}, step ${at + 1}: ${what}`];
  if (entry?.request) {
    const { method, path, headers, body, input } = entry.request;
    if (method) lines.push(`    request    ${method} ${path}`, `    headers    ${JSON.stringify(headers)}`);
    if (body !== undefined) lines.push(`    body       ${body}`);
    if (input !== undefined) lines.push(`    input      ${input}`);
  }
  lines.push(`    reference  ${shown(reference)}`, `    subject    ${shown(subject)}`);
  if (reference !== undefined && subject !== undefined) {
    let i = 0;
    while (i < reference.length && reference[i] === subject[i]) i++;
    lines.push(`    first difference at ${i}: ${JSON.stringify(reference.slice(Math.max(0, i - 20), i + 60))} against ${JSON.stringify(subject.slice(Math.max(0, i - 20), i + 60))}`);
  }
  return lines.join("\n");
}

function shown(value) {
  if (value === undefined) return "(absent)";
  return value.length > 2000 ? `${value.slice(0, 2000)}… (${value.length} characters)` : value || "(empty)";
}
