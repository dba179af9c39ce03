/**
 * A POST that blocks the calling thread: for callbacks whose answer JavaScript
 * wants at once. A helper thread does the request.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";

const source = `
  const { workerData } = require("node:worker_threads");
  const { port, signal } = workerData;
  port.on("message", async ({ url, body }) => {
    let answer;
    try {
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
      answer = { text: await response.text() };
    } catch (error) {
      answer = { failure: String(error) };
    }
    port.postMessage(answer);
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
`;

let helper;

function start() {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, { eval: true, workerData: { port: port2, signal }, transferList: [port2] });
  worker.unref();
  port1.unref();
  return { port: port1, signal };
}

/**
 * @param {string} url
 * @param {object} message
 * @returns {any} the JSON of the answer
 */
export function postAndWait(url, message) {
  helper ??= start();
  Atomics.store(helper.signal, 0, 0);
  helper.port.postMessage({ url, body: JSON.stringify(message) });
  Atomics.wait(helper.signal, 0, 0);
  const { text, failure } = receiveMessageOnPort(helper.port).message;
  if (failure) throw new Error(failure);
  return JSON.parse(text);
}
