/** Requests that are known before they are sent, over connections that are kept. */
import { connect } from "node:net";

/** The whole answer at the start of the text, or nothing yet. */
function whole(text) {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return undefined;
  const headers = text.slice(0, head);
  const length = /\r\ncontent-length: *(\d+)/i.exec(headers);
  if (length) return text.length >= head + 4 + Number(length[1]) ? text.slice(0, head + 4 + Number(length[1])) : undefined;
  if (!/\r\ntransfer-encoding: *chunked/i.test(headers)) return text.slice(0, head + 4);
  const end = text.indexOf("0\r\n\r\n", head + 4);
  return end === -1 ? undefined : text.slice(0, end + 5);
}

/** Makes a function that sends requests, one after the other on each connection; each() gets every answer and its time. */
export const player = (url, connections) => (requests, each) => {
  const { hostname, port } = new URL(url);
  let next = 0;
  const run = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      let at;
      let started;
      let text = "";
      const send = () => {
        if (next === requests.length) return socket.destroy();
        at = next++;
        started = performance.now();
        socket.write(requests[at]);
      };
      socket.setEncoding("latin1");
      socket.on("connect", send);
      socket.on("data", (data) => {
        text += data;
        const answer = whole(text);
        if (answer === undefined) return;
        each(at, answer, performance.now() - started);
        text = text.slice(answer.length);
        send();
      });
      socket.on("close", resolve);
      socket.on("error", reject);
    });
  return Promise.all(Array.from({ length: connections }, run));
};
