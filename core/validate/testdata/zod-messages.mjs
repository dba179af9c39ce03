// Writes zod-messages.json and emails.json: what zod 4.3.6 says to many inputs.
// Run it in a folder where zod@4.3.6 is installed: node zod-messages.mjs <out>
import * as z from "zod";
import { writeFileSync } from "node:fs";
import { argv } from "node:process";

const wrong = [undefined, null, true, false, 0, 1, -1, 1.5, "", "x", "12", " 7 ", "true", [], ["x"], [1], ["x", 2], {}, { a: 1 }, { a: "x" }, { $ne: null }];
const long = ["x".repeat(7), "x".repeat(8), "x".repeat(129), "😀", "😀😀😀😀", "é"];
const numbers = [2, 5, 10, 100, -0.5, 1e21, 9007199254740991, 9007199254740992, -9007199254740992, 1e-7, 3.0];
const emails = ["a@b.co", "A.B+c@d-e.example.com", "a@b", "a..b@c.de", ".a@b.co", "a.@b.co", "a'@b.co", "ü@b.co"];
const v = (schema, ...more) => ({ schema: z.object({ v: schema }), inputs: [...wrong, ...more].map((x) => (x === undefined ? {} : { v: x })) });
const whole = (schema, ...inputs) => ({ schema, inputs: [undefined, null, [], "x", 1, true, {}, ...inputs] });

const schemas = {
  string: v(z.string(), ...long),
  optionalString: v(z.string().optional()),
  nullableString: v(z.string().nullable()),
  nullishString: v(z.string().nullish()),
  defaultString: v(z.string().default("d")),
  nonempty: v(z.string().nonempty(), ...long),
  min8: v(z.string().min(8), ...long),
  max4: v(z.string().max(4), ...long),
  range: v(z.string().min(2).max(8), ...long),
  length: v(z.string().length(8), ...long),
  email: v(z.email(), ...emails),
  emailMin: v(z.email().min(8), ...emails),
  minEmail: v(z.string().min(8).email(), ...emails),
  regex: v(z.string().regex(/^0[xX][a-fA-F0-9]{4}$/i).length(6), "0xabcd", "0Xabcd", "0xabcde"),
  trimLower: v(z.string().trim().toLowerCase().min(2), " AB\u00a0\ufeff", "  A ", "\u2003ÀB\u2029"),
  message: v(z.string().nonempty("newPassword cannot be empty")),
  boolean: v(z.boolean()),
  optionalBoolean: v(z.boolean().optional()),
  defaultBoolean: v(z.boolean().default(true)),
  number: v(z.number(), ...numbers),
  int: v(z.number().int(), ...numbers),
  intRange: v(z.number().int().min(1).max(10), ...numbers),
  positive: v(z.number().positive(), ...numbers),
  nonnegative: v(z.number().nonnegative().lt(5), ...numbers),
  coerceString: v(z.coerce.string(), [null, [1, [true]]], 1e21, -0.000001),
  coerceOptionalString: v(z.coerce.string().optional()),
  coerceNumber: v(z.coerce.number(), ...numbers, "0x1F", "0b11", "0o17", "-0x1", "1_0", "Infinity", "-Infinity", "+Infinity", "++1", "1e3", ".5", "5.", ".", "e1", "inf", "NaN", "0x", "0xg", " \n12\t", [5], ["5"], [[7]], "1e999", "--1"),
  coerceOptionalNumber: v(z.coerce.number().min(1).optional()),
  coerceBoolean: v(z.coerce.boolean()),
  coerceOptionalBoolean: v(z.coerce.boolean().optional()),
  // Of text only the standard form: V8 also guesses at others.
  coerceDate: { schema: z.object({ v: z.coerce.date() }), inputs: [undefined, null, true, 0, -1.5, "", "x", {}, [], "2026-01-01T00:00:00.000Z", "2026-01-01", 1e12, 9e15].map((v) => ({ v })) },
  date: v(z.date(), "2026-01-01T00:00:00.000Z"),
  enum: v(z.enum(["a", "x"]), "a", "A"),
  enumOne: v(z.enum(["x"])),
  literal: v(z.literal("urn:x:y"), "urn:x:y"),
  strings: v(z.array(z.string()), ["x", 1, null, "y", {}]),
  optionalStrings: v(z.array(z.string()).optional()),
  nonemptyStrings: v(z.array(z.string()).nonempty()),
  boundedStrings: v(z.array(z.string().min(2)).min(2).max(3), ["xx", "yy"], ["xx", "y"], ["a", "b", "c", "d"]),
  emailsList: v(z.array(z.email()), ["a@b.co", "x"]),
  any: v(z.any()),
  record: v(z.record(z.string(), z.any()), JSON.parse('{"__proto__":1,"q":2}')),
  recordOfStrings: v(z.record(z.string(), z.string()), { a: "1", b: 2, c: null }),
  recordOfLists: v(z.record(z.string(), z.array(z.string())), { a: ["1", 2], b: "x" }),
  stringOrStrings: v(z.string().or(z.array(z.string()))),
  scalar: v(z.string().or(z.number()).or(z.boolean())),
  nullableScalar: v(z.union([z.string(), z.number(), z.null()])),
  lists: v(z.union([z.string(), z.array(z.string()), z.array(z.number())]), [1, 2], [1, "x"]),
  nested: v(z.object({ a: z.string(), b: z.object({ list: z.array(z.object({ e: z.email() })) }).optional() }),
    { a: "x", b: {} }, { a: "x", b: { list: [{ e: "x" }, { e: 1 }, 3, {}, { e: "a@b.co" }] } }, { a: 1, b: null }),
  optionalNested: v(z.object({ a: z.string() }).optional()),
  three: whole(z.object({ name: z.string(), email: z.email(), password: z.string().nonempty() }),
    { name: "n", email: "x", password: "" }, { Name: "n", EMAIL: "a@b.co" }, { name: "n", email: "a@b.co", password: "p", more: 1 }),
  intersection: whole(z.object({ name: z.string(), email: z.email() }).and(z.record(z.string(), z.any())),
    { name: 1, email: "x", more: 2 }, { more: { a: [1] }, name: "n", email: "a@b.co", 7: 1 }, JSON.parse('{"name":"n","email":"a@b.co","__proto__":{"x":1}}')),
  wholeRecord: whole(z.record(z.string(), z.any()), { b: 1, a: null, 3: "x" }),
  wholeOptional: whole(z.object({ a: z.string() }).optional(), { a: "x" }, { a: 1 }),
  allOptional: whole(z.object({ a: z.string().optional() }), { a: "x" }, { a: null }),
  strict: whole(z.strictObject({ a: z.string() }), { a: "x", b: 1 }, { b: 1, c: 2 }, { a: "x" }),
  refined: whole(z.object({ a: z.string().optional(), b: z.email() }).refine((o) => o.a, { message: "a or c is required", path: ["a"] }),
    { b: "x" }, { b: 1 }, { b: "a@b.co" }, { a: "x", b: "a@b.co" }),
  wholeUnion: whole(z.union([z.object({ id: z.string() }), z.object({ email: z.email() })]), { id: "x" }, { email: "a@b.co" }, { id: 1, email: 2 }, { email: "x" }),
};

