/**
 * What a browser has and Node has not. Inside of inPage the globals are those of a page;
 * outside there is nothing of it, so that clients of other scenarios, which run at the same
 * time, do not take this process for a browser.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** @type {AsyncLocalStorage<{window?: any, document?: any, credentials?: any}>} */
const current = new AsyncLocalStorage();

globalThis.navigator ??= {};
Object.defineProperty(globalThis.navigator, "credentials", { get: () => current.getStore()?.credentials });
for (const name of ["document", "window"]) Object.defineProperty(globalThis, name, { get: () => current.getStore()?.[name] });

/** Runs f, in which globals are those of a page. */
export const inPage = (globals, f) => current.run(globals, f);
