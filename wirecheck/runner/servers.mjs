/** Control servers: started as children, or already running somewhere. */
import { spawn } from "node:child_process";
import { request as httpRequest, Agent } from "node:http";
import { createInterface } from "node:readline";

/** @typedef {{name: string, url: string, pid?: number, stop: () => Promise<void>, database?: object}} ControlServer database: what instances get if a scenario does not say */

/**
 * Starts a control server and waits for its `listening` line.
 * @param {string} name
 * @param {string[]} command
 * @param {{cwd: string, patience?: number, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void}} options patience in milliseconds, enough for a slow machine to compile everything; onLine gets each line of its output
 * @returns {Promise<ControlServer>}
 */
export async function startServer(name, command, { cwd, patience = 900_000, env = process.env, onLine = () => {} }) {
  // A group of its own, so that the binary that `go run` starts ends too.
  const child = spawn(command[0], command.slice(1), { cwd, env, stdio: ["pipe", "pipe", "inherit"], detached: true });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    if (child.pid === undefined) return; // it never began
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) signalGroup(child.pid, "SIGTERM");
    const late = setTimeout(() => signalGroup(child.pid, "SIGKILL"), 12_000); // time enough to remove databases
    await ended;
    clearTimeout(late);
    signalGroup(child.pid, "SIGKILL");
  };
  let timer;
  const url = await new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: no "listening" line after ${patience} ms`)), patience);
    createInterface({ input: child.stdout }).on("line", (line) => {
      onLine(line);
      const found = /^listening (?:on )?(\w+:\/\/\S+)/.exec(line);
      if (!found) return;
      resolve(found[1]);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} ended with code ${code} before it listened`)));
  })
    .catch(async (error) => {
      await stop();
      throw error;
    })
    .finally(() => clearTimeout(timer));
  return { name, url, pid: child.pid, stop };
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Closes the connections that were kept alive. */
export function closeConnections() {
  agent.destroy();
}

/**
 * One HTTP exchange with exactly the given headers.
 * @param {string} base
 * @param {{method: string, path: string, headers?: Record<string, string>, body?: string | Buffer}} message
 * @returns {Promise<{status: number, headers: [string, string][], body: string}>}
 */
export function exchange(base, { method, path, headers = {}, body }) {
  const { hostname, port } = new URL(base);
  const sent = { ...headers };
  if (body !== undefined) sent["content-length"] = String(Buffer.byteLength(body));
  return new Promise((resolve, reject) => {
    const req = httpRequest({ hostname, port, method, path, headers: sent, agent }, (res) => {
      const chunks = [];
      res.on("data", (chunk) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        const pairs = [];
        for (let i = 0; i < res.rawHeaders.length; i += 2) pairs.push([res.rawHeaders[i].toLowerCase(), res.rawHeaders[i + 1]]);
        resolve({ status: res.statusCode, headers: pairs, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    req.on("error", reject);
    req.end(body);
  });
}

/**
 * A call of the control protocol.
 * @param {ControlServer} server
 */
export async function control(server, method, path, message) {
  const answer = await exchange(server.url, {
    method,
    path,
    headers: { "content-type": "application/json" },
    body: message === undefined ? undefined : JSON.stringify(message),
  });
  const value = answer.body === "" ? {} : JSON.parse(answer.body);
  if (answer.status >= 400) {
    const cause = value.error?.$error;
    throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${cause?.message ?? answer.body}`), { status: answer.status });
  }
  return value;
}
