/**
 * A thread that holds the instances of one NODE_ENV: Better Auth reads that
 * variable once, when it is imported.
 */
import { parentPort, workerData } from "node:worker_threads";
import { install } from "./world.mjs";

install(workerData);
const { Instance, Unsupported } = await import("./instance.mjs");
const { UnknownFactory } = await import("./plugins.mjs");
const { encodeError } = await import("./tagged.mjs");

/** @type {Map<string, InstanceType<typeof Instance>>} */
const instances = new Map();

const actions = {
  async create(id, spec) {
    instances.set(id, await Instance.create({ ...spec, id }));
  },
  async remove(id) {
    await instances.get(id)?.close();
    instances.delete(id);
  },
  async clock(id, { now }) {
    instances.get(id).setClock(now);
  },
  db: (id, message) => instances.get(id).db(message),
  api: (id, { name, input }) => instances.get(id).api(name, input),
  handle: (id, message) => instances.get(id).handle(message),
};

parentPort.on("message", async ({ call, action, id, message }) => {
  try {
    parentPort.postMessage({ call, value: await actions[action](id, message) });
  } catch (error) {
    const status = error instanceof Unsupported || error instanceof UnknownFactory ? 501 : 500;
    parentPort.postMessage({ call, failure: { status, error: encodeError(error), stack: error?.stack } });
  }
});
parentPort.postMessage({ ready: true });
