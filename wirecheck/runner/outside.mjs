/** The world outside the servers under comparison: mail, hooks, outgoing HTTP. */
import { createServer } from "node:http";

export class Outside {
  /** @type {Map<string, (path: string, message: any) => Promise<any>>} */
  #instances = new Map();

  async start() {
    this.server = createServer(async (req, res) => {
      let answer;
      try {
        const chunks = [];
        for await (const chunk of req) chunks.push(chunk);
        const message = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        const instance = this.#instances.get(message.instance);
        answer = instance ? await instance(req.url, message) : { error: { $error: { message: "unknown instance" } } };
      } catch (error) {
        answer = { error: { $error: { message: String(error) } } };
      }
      res.writeHead(200, { "content-type": "application/json" });
      res.end(JSON.stringify(answer));
    });
    // A busy machine must not close a connection that a server is about to use: its
    // callback would be lost, and with it a mail or a hook.
    this.server.keepAliveTimeout = 600_000;
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  /** @param {string} id @param {(path: string, message: any) => Promise<any>} handler */
  register(id, handler) {
    this.#instances.set(id, handler);
  }

  /** @param {string} id */
  forget(id) {
    this.#instances.delete(id);
  }

  stop() {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}
