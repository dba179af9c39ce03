/** Cookies of one browser, as far as a single site needs them. */
export class Jar {
  /** @type {Map<string, {value: string, secure: boolean, expires: number}>} */
  #cookies = new Map();

  /**
   * @param {string[]} lines Set-Cookie lines
   * @param {number} now milliseconds
   */
  store(lines, now) {
    for (const line of lines) {
      const [pair, ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      const cookie = { value: pair.slice(at + 1), secure: false, expires: Infinity };
      for (const attribute of attributes) {
        const [name, value] = attribute.split("=");
        if (name.toLowerCase() === "secure") cookie.secure = true;
        if (name.toLowerCase() === "max-age") cookie.expires = now + Number(value) * 1000;
      }
      if (cookie.expires <= now) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), cookie);
    }
  }

  /** @param {{secure: boolean, now: number}} request */
  header({ secure, now }) {
    const parts = [];
    for (const [name, cookie] of this.#cookies) {
      if (cookie.expires > now && (secure || !cookie.secure)) parts.push(`${name}=${cookie.value}`);
    }
    return parts.join("; ");
  }

  /** @param {string} name */
  get(name) {
    return this.#cookies.get(name)?.value;
  }

  /** @param {string} name @param {string} value */
  set(name, value) {
    this.#cookies.set(name, { value, secure: false, expires: Infinity });
  }

  /** @param {string} name */
  delete(name) {
    this.#cookies.delete(name);
  }

  names() {
    return [...this.#cookies.keys()];
  }

  copy() {
    const other = new Jar();
    for (const [name, cookie] of this.#cookies) other.#cookies.set(name, { ...cookie });
    return other;
  }
}
