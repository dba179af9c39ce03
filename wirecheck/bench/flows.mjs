/**
 * The load of sign-ins with a provider: first the flows begin, then their callbacks are
 * measured, with so many connections that each have one request on their way. The
 * callbacks are of known users.
 *
 *     node bench/flows.mjs '{"url","connections","flows","users","pid"}'
 *
 * prints one line of JSON: rate per second, p50 and p99 in milliseconds, failures, its own
 * share of a core, and the processor time of a callback in the server with the pid, in
 * milliseconds.
 */
import { player } from "./play.mjs";
import { spent } from "./spent.mjs";

const { url, connections, flows, users, pid } = JSON.parse(process.argv[2]);
const { hostname, port } = new URL(url);
const play = player(url, connections);
const body = '{"provider":"github","callbackURL":"/dashboard","errorCallbackURL":"/sorry"}';
const begin = `POST /api/auth/sign-in/social HTTP/1.1\r\nHost: ${hostname}:${port}\r\nOrigin: ${url}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function begun(count) {
  const callbacks = [];
  await play(Array(count).fill(begin), (i, answer) => {
    const state = /state=([\w-]+)/.exec(answer)?.[1];
    const cookie = /\r\nset-cookie: *([^;]+)/i.exec(answer)?.[1];
    if (!state || !cookie) throw new Error(`no flow begins: ${answer}`);
    callbacks[i] = `GET /api/auth/callback/github?code=u${1 + (i % users)}&state=${state} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nCookie: ${cookie}\r\n\r\n`;
  });
  return callbacks;
}

let failures = 0;
const times = [];
const check = (_, answer, time) => {
  times.push(time);
  if (!/^HTTP\/1.1 302/.test(answer) || !/\r\nlocation: *\/dashboard\r/i.test(answer) || !/session_token=/.test(answer)) failures++;
};
await play(await begun(users), check); // every user signs up, and the server warms up
const callbacks = await begun(flows);
times.length = 0;
const cpu = process.cpuUsage();
const before = spent(pid);
const from = performance.now();
await play(callbacks, check);
const elapsed = performance.now() - from;
const used = process.cpuUsage(cpu);
const work = (spent(pid) - before) / callbacks.length;
times.sort((a, b) => a - b);
const share = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
console.log(JSON.stringify({ rate: times.length / (elapsed / 1000), p50: share(0.5), p99: share(0.99), failures, generator: (used.user + used.system) / 1000 / elapsed, work }));
process.exit(0);
