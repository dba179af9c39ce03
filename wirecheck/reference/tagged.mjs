/**
 * The tagged JSON encoding of the control protocol: values that plain JSON
 * cannot carry travel as objects with one `$…` key.
 */

/** @typedef {{callback: (name: string, flags: {sync?: boolean, middleware?: boolean}) => Function, schema: (name: string) => unknown, role?: (statements: any) => unknown, ac?: (statements: any) => unknown}} Decoders */

/**
 * Turns tagged JSON into live values.
 * @param {any} value
 * @param {Partial<Decoders>} [make] how to build functions; without it they are refused
 */
export function decode(value, make = {}) {
  if (Array.isArray(value)) return value.map((item) => decode(item, make));
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value);
  if (keys.length > 0 && keys[0].startsWith("$")) {
    const v = value[keys[0]];
    switch (keys[0]) {
      case "$date": return new Date(v);
      case "$undefined": return undefined;
      case "$number": return Number(v);
      case "$regexp": return new RegExp(v[0], v[1]);
      case "$map": return new Map(v.map(([k, x]) => [decode(k, make), decode(x, make)]));
      case "$set": return new Set(v.map((x) => decode(x, make)));
      case "$bytes": return new Uint8Array(Buffer.from(v, "base64"));
      case "$bigint": return BigInt(v);
      case "$url": return new URL(v);
      case "$headers": return new Headers(v);
      case "$request": return new Request(v.url, { method: v.method, headers: v.headers, body: v.body ?? undefined });
      case "$response": return new Response(v.body ?? null, { status: v.status, headers: v.headers });
      case "$error": return decodeError(v);
      case "$callback":
        if (make.callback) return make.callback(v, { sync: value.sync, middleware: value.middleware });
        break;
      case "$schema": if (make.schema) return make.schema(v); break;
      case "$role": if (make.role) return make.role(decode(v, make)); break;
      case "$ac": if (make.ac) return make.ac(decode(v, make)); break;
    }
    throw new Error(`the value ${keys[0]} cannot be used here`);
  }
  const out = {};
  for (const key of keys) out[key] = decode(value[key], make);
  return out;
}

/** @param {any} v the content of `$error` */
function decodeError(v) {
  const error = new Error(v?.message ?? String(v));
  if (v?.name) error.name = v.name;
  for (const key of ["status", "statusCode", "body", "headers"]) if (v?.[key] !== undefined) error[key] = v[key];
  return error;
}

/**
 * Turns live values into tagged JSON. Asynchronous because bodies of requests
 * and responses are read from a copy.
 * @param {any} value
 * @param {WeakSet<object>} [parents]
 * @returns {Promise<any>}
 */
export async function encode(value, parents = new WeakSet()) {
  switch (typeof value) {
    case "undefined": return { $undefined: 1 };
    case "bigint": return { $bigint: String(value) };
    case "number": return Number.isFinite(value) ? value : { $number: String(value) };
    case "function": case "symbol": return { $undefined: 1 };
    case "string": case "boolean": return value;
  }
  if (value === null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? { $date: null } : { $date: value.toISOString() };
  if (value instanceof RegExp) return { $regexp: [value.source, value.flags] };
  if (value instanceof URL) return { $url: value.href };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof ArrayBuffer) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Headers) return { $headers: [...value] };
  if (value instanceof Request) {
    return { $request: { method: value.method, url: value.url, headers: [...value.headers], body: await copyOfBody(value) } };
  }
  if (value instanceof Response) {
    return { $response: { status: value.status, headers: [...value.headers], body: await copyOfBody(value) } };
  }
  if (value instanceof Error) return encodeError(value);
  if (parents.has(value)) return { $undefined: 1 };
  parents.add(value);
  try {
    if (value instanceof Map) {
      const entries = [];
      for (const [k, v] of value) entries.push([await encode(k, parents), await encode(v, parents)]);
      return { $map: entries };
    }
    if (value instanceof Set) {
      const items = [];
      for (const v of value) items.push(await encode(v, parents));
      return { $set: items };
    }
    if (Array.isArray(value)) {
      const items = [];
      for (const v of value) items.push(await encode(v, parents));
      return items;
    }
    if (isEndpointContext(value)) return encodeContext(value, parents);
    const out = {};
    for (const key of Object.keys(value)) {
      if (typeof value[key] === "function") continue;
      out[key] = await encode(value[key], parents);
    }
    return out;
  } finally {
    parents.delete(value);
  }
}

/** @param {any} e */
export function encodeError(e) {
  const out = { name: e?.name ?? "Error", message: String(e?.message ?? e) };
  if (e?.status !== undefined) out.status = e.status;
  if (e?.statusCode !== undefined) out.statusCode = e.statusCode;
  if (e?.body !== undefined) out.body = JSON.parse(JSON.stringify(e.body));
  if (e?.headers !== undefined) out.headers = [...new Headers(e.headers)];
  return { $error: out };
}

async function copyOfBody(message) {
  if (message.bodyUsed || message.body === null || message.body.locked) return null;
  return message.clone().text();
}

function isEndpointContext(value) {
  return typeof value.context === "object" && value.context !== null && "internalAdapter" in value.context;
}

async function encodeContext(ctx, parents) {
  const inner = ctx.context;
  const responseHeaders = inner.responseHeaders ?? ctx.responseHeaders;
  return {
    $ctx: {
      path: ctx.path ?? null,
      method: ctx.method ?? null,
      body: await encode(ctx.body, parents),
      query: await encode(ctx.query, parents),
      params: await encode(ctx.params, parents),
      headers: await encode(ctx.headers ? new Headers(ctx.headers) : undefined),
      request: ctx.request ? await encode(ctx.request) : null,
      context: {
        session: await encode(inner.session ?? null, parents),
        newSession: await encode(inner.newSession ?? null, parents),
        returned: await encode(inner.returned, parents),
        baseURL: inner.baseURL,
        responseHeaders: responseHeaders ? await encode(new Headers(responseHeaders)) : null,
      },
    },
  };
}