// The sentence better-call makes of issues.
const message = (issues) => issues.map((i) => `[${["body", ...i.path].join(".")}] ${i.message}`).join("; ");

const out = {};
for (const [name, { schema, inputs }] of Object.entries(schemas)) {
  out[name] = inputs.map((input) => {
    const r = schema.safeParse(input);
    const c = {};
    if (input !== undefined) c.body = input;
    if (r.success) c.data = r.data;
    else c.message = message(r.error.issues);
    return c;
  });
}
writeFileSync(`${argv[2]}/zod-messages.json`, "{\n" + Object.entries(out).map(([k, cs]) =>
  `${JSON.stringify(k)}: [\n${cs.map((c) => "  " + JSON.stringify(c)).join(",\n")}\n]`).join(",\n") + "\n}\n");

// Addresses made from parts, so that about half are right.
let seed = 7;
const pick = (list) => list[(seed = (seed * 1103515245 + 12345) % 2147483648) >>> 8 & 0xffff ? (seed >>> 8) % list.length : 0];
const parts = ["a", "Z", "9", "user", ".", "..", "+", "-", "_", "'", "@", "b.co", "example", ".com", ".c", "x-y", "-x", "x-", " ", "\n", "é", "😀", "\u0000", "%", "\"", "a.b", "xn--p1ai", "[1.2.3.4]", "co1", "COM"];
const test = z.email();
const corpus = new Set(["", "@", "a@", "@b.co", "a@b.co\n", "a@b.c", "a@b.co.", "a@.co", "a@b..co", "a@-b.co", "a@b-.co", "a.'@b.co", "'@b.co", "_@b.co", "a@b@c.co", "x".repeat(300) + "@b.co"]);
for (let i = 0; i < 900; i++) {
  let local = "", domain = "";
  for (let n = 1 + i % 3; n > 0; n--) local += pick(parts);
  for (let n = i % 3; n > 0; n--) domain += pick(parts);
  corpus.add(`${local}@${domain}${pick([".com", ".co", "b.co", "", ".x", "1", ".museum"])}`);
  corpus.add(`${pick(["a", "joe", "j.d"])}${pick(parts)}${pick(["1", "q", "+t"])}@${pick(["b", "mail", "a-b"])}${pick(["", "", "9", ...parts])}.${pick(["com", "de", "co.uk", "c"])}`);
}
writeFileSync(`${argv[2]}/emails.json`, "[\n" + [...corpus].map((s) => JSON.stringify([s, test.safeParse(s).success])).join(",\n") + "\n]\n");
