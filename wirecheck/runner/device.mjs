/**
 * What phones and desktops have and Node has not: the modules of Expo, React Native and Electron, as far as the official
 * clients of applications need them. Import this before those clients.
 *
 * What a module does is on globalThis.device:
 *   browser(url, to)      opens Expo's browser; gives {type: "success", url} when it comes back to the application
 *   opened                addresses that Electron has opened in the system's browser
 *   told                  what Electron's window was told, as [channel, ...values]
 *   handlers              what the main process does, by channel or event
 */
import { register } from "node:module";

globalThis.device = { browser: () => ({ type: "cancel" }), opened: [], told: [], handlers: new Map() };

const electron = `
const { device } = globalThis;
const window = { isMinimized: () => false, restore() {}, focus() {}, webContents: { send: (...message) => device.told.push(message) } };
const on = (name, handler) => device.handlers.set(name, handler);
export const app = { userAgentFallback: "Electron", on, whenReady: async () => {}, setAsDefaultProtocolClient: () => true, requestSingleInstanceLock: () => true, quit() {} };
export const safeStorage = {
  isEncryptionAvailable: () => true,
  encryptString: (text) => Buffer.from("sealed:" + text).reverse(),
  decryptString: (bytes) => Buffer.from(bytes).reverse().toString().slice("sealed:".length),
};
export const shell = { openExternal: async (url) => { device.opened.push(url); } };
export const BrowserWindow = { getAllWindows: () => [window] };
export const webContents = { getFocusedWebContents: () => window.webContents };
export const ipcMain = { handle: on };
export const protocol = { registerSchemesAsPrivileged() {}, handle: on };
export const net = { fetch: (...request) => fetch(...request) };
export const session = { defaultSession: { webRequest: { onHeadersReceived: (handler) => on("headers", handler) } } };
export default { app, safeStorage, shell, BrowserWindow, webContents, ipcMain, protocol, net, session };`;

const stubs = {
  electron,
  "expo-constants": "export default { expoConfig: { scheme: 'myapp' } };",
  "expo-linking": "export const createURL = (path, { scheme = 'myapp' } = {}) => `${scheme}://${path.replace(/^\\//, '')}`;",
  "react-native": "export const Platform = { OS: 'ios' }; export const AppState = { addEventListener: () => ({ remove() {} }) };",
  "expo-web-browser": "export const openAuthSessionAsync = (url, to) => globalThis.device.browser(url, to); export const dismissAuthSession = () => {};",
  "expo-network": "export const addNetworkStateListener = () => ({ remove() {} });",
};
const loader = `const stubs = ${JSON.stringify(stubs)};
export const resolve = (name, context, next) => stubs[name] === undefined ? next(name, context)
  : { url: "data:text/javascript," + encodeURIComponent(stubs[name]), shortCircuit: true };`;
register(`data:text/javascript,${encodeURIComponent(loader)}`);
