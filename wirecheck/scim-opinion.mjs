/**
 * A second opinion on SCIM: what npm's scim2-parse-filter and scim-patch say of 1,000 generated filters and 1,000 generated
 * patches, as cases for core/plugins/scim/document (testdata/opinion.json.gz). The generator has a fixed seed. Brackets hold one
 * comparison: scim2-parse-filter lets several in one pair of brackets hold for different elements, and RFC 7644 for one.
 *
 *   node scim-opinion.mjs > ../core/plugins/scim/document/testdata/opinion.json.gz
 */
import { gzipSync } from "node:zlib";
import { scimPatch } from "scim-patch";
import { filter as compile, parse } from "scim2-parse-filter";

let seed = 7644;
const random = (n) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
};
const pick = (list) => list[random(list.length)];
const chance = (of) => random(of) === 0;

const words = ["ada", "grace", "alan", "x", "work", "home", "a b", 'quo"te', "é"];

/** A user whose texts are in lower case: the packages compare letter by letter. */
function user() {
  const list = (kinds) => [...new Set(kinds.filter(() => chance(2)))].map((type, i) => ({ value: `${pick(["ada", "grace", "alan", "x"])}${i}@${type}.test`, type }));
  const out = { userName: `${pick(["ada", "grace", "alan"])}@x.test`, active: chance(2) };
  if (chance(2)) out.title = pick(words);
  if (chance(2)) out.nickName = pick(words);
  if (chance(2)) out.name = { givenName: pick(words), familyName: pick(words) };
  const emails = list(["work", "home", "other"]);
  if (emails.length > 0) out.emails = emails;
  const phones = list(["work", "mobile"]);
  if (phones.length > 0) out.phoneNumbers = phones;
  return out;
}

const text = () => JSON.stringify(pick(words));

function comparison(inside) {
  const name = inside ? pick(["value", "type"]) : pick(["userName", "title", "nickName", "name.givenName", "name.familyName", "emails.value", "emails.type", "phoneNumbers.value"]);
  if (chance(8)) return `${name} pr`;
  return `${name} ${pick(["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"])} ${text()}`;
}

function generate(depth, inside = false) {
  const kind = depth === 0 ? 0 : random(7);
  switch (kind) {
    case 1:
      return `${generate(depth - 1, inside)} and ${generate(depth - 1, inside)}`;
    case 2:
      return `${generate(depth - 1, inside)} or ${generate(depth - 1, inside)}`;
    case 3:
      return `not (${generate(depth - 1, inside)})`;
    case 4:
      return `(${generate(depth - 1, inside)})`;
    case 5:
      if (!inside) return `${pick(["emails", "phoneNumbers"])}[${generate(0, true)}]`;
  }
  if (!inside && chance(6)) return `active eq ${pick(["true", "false"])}`;
  return comparison(inside);
}

const filters = [];
while (filters.length < 1000) {
  const filter = generate(3);
  const resource = user();
  filters.push({ filter, resource, matches: Boolean(compile(parse(filter))(structuredClone(resource))) });
}

function operation(resource) {
  const address = () => ({ value: `${pick(["new", "other"])}${random(9)}@${pick(["work", "home"])}.test`, type: pick(["a", "b", "c", "d"]) });
  const some = (name) => resource[name] && resource[name].length > 0;
  switch (random(10)) {
    case 0:
      return { op: pick(["add", "replace"]), path: pick(["title", "nickName"]), value: pick(words) };
    case 1:
      return { op: pick(["add", "replace"]), path: `name.${pick(["givenName", "familyName"])}`, value: pick(words) };
    case 2:
      return { op: pick(["add", "replace"]), value: { title: pick(words), active: chance(2) } };
    case 3:
      return { op: "replace", path: "active", value: chance(2) };
    case 4:
      return { op: "add", path: pick(["emails", "phoneNumbers"]), value: [address()] };
    case 5:
      return { op: "replace", path: pick(["emails", "phoneNumbers"]), value: [address()] };
    case 6:
      if (resource.title) return { op: "remove", path: "title" };
      break;
    case 7:
      for (const name of ["emails", "phoneNumbers"]) if (some(name)) return { op: "remove", path: `${name}[type eq "${pick(resource[name]).type}"]` };
      break;
    case 8:
      for (const name of ["phoneNumbers", "emails"]) if (some(name)) return { op: "replace", path: `${name}[type eq "${pick(resource[name]).type}"].value`, value: address().value };
      break;
    case 9:
      for (const name of ["emails", "phoneNumbers"]) if (some(name)) return { op: "remove", path: name };
  }
  return { op: "replace", path: "nickName", value: pick(words) };
}

const patches = [];
while (patches.length < 1000) {
  const before = user();
  let after = structuredClone(before);
  const operations = [];
  for (let i = 0; i <= random(3); i++) {
    const one = operation(after);
    operations.push(one);
    after = scimPatch(after, [structuredClone(one)]);
  }
  patches.push({ before, patch: { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: operations }, after });
}

process.stdout.write(gzipSync(JSON.stringify({ filters, patches }), { level: 9 }));
