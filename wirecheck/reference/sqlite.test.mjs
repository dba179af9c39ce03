/**
 * What the WebAssembly driver leaves in a database file must be what
 * better-sqlite3 leaves there.
 *
 *     node --test reference/
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { sqliteDatabase } from "./sqlite.mjs";

const { Database: Reader } = createRequire(import.meta.url)("node-sqlite3-wasm");

/** What better-sqlite3 12.4.1 left, by describe(). With WRITE_EXPECTED and that package, the last test writes it anew. */
const expected = new URL("./better-sqlite3.json", import.meta.url);

/** Signs a user up and leaves the file behind. */
async function fill(database) {
  const options = {
    database,
    baseURL: "http://localhost:3000",
    secret: "9fK2mQ7xR4vT8wZ1nB6cL3hJ5gD0pSyA",
    emailAndPassword: { enabled: true },
    logger: { disabled: true },
    user: {
      additionalFields: {
        whole: { type: "number", required: false },
        fraction: { type: "number", required: false },
        yes: { type: "boolean", required: false },
        no: { type: "boolean", required: false },
        day: { type: "date", required: false },
        object: { type: "json", required: false },
        list: { type: "string[]", required: false },
        nothing: { type: "string", required: false },
      },
    },
  };
  await (await getMigrations(options)).runMigrations();
  const body = { email: "a@example.com", password: "password123", name: "A", whole: 7, fraction: 1.5, yes: true, no: false, day: new Date("2000-02-29"), object: { a: [1, null] }, list: ["x", "y"] };
  await betterAuth(options).api.signUpEmail({ body });
}

/** Tables as declared, and every value with its storage class; what is random or of the moment by its form. */
function describe(path) {
  const db = new Reader(path);
  const tables = {};
  for (const { name, sql } of db.all("select name, sql from sqlite_master where type = 'table' order by name")) {
    const columns = db.all(`pragma table_info("${name}")`).map((column) => column.name);
    const rows = db.all(`select ${columns.map((c) => `typeof("${c}") as "${c} type", "${c}"`).join(", ")} from "${name}"`);
    const form = (value) => String(value).replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (date) => (date.startsWith("2000") ? date : "<date>")).replace(/^[0-9a-f]{32}:[0-9a-f]{128}$/, "<hash>").replace(/^[A-Za-z0-9]{32}$/, "<id>");
    tables[name] = { sql, rows: rows.map((row) => Object.entries(row).map(([key, value]) => [key, form(value)])) };
  }
  db.close();
  return tables;
}

test("dates are ISO text, booleans are 0 and 1", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wirecheck-"));
  try {
    const path = join(folder, "wasm.sqlite");
    const { option, close } = sqliteDatabase(path);
    await fill(option);
    await close();
    const row = Object.fromEntries(describe(path).user.rows[0]);
    assert.equal(row["day type"], "text");
    assert.equal(row.day, "2000-02-29T00:00:00.000Z");
    assert.deepEqual([row["yes type"], row.yes, row.no], ["integer", "1", "0"]);
    assert.equal(row["nothing type"], "null");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the file is the one that better-sqlite3 makes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wirecheck-"));
  try {
    if (process.env.WRITE_EXPECTED) {
      const path = join(folder, "native.sqlite");
      const { default: Native } = await import("better-sqlite3");
      const native = new Native(path);
      await fill(native);
      native.close();
      await writeFile(expected, `${JSON.stringify(describe(path), null, 1)}\n`);
    }
    const path = join(folder, "wasm.sqlite");
    const { option, close } = sqliteDatabase(path);
    await fill(option);
    await close();
    assert.deepEqual(describe(path), JSON.parse(await readFile(expected, "utf8")));
  } finally {
    await rm(folder, { recursive: true });
  }
});
