/** Finds where two transcripts of the same scenario differ. */

/**
 * @typedef {{at: number, what: string, entry: import("./app.mjs").Entry | undefined, reference: string | undefined, subject: string | undefined,
 *   answers: [import("./app.mjs").Entry | undefined, import("./app.mjs").Entry | undefined]}} Difference answers: the whole steps of both sides
 */

/**
 * @param {import("./app.mjs").Entry[]} reference
 * @param {import("./app.mjs").Entry[]} subject
 * @returns {Difference[]}
 */
export function compare(reference, subject) {
  const differences = [];
  for (let at = 0; at < Math.max(reference.length, subject.length); at++) {
    const [a, b] = [reference[at], subject[at]];
    if (!a || !b || a.kind !== b.kind || (a.kind !== "http" && a.label !== b.label)) {
      // From here on the two no longer talk about the same thing.
      const entry = a ?? b;
      differences.push({ at, entry, what: `${name(entry)} order`, reference: a && `${a.kind} ${a.label}`, subject: b && `${b.kind} ${b.label}`, answers: [a, b] });
      break;
    }
    for (const aspect of new Set([...Object.keys(a.aspects), ...Object.keys(b.aspects)])) {
      if (a.aspects[aspect] === b.aspects[aspect]) continue;
      differences.push({ at, entry: a, what: `${name(a)} ${aspect}`, reference: a.aspects[aspect], subject: b.aspects[aspect], answers: [a, b] });
    }
  }
  return differences;
}

function name(entry) {
  return entry.endpoint ?? `${entry.kind} ${entry.label}`;
}

/**
 * The reviewed differences. With `reference` or `subject`, patterns by aspect, an
 * entry holds only for steps in which that side has these values; "" is absent. An
 * entry whose `what` is a list stands for one entry each.
 * `pending` marks endpoints that the server under test does not have yet,
 * `everywhere` what every answer has: a step that differs in nothing else counts as same.
 * @typedef {{scenario: string, what: string | string[], reason: string, docs: string, reference?: Record<string, string>, subject?: Record<string, string>, pending?: boolean, everywhere?: boolean}} Allowed
 */
export class AllowedDifferences {
  #used = new Set();

  /** @param {Allowed[]} entries */
  constructor(entries) {
    this.entries = entries.flatMap((entry) => (Array.isArray(entry.what) ? entry.what.map((what) => ({ ...entry, what })) : entry)).map((entry) => {
      for (const key of ["scenario", "what", "reason", "docs"]) {
        if (typeof entry[key] !== "string" || entry[key] === "") throw new Error(`an allowed difference needs ${key}: ${JSON.stringify(entry)}`);
      }
      const patterns = (wanted = {}) => Object.entries(wanted).map(([aspect, pattern]) => [aspect, glob(pattern)]);
      return { ...entry, matches: [glob(entry.scenario), glob(entry.what)], sides: [patterns(entry.reference), patterns(entry.subject)] };
    });
  }

  /**
   * The first entry that permits a difference.
   * @param {string} scenario @param {Difference} difference
   * @returns {Allowed | undefined}
   */
  permits(scenario, difference) {
    let permitted;
    for (const entry of this.entries) {
      if (!entry.matches[0].test(scenario) || !entry.matches[1].test(difference.what)) continue;
      if (!entry.sides.every((patterns, i) => patterns.every(([aspect, pattern]) => pattern.test(difference.answers[i]?.aspects[aspect] ?? "")))) continue;
      this.#used.add(entry);
      permitted ??= entry;
    }
    return permitted;
  }

  /** Whether an endpoint is known to be missing yet. @param {string} endpoint */
  isPending(endpoint) {
    return this.entries.some((entry) => entry.pending && entry.matches[1].test(`${endpoint} status`));
  }

  /** Entries that permitted nothing: they are out of date. */
  unused() {
    return this.entries.filter((entry) => !this.#used.has(entry));
  }
}

/** @param {string} pattern `*` stands for any text */
export function glob(pattern) {
  return new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`, "s");
}
