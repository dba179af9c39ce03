/**
 * The load generator: so many connections, each with one request on its way.
 * It speaks just enough HTTP to be faster than what it measures.
 *
 *     node bench/load.mjs '{"url","cookie","headers","least","connections","seconds","warmup","pid"}'
 *
 * prints one line of JSON: rate per second, p50 and p99 in milliseconds,
 * failures, its own share of a core, and the processor time of an answer in the server
 * with the pid, in milliseconds.
 */
import { connect } from "node:net";
import { spent } from "./spent.mjs";

const { url, cookie, headers = [`Cookie: ${cookie}`], least = 300, connections, seconds, warmup, pid } = JSON.parse(process.argv[2]);
const { hostname, port, pathname } = new URL(url);
// Connections have the headers in turn.
const requests = headers.map((header) => Buffer.from(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${header}\r\n\r\n`));

const times = [];
let failures = 0;
let measuring = false;
let ended = false;

/** Length of the first whole answer in the buffer, or 0. */
function answerLength(buffer) {
  const head = buffer.indexOf("\r\n\r\n");
  if (head === -1) return 0;
  const headers = buffer.latin1Slice(0, head).toLowerCase();
  const at = headers.indexOf("content-length:");
  if (at !== -1) {
    const length = head + 4 + parseInt(headers.slice(at + 15), 10);
    return buffer.length >= length ? length : 0;
  }
  if (!headers.includes("transfer-encoding: chunked")) throw new Error(`an answer without a length: ${headers}`);
  const end = buffer.indexOf("0\r\n\r\n", head + 4);
  return end === -1 ? 0 : end + 5;
}

const good = Buffer.from("HTTP/1.1 200");

function run(_, i) {
  const request = requests[i % requests.length];
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let started;
    let rest = null;
    const send = () => {
      started = performance.now();
      socket.write(request);
    };
    socket.on("connect", send);
    socket.on("data", (data) => {
      rest = rest ? Buffer.concat([rest, data]) : data;
      const length = answerLength(rest);
      if (length === 0) return;
      if (measuring) {
        times.push(performance.now() - started);
        // A session that got lost answers 200 with `null`, far shorter than a session: an answer has so many bytes at least.
        if (rest.compare(good, 0, good.length, 0, good.length) !== 0 || length < least) failures++;
      }
      rest = rest.length > length ? rest.subarray(length) : null;
      if (ended) socket.destroy();
      else send();
    });
    socket.on("close", resolve);
    socket.on("error", (error) => (ended ? resolve() : reject(error)));
  });
}

const all = Promise.all(Array.from({ length: connections }, run));
let cpu;
let before;
let from;
setTimeout(() => {
  measuring = true;
  cpu = process.cpuUsage();
  before = spent(pid);
  from = performance.now();
}, warmup * 1000);
setTimeout(() => {
  measuring = false;
  ended = true;
  const elapsed = performance.now() - from;
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  console.log(JSON.stringify({
    rate: times.length / (elapsed / 1000),
    p50: at(0.5),
    p99: at(0.99),
    failures,
    work: (spent(pid) - before) / times.length,
    generator: (used.user + used.system) / 1000 / elapsed,
  }));
  setTimeout(() => process.exit(0), 500);
}, (warmup + seconds) * 1000);
await all;
process.exit(0);
