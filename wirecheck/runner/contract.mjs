/**
 * What a server's OpenAPI document promises, and whether an exchange keeps it: the status is listed, the media type
 * too, and the body fits. Members that the schema of an answer does not name count as violations.
 */
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Contracts by their text: instances with the same options have the same one. @type {Map<string, Contract>} */
const known = new Map();

/** @param {any} document */
export function contractOf(document) {
  const text = JSON.stringify(document);
  if (!known.has(text)) known.set(text, new Contract(document));
  return known.get(text);
}

/** Headers that say nothing about who is calling. */
const plain = new Set(["user-agent", "origin", "referer", "host", "accept", "accept-language", "content-type", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]);

export class Contract {
  #ajv;
  #routes;
  #validators = new Map();

  /** @param {any} document OpenAPI 3.1 */
  constructor(document) {
    this.#ajv = addFormats(new Ajv({ strict: false, allErrors: false, validateFormats: true }));
    this.#ajv.addSchema({ $id: "answers", components: { schemas: closed(document.components.schemas) } });
    this.#ajv.addSchema({ $id: "requests", components: { schemas: document.components.schemas } });
    const security = document.security;
    this.#routes = Object.entries(document.paths).map(([path, item]) => ({
      path, item, security,
      params: path.split("{").length - 1,
      pattern: new RegExp(`^${path.split("/").map((part) => (part.startsWith("{") ? "[^/]+" : escape(part))).join("/")}$`),
    })).sort((a, b) => a.params - b.params);
  }

  /**
   * @param {{method: string, path: string, body?: string, headers: Record<string, string>, carries?: boolean}} request path: below the base path, with its query; carries: it has credentials that cannot be seen
   * @param {{status: number, headers: [string, string][], body: string}} answer
   * @returns {string | undefined} the first thing that is wrong
   */
  violation(request, answer) {
    if (request.method === "OPTIONS" || request.method === "HEAD") return undefined;
    const [sent, query = ""] = request.path.split("?");
    const path = sent.replace(/(?<=.)\/+$/, ""); // which some instances take for the same
    const route = this.#routes.find(({ pattern }) => pattern.test(path));
    const operation = route?.item[request.method.toLowerCase()];
    if (!operation) return answer.status < 400 ? `${request.method} ${path}: ${answer.status} of an operation that is not in the document` : undefined;
    const at = `${request.method} ${route.path}`;
    const promised = operation.responses[answer.status];
    if (!promised) return `${at}: the status ${answer.status} is not in the document`;
    return this.#body(at, answer, promised.content) ?? (answer.status < 400 ? this.#accepted(at, route, operation, request, query) : undefined);
  }

  #body(at, { status, headers, body }, content) {
    if (!content) return body === "" ? undefined : `${at}: ${status} has a body, and none is in the document: ${body.slice(0, 200)}`;
    // Better Auth answers some failures without a body, and so do we in its mode.
    if (body === "") return status < 400 ? `${at}: ${status} has no body` : undefined;
    const type = (headers.find(([name]) => name === "content-type")?.[1] ?? "").split(";")[0];
    const media = content[type];
    if (!media) return `${at}: ${status} is ${type || "of no media type"}, the document lists ${Object.keys(content).join(", ")}`;
    if (!/json$/.test(type)) return undefined;
    const wrong = this.#errors("answers", media.schema, JSON.parse(body));
    return wrong && `${at}: ${status} does not fit: ${wrong} in ${body.slice(0, 600)}`;
  }

  /** What was accepted must have been allowed. */
  #accepted(at, route, operation, { headers, body, carries: given = false }, query) {
    const needs = operation.security ?? route.security;
    // A header of an application's own may hold an API key.
    const carries = given || Object.keys(headers).some((name) => !plain.has(name));
    if (needs.every((way) => Object.keys(way).length > 0) && !carries) return `${at}: succeeded without the credentials that the document asks for`;
    const sent = new URLSearchParams(query);
    for (const { name, in: where, required } of operation.parameters ?? []) {
      if (where === "query" && required && !sent.has(name)) return `${at}: succeeded without the query parameter ${name}, which the document requires`;
    }
    if (!/json/.test(headers["content-type"] ?? "") || !operation.requestBody) return undefined;
    const schema = operation.requestBody.content["application/json"]?.schema;
    if (body.startsWith("\ufeff")) return undefined; // a byte order mark is not part of the JSON
    const wrong = schema && body && this.#errors("requests", schema, JSON.parse(body));
    return wrong ? `${at}: succeeded with a body that does not fit: ${wrong} in ${body.slice(0, 300)}` : undefined;
  }

  #errors(set, schema, value) {
    const key = set + JSON.stringify(schema);
    let validate = this.#validators.get(key);
    if (!validate) {
      const local = set === "answers" ? closed(schema) : schema;
      validate = this.#ajv.compile(JSON.parse(JSON.stringify(local).replaceAll('"$ref":"#/', `"$ref":"${set}#/`)));
      this.#validators.set(key, validate);
    }
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors.slice(-3), { dataVar: "body" }) + names(validate.errors);
  }
}

/** The same schema without members that it does not name. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== "object") return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, name === "enum" || name === "const" || name === "default" ? value : closed(value)]));
  if (copy.type === "object" && copy.properties && copy.additionalProperties === undefined) copy.additionalProperties = false;
  return copy;
}

function names(errors) {
  const all = errors.map(({ params }) => params.additionalProperty).filter(Boolean);
  return all.length > 0 ? ` (${all.join(", ")})` : "";
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
