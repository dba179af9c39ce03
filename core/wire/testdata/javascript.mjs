// Writes javascript.json: what Node.js 20 makes of numbers, strings, dates, JSON
// and URLs. Run: node javascript.mjs <out>
import { writeFileSync } from "node:fs";
import { argv } from "node:process";

const numbers = [0, -0, 1, -1, 0.1, 1.5, 1e20, 1e21, 123456789012345680000, 1.7976931348623157e308, 5e-324, 1e-6, 1e-7, 1.5e-9, -1e-10, 1e100, 9007199254740991, 0.000001234, 1 / 3, 100, 1e5];
const strings = ["", "a", "\"\\/", "\b\f\n\r\t", "\u0000\u0001\u001f\u007f", "<script>&'", "\u2028\u2029", "é😀", "\ufeff", "a b+c%d&e=f;g?h#i", "~!*'()-_.", "日本"];
const times = [0, 1767225600000, 1767225600123, -1, -62135596800000, -62167219200001, 253402300800000, 8.64e15, -8.64e15, 951782400000];
const dates = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00Z", "2026-01-01", "2026-01", "2026", "2026-01-01T01:02:03.4Z", "2026-01-01T01:02:03.123456789Z", "2026-01-01T01:02:03+02:30", "2026-01-01T01:02:03.5-11:00", "+275760-09-13T00:00:00.000Z", "+275760-09-13T00:00:00.001Z", "-000001-01-01T00:00:00Z", "-000000-01-01T00:00:00Z", "2026-02-29", "2026-02-30", "2026-02-32", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-01T24:00:00Z", "2026-01-01T24:00:01Z", "2026-01-01T23:60:00Z", "2026-01-01T23:59:60Z", "2026-01-01T00:00:00.Z", "", "2026-1-1Z9", "2026-01-01T00", "abc", "2026-01-01TZ"];
const json = ["{}", "[]", " [ 1 , 2 ] ", '{"b":1,"a":2,"b":3}', '{"b":1,"10":2,"2":3,"01":4,"4294967294":5,"4294967295":6,"-1":7}', '"\\u00e9\\ud83d\\ude00\\/"', "1e2", "-0", "-0.0", "1.10", "0.1e-6", '{"a":{"c":[1,{"z":null,"y":true}]}}', '{"":1}', '{"__proto__":1}', "null", "\t\r\n1 ",
  "", "01", "1.", ".1", "+1", "1e", "tru", "nul", "[1,]", "{,}", '{"a":1,}', "{a:1}", "'a'", '"a', '"\n"', '"\\x"', '"\\u12"', "1 2", "[", "{", '{"a"}', '{"a":}', "\u00a01", "NaN", "Infinity", "//x\n1", "-", "--1", "[1 2]", '"\t"', "}"];
const queries = ["", "a=1", "a=1&a=2&b=3&a=4", "a", "a=", "=b", "&&a=1&", "a=b=c", "a+b=c+d", "a=%20%2B", "a=%zz%4", "a=%e2%82", "a=%ff%c3%28", "a=%E2%82%AC", "10=x&2=y&z=w", "a=%00", "%61=1", "a=%F0%9F%98%80", "a=%ED%A0%80", "a=%F0%9F%98", "a=%EF%BB%BFx", "é=ü", "a=1;b=2"];
const urls = ["http://localhost:3000", "http://localhost:3000/", "https://a.example/x?y=1#f", "HTTPS://A.Example:443/X", "http://a.example:80?z=1", "https://a.example/p?error=old&x=a b&error=2#frag", "https://u:P@a.example/x", "myapp://callback", "myapp://callback/x?y=%20", "https://a.example/x?", "https://a.example/x#", "https://a.example:8443/é ü\"<>`{}^|%zz", " https://a.example/ ", "https://a.example\\@evil.example/x\\y", "https://a.ex\nample/a\tb", "https://a.example/a/./b/../c/..", "https://a.example/../%2e%2E/x/.", "https://a.example//x//../y#é <`", "https://a.example/a:b@c", "https://a.example:/"];
const pairs = [["error", "a b/ü&'~*"], ["code", "X-1_.2"]];

const valid = (f) => { try { return f(); } catch { return undefined; } };
const list = (name, items, f) => JSON.stringify(name) + ": [\n" + items.map((x) => JSON.stringify(f(x))).join(",\n") + "\n]";
writeFileSync(`${argv[2]}/javascript.json`, "{\n" + [
  list("numbers", numbers, (n) => [n, JSON.stringify(n), String(n)]),
  list("strings", strings, (s) => [s, JSON.stringify(s), encodeURIComponent(s)]),
  list("times", times, (n) => [n, new Date(n).toJSON()]),
  list("dates", dates, (s) => [s, isNaN(new Date(s)) ? null : new Date(s).getTime()]),
  list("json", json, (s) => [s, valid(() => JSON.stringify(JSON.parse(s))) ?? null]),
  list("components", ["%41", "%C3%A9", "a+b", "%", "%4", "%zz", "%ff", "%E2%82", "%00", "x%20y", "%F0%9F%98%80", "%ED%A0%80"], (s) => [s, valid(() => decodeURIComponent(s)) ?? null]),
  list("queries", queries, (s) => {
    const p = new URLSearchParams("?" + s), object = {};
    p.forEach((value, key) => { if (Object.hasOwn(object, key)) object[key] = [].concat(object[key], value); else object[key] = value; });
    return [s, JSON.stringify(object), p.toString()];
  }),
  list("urls", urls, (s) => { const u = new URL(s); for (const [k, v] of pairs) u.searchParams.set(k, v); return [s, u.toString()]; }),
].join(",\n") + "\n}\n");
