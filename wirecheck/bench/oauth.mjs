/**
 * The load of a client of the OAuth provider: codes are made first, then one of three is
 * measured: their redemption, a refresh of each token that comes of it, or introspections of
 * the access tokens. Every answer must be the right one.
 *
 *     node bench/oauth.mjs '{"url","connections","count","what","cookie","client","pid"}'
 *
 * prints one line of JSON: rate per second, p50 and p99 in milliseconds, failures, its own
 * share of a core, and the processor time of an answer in the server with the pid, in
 * milliseconds.
 */
import { createHash } from "node:crypto";
import { player } from "./play.mjs";
import { spent } from "./spent.mjs";

const { url, connections, count, what, cookie, client, pid } = JSON.parse(process.argv[2]);
const play = player(url, connections);
const { host } = new URL(url);
const redirect = "https://rp.example/callback";
const verifier = "verifier-0123456789-0123456789-0123456789-abc";
const challenge = createHash("sha256").update(verifier).digest("base64url");
const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");

const authorize = () =>
  `GET /api/auth/oauth2/authorize?${new URLSearchParams({ response_type: "code", client_id: client.id, redirect_uri: redirect, scope: "openid offline_access", state: "s", code_challenge: challenge, code_challenge_method: "S256", prompt: "none" })} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nAccept: application/json\r\n\r\n`;
const post = (path, form) => {
  const body = String(new URLSearchParams(form));
  return `POST /api/auth/oauth2/${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Basic ${basic}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const redeem = (code) => post("token", { grant_type: "authorization_code", code, redirect_uri: redirect, code_verifier: verifier });

async function all(requests, pattern) {
  const found = [];
  await play(requests, (i, answer) => {
    const match = pattern.exec(answer);
    if (!match) throw new Error(`an answer without ${pattern}: ${answer}`);
    found[i] = match[1];
  });
  return found;
}

const codes = await all(Array.from({ length: count }, authorize), /[?&]code=([\w-]+)/);
let requests = codes.map(redeem);
let right = /^HTTP\/1.1 200[^]*"refresh_token":"[^]*"id_token":"/;
if (what !== "code") {
  const tokens = await all(requests, /("access_token":"[^]*"refresh_token":"[\w-]+)"/);
  const [access, refresh] = ["access_token", "refresh_token"].map((name) => tokens.map((text) => new RegExp(`"${name}":"([\\w-]+)`).exec(text)[1]));
  requests = refresh.map((token) => post("token", { grant_type: "refresh_token", refresh_token: token }));
  if (what === "introspection") {
    requests = access.map((token) => post("introspect", { token }));
    right = /^HTTP\/1.1 200[^]*"active":true/;
  }
}

let failures = 0;
const times = [];
const cpu = process.cpuUsage();
const before = spent(pid);
const from = performance.now();
await play(requests, (_, answer, time) => {
  times.push(time);
  if (!right.test(answer)) failures++;
});
const elapsed = performance.now() - from;
const used = process.cpuUsage(cpu);
const work = (spent(pid) - before) / requests.length;
times.sort((a, b) => a - b);
const share = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
console.log(JSON.stringify({ rate: times.length / (elapsed / 1000), p50: share(0.5), p99: share(0.99), failures, generator: (used.user + used.system) / 1000 / elapsed, work }));
process.exit(0);
