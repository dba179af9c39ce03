/**
 * A Kysely dialect over SQLite compiled to WebAssembly: a database file on
 * disk without a compiler, readable by every other SQLite.
 */
import { createRequire } from "node:module";
import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";

const { Database } = createRequire(import.meta.url)("node-sqlite3-wasm");

/** @param {unknown} value a query parameter, bound as better-sqlite3 would bind it */
function bind(value) {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Date) return value.toISOString();
  return value === undefined ? null : value;
}

class Connection {
  constructor(db) {
    this.db = db;
  }

  async executeQuery({ sql, parameters }) {
    const statement = this.db.prepare(sql);
    try {
      const rows = statement.all(parameters.map(bind));
      const { changes, id } = this.db.get("select changes() as changes, last_insert_rowid() as id");
      return { rows, numAffectedRows: BigInt(changes), insertId: BigInt(id) };
    } finally {
      statement.finalize();
    }
  }

  async *streamQuery() {
    throw new Error("this driver does not stream");
  }
}

/** One connection, handed out to one user at a time. */
class Driver {
  #tail = Promise.resolve();
  #release = () => {};

  constructor(path) {
    this.path = path;
  }

  /** Comes once per Kysely instance: migrations have one, the server has another. */
  async init() {
    if (this.db) return;
    this.db = this.path === ":memory:" ? new Database() : new Database(this.path);
    this.db.exec("pragma busy_timeout = 5000");
    this.connection = new Connection(this.db);
  }

  async acquireConnection() {
    const before = this.#tail;
    let release;
    this.#tail = new Promise((resolve) => (release = resolve));
    await before;
    this.#release = release;
    return this.connection;
  }

  async releaseConnection() {
    this.#release();
  }

  beginTransaction(connection) {
    return connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  commitTransaction(connection) {
    return connection.executeQuery(CompiledQuery.raw("commit"));
  }

  rollbackTransaction(connection) {
    return connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async destroy() {
    this.db?.close();
  }
}

/**
 * The `database` option for a SQLite file.
 * @param {string} path `:memory:` for a database without a file
 */
export function sqliteDatabase(path) {
  const driver = new Driver(path);
  const dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return {
    option: { dialect, type: "sqlite" },
    close: () => driver.destroy(),
  };
}
